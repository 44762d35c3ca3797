"""Every MongoDB query of the accruals; decides nothing. Shard key: `_id`, the order's id."""

from collections.abc import Sequence

from pymongo import ReplaceOne

from kit.events.log import insert_new
from kit.mongo import Collection, Database, Document
from services.loyalty.accrual.model import Accrual, Fact, Trade


class AccrualStore:
    """The collection `accruals`."""

    def __init__(self, db: Database) -> None:
        self.accruals: Collection = db["accruals"]

    async def find(self, order_ids: Sequence[str]) -> dict[str, Accrual]:
        """The accruals there are, by order."""
        found = self.accruals.find({"_id": {"$in": list(order_ids)}})
        return {document["_id"]: _accrual(document) async for document in found}

    async def save(self, accruals: Sequence[Accrual]) -> bool:
        """Keep each accrual if nobody kept another since it was read; whether all were kept."""
        new = [_document(accrual) for accrual in accruals if accrual.version == 0]
        changed = [
            ReplaceOne({"_id": accrual.order_id, "version": accrual.version}, _document(accrual))
            for accrual in accruals
            if accrual.version > 0
        ]
        kept = await insert_new(self.accruals, new)
        if changed:
            kept += (await self.accruals.bulk_write(changed, ordered=False)).matched_count
        return kept == len(accruals)


def _document(accrual: Accrual) -> Document:
    return {
        "_id": accrual.order_id,
        "customer_id": accrual.customer_id,
        "rule_version": accrual.rule_version,
        "version": accrual.version + 1,
        "facts": [
            {
                "id": fact.id,
                "trade": fact.trade,
                "gross_minor": fact.gross_minor,
                "currency": fact.currency,
                "points": fact.points,
                "return_id": fact.return_id,
            }
            for fact in accrual.facts
        ],
    }


def _accrual(document: Document) -> Accrual:
    return Accrual(
        order_id=document["_id"],
        facts=tuple(
            Fact(f["id"], Trade(f["trade"]), f["gross_minor"], f["currency"], f["points"], f["return_id"])
            for f in document["facts"]
        ),
        customer_id=document["customer_id"],
        rule_version=document["rule_version"],
        version=document["version"],
    )
