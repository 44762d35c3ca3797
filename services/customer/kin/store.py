"""Every query of who is one person with whom; decides nothing. It reads profiles and merges, and writes neither.

A profile names the root of its family (`root`, an index), and the merge that hung it there. A profile that nobody knows
is a person of its own: what belongs to it may be told before it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from kit.mongo import Database, Document
from services.customer.kin.model import Person
from services.customer.merge.collections import MERGES
from services.customer.model import State

MEMBERS: Final = {"root": 1, "merge": 1}
PRESENT: Final[Document] = {"$in": [State.LIVE.value, State.MERGED.value]}


class KinStore:
    """Who is one person with whom."""

    def __init__(self, db: Database) -> None:
        self._profiles = db["profiles"]
        self._merges = db[MERGES]

    async def persons(self, ids: Iterable[str]) -> Mapping[str, Person]:
        """The person of each id: a query for those that stand for a family, one more for those that do not."""
        wanted = set(ids)
        families = await self._families(wanted)
        roots = {id: id for id in families}
        missing = wanted - families.keys()
        if missing:
            merged = {"_id": {"$in": sorted(missing)}, "state": State.MERGED.value}
            above = {row["_id"]: row["root"] async for row in self._profiles.find(merged, {"root": 1})}
            families |= await self._families(set(above.values()) - families.keys()) if above else {}
            roots |= above
        times = await self._times(row["merge"] for rows in families.values() for row in rows if "merge" in row)
        persons = {root: _person(rows, times) for root, rows in families.items()}
        return {id: persons.get(roots.get(id, ""), Person(frozenset({id}))) for id in wanted}

    async def _families(self, roots: Iterable[str]) -> dict[str, list[Document]]:
        families: dict[str, list[Document]] = defaultdict(list)
        async for row in self._profiles.find({"root": {"$in": sorted(roots)}, "state": PRESENT}, MEMBERS):
            families[row["root"]].append(row)
        return dict(families)

    async def _times(self, merges: Iterable[str]) -> dict[str, datetime]:
        ids = sorted(merges)
        if not ids:
            return {}
        return {row["_id"]: row["at"] async for row in self._merges.find({"_id": {"$in": ids}}, {"at": 1})}


def _person(rows: list[Document], times: Mapping[str, datetime]) -> Person:
    joined = [times[row["merge"]] for row in rows if row.get("merge") in times]
    return Person(frozenset(row["_id"] for row in rows), max(joined, default=None))
