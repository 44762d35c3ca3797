"""Every MongoDB query and index of behaviour; decides nothing.

`behaviour`: an event, never changed. `_id` is the digest of source and source id, so that an event is kept once; `key`
begins with its time, so that a timeline is a range of the index `timeline` wherever its page lies. MongoDB removes an
event at `expires_at`. `forgotten`: subjects that nothing is kept of any more. Shard key: `subject` (`_id` is then
unique a shard, which is enough: the same event has the same subject).
"""

from collections.abc import Collection as Some
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import BulkWriteError

from kit.mongo import Database, Document, duplicates
from kit.pages import COUNT_CAP
from services.customer.behaviour.documents import event_document, parse_event
from services.customer.behaviour.model import BehaviourEvent, BehaviourKind, Step

EVENTS: Final = "behaviour"
FORGOTTEN: Final = "forgotten"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    EVENTS: [
        IndexModel([("subject", ASCENDING), ("key", DESCENDING), ("kind", ASCENDING)], name="timeline"),
        IndexModel([("expires_at", ASCENDING)], name="retention", expireAfterSeconds=0),
    ],
    FORGOTTEN: [],
}
STEPS: Final = {"key": 1, "kind": 1, "at": 1, "channel": 1, "location": 1, "_id": 0}


class BehaviourStore:
    """Appends and reads events."""

    def __init__(self, db: Database) -> None:
        self.events = db[EVENTS]
        self._forgotten = db[FORGOTTEN]

    async def append(self, events: Sequence[BehaviourEvent]) -> dict[int, BehaviourEvent]:
        """Keep those whose digest is new; the others by their place, each with the event that is kept of it."""
        if not events:
            return {}
        try:
            await self.events.insert_many([event_document(event) for event in events], ordered=False)
        except BulkWriteError as error:
            places = duplicates(error)
        else:
            return {}
        found = self.events.find({"_id": {"$in": [events[place].digest for place in places]}})
        kept = {event.digest: event for event in [parse_event(row) async for row in found]}
        return {place: kept.get(events[place].digest, events[place]) for place in places}

    async def by_digest(self, digests: Sequence[bytes]) -> list[BehaviourEvent]:
        """These events, the oldest first."""
        if not digests:
            return []
        found = self.events.find({"_id": {"$in": list(digests)}}).sort("key", ASCENDING)
        return [parse_event(row) async for row in found]

    async def timeline(
        self, subjects: Some[str], kinds: Some[BehaviourKind], before: bytes | None, limit: int
    ) -> list[BehaviourEvent]:
        """So many events of these subjects, the newest first, older than the key; no kinds: all of them."""
        found = self.events.find(_where(subjects, kinds, before)).sort("key", DESCENDING).limit(limit)
        return [parse_event(row) async for row in found]

    async def steps(
        self, subjects: Some[str], kinds: Some[BehaviourKind], before: bytes | None, limit: int
    ) -> list[Step]:
        """The same, no more of each than a session needs."""
        found = self.events.find(_where(subjects, kinds, before), STEPS).sort("key", DESCENDING).limit(limit)
        return [
            Step(row["key"], row["at"], BehaviourKind(row["kind"]), row["channel"], row.get("location"))
            async for row in found
        ]

    async def count(self, subjects: Some[str], kinds: Some[BehaviourKind]) -> int:
        """How many events these subjects have, counted up to `COUNT_CAP`."""
        return await self.events.count_documents(_where(subjects, kinds, None), limit=COUNT_CAP)

    async def forgotten(self, subjects: Iterable[str]) -> set[str]:
        """Those of whom nothing is kept any more."""
        found = self._forgotten.find({"_id": {"$in": sorted(subjects)}}, {"_id": 1})
        return {row["_id"] async for row in found}

    async def forget(self, subjects: Iterable[str], now: datetime) -> None:
        """Keep nothing of these subjects from now on."""
        for subject in sorted(subjects):
            await self._forgotten.update_one({"_id": subject}, {"$setOnInsert": {"at": now}}, upsert=True)

    async def erase(self, subjects: Iterable[str]) -> int:
        """Remove every event of these subjects; how many there were."""
        removed = [await self.events.delete_many({"subject": subject}) for subject in sorted(subjects)]
        return sum(each.deleted_count for each in removed)


def _where(subjects: Some[str], kinds: Some[BehaviourKind], before: bytes | None) -> Document:
    where: dict[str, Any] = {"subject": {"$in": sorted(subjects)}}
    if kinds:
        where["kind"] = {"$in": sorted(kind.value for kind in kinds)}
    if before is not None:
        where["key"] = {"$lt": before}
    return where
