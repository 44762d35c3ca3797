"""Which plan an idempotency key stands for; decides nothing. Shard key: `_id`, the key's digest.

A key is bound to its input for good, and to one plan at a time: whoever comes again, or at the same moment, follows the
plan that is written here, or replaces one that failed by compare-and-set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import IndexModel

from kit.mongo import Database, Document
from services.inventory.sourcing.model import Pick

COLLECTION = "sourced"

INDEXES: Mapping[str, Sequence[IndexModel]] = {COLLECTION: []}


@dataclass(frozen=True, slots=True)
class Sourced:
    """What a key stands for: its input, how many plans have failed, and the plan followed now, if there is one."""

    id: str
    fingerprint: str
    attempt: int
    picks: tuple[Pick, ...] | None


class SourcedStore:
    """The plans of sourced reservations."""

    def __init__(self, db: Database) -> None:
        self._sourced = db[COLLECTION]

    async def claim(self, id: str, fingerprint: str, now: datetime) -> Sourced:
        """Bind the key to its input, or say what it is bound to."""
        new = {"fingerprint": fingerprint, "attempt": 0, "picks": None, "claimed_at": now}
        kept = await self._sourced.find_one_and_update(
            {"_id": id}, {"$setOnInsert": new}, upsert=True, return_document=True
        )
        assert kept is not None, "an upsert returns what it left"
        return _sourced(kept)

    async def follow(self, known: Sourced, picks: Sequence[Pick]) -> Sourced | None:
        """Write the plan of this attempt, unless another worker has; None if that was so."""
        plan = [{"sku": pick.sku, "location_id": pick.location_id, "quantity": pick.quantity} for pick in picks]
        where = {"_id": known.id, "attempt": known.attempt, "picks": None}
        kept = await self._sourced.find_one_and_update(where, {"$set": {"picks": plan}}, return_document=True)
        return None if kept is None else _sourced(kept)

    async def give_up(self, known: Sourced) -> None:
        """The plan of this attempt failed: the next one begins."""
        where = {"_id": known.id, "attempt": known.attempt}
        await self._sourced.update_one(where, {"$set": {"picks": None}, "$inc": {"attempt": 1}})


def _sourced(document: Document) -> Sourced:
    picks = document["picks"]
    plan = None if picks is None else tuple(Pick(**pick) for pick in picks)
    return Sourced(document["_id"], document["fingerprint"], document["attempt"], plan)
