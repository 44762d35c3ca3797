"""Every MongoDB query and index of search; decides nothing.

`search_writers` has one document an index directory: who writes it, and how far it has come. `search_synonyms` are the
groups of staff. Both are small and stay on every shard's primary.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import Timestamp
from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.errors import DuplicateKeyError

from kit.mongo import Database, Document
from services.catalog.attribute.store import COLLECTION as ATTRIBUTES
from services.catalog.availability.store import COLLECTION as AVAILABILITY
from services.catalog.category.store import COLLECTION as CATEGORIES
from services.catalog.channel.store import COLLECTION as CHANNELS
from services.catalog.pricing.store import BOOKS
from services.catalog.product.store import COLLECTION as PRODUCTS
from services.catalog.standing.store import COLLECTION as STANDINGS

WRITERS = "search_writers"
SYNONYMS = "search_synonyms"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    WRITERS: [],
    SYNONYMS: [],
}
WATCHED = (PRODUCTS, CATEGORIES, CHANNELS, ATTRIBUTES, AVAILABILITY, BOOKS, STANDINGS)
AWAIT_MS = 1_000
TELLING = ("version", "names", "path", "category_path", "currency", "kind", "in_stock", "sold_step", "stars")
"""Fields whose change may change the index: an outbox that is emptied, or one piece less of many, does not."""


@dataclass(frozen=True, slots=True)
class Claim:
    """How far an index has come: the generation it was, and where the change stream goes on."""

    generation: str | None
    token: Document | None
    rebuild_asked: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A document changed that the index may show: its collection, its key, and where the stream stands behind it.

    No `token`: it changed by itself, because its time has come.
    """

    collection: str
    id: str
    token: Document | None


class Changes:
    """The open change stream, and where it stands."""

    def __init__(self, stream: "AsyncChangeStream[Document]") -> None:
        self._stream = stream

    async def follow(self) -> AsyncGenerator[Change, None]:
        """Every change from the beginning of the stream on; waits for new ones for ever."""
        async for change in self._stream:
            yield Change(change["ns"]["coll"], str(change["documentKey"]["_id"]), change["_id"])

    @property
    def token(self) -> Document | None:
        """Behind what was yielded last, and further where nothing of interest happened since."""
        token = self._stream.resume_token
        return None if token is None else dict(token)


class SearchStore:
    """Who writes an index, how far it is, what is to be indexed, and staff's synonyms."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.writers = db[WRITERS]
        self.synonyms = db[SYNONYMS]
        self._products = db[PRODUCTS]

    async def claim(self, index: str, holder: str, now: datetime, lease: timedelta) -> Claim | None:
        """Become the writer of an index if it has none; None if another holds it."""
        free = {"_id": index, "$or": [{"until": {"$lt": now}}, {"holder": holder}, {"holder": None}]}
        taken = {"$set": {"holder": holder, "until": now + lease}}
        try:
            document = await self.writers.find_one_and_update(free, taken, upsert=True, return_document=True)
        except DuplicateKeyError:
            return None
        assert document is not None, "an upsert that returns the new document returns one"
        return Claim(document.get("generation"), document.get("token"), bool(document.get("rebuild_asked")))

    async def renew(self, index: str, holder: str, until: datetime, values: Mapping[str, Any]) -> Claim | None:
        """Stay its writer and note how far it is; None if somebody else has become it."""
        document = await self.writers.find_one_and_update(
            {"_id": index, "holder": holder}, {"$set": {**values, "until": until}}, return_document=True
        )
        if document is None:
            return None
        return Claim(document.get("generation"), document.get("token"), bool(document.get("rebuild_asked")))

    async def release(self, index: str, holder: str) -> None:
        """Give it back, so that the next writer need not wait."""
        await self.writers.update_one({"_id": index, "holder": holder}, {"$set": {"holder": None}})

    async def ask_rebuild(self, index: str) -> None:
        """Have whoever writes the index make it anew."""
        await self.writers.update_one({"_id": index}, {"$set": {"rebuild_asked": True}}, upsert=True)

    async def synonym_groups(self) -> dict[str, Sequence[str]]:
        """Staff's groups by name; an empty one takes a shipped group away."""
        found = self.synonyms.find({}, {"terms": 1}).sort("_id", ASCENDING)
        return {row["_id"]: tuple(row["terms"]) for row in await found.to_list()}

    async def put_synonyms(self, name: str, terms: Sequence[str], most: int) -> bool:
        """Keep a group; False if there are `most` others already."""
        kept = await self.synonyms.update_one({"_id": name}, {"$set": {"terms": list(terms)}})
        if kept.matched_count == 0:
            if await self.synonyms.estimated_document_count() >= most:
                return False
            await self.synonyms.update_one({"_id": name}, {"$set": {"terms": list(terms)}}, upsert=True)
        return True

    async def generation(self, index: str) -> str | None:
        """Which generation the index has, as its writer noted."""
        document = await self.writers.find_one({"_id": index}, {"generation": 1})
        return None if document is None else document.get("generation")

    async def now(self) -> Timestamp:
        """The time of the database, which a stream can start at."""
        async with self._db.client.start_session(causal_consistency=True) as session:
            await self.writers.find_one({"_id": ""}, session=session)
            assert session.operation_time is not None, "a replica set says its time with every answer"
            return session.operation_time

    @asynccontextmanager
    async def changes(self, *, token: Document | None = None, at: Timestamp | None = None) -> AsyncGenerator[Changes]:
        """The stream of changes behind a token, or from a time on; OperationFailure if the token is too old."""
        start: Document = {"resume_after": token} if token is not None else {"start_at_operation_time": at}
        async with await self._db.watch(_PIPELINE, max_await_time_ms=AWAIT_MS, **start) as stream:
            yield Changes(stream)

    async def product_ids(self, after: str, limit: int) -> list[str]:
        """Ids of products in their order, behind `after`."""
        found = self._products.find({"_id": {"$gt": after}}, {"_id": 1}).sort("_id", ASCENDING).limit(limit)
        return [row["_id"] for row in await found.to_list()]

    async def products_of_category(self, id: str) -> list[str]:
        """Ids of the products filed under a category or below it."""
        return [row["_id"] async for row in self._products.find({"category_path": id}, {"_id": 1})]

    async def products_of_skus(self, skus: Sequence[str]) -> list[str]:
        """Ids of the products that have these SKUs."""
        return [row["_id"] async for row in self._products.find({"variants.sku": {"$in": list(skus)}}, {"_id": 1})]


_PIPELINE: list[Document] = [
    {
        "$match": {
            "ns.coll": {"$in": list(WATCHED)},
            "$or": [
                {"operationType": {"$in": ["insert", "replace", "delete"]}},
                *({f"updateDescription.updatedFields.{name}": {"$exists": True}} for name in TELLING),
            ],
        }
    },
    {"$project": {"ns": 1, "documentKey": 1, "operationType": 1}},
]
