"""Every MongoDB query and index of waiting lists; decides nothing. Shard key: `sku`.

That a customer waits once for the same is a unique index over those who wait; that a round tells no more customers than
there are pieces is one over slots, `event:number`: whoever writes a taken slot is turned away by the database.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.ids import new_id
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.inventory.model import Sku
from services.inventory.waiting.model import REMEMBERED, WAITS_AT_MOST, Rise, Wait, WaitDraft, WaitState

COLLECTION = "waits"
BACK_IN_STOCK = "noren.inventory.back_in_stock.v1"
WAITING = {"state": WaitState.WAITING.value}
NEWEST: Sort = (("_id", DESCENDING),)
LONGEST = [("joined_at", ASCENDING), ("_id", ASCENDING)]

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel(
            [("customer", ASCENDING), ("sku", ASCENDING), ("location_id", ASCENDING)],
            name="once",
            unique=True,
            partialFilterExpression=WAITING,
        ),
        IndexModel(
            [("sku", ASCENDING), ("joined_at", ASCENDING), ("_id", ASCENDING)],
            name="longest",
            partialFilterExpression=WAITING,
        ),
        IndexModel([("customer", ASCENDING), ("_id", DESCENDING)], name="customer"),
        IndexModel(
            [("slot", ASCENDING)], name="slot", unique=True, partialFilterExpression={"slot": {"$exists": True}}
        ),
        IndexModel([("forget_at", ASCENDING)], name="forget", expireAfterSeconds=0),
        OUTBOX_INDEX,
    ],
}


class WaitStore:
    """The waiting lists of this installation."""

    def __init__(self, db: Database, changed: Callable[[], None]) -> None:
        self.collection = db[COLLECTION]
        self._changed = changed

    async def join(self, draft: WaitDraft, now: datetime) -> Wait:
        """The customer's place in the list: a new one, or the one they have."""
        same = {"customer": draft.customer, **_places(draft), **WAITING}
        new: Document = {"_id": new_id("wait"), "channel": draft.channel, "joined_at": now, "outbox": []}
        new |= {"locations": list(draft.location_ids)}
        update = {"$setOnInsert": {**new, "forget_at": now + WAITS_AT_MOST}}
        try:
            kept = await self.collection.find_one_and_update(same, update, upsert=True, return_document=True)
        except DuplicateKeyError:  # another request of theirs joined between our look and our write
            kept = await self.collection.find_one_and_update(same, update, upsert=True, return_document=True)
        assert kept is not None, "an upsert returns what it left"
        return _wait(kept)

    async def leave(self, id: str, customer: str, now: datetime) -> Wait | None:
        """End the customer's wait, if it is one; return it as it is now, None if they have no such one."""
        mine = {"_id": id, "customer": customer}
        left = {"state": WaitState.LEFT.value, "ended_at": now, "forget_at": now + REMEMBERED}
        await self.collection.update_one({**mine, **WAITING}, {"$set": left})
        found = await self.collection.find_one(mine)
        return None if found is None else _wait(found)

    async def tell(self, rise: Rise, channels: Sequence[str], slot: str, now: datetime) -> bool | None:
        """Give the slot to who has waited longest on these channels; False if it was taken, None if nobody waits."""
        where = {**_wanting(rise.sku, rise.location_id), "channel": {"$in": list(channels)}}
        return await self._tell(where, rise, slot, now)

    async def tell_one(self, wait: Wait, rise: Rise, now: datetime) -> None:
        """Tell the customer of this wait, unless it is over."""
        await self._tell({"_id": wait.id, **WAITING}, rise, f"{wait.id}:joined", now)

    async def told(self, rise: Rise) -> set[str]:
        """The slots of a round that are taken."""
        prefix = f"{rise.id}:"
        rows = self.collection.find({"slot": {"$gte": prefix, "$lt": f"{prefix}~"}}, {"slot": 1})
        return {row["slot"] async for row in rows}

    async def channels(self, sku: str, location_id: str) -> list[str]:
        """The channels on which somebody waits for this SKU there or anywhere."""
        found: list[str] = await self.collection.distinct("channel", _wanting(sku, location_id))
        return found

    async def by_id(self, id: str) -> Wait | None:
        """The wait with this id."""
        found = await self.collection.find_one({"_id": id})
        return None if found is None else _wait(found)

    async def count_others(self, draft: WaitDraft, limit: int) -> int:
        """For how much else the customer waits, counted no further than `limit`."""
        others = {"customer": draft.customer, "$nor": [_places(draft)], **WAITING}
        return await self.collection.count_documents(others, limit=limit)

    async def page(self, customer: str, args: PageArgs) -> Page[Wait]:
        """One page of a customer's waits, newest first."""
        return await find_page(self.collection, {"customer": customer}, NEWEST, args, _wait, projection={"outbox": 0})

    async def _tell(self, where: Document, rise: Rise, slot: str, now: datetime) -> bool | None:
        waiting = await self.collection.find_one(where, {"customer": 1, "channel": 1}, sort=LONGEST)
        if waiting is None:
            return None
        id = waiting["_id"]
        data = {
            "waitId": id,
            "customerId": waiting["customer"],
            "channel": waiting["channel"],
            "sku": rise.sku,
            "locationId": rise.location_id,
        }
        values = {
            "state": WaitState.NOTIFIED.value,
            "slot": slot,
            "found_at": rise.location_id,
            "ended_at": now,
            "forget_at": now + REMEMBERED,
        }
        entry = outbox_entry(f"{id}:back_in_stock", BACK_IN_STOCK, id, now, data)
        update = {"$set": values, "$push": {"outbox": entry}}
        try:
            result = await self.collection.update_one({"_id": id, **WAITING}, update)
        except DuplicateKeyError:
            return False
        self._changed()
        return result.modified_count == 1 or await self._tell(where, rise, slot, now)


def _places(draft: WaitDraft) -> Document:
    """What one customer waits for once: `location_id` is the place, several joined, or null for anywhere."""
    return {"sku": draft.sku, "location_id": "|".join(sorted(draft.location_ids)) or None}


def _wanting(sku: str, location_id: str) -> Document:
    """Who waits for it there, there among other places, or anywhere."""
    places = [{"location_id": {"$in": [location_id, None]}}, {"locations": location_id}]
    return {"sku": sku, "$or": places, **WAITING}


def _wait(document: Document) -> Wait:
    one = document["location_id"]
    places = tuple(document.get("locations", () if one is None else (one,)))
    draft = WaitDraft(Sku(document["sku"]), places, document["customer"], document["channel"])
    return Wait(
        id=document["_id"],
        draft=draft,
        state=WaitState(document["state"]),
        joined_at=document["joined_at"],
        ended_at=document.get("ended_at"),
        found_at=document.get("found_at"),
    )
