"""Every MongoDB query of imported balances; decides nothing. One document an account and lot; shard key `_id`."""

from collections.abc import Mapping, Sequence

from pymongo import ASCENDING, IndexModel, ReplaceOne, UpdateOne

from kit.events.log import insert_new
from kit.mongo import Collection, Database, Document
from services.loyalty.balances.model import Balance, Kept
from services.loyalty.model import CustomerId

COLLECTION = "imported_balances"
INDEXES: Mapping[str, Sequence[IndexModel]] = {COLLECTION: [IndexModel([("source", ASCENDING)], name="source")]}


class BalanceStore:
    """The collection `imported_balances`."""

    def __init__(self, db: Database) -> None:
        self._balances: Collection = db[COLLECTION]

    async def find(self, ids: Sequence[str]) -> dict[str, Kept]:
        """What is kept of these."""
        found = self._balances.find({"_id": {"$in": list(ids)}})
        return {document["_id"]: _kept(document) async for document in found}

    async def save(self, kept: Sequence[Kept]) -> bool:
        """Keep each step if nobody made another since; whether all were kept."""
        new = await insert_new(self._balances, [_document(one) for one in kept if one.version == 1])
        replaced = [
            ReplaceOne({"_id": one.balance.id, "version": one.version - 1, "posted": True}, _document(one))
            for one in kept
            if one.version > 1
        ]
        changed = (await self._balances.bulk_write(replaced, ordered=False)).matched_count if replaced else 0
        return new + changed == len(kept)

    async def posted(self, kept: Sequence[Kept]) -> None:
        """Their last steps are in the wallets."""
        updates = [
            UpdateOne({"_id": one.balance.id, "version": one.version}, {"$set": {"posted": True}}) for one in kept
        ]
        if updates:
            await self._balances.bulk_write(updates, ordered=False)

    async def undo(self, one: Kept) -> None:
        """Forget a step that the wallet has refused: what was brought before stands."""
        where = {"_id": one.balance.id, "version": one.version, "posted": False}
        if one.version == 1:
            await self._balances.delete_one(where)
            return
        change = {"$set": {"posted": True, "points": one.balance.points - one.moved, "moved": 0}}
        await self._balances.update_one(where, change)

    async def total(self, source: str) -> int:
        """Points all accounts of a source were brought to."""
        group: list[Document] = [
            {"$match": {"source": source}},
            {"$group": {"_id": None, "points": {"$sum": "$points"}}},
        ]
        rows = await self._balances.aggregate(group)
        return sum([int(row["points"]) async for row in rows])


def _document(kept: Kept) -> Document:
    about = kept.balance
    return {
        "_id": about.id,
        "source": about.source,
        "account": about.account,
        "lot": about.lot,
        "customer_id": about.customer_id,
        "points": about.points,
        "expires_at": about.expires_at,
        "version": kept.version,
        "moved": kept.moved,
        "posted": kept.is_posted,
    }


def _kept(document: Document) -> Kept:
    balance = Balance(
        document["source"],
        document["account"],
        CustomerId(document["customer_id"]),
        document["points"],
        document["expires_at"],
        document["lot"],
    )
    return Kept(balance, document["version"], document["moved"], document["posted"])
