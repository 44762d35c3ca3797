"""Every query of an erasure; decides nothing. Shard key of `erasures`: `_id`."""

from collections.abc import Mapping
from datetime import datetime

from pymongo import ASCENDING
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import outbox_entry
from kit.mongo import Document
from services.customer.erasure.collections import ERASURES
from services.customer.erasure.model import Erasure, ErasureState
from services.customer.merge.collections import CANDIDATES, MERGES
from services.customer.model import State
from services.customer.sighting.collections import SIGHTINGS
from services.customer.store import PUBLISHED, CustomerStore, Unmatched

ERASED = "noren.customer.erased.v1"
SWEEP_BATCH = 100


class ErasureStore:
    """Erasures of the profiles in `customers`."""

    def __init__(self, customers: CustomerStore) -> None:
        self.customers = customers
        self._erasures = customers.db[ERASURES]

    async def of(self, profile: str) -> Erasure | None:
        """The erasure of this profile."""
        found = await self._erasures.find_one({"profiles": profile})
        return None if found is None else _erasure(found)

    async def begin(self, erasure: Erasure) -> bool:
        """Keep the certificate; False if one of its profiles has one."""
        document = {
            "_id": erasure.id,
            "customer": erasure.customer,
            "profiles": list(erasure.profiles),
            "actor": erasure.actor,
            "begun_at": erasure.begun_at,
            "state": erasure.state.value,
            "removed": {},
        }
        try:
            await self._erasures.insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    async def withdraw(self, erasure: Erasure) -> None:
        """Forget a certificate nothing was done for."""
        await self._erasures.delete_one({"_id": erasure.id, "state": ErasureState.RUNNING.value})

    async def left_running(self, before: datetime) -> list[Erasure]:
        """Erasures a worker left behind."""
        where = {"state": ErasureState.RUNNING.value, "begun_at": {"$lt": before}}
        found = self._erasures.find(where).sort("begun_at", ASCENDING).limit(SWEEP_BATCH)
        return [_erasure(one) async for one in found]

    async def finish(self, erasure: Erasure, removed: Mapping[str, int], now: datetime) -> None:
        """RUNNING → DONE."""
        done = {"state": ErasureState.DONE.value, "done_at": now, "removed": dict(removed)}
        where = {"_id": erasure.id, "state": ErasureState.RUNNING.value}
        await self._erasures.update_one(where, {"$set": done})

    async def erase_profiles(self, erasure: Erasure, now: datetime) -> bool:
        """Keys, claims and values of all profiles, and the events, or nothing; False if they are no longer this family.

        Again changes nothing.
        """

        async def work(session: AsyncClientSession) -> bool:
            ids = set(erasure.profiles)
            where = {"$or": [{"_id": {"$in": list(ids)}}, {"root": erasure.customer}], **PUBLISHED}
            found = await self.customers.profiles.find(where, session=session).to_list()
            alive = [one for one in found if one["state"] != State.ERASED.value]
            if alive and ({one["_id"] for one in found} != ids or {one["root"] for one in found} != {erasure.customer}):
                raise Unmatched
            claims = [identity["key"] for one in alive for identity in one["identities"]]
            await self.customers.claims.collection.delete_many({"_id": {"$in": claims}}, session=session)
            await self.customers.vault.destroy(ids, session)
            for one in alive:
                await self.customers.profiles.replace_one(
                    {"_id": one["_id"]}, _tombstone(one, erasure, now), session=session
                )
            return True

        return bool(await self.customers.transact(work))

    async def remove_traces(self, erasure: Erasure) -> int:
        """Sightings, merges and candidates that name these profiles; how many there were."""
        ids, db = list(erasure.profiles), self.customers.db
        sightings = db[SIGHTINGS]
        gone = await sightings.delete_many({"seen": {"$in": ids, "$not": {"$elemMatch": {"$nin": ids}}}})
        shared = await sightings.update_many({"seen": {"$in": ids}}, {"$pull": {"seen": {"$in": ids}}})
        candidates = await db[CANDIDATES].delete_many({"pair": {"$in": ids}})
        merges = await db[MERGES].delete_many({"$or": [{"kept": {"$in": ids}}, {"merged": {"$in": ids}}]})
        counts = (gone.deleted_count, shared.modified_count, candidates.deleted_count, merges.deleted_count)
        return sum(counts)


def _tombstone(profile: Document, erasure: Erasure, now: datetime) -> Document:
    """That there was a profile, and the event; what its outbox had to tell stays in it."""
    data = {"customerId": profile["_id"], "erasureId": erasure.id, "profileIds": list(erasure.profiles)}
    event = outbox_entry(f"{profile['_id']}:erased", ERASED, profile["_id"], now, data)
    return {
        "_id": profile["_id"],
        "state": State.ERASED.value,
        "root": profile["_id"],
        "version": profile["version"] + 1,
        "updated_at": now,
        "created_at": profile["created_at"],
        "identities": [],
        "traits": [],
        "outbox": [*profile.get("outbox", []), event],
    }


def _erasure(document: Document) -> Erasure:
    return Erasure(
        document["_id"],
        document["customer"],
        tuple(document["profiles"]),
        document["actor"],
        document["begun_at"],
        ErasureState(document["state"]),
        document.get("done_at"),
        document["removed"],
    )
