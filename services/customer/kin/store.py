"""Every MongoDB query of bonds; decides nothing.

`bonds`: a merge, `_id` is its id. Whether it was undone is a field that only ever becomes true, so that the events of
a merge may come in any order and twice. Shard key: `_id`; small and asked for by everybody, so rather not sharded.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo import ASCENDING, IndexModel, UpdateOne

from kit.mongo import Database
from services.customer.kin.model import Bond, Person, persons_of

COLLECTION: Final = "bonds"
MAX_STEPS: Final = 20
"""Merges of merges that are followed from one profile: a person has at most that many profiles in a row."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("into", ASCENDING)], name="into", partialFilterExpression={"parted": False}),
        IndexModel([("merged", ASCENDING)], name="merged", partialFilterExpression={"parted": False}),
    ],
}


class KinStore:
    """Who is one person with whom."""

    def __init__(self, db: Database) -> None:
        self._bonds = db[COLLECTION]

    async def persons(self, ids: Iterable[str]) -> Mapping[str, Person]:
        """The person of each id: one query where nobody was merged, one more for each step of merges of merges."""
        wanted = set(ids)
        bonds: dict[str, Bond] = {}
        known: set[str] = set()
        fresh = set(wanted)
        for _ in range(MAX_STEPS):
            if not fresh:
                break
            known |= fresh
            found = await self._touching(sorted(fresh))
            bonds |= {bond.merge_id: bond for bond in found}
            fresh = {id for bond in found for id in (bond.into, bond.merged)} - known
        return persons_of(wanted, bonds.values())

    async def _touching(self, ids: list[str]) -> list[Bond]:
        open_ends = [{"parted": False, end: {"$in": ids}} for end in ("into", "merged")]
        found = self._bonds.find({"$or": open_ends})
        return [Bond(row["_id"], row["into"], row["merged"], row["at"]) async for row in found]

    async def hear_merged(self, bonds: Sequence[Bond]) -> None:
        """Join; a merge that was heard to be undone stays undone."""
        updates = [
            UpdateOne(
                {"_id": bond.merge_id},
                [
                    {
                        "$set": {
                            "into": {"$literal": bond.into},
                            "merged": {"$literal": bond.merged},
                            "at": bond.at,
                            "parted": {"$ifNull": ["$parted", False]},
                        }
                    }
                ],
                upsert=True,
            )
            for bond in bonds
        ]
        if updates:
            await self._bonds.bulk_write(updates, ordered=False)

    async def hear_unmerged(self, parted: Mapping[str, datetime]) -> None:
        """Part, by the merge's id; also if the merge itself was not heard yet."""
        updates = [
            UpdateOne({"_id": merge_id}, {"$set": {"parted": True, "parted_at": at}}, upsert=True)
            for merge_id, at in parted.items()
        ]
        if updates:
            await self._bonds.bulk_write(updates, ordered=False)
