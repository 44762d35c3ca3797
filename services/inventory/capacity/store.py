"""Every MongoDB query of pick capacity; decides nothing. One document a location and business day: `locationId@day`.

Every change is one guarded update of that document, so two workers cannot take the same pick. Shard key: `_id` hashed.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime

from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from kit.events.log import insert_new
from kit.mongo import Database, Document
from services.inventory.capacity.model import MAX_HOLDS, PickDay, PickHold, PickHoldState

COLLECTION = "pick_days"
UNLIMITED = 2**53
"""Stands for no limit in a comparison."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {COLLECTION: [IndexModel([("day", ASCENDING)], name="day")]}


class CapacityStore:
    """The pick days of all locations."""

    def __init__(self, db: Database) -> None:
        self._days = db[COLLECTION]

    async def days(self, wanted: Sequence[tuple[str, date]]) -> dict[tuple[str, date], PickDay]:
        """These days, those without any pick too: one query for all."""
        ids = [_id(location_id, day) for location_id, day in wanted]
        found = await self._days.find({"_id": {"$in": ids}}, {"held": 1, "used": 1}).to_list()
        known = {row["_id"]: row for row in found}
        return {
            (location_id, day): _day(location_id, day, known.get(id))
            for id, (location_id, day) in zip(ids, wanted, strict=True)
        }

    async def take(self, hold: PickHold, limit: int | None) -> bool:
        """Hold the picks if the day has room and does not know the key."""
        most = UNLIMITED if limit is None else limit
        guard: Document = {
            "_id": _id(hold.location_id, hold.day),
            "holds.key": {"$ne": hold.key},
            f"holds.{MAX_HOLDS - 1}": {"$exists": False},
            "$expr": {"$lte": [{"$add": ["$held", "$used", hold.pieces]}, most]},
        }
        change = {"$inc": {"held": hold.pieces}, "$push": {"holds": _entry(hold)}}
        return (await self._days.update_one(guard, change)).modified_count == 1

    async def adopt(self, hold: PickHold, old: PickHold, limit: int | None) -> bool:
        """Put the hold in the place of `old`, if that still counts and the day has room for the difference."""
        most = UNLIMITED if limit is None else limit
        more = hold.pieces - old.pieces
        guard: Document = {
            "_id": _id(hold.location_id, hold.day),
            "holds": {"$elemMatch": {"key": old.key, "state": PickHoldState.HELD.value, "pieces": old.pieces}},
            "$expr": {"$lte": [{"$add": ["$held", "$used", more]}, most]},
            "$nor": [{"holds.key": hold.key}],
        }
        change = {"$inc": {"held": more}, "$set": {"holds.$[old]": _entry(hold)}}
        result = await self._days.update_one(guard, change, array_filters=[{"old.key": old.key}])
        return result.modified_count == 1

    async def held_under(self, location_id: str, day: date, prefix: str) -> PickHold | None:
        """A hold that still counts and whose key begins so."""
        held = {"key": {"$regex": f"^{re.escape(prefix)}"}, "state": PickHoldState.HELD.value}
        return await self._one(location_id, day, {"holds": {"$elemMatch": held}})

    async def finish(self, location_id: str, day: date, key: str, used: int, now: datetime) -> None:
        """End the hold: so many of its picks are USED, or it is RELEASED. Safe to repeat.

        Where the day does not know the key it is shut out, so that a stalled worker cannot hold by it afterwards.
        """
        tombstone = PickHold(location_id, day, key, 0, PickHoldState.RELEASED, now)
        shut = {"_id": _id(location_id, day), "holds.key": {"$ne": key}}
        hold = await self.find(location_id, day, key)
        if hold is None:
            await self.begin(location_id, day)
            await self._days.update_one(shut, {"$push": {"holds": _entry(tombstone)}})
            hold = await self.find(location_id, day, key) or tombstone
        if hold.state is PickHoldState.HELD:
            await self._days.update_one(*_ending(hold, PickHoldState.USED if used else PickHoldState.RELEASED, used))

    async def begin(self, location_id: str, day: date) -> None:
        """Begin the day's document, if there is none."""
        empty: Document = {"_id": _id(location_id, day), "location_id": location_id, "day": day.isoformat()}
        await insert_new(self._days, [{**empty, "held": 0, "used": 0, "holds": []}])

    async def find(self, location_id: str, day: date, key: str) -> PickHold | None:
        """The hold this key stands for."""
        return await self._one(location_id, day, {"holds": {"$elemMatch": {"key": key}}})

    async def end(self, hold: PickHold, state: PickHoldState) -> bool:
        """HELD → `state`, once."""
        result = await self._days.update_one(*_ending(hold, state))
        return result.modified_count == 1

    async def expire(self, location_id: str, day: date, now: datetime) -> int:
        """HELD → EXPIRED for all whose time is over; how many there were."""
        document = await self._days.find_one({"_id": _id(location_id, day)}, {"holds": 1})
        holds = [_hold(location_id, day, entry) for entry in (document or {}).get("holds", ())]
        due = [hold for hold in holds if hold.state is PickHoldState.HELD and hold.until <= now]
        if not due:
            return 0
        updates = [UpdateOne(*_ending(hold, PickHoldState.EXPIRED)) for hold in due]
        return (await self._days.bulk_write(updates, ordered=False)).modified_count

    async def every(
        self, session: AsyncClientSession, since: date | None = None
    ) -> AsyncIterator[tuple[PickDay, list[PickHold]]]:
        """Every day, from `since` on, with all its holds, at the session's one instant."""
        where: Document = {} if since is None else {"day": {"$gte": since.isoformat()}}
        async for row in self._days.find(where, session=session):
            location_id, day = row["location_id"], date.fromisoformat(row["day"])
            yield _day(location_id, day, row), [_hold(location_id, day, entry) for entry in row["holds"]]

    async def _one(self, location_id: str, day: date, holds: Document) -> PickHold | None:
        document = await self._days.find_one({"_id": _id(location_id, day), **holds}, holds)
        return None if document is None else _hold(location_id, day, document["holds"][0])


def _ending(hold: PickHold, state: PickHoldState, used: int | None = None) -> tuple[Document, Document]:
    """HELD → `state`; of a hold that is USED `used` picks, or all."""
    held = {"key": hold.key, "state": PickHoldState.HELD.value, "pieces": hold.pieces}
    guard = {"_id": _id(hold.location_id, hold.day), "holds": {"$elemMatch": held}}
    kept = hold.pieces if used is None or state is not PickHoldState.USED else min(used, hold.pieces)
    moves = {"held": -hold.pieces} | ({"used": kept} if state is PickHoldState.USED else {})
    return guard, {"$inc": moves, "$set": {"holds.$.state": state.value, "holds.$.pieces": kept}}


def _entry(hold: PickHold) -> Document:
    return {"key": hold.key, "pieces": hold.pieces, "state": hold.state.value, "until": hold.until}


def _id(location_id: str, day: date) -> str:
    return f"{location_id}@{day.isoformat()}"


def _day(location_id: str, day: date, document: Document | None) -> PickDay:
    if document is None:
        return PickDay(location_id, day)
    return PickDay(location_id, day, document["held"], document["used"])


def _hold(location_id: str, day: date, entry: Document) -> PickHold:
    state = PickHoldState(entry["state"])
    return PickHold(location_id, day, entry["key"], entry["pieces"], state, entry["until"])
