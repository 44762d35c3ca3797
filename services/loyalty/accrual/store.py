"""Every MongoDB query of the accruals; decides nothing. Shard key: `_id`, the order's id.

Ranks are reached by `kept_minor` and `placed_at`. `pending` are the points that wait for `posts_at`; `unposted` stays
until what was settled is in the wallet.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel, ReplaceOne

from kit.events.log import insert_new
from kit.mongo import Collection, Database, Document
from services.loyalty.accrual.model import Accrual, Capped, Fact, Trade
from services.loyalty.earning.model import FIRST, Programmes

COLLECTION = "accruals"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("posts_at", ASCENDING)], name="unposted", partialFilterExpression={"unposted": True}),
        IndexModel([("customer_id", ASCENDING)], name="pending", partialFilterExpression={"pending": {"$gt": 0}}),
        IndexModel([("customer_id", ASCENDING), ("placed_at", ASCENDING)], name="purchases"),
    ]
}


class AccrualStore:
    """The collection `accruals`."""

    def __init__(self, db: Database) -> None:
        self.accruals: Collection = db[COLLECTION]

    async def find(self, order_ids: Sequence[str]) -> dict[str, Accrual]:
        """The accruals there are, by order."""
        found = self.accruals.find({"_id": {"$in": list(order_ids)}})
        return {document["_id"]: _accrual(document) async for document in found}

    async def save(self, accruals: Sequence[Accrual], programmes: Programmes) -> bool:
        """Keep each accrual if nobody kept another since it was read; whether all were kept."""
        new = [_document(accrual, programmes) for accrual in accruals if accrual.version == 0]
        changed = [
            ReplaceOne({"_id": accrual.order_id, "version": accrual.version}, _document(accrual, programmes))
            for accrual in accruals
            if accrual.version > 0
        ]
        kept = await insert_new(self.accruals, new)
        if changed:
            kept += (await self.accruals.bulk_write(changed, ordered=False)).matched_count
        return kept == len(accruals)

    async def settle(self, accrual: Accrual, settled: Accrual, programmes: Programmes) -> bool:
        """Replace a pending accrual by its settled form, still to be posted; whether it was as it was read."""
        document = {**_document(settled, programmes), "posts_at": accrual.posts_at, "unposted": True, "settled": True}
        result = await self.accruals.replace_one({"_id": accrual.order_id, "version": accrual.version}, document)
        return result.matched_count == 1

    async def takes(self, order_ids: Sequence[str]) -> dict[str, dict[str, dict[str, int]]]:
        """Of these orders, of each event that was heard, the room it took: order → event → cap → points."""
        found = await self.find(order_ids)
        return {id: {fact.id: dict(fact.takes) for fact in accrual.facts} for id, accrual in found.items()}

    async def due(self, now: datetime, limit: int) -> list[Accrual]:
        """Accruals whose points are to be posted by `now`, the longest overdue first; settled ones among them."""
        found = self.accruals.find({"unposted": True, "posts_at": {"$lte": now}}).sort("posts_at").limit(limit)
        return [_accrual(document) async for document in found]

    async def posted(self, order_ids: Sequence[str]) -> None:
        """What was settled is in the wallets."""
        settled = {"_id": {"$in": list(order_ids)}, "settled": True}
        await self.accruals.update_many(settled, {"$set": {"unposted": False}})

    async def pending(self, customer_ids: Sequence[str]) -> dict[str, int]:
        """Points that wait to be posted, by customer: one query for all."""
        rows = await self.accruals.aggregate(
            [
                {"$match": {"customer_id": {"$in": list(customer_ids)}, "pending": {"$gt": 0}}},
                {"$group": {"_id": "$customer_id", "points": {"$sum": "$pending"}}},
            ]
        )
        return {row["_id"]: int(row["points"]) async for row in rows}


def _document(accrual: Accrual, programmes: Programmes) -> Document:
    return {
        "_id": accrual.order_id,
        "customer_id": accrual.customer_id,
        "rule_version": accrual.programme_version,
        "promised": accrual.promised,
        "promised_base": accrual.promised_base,
        "full": accrual.full,
        "day_cap": accrual.day_cap,
        "capped": [{"caps": list(one.caps), "full": one.full, "given": one.given} for one in accrual.capped],
        "posts_at": accrual.posts_at,
        "placed_at": accrual.placed_at,
        "currency": None if accrual.order is None else accrual.order.currency,
        "kept_minor": accrual.kept_minor,
        "pending": accrual.due(programmes) if accrual.is_pending else 0,
        "unposted": accrual.is_pending,
        "settled": not accrual.is_pending,
        "version": accrual.version + 1,
        "facts": [
            {
                "id": fact.id,
                "trade": fact.trade,
                "gross_minor": fact.gross_minor,
                "currency": fact.currency,
                "points": fact.points,
                "return_id": fact.return_id,
                "takes": [{"cap": cap, "points": points} for cap, points in fact.takes.items()],
            }
            for fact in accrual.facts
        ],
    }


def _accrual(document: Document) -> Accrual:
    """Documents older than programmes have neither promise nor pending points: the first programme's base was all."""
    facts = tuple(
        Fact(
            f["id"],
            Trade(f["trade"]),
            f["gross_minor"],
            f["currency"],
            f["points"],
            f["return_id"],
            {take["cap"]: take["points"] for take in f.get("takes", ())},
        )
        for f in document["facts"]
    )
    order = next((fact for fact in facts if fact.trade is Trade.ORDER), None)
    base = 0 if order is None else FIRST.base.points(order.gross_minor, order.currency)
    promised: int = document.get("promised", base)
    return Accrual(
        order_id=document["_id"],
        facts=facts,
        customer_id=document["customer_id"],
        programme_version=document["rule_version"],
        promised=promised,
        full=document.get("full") or promised,
        day_cap=document.get("day_cap"),
        capped=tuple(Capped(tuple(one["caps"]), one["full"], one["given"]) for one in document.get("capped", ())),
        promised_base=document.get("promised_base", base),
        posts_at=None if document.get("settled", True) else document["posts_at"],
        placed_at=document.get("placed_at"),
        version=document["version"],
    )
