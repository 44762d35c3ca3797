"""Every query of the access log; decides nothing. Shard key: `_id` of each collection.

An entry is inserted into `accesses_waiting` before the answer it is about goes out, and brought from there into the
hash chain `access_log` (`kit.chain`), in order of their ids, by any process; it lies in one of the two at any moment.
"""

from collections.abc import Iterable
from dataclasses import asdict

from pymongo import ASCENDING, DESCENDING

from kit.chain import Chain
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.customer.access.collections import LOG, WAITING
from services.customer.access.model import Access, AccessKind

BATCH = 500
"""Entries brought into the chain by one insert."""
NEWEST_FIRST: Sort = (("_id", DESCENDING),)


class AccessStore:
    """The access log of a database."""

    def __init__(self, db: Database) -> None:
        self._waiting = db[WAITING]
        self.chain = Chain(db[LOG], "access_id")

    async def note(self, access: Access) -> None:
        """Keep an entry."""
        entry = asdict(access) | {"kind": access.kind.value, "customers": list(access.customers)}
        await self._waiting.insert_one({"_id": entry.pop("id"), **entry})

    async def settle(self) -> int:
        """Bring waiting entries into the chain; how many there were."""
        total = 0
        while waiting := await self._waiting.find().sort("_id", ASCENDING).limit(BATCH).to_list():
            ids = [entry["_id"] for entry in waiting]
            await self.chain.extend([{"access_id": entry.pop("_id"), **entry} for entry in waiting])
            await self._waiting.delete_many({"_id": {"$in": ids}})
            total += len(ids)
        return total

    async def page(self, customers: Iterable[str], args: PageArgs) -> Page[Access]:
        """Who saw any of these, the newest first; what still waits is brought in before."""
        await self.settle()
        return await find_page(
            self.chain.collection, {"customers": {"$in": list(customers)}}, NEWEST_FIRST, args, _access
        )


def _access(document: Document) -> Access:
    return Access(
        document["access_id"],
        AccessKind(document["kind"]),
        document["actor"],
        document["channel"],
        document["location"],
        document["trace_id"],
        tuple(document["customers"]),
        document["at"],
    )
