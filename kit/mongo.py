"""The way to MongoDB: one client a process part, explicit concerns and timeouts, indexes made at the start."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any, TypeVar

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, ConnectionFailure, ExecutionTimeout, PyMongoError, WriteConcernError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from kit.driver import mend

mend()

T = TypeVar("T")

Document = dict[str, Any]
"""A document as it lies in MongoDB; known to `store` modules only."""
Collection = AsyncCollection[Document]
Database = AsyncDatabase[Document]

SERVER_SELECTION_MS = 3_000
"""How long a request waits for a primary: past an election (about a second), short of the gateway's deadline."""
CONNECT_MS = 3_000
SOCKET_MS = 20_000
"""A dead connection is given up after this; change streams wait less (`AWAIT_MS`)."""
WRITE_TIMEOUT_MS = 5_000
"""How long a majority may take to confirm a write."""
POOL_SIZE = 64
"""Connections of one client; more writers at once than this only wait in MongoDB instead of here."""
DUPLICATE_KEY = 11_000
PING_S = 2.0

OUTAGE = (ConnectionFailure, ExecutionTimeout, WriteConcernError)
"""Errors that say the database is away, or did not confirm, not that we asked wrongly."""
PASSING = ("TransientTransactionError", "RetryableWriteError")
"""Labels the server puts on errors that the same request may not meet again."""


def connect(url: str) -> AsyncMongoClient[Document]:
    """A client that acknowledges by majority and journal, retries what is safe to retry, and gives up in time."""
    return AsyncMongoClient(
        url,
        serverSelectionTimeoutMS=SERVER_SELECTION_MS,
        connectTimeoutMS=CONNECT_MS,
        socketTimeoutMS=SOCKET_MS,
        maxPoolSize=POOL_SIZE,
        retryWrites=True,
        retryReads=True,
        appname="noren",
    )


def database(client: AsyncMongoClient[Document], name: str) -> Database:
    """The database `name` with our concerns: what is acknowledged is on a majority's disk, and is read back."""
    return client.get_database(
        name,
        codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
        write_concern=WriteConcern(w="majority", j=True, wtimeout=WRITE_TIMEOUT_MS),
        read_concern=ReadConcern("majority"),
    )


@asynccontextmanager
async def open_database(url: str, name: str) -> AsyncIterator[Database]:
    """A database for as long as the block lasts; the client closes with it."""
    client = connect(url)
    try:
        yield database(client, name)
    finally:
        await client.close()


async def ensure_indexes(db: Database, indexes: Mapping[str, Sequence[IndexModel]]) -> None:
    """Create what is missing; an index of the same name with other keys is an error of MongoDB's, not hidden."""
    for collection, models in indexes.items():
        if models:
            await db[collection].create_indexes(list(models))
        else:
            await _ensure_collection(db, collection)


async def transact(db: Database, work: Callable[[AsyncClientSession], Awaitable[T]]) -> T:
    """All of `work` or nothing, over one snapshot; again, if it met another transaction. Cold work only."""
    async with db.client.start_session() as session:
        return await session.with_transaction(
            work, read_concern=ReadConcern("snapshot"), write_concern=db.write_concern
        )


async def missing_indexes(db: Database, indexes: Mapping[str, Sequence[IndexModel]]) -> list[str]:
    """`collection.index` of every declared index that is not there."""
    missing: list[str] = []
    for collection, models in indexes.items():
        there = set(await db[collection].index_information())
        missing += [f"{collection}.{model.document['name']}" for model in models if model.document["name"] not in there]
    return missing


def is_outage(error: BaseException) -> bool:
    """Whether waiting and asking again may help: the database is away, or a majority did not confirm in time."""
    if isinstance(error, OUTAGE):
        return True
    if isinstance(error, BulkWriteError):
        details = error.details or {}
        return bool(details.get("writeConcernErrors")) and not details.get("writeErrors")
    return isinstance(error, PyMongoError) and any(error.has_error_label(label) for label in PASSING)


def duplicates(error: BulkWriteError) -> list[int]:
    """The places in a bulk insert whose key was there already; raises it again if anything else went wrong."""
    details = error.details or {}
    failed = details.get("writeErrors", [])
    if any(each["code"] != DUPLICATE_KEY for each in failed) or details.get("writeConcernErrors"):
        raise error
    return [int(each["index"]) for each in failed]


async def is_ready(db: Database) -> bool:
    """Whether a primary answers within `PING_S`."""
    try:
        async with asyncio.timeout(PING_S):
            await db.command("ping")
            return True
    except (PyMongoError, TimeoutError):
        return False


async def _ensure_collection(db: Database, name: str) -> None:
    if name not in await db.list_collection_names(filter={"name": name}):
        await db.create_collection(name, check_exists=False)
