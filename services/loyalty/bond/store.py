"""Every MongoDB query of bonds; decides nothing. `customer_merges`: one document a merge of customers, `_id` its id.

Shard key: `_id`. The two events of a merge write fields of their own, so they may come in any order and again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel, UpdateOne

from kit.mongo import Collection, Database, Document
from services.loyalty.bond.model import Bond
from services.loyalty.model import CustomerId

COLLECTION = "customer_merges"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("kept", ASCENDING)], name="kept"),
        IndexModel([("merged", ASCENDING)], name="merged"),
        IndexModel([("heard_at", ASCENDING)], name="pending", partialFilterExpression={"pending": True}),
    ]
}
MAX_ROUNDS = 50
"""How far customers that are one are looked for: a wallet has no more members."""


class BondStore:
    """The collection `customer_merges`."""

    def __init__(self, db: Database) -> None:
        self._bonds: Collection = db[COLLECTION]

    async def hear(self, merged: Sequence[Bond], undone: Mapping[str, tuple[datetime, Bond]], now: datetime) -> None:
        """Keep what was told; what was known already changes nothing, and news makes it pending."""
        fresh: Document = {"wallet_merge": None, "attempt": 0, "pending": True, "problem": None, "heard_at": now}
        updates = [
            UpdateOne({"_id": one.id}, {"$setOnInsert": {**_who(one), "undone_at": None, **fresh}}, upsert=True)
            for one in (*merged, *(bond for _, bond in undone.values()))
        ]
        updates += [
            UpdateOne({"_id": id, "undone_at": None}, {"$set": {"undone_at": at, "pending": True, "heard_at": now}})
            for id, (at, _) in undone.items()
        ]
        if updates:
            await self._bonds.bulk_write(updates, ordered=True)

    async def family(self, customer_ids: Sequence[str]) -> list[Bond]:
        """Every bond, also undone ones whose wallets have not followed, that ties these customers to others."""
        known: set[str] = set()
        asked, found = set(customer_ids), dict[str, Bond]()
        for _ in range(MAX_ROUNDS):
            if asked <= known:
                break
            known |= asked
            ids = sorted(asked)
            live = {"$or": [{"undone_at": None}, {"pending": True}]}
            where = {"$and": [{"$or": [{"kept": {"$in": ids}}, {"merged": {"$in": ids}}]}, live]}
            found |= {row["_id"]: _bond(row) async for row in self._bonds.find(where)}
            asked = {id for bond in found.values() for id in (bond.kept, bond.merged)}
        return list(found.values())

    async def pending(self, before: datetime, limit: int) -> list[Bond]:
        """Those whose wallets have not followed, of those heard before that time; the longest waiting first."""
        found = self._bonds.find({"pending": True, "heard_at": {"$lte": before}}).sort("heard_at").limit(limit)
        return [_bond(row) async for row in found]

    async def stands_by(self, bond: Bond, wallet_merge: str) -> None:
        """Wallets follow the bond by this merge."""
        await self._bonds.update_one({"_id": bond.id}, {"$set": {"wallet_merge": wallet_merge}})

    async def parted(self, bond: Bond) -> None:
        """The merge of wallets that stood for it is undone; the next one has a key of its own."""
        where = {"_id": bond.id, "wallet_merge": bond.wallet_merge, "attempt": bond.attempt}
        await self._bonds.update_one(where, {"$set": {"wallet_merge": None}, "$inc": {"attempt": 1}})

    async def followed(self, bond: Bond) -> None:
        """Its wallets are where they should be, for what was known of it."""
        where = {"_id": bond.id, "undone_at": bond.undone_at}
        await self._bonds.update_one(where, {"$set": {"pending": False, "problem": None}})

    async def waits(self, bond: Bond, problem: str, now: datetime) -> None:
        """Its wallets cannot follow yet: why, and it goes behind all others that wait."""
        await self._bonds.update_one({"_id": bond.id}, {"$set": {"pending": True, "problem": problem, "heard_at": now}})

    async def by_id(self, id: str) -> Bond | None:
        """One bond as it is now."""
        row = await self._bonds.find_one({"_id": id})
        return None if row is None else _bond(row)


def _who(bond: Bond) -> Document:
    return {"kept": bond.kept, "merged": bond.merged, "at": bond.at}


def _bond(row: Document) -> Bond:
    return Bond(
        id=row["_id"],
        kept=CustomerId(row["kept"]),
        merged=CustomerId(row["merged"]),
        at=row["at"],
        undone_at=row["undone_at"],
        wallet_merge=row["wallet_merge"],
        attempt=row["attempt"],
        pending=row["pending"],
        problem=row["problem"],
    )
