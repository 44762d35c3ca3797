"""A chain of records in MongoDB: append-only, and an altered or missing one is found.

Record n + 1 holds the hash of record n. `_id` is the number, from 1 without a gap, so of two writers one gets it and
the other goes on behind. A head, in another collection, tells how far it went, so that records missing at the very end
are noticed, too. Who can write to the database can write a whole other chain: keep a hash elsewhere to know.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson
from pymongo.errors import BulkWriteError

from kit.mongo import Collection, Document, duplicates

HEAD = "head"
BEGINNING = "0" * 64
"""What the first record has before it."""


class Chain:
    """The chain in `collection`; a record is there once by its `id_field`, which has a unique index.

    `heads` is where its head lies, if it has one.
    """

    def __init__(self, collection: Collection, id_field: str, heads: Collection | None = None) -> None:
        self.collection = collection
        self._heads = heads
        self._id_field = id_field

    async def extend(self, entries: Sequence[Document]) -> None:
        """Append those that are not there yet, in this order; any number of writers may at once.

        Times in them are of milliseconds, as MongoDB keeps them, or the hash is not of what is read back.
        """
        while left := await self._missing(entries):
            number, before = await self._end()
            records: list[Document] = []
            for entry in left:
                number += 1
                record = {**entry, "before": before}
                before = hash_of(number, record)
                records.append({"_id": number, **record, "hash": before})
            try:
                await self.collection.insert_many(records, ordered=True)
            except BulkWriteError as error:
                duplicates(error)  # another record took the number, or somebody else brought this one
                continue
            if self._heads is not None:
                further = {"_id": HEAD, "count": {"$lt": number}}
                await self._heads.update_one(further, {"$set": {"count": number, "hash": before}})

    async def records(self, where: Mapping[str, Any] | None = None) -> AsyncIterator[Document]:
        """The chain, or a part of it, the oldest first; each has `number`."""
        async for document in self.collection.find(where or {}).sort("_id", 1):
            yield {"number": document.pop("_id"), **document}

    async def first_broken(self) -> int | None:
        """The number of the first record that is not as it was written; None if all are."""
        place, before = 0, BEGINNING
        head = await self._head()
        async for record in self.records():
            place += 1
            if not _follows(record, place, before):
                return place
            before = record["hash"]
            if place == head["count"] and before != head["hash"]:
                return place
        return place + 1 if place < head["count"] else None

    async def _head(self) -> Mapping[str, Any]:
        """How far the chain went, as far as that is kept."""
        found = None if self._heads is None else await self._heads.find_one({"_id": HEAD})
        return {"count": 0, "hash": BEGINNING} if found is None else found

    async def _end(self) -> tuple[int, str]:
        """Where to go on: after the last record, but never over a number that the head says was given."""
        head = await self._head()
        if self._heads is not None and not head["count"]:
            await self._heads.update_one({"_id": HEAD}, {"$setOnInsert": {"count": 0, "hash": BEGINNING}}, upsert=True)
        last = await self.collection.find_one(sort=[("_id", -1)])
        if last is None or last["_id"] < head["count"]:
            return head["count"], head["hash"]
        return last["_id"], last["hash"]

    async def _missing(self, entries: Sequence[Document]) -> list[Document]:
        ids = [entry[self._id_field] for entry in entries]
        found = self.collection.find({self._id_field: {"$in": ids}}, {self._id_field: 1})
        there = {record[self._id_field] async for record in found}
        return [entry for entry in entries if entry[self._id_field] not in there]


def hash_of(number: int, record: Mapping[str, Any]) -> str:
    """SHA-256 of a record with its number and the hash before it, in hex."""
    content = {name: value for name, value in record.items() if name not in ("hash", "number")}
    return sha256(orjson.dumps([number, content], option=orjson.OPT_SORT_KEYS)).hexdigest()


def first_broken(records: Sequence[Mapping[str, Any]]) -> int | None:
    """The number of the first record of the whole chain that is not as it was written; None if all are."""
    before = BEGINNING
    for place, record in enumerate(records, start=1):
        if not _follows(record, place, before):
            return place
        before = record["hash"]
    return None


def _follows(record: Mapping[str, Any], place: int, before: str) -> bool:
    is_next = record["number"] == place and record["before"] == before
    return is_next and bool(hash_of(place, record) == record["hash"])
