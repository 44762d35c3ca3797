"""The event log: append-only, read by change stream. NATS JetStream or Kafka can take this file's place."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import Timestamp
from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.change_stream import AsyncChangeStream
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, OperationFailure

from kit.events.envelope import Event
from kit.log import logger
from kit.mongo import Database, Document, duplicates, ensure_indexes, is_outage, open_database
from kit.times import utc_now

log = logger(__name__)

COLLECTION = "events"
OVERLAP = timedelta(minutes=10)
"""A reader without a usable token starts this far before its last event: clocks of writers differ by less."""
AWAIT_MS = 1_000
ORDER = [("logged_at", ASCENDING), ("place", ASCENDING)]
"""`place` is the event's in its batch, so that events of one document stay in the order they happened."""
INDEXES = {COLLECTION: [IndexModel([("type", ASCENDING), *ORDER], name="type_order")]}
Session = AsyncClientSession
Stream = AsyncChangeStream[Document]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader is: a change-stream token, if it has one, and when its last event was logged."""

    token: Document | None = None
    logged_at: datetime | None = None


class EventLog:
    """Appends once by event id; follows from a position, late events included."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._events = db[COLLECTION]

    async def prepare(self) -> None:
        """Make the indexes."""
        await ensure_indexes(self._db, INDEXES)

    async def append(self, events: Sequence[Event]) -> None:
        """Add what is not there yet; an id that is there is left as it is."""
        now = utc_now()
        rows = [{**event.to_document(), "logged_at": now, "place": place} for place, event in enumerate(events)]
        await insert_new(self._events, rows)

    async def follow(self, types: Sequence[str], position: Position) -> AsyncGenerator[tuple[Event, Position], None]:
        """Every event of these types from `position` on, at least once; waits for new ones for ever."""
        if position.token is not None:
            try:
                stream = await self._watch(types, resume_after=position.token)
            except OperationFailure as error:  # of its many codes for a token it cannot use none is worth a list
                if is_outage(error):
                    raise
                log.warning("event log read again", types=types, error=error.code)
            else:
                async with stream, aclosing(_heard(stream)) as heard:
                    async for item in heard:
                        yield item
                return
        async with aclosing(self._follow_backlog(types, position)) as items:
            async for item in items:
                yield item

    async def backlog(
        self, types: Sequence[str], position: Position, session: Session | None = None
    ) -> AsyncGenerator[tuple[Event, Position], None]:
        """What lies in the log from `position` on, then ends."""
        where: Document = {"type": {"$in": list(types)}}
        if position.logged_at is not None:
            where["logged_at"] = {"$gte": position.logged_at - OVERLAP}
        async with self._events.find(where, session=session).sort(ORDER) as found:
            async for document in found:
                yield Event.from_document(document), Position(None, document["logged_at"])

    async def _follow_backlog(
        self, types: Sequence[str], position: Position
    ) -> AsyncGenerator[tuple[Event, Position], None]:
        """The backlog, then the stream, without a gap between them.

        The stream starts behind the time of a majority read, and the backlog is read causally after it: an event that
        is written but not yet on a majority when the stream opens is in one of the two, at times in both.
        """
        async with self._db.client.start_session(causal_consistency=True) as session:
            await self._events.find_one({"_id": ""}, session=session)
            async with await self._watch(types, start_at_operation_time=_next(session.operation_time)) as stream:
                async with aclosing(self.backlog(types, position, session)) as past:
                    async for item in past:
                        yield item
                async with aclosing(_heard(stream)) as heard:
                    async for item in heard:
                        yield item

    async def _watch(self, types: Sequence[str], **start: Any) -> Stream:
        pipeline = [{"$match": {"operationType": "insert", "fullDocument.type": {"$in": list(types)}}}]
        return await self._events.watch(pipeline, max_await_time_ms=AWAIT_MS, **start)

    async def count(self, types: Sequence[str]) -> int:
        """How many events of these types there are."""
        return await self._events.count_documents({"type": {"$in": list(types)}})


def _next(time: Timestamp | None) -> Timestamp:
    assert time is not None, "a replica set says its time with every answer"
    return Timestamp(time.time, time.inc + 1)


async def _heard(stream: Stream) -> AsyncGenerator[tuple[Event, Position], None]:
    async for change in stream:
        document = change["fullDocument"]
        yield Event.from_document(document), Position(change["_id"], document["logged_at"])


async def insert_new(collection: Any, rows: Sequence[Document]) -> int:
    """Insert the rows whose `_id` is new, and say how many were; any other failure is raised."""
    if not rows:
        return 0
    try:
        result = await collection.insert_many(rows, ordered=False)
        return len(result.inserted_ids)
    except BulkWriteError as error:
        return len(rows) - len(duplicates(error))


@asynccontextmanager
async def open_event_log(url: str, prefix: str) -> AsyncIterator[EventLog]:
    """The log of this installation, its indexes made, for as long as the block lasts."""
    async with open_database(url, f"{prefix}_events") as db:
        event_log = EventLog(db)
        await event_log.prepare()
        yield event_log
