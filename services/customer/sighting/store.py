"""Every query of sightings; decides nothing. Shard key: `_id`.

`sightings`: `{_id: claim, type, seen: profiles, unsettled: since when nobody has looked at what follows from it}`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import UpdateOne

from kit.mongo import Document
from services.customer.identity import IdentityType
from services.customer.sighting.collections import SIGHTINGS
from services.customer.store import PRESENT, CustomerStore

MAX_SEEN = 50
"""Profiles remembered of one identifier; past a few it says nothing of anybody."""
SETTLE_BATCH = 500


@dataclass(frozen=True, slots=True)
class Sighting:
    """An identifier, by its claim, and the profiles it was seen with."""

    claim: str
    type: IdentityType
    seen: tuple[str, ...]
    unsettled: datetime | None


class SightingStore:
    """Sightings of the customers in `customers`."""

    def __init__(self, customers: CustomerStore) -> None:
        self.customers = customers
        self._sightings = customers.db[SIGHTINGS]

    async def note(self, claim: str, type: IdentityType, profile: str, now: datetime) -> None:
        """That it was seen with this profile; again changes nothing."""
        where: Document = {"_id": claim, "seen": {"$ne": profile}, f"seen.{MAX_SEEN - 1}": {"$exists": False}}
        change = {"$addToSet": {"seen": profile}, "$set": {"unsettled": now}}
        noted = await self._sightings.update_one(where, change)
        if not noted.matched_count:
            fresh = {"type": type.value, "seen": [profile], "unsettled": now}
            await self._sightings.update_one({"_id": claim}, {"$setOnInsert": fresh}, upsert=True)
            await self._sightings.update_one(where, change)

    async def note_all(self, seen: Iterable[tuple[str, IdentityType, str]], now: datetime) -> None:
        """Many at once, that hardly anybody was seen with: each a claim, its kind and a profile."""
        updates = [
            UpdateOne(
                {"_id": claim},
                {
                    "$setOnInsert": {"type": type.value},
                    "$addToSet": {"seen": profile},
                    "$set": {"unsettled": now},
                },
                upsert=True,
            )
            for claim, type, profile in seen
        ]
        if updates:
            await self._sightings.bulk_write(updates, ordered=False)

    async def settle_lone(self, claims: Sequence[str]) -> list[str]:
        """Mark those that one profile was seen with and nobody has as looked at; of the others those that are there."""
        held = await self.customers.claims.holders(claims)
        lone = {"_id": {"$in": [claim for claim in claims if claim not in held]}, "seen.1": {"$exists": False}}
        await self._sightings.update_many(lone, {"$unset": {"unsettled": ""}})
        others = {"$or": [{"_id": {"$in": list(held)}}, {"seen.1": {"$exists": True}}]}
        left = self._sightings.find({"_id": {"$in": list(claims)}, **others}, {"_id": 1})
        return [one["_id"] async for one in left]

    async def find(self, claims: Iterable[str]) -> list[Sighting]:
        """Those there are of these claims."""
        return [_sighting(one) async for one in self._sightings.find({"_id": {"$in": list(claims)}})]

    async def unsettled(self, profiles: Sequence[str]) -> list[Sighting]:
        """Those with these profiles that nobody has looked at since something changed."""
        where = {"seen": {"$in": list(profiles)}, "unsettled": {"$type": "date"}}
        return [_sighting(one) async for one in self._sightings.find(where)]

    async def left_unsettled(self, before: datetime) -> list[Sighting]:
        """Those a worker left behind."""
        where = {"unsettled": {"$lt": before}}
        return [_sighting(one) async for one in self._sightings.find(where).limit(SETTLE_BATCH)]

    async def settled(self, sighting: Sighting) -> bool:
        """Mark as looked at, unless more was seen or changed meanwhile."""
        where = {"_id": sighting.claim, "seen": list(sighting.seen), "unsettled": sighting.unsettled}
        return bool((await self._sightings.update_one(where, {"$unset": {"unsettled": ""}})).matched_count)

    async def roots(self, profiles: Iterable[str]) -> Mapping[str, str]:
        """Who stands for these profiles, by id; those that are gone are left out."""
        found = self.customers.profiles.find({"_id": {"$in": list(profiles)}, **PRESENT}, {"root": 1})
        return {one["_id"]: one["root"] async for one in found}


def _sighting(document: Document) -> Sighting:
    type = IdentityType(document["type"])
    return Sighting(document["_id"], type, tuple(document["seen"]), document.get("unsettled"))
