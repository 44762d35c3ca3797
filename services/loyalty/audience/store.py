"""Every MongoDB query of what was heard of members; decides nothing. One document a customer; shard key `_id`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from pymongo import ReplaceOne, UpdateOne

from kit.mongo import Collection, Database, Document
from services.loyalty.audience.model import Buyer

COLLECTION = "buyers"


class Told(NamedTuple):
    """`segments` or `birth_month` of a customer, as of a time."""

    customer_id: str
    part: str
    value: object
    at: datetime


class AudienceStore:
    """The collection `buyers`."""

    def __init__(self, db: Database) -> None:
        self._buyers: Collection = db[COLLECTION]

    async def of(self, customer_ids: Sequence[str]) -> dict[str, Buyer]:
        """What was heard of these customers, of those anything was."""
        found = self._buyers.find({"_id": {"$in": list(customer_ids)}})
        return {row["_id"]: Buyer(frozenset(row.get("segments") or ()), row.get("birth_month")) async for row in found}

    async def forget(self, erased_at: Mapping[str, datetime]) -> None:
        """Keep nothing of these customers but that they were erased; what is told of them later is not kept."""
        erased = [ReplaceOne({"_id": id}, {"erased_at": at}, upsert=True) for id, at in erased_at.items()]
        if erased:
            await self._buyers.bulk_write(erased, ordered=False)

    async def hear(self, told: Sequence[Told]) -> None:
        """Keep what is newer than what is kept of the same part; of who was erased, nothing."""
        updates = []
        for one in told:
            alive = {"$eq": [{"$ifNull": ["$erased_at", None]}, None]}
            is_newer = {"$and": [alive, {"$gt": [{"$literal": one.at}, f"${one.part}_at"]}]}
            values: Document = {
                one.part: {"$cond": [is_newer, {"$literal": one.value}, f"${one.part}"]},
                f"{one.part}_at": {"$cond": [is_newer, {"$literal": one.at}, f"${one.part}_at"]},
            }
            updates.append(UpdateOne({"_id": one.customer_id}, [{"$set": values}], upsert=True))
        if updates:
            await self._buyers.bulk_write(updates, ordered=False)
