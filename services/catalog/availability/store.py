"""Every MongoDB query and index of availability; decides nothing.

One document a SKU and location. Shard key: `sku`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.errors import BulkWriteError

from kit.mongo import Database, duplicates
from services.catalog.availability.model import Level

COLLECTION = "availability"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("sku", ASCENDING), ("location_id", ASCENDING), ("available", ASCENDING)], name="by_sku"),
    ],
}


class AvailabilityStore:
    """What is known of stock."""

    def __init__(self, db: Database) -> None:
        self.levels = db[COLLECTION]

    async def keep(self, levels: Sequence[Level]) -> None:
        """Keep each level unless a later version of it is known: the same again, or late, changes nothing."""
        if not levels:
            return
        try:
            await self.levels.bulk_write([_kept(level) for level in levels], ordered=False)
        except BulkWriteError as error:
            duplicates(error)  # a later version is known; anything else is raised

    async def in_stock(self, skus: Sequence[str]) -> dict[str, frozenset[str]]:
        """The locations where each SKU can be sold; a SKU that can be nowhere is not among them."""
        where = {"sku": {"$in": list(skus)}, "available": {"$gt": 0}}
        found: defaultdict[str, set[str]] = defaultdict(set)
        for row in await self.levels.find(where, {"_id": 0, "sku": 1, "location_id": 1}).to_list():
            found[row["sku"]].add(row["location_id"])
        return {sku: frozenset(locations) for sku, locations in found.items()}

    async def available(self, skus: Sequence[str], location_id: str | None = None) -> dict[str, int]:
        """Pieces of each SKU at a location, or everywhere together; a SKU nobody told of is not among them."""
        where: dict[str, object] = {"sku": {"$in": list(skus)}}
        if location_id is not None:
            where["location_id"] = location_id
        found: defaultdict[str, int] = defaultdict(int)
        for row in await self.levels.find(where, {"_id": 0, "sku": 1, "available": 1}).to_list():
            found[row["sku"]] += max(row["available"], 0)
        return dict(found)


def _kept(level: Level) -> UpdateOne:
    """An update of an older version, or an insert; where a later version lies, the insert meets its key."""
    values = {
        "sku": level.sku,
        "location_id": level.location_id,
        "available": level.available,
        "in_stock": level.available > 0,
        "version": level.version,
    }
    return UpdateOne({"_id": level.id, "version": {"$lt": level.version}}, {"$set": values}, upsert=True)
