"""Every MongoDB query of devices; decides nothing.

`devices`: `_id` is the device's keyed name and the shard key; `customers` the profiles seen there.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from kit.mongo import Database, Document
from services.customer.device.model import MAX_OF_PERSON, MAX_SEEN, Device

COLLECTION: Final = "devices"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [IndexModel([("customers", ASCENDING), ("seen_at", DESCENDING)], name="by_customer")],
}


class DeviceStore:
    """Who was seen where."""

    def __init__(self, db: Database) -> None:
        self._devices = db[COLLECTION]

    async def by_subject(self, subjects: Iterable[str]) -> dict[str, Device]:
        """What is known of these devices, by their names."""
        found = self._devices.find({"_id": {"$in": sorted(subjects)}})
        return {row["_id"]: _parse(row) async for row in found}

    async def of_customers(self, ids: Iterable[str]) -> list[Device]:
        """Where any of these profiles was seen, last seen first, no more than `MAX_OF_PERSON`."""
        found = self._devices.find({"customers": {"$in": sorted(ids)}}).sort("seen_at", DESCENDING)
        return [_parse(row) async for row in found.limit(MAX_OF_PERSON)]

    async def see(self, seen: Sequence[Device], now: datetime) -> None:
        """Add who was seen at each device; `shared` stays once it is said."""
        updates = [UpdateOne({"_id": device.subject}, _adding(device, now), upsert=True) for device in seen]
        if updates:
            await self._devices.bulk_write(updates, ordered=False)

    async def alone(self, customer_id: str) -> list[str]:
        """Devices where nobody but this profile was ever seen."""
        found = self._devices.find({"customers": [customer_id], "shared": False}, {"_id": 1})
        return [row["_id"] async for row in found]

    async def forget(self, customer_id: str) -> None:
        """Take a profile off every device; one where nobody else was seen goes."""
        await self._devices.delete_many({"customers": [customer_id], "shared": False})
        await self._devices.update_many({"customers": customer_id}, {"$pull": {"customers": customer_id}})


def _adding(device: Device, now: datetime) -> list[Document]:
    there: Document = {"$ifNull": ["$customers", []]}
    is_full = {"$gte": [{"$size": there}, MAX_SEEN]}
    new = {"$setUnion": [there, {"$literal": sorted(device.customers)}]}
    return [
        {
            "$set": {
                "customers": {"$cond": [is_full, there, new]},
                "shared": {"$or": [{"$ifNull": ["$shared", False]}, device.shared]},
                "seen_at": {"$max": ["$seen_at", now]},
            }
        }
    ]


def _parse(row: Document) -> Device:
    return Device(row["_id"], frozenset(row["customers"]), row["shared"])
