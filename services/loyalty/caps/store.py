"""Every MongoDB query of the caps' counts; decides nothing. One document a cap; shard key `_id`.

What an event took lies in `open` until the order's accrual says so, too, then it is closed: so an event that is heard
again takes nothing again. `keys` and `seq` shut out a worker that looked before others opened and closed an event.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import ASCENDING, IndexModel, UpdateOne

from kit.events.log import insert_new
from kit.mongo import Collection, Database, Document
from services.loyalty.caps.model import Take

COLLECTION = "earning_caps"
WINDOW = 2_000
"""Events a cap remembers: several batches of a consumer, which may overtake one between its look and its update."""
KEPT = timedelta(days=400)
"""A day's count is dropped so long after its last change, when nobody plays a till's day any more."""
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("open.at", ASCENDING)], name="open", partialFilterExpression={"open.0": {"$exists": True}}),
        IndexModel([("drop_at", ASCENDING)], name="past_days", expireAfterSeconds=0),
    ]
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A cap as it was looked at: how many events took of it, and what those took that are not closed."""

    seq: int = 0
    open: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Unclosed:
    """What an event of an order took of a cap, and whether its accrual says so nobody knows yet."""

    cap_id: str
    event_id: str
    order_id: str


class CapStore:
    """The collection `earning_caps`."""

    def __init__(self, db: Database) -> None:
        self._caps: Collection = db[COLLECTION]

    async def used(self, cap_ids: Sequence[str]) -> dict[str, int]:
        """Points counted by now, of the caps that anything was taken of."""
        found = self._caps.find({"_id": {"$in": list(cap_ids)}}, {"used": 1})
        return {row["_id"]: int(row["used"]) async for row in found}

    async def look(self, cap_ids: Iterable[str]) -> dict[str, Seen]:
        """The caps there are; those that lack are made, so that an update finds them."""
        ids = sorted(set(cap_ids))
        found = self._caps.find({"_id": {"$in": ids}}, {"seq": 1, "open": 1})
        seen = {row["_id"]: Seen(row["seq"], {one["id"]: one["points"] for one in row["open"]}) async for row in found}
        new = [{"_id": id, "used": 0, "seq": 0, "keys": [], "open": []} for id in ids if id not in seen]
        await insert_new(self._caps, new)
        return {id: seen.get(id, Seen()) for id in ids}

    async def take(self, cap_id: str, takes: Sequence[Take], seen: Seen) -> dict[str, int] | None:
        """Take what there is room for, in their order; what each took. None: look again, others were there."""
        ids = [take.event_id for take in takes]
        where = {"_id": cap_id, "keys": {"$nin": ids}, "open.id": {"$nin": ids}}
        where["seq"] = {"$lte": seen.seq + WINDOW - len(ids)}
        asked = [
            {"id": one.event_id, "order": one.order_id, "points": one.points, "limit": one.cap.limit} for one in takes
        ]
        room = {"$max": [0, {"$subtract": ["$$this.limit", "$$value.used"]}]}
        comes_back = {"$max": ["$$this.points", {"$subtract": [0, "$$value.used"]}]}
        taken = {"$cond": [{"$lt": ["$$this.points", 0]}, comes_back, {"$min": ["$$this.points", room]}]}
        entry = {"id": "$$this.id", "order": "$$this.order", "points": "$$taken", "at": "$$NOW"}
        step = {
            "used": {"$add": ["$$value.used", "$$taken"]},
            "open": {"$concatArrays": ["$$value.open", [entry]]},
        }
        each = {"$let": {"vars": {"taken": taken}, "in": step}}
        start = {"used": "$used", "open": "$open"}
        change: list[Document] = [
            {"$set": {"after": {"$reduce": {"input": {"$literal": asked}, "initialValue": start, "in": each}}}},
            {
                "$set": {
                    "used": "$after.used",
                    "open": "$after.open",
                    "keys": {"$slice": [{"$concatArrays": [{"$literal": ids}, "$keys"]}, WINDOW]},
                    "seq": {"$add": ["$seq", len(ids)]},
                    **_dropped(cap_id),
                }
            },
            {"$unset": "after"},
        ]
        after = await self._caps.find_one_and_update(where, change, projection={"open": 1}, return_document=True)
        if after is None:
            return None
        return {one["id"]: int(one["points"]) for one in after["open"] if one["id"] in set(ids)}

    async def close(self, takes: Sequence[tuple[str, str, int]], *, forget: bool = False) -> None:
        """Of (cap, event, points) each that is open took so many points after all; what it took above goes back.

        One that is forgotten may take again.
        """
        updates = []
        for cap_id, event_id, points in takes:
            is_it = {"$eq": ["$$this.id", {"$literal": event_id}]}
            its = {"$map": {"input": {"$filter": {"input": "$open", "cond": is_it}}, "in": "$$this.points"}}
            used = {"$add": ["$used", {"$subtract": [points, {"$sum": its}]}]}
            others = {"$filter": {"input": "$open", "cond": {"$not": [is_it]}}}
            values: Document = {"used": {"$max": [0, used]}, "open": others}
            if forget:
                is_other = {"$ne": ["$$this", {"$literal": event_id}]}
                values["keys"] = {"$filter": {"input": "$keys", "cond": is_other}}
            change = [{"$set": values}]
            updates.append(UpdateOne({"_id": cap_id, "open.id": event_id}, change))
        if updates:
            await self._caps.bulk_write(updates, ordered=True)

    async def unclosed(self, before: datetime, limit: int) -> list[Unclosed]:
        """What was taken before and is still open, of so many caps."""
        found = self._caps.find({"open.at": {"$lte": before}}, {"open": 1}).sort("open.at").limit(limit)
        return [
            Unclosed(row["_id"], one["id"], one["order"])
            async for row in found
            for one in row["open"]
            if one["at"] <= before
        ]


def _dropped(cap_id: str) -> Document:
    """When a day's document is no longer needed; a campaign's stays."""
    if not cap_id.startswith("day:"):
        return {}
    return {"drop_at": {"$dateAdd": {"startDate": "$$NOW", "unit": "day", "amount": KEPT.days}}}
