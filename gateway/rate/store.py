"""The levels of buckets that every gateway shares; decides nothing. Shard key: `_id`.

Losing a level costs nothing but a caller's past, so one member's acknowledgement is enough. A bucket that has not been
touched for an hour is empty, and goes.
"""

from collections.abc import Mapping, Sequence

import pymongo
from pymongo import IndexModel, UpdateOne
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from gateway.rate.model import Rate
from kit.mongo import Database, ensure_indexes

BUCKETS = "rate_buckets"
FORGOTTEN_S = 3600
"""A bucket that takes longer to empty is not one that anybody sets."""
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    BUCKETS: [IndexModel("at", name="forgotten", expireAfterSeconds=FORGOTTEN_S)]
}
TIMEOUT_S = 0.5
"""Callers may wait for it; past this each process judges by itself."""
_ACKNOWLEDGED = WriteConcern(w=1, j=False)


class RateStore:
    """Bucket levels by id."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._buckets = db[BUCKETS].with_options(write_concern=_ACKNOWLEDGED, read_concern=ReadConcern("local"))

    async def prepare(self) -> None:
        """Make the index."""
        await ensure_indexes(self._db, INDEXES)

    async def settle(self, spent: Mapping[str, tuple[float, Rate]]) -> dict[str, float]:
        """Add what was spent in each bucket; the level of each, by everybody, at the database's clock."""
        with pymongo.timeout(TIMEOUT_S):
            writes = [_settling(id, points, rate) for id, (points, rate) in spent.items()]
            await self._buckets.bulk_write(writes, ordered=False)
            found = self._buckets.find({"_id": {"$in": list(spent)}}, {"level": 1})
            return {document["_id"]: document["level"] async for document in found}


def _settling(id: str, points: float, rate: Rate) -> UpdateOne:
    """Let the bucket leak for as long as it was left alone, then add to it."""
    past_s = {"$divide": [{"$subtract": ["$$NOW", {"$ifNull": ["$at", "$$NOW"]}]}, 1000]}
    leaked = {"$subtract": [{"$ifNull": ["$level", 0.0]}, {"$multiply": [rate.per_s, past_s]}]}
    level = {"$max": [0.0, {"$add": [{"$max": [0.0, leaked]}, points]}]}
    return UpdateOne({"_id": id}, [{"$set": {"level": level, "at": "$$NOW"}}], upsert=True)
