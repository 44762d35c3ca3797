"""Every MongoDB query and index of reorder points, and what was sold where; decides nothing. Shard key: `_id`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.inventory.model import MovementReason, stock_id
from services.inventory.reorder.model import ReorderDraft, ReorderPoint, Seen, Turn, suggested
from services.inventory.stock.store import JOURNAL

COLLECTION = "reorder_points"
BY_ID: Sort = (("_id", ASCENDING),)
SALES = [MovementReason.SOLD.value, MovementReason.HANDED_OVER.value, MovementReason.COMMITTED.value]
"""Reasons for which pieces leave to a shopper; pieces that are committed for later do not leave then."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("location_id", ASCENDING), ("is_low", ASCENDING), ("_id", ASCENDING)], name="location"),
        IndexModel([("is_low", ASCENDING), ("_id", ASCENDING)], name="low"),
        OUTBOX_INDEX,
    ],
}


class ReorderStore:
    """The reorder points of this installation."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self.collection = db[COLLECTION]
        self._journal = db[JOURNAL]
        self._changed = changed

    async def by_ids(self, ids: Sequence[str]) -> dict[str, ReorderPoint]:
        """The points there are, by stock id: one query for all."""
        found = await self.collection.find({"_id": {"$in": list(ids)}}, {"outbox": 0}).to_list()
        return {document["_id"]: _point(document) for document in found}

    async def list_page(self, location_id: str | None, low_only: bool, args: PageArgs) -> Page[ReorderPoint]:
        """One page of the points of a location, or of all, by SKU."""
        where: Document = {} if location_id is None else {"location_id": location_id}
        where |= {"is_low": True} if low_only else {}
        return await find_page(self.collection, where, BY_ID, args, _point, projection={"outbox": 0})

    async def keep(self, draft: ReorderDraft, now: datetime) -> ReorderPoint | None:
        """Keep a new point, or replace the version somebody saw; None if it has another."""
        id = stock_id(draft.sku, draft.location_id)
        values = {
            "reorder_at": draft.reorder_at,
            "reorder_to": draft.reorder_to,
            "recover_at": draft.recovers_at,
            "min_display": draft.min_display,
            "updated_at": now,
        }
        if draft.expected_version is not None:
            where = {"_id": id, "version": draft.expected_version}
            update: Document = {"$set": values, "$inc": {"version": 1}}
            kept = await self.collection.find_one_and_update(where, update, return_document=True)
            return None if kept is None else _point(kept)
        new: Document = {"_id": id, "sku": draft.sku, "location_id": draft.location_id, **values}
        new |= {"is_low": False, "alarms": 0, "version": 1, "outbox": []}
        try:
            await self.collection.insert_one(new)
        except DuplicateKeyError:
            return None
        return _point(new)

    async def turn(self, point: ReorderPoint, turn: Turn, seen: Seen, now: datetime) -> None:
        """Let the point become low, or recover, and tell it; unless it has turned or changed meanwhile."""
        is_low = turn is Turn.LOW
        number = point.alarms + (1 if is_low else 0)
        name = "stock_low" if is_low else "stock_recovered"
        data = {
            "sku": point.sku,
            "locationId": point.location_id,
            "available": seen.available,
            "incoming": seen.incoming,
            "reorderAt": point.reorder_at,
            "reorderTo": point.reorder_to,
            "suggested": suggested(point, seen),
        }
        entry = outbox_entry(f"{point.id}:{name}:{number}", f"noren.inventory.{name}.v1", point.id, now, data)
        where = {"_id": point.id, "is_low": not is_low, "version": point.version, "alarms": point.alarms}
        update = {"$set": {"is_low": is_low, "alarms": number}, "$push": {"outbox": entry}}
        await self.collection.update_one(where, update)
        self._changed()

    async def sold(self, skus: Sequence[str], location_ids: Sequence[str], since: datetime) -> dict[str, int]:
        """Pieces that left to shoppers since then, by stock id: one query for all. What came back is not taken off."""
        ids = [stock_id(sku, location_id) for sku in skus for location_id in location_ids]
        where = {"subject": {"$in": ids}, "time": {"$gte": since}, "data.reason": {"$in": SALES}}
        pieces = {"$sum": {"$multiply": [-1, "$data.onHandDelta"]}}
        rows = await self._journal.aggregate([{"$match": where}, {"$group": {"_id": "$subject", "pieces": pieces}}])
        return {row["_id"]: row["pieces"] async for row in rows}


def _point(document: Document) -> ReorderPoint:
    names = ("sku", "location_id", "reorder_at", "reorder_to", "recover_at", "min_display", "is_low", "alarms")
    return ReorderPoint(
        **{name: document[name] for name in names}, version=document["version"], updated_at=document["updated_at"]
    )
