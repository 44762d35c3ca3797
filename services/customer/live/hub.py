"""What wakes subscribers: one change stream of a collection's inserts a process, open as long as anybody watches.

A stream that breaks goes on from where it stood, so nothing is missed. Where that cannot be, or a subscriber takes what
waits for it too slowly, it is lost: it ends with an error, and its client begins anew with a snapshot.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pymongo.errors import OperationFailure, PyMongoError

from kit.errors import Unavailable
from kit.log import logger
from kit.mongo import Collection, Document, is_outage

log = logger(__name__)

RETRY_S = 0.5
"""Between two attempts to open the stream again; an election takes about a second."""
AWAIT_MS = 1_000
"""How long the server waits for the next change before it says that there is none."""
MAX_WAITING = 1_000
"""What may wait for a subscriber: a second of a whole shop; who is further behind reads the pages."""


@dataclass(slots=True, eq=False)
class Subscriber:
    """What waits for somebody, and what wakes them."""

    keys: frozenset[str] = frozenset()
    waiting: list[Document] = field(default_factory=list)
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    is_lost: bool = False

    def put(self, told: Document) -> None:
        """Let something wait, if there is room."""
        if len(self.waiting) < MAX_WAITING:
            self.waiting.append(told)
        else:
            self.is_lost = True
        self.stirred.set()

    def take(self) -> list[Document]:
        """All that waits, in order; Unavailable if something was missed."""
        if self.is_lost:
            raise Unavailable("some of it was missed; subscribe again and read the pages")
        taken, self.waiting = self.waiting, []
        self.stirred.clear()
        return taken


class InsertHub:
    """Inserts that match, by their field `key`; of each document the fields that are named. `run` it once a process."""

    def __init__(self, collection: Collection, match: Mapping[str, Any], key: str, fields: Iterable[str]) -> None:
        shown = {f"fullDocument.{name}": 1 for name in (key, "_id", *fields)}
        wanted = {f"fullDocument.{name}": value for name, value in match.items()}
        self._pipeline: list[Document] = [{"$match": {"operationType": "insert", **wanted}}, {"$project": shown}]
        self._collection = collection
        self._key = key
        self._by_key: dict[str, set[Subscriber]] = defaultdict(set)
        self._subscribers: set[Subscriber] = set()
        self._wanted = asyncio.Event()
        self._open = asyncio.Event()
        self._token: Mapping[str, Any] | None = None

    async def run(self) -> None:
        """Follow for ever, while anybody watches; an unreachable database is waited for."""
        while True:
            await self._wanted.wait()
            try:
                await self._follow()
                continue
            except OperationFailure as error:
                if not is_outage(error):
                    log.warning("live begins anew", collection=self._collection.name, error=error.code)
                    self._lose_all()
            except PyMongoError as error:
                log.warning("live waits", collection=self._collection.name, error=type(error).__name__)
            finally:
                self._open.clear()
            await asyncio.sleep(RETRY_S)

    @contextmanager
    def watch(self) -> Iterator[Subscriber]:
        """A subscriber, of nothing yet (`turn`)."""
        subscriber = Subscriber()
        self._subscribers.add(subscriber)
        self._wanted.set()
        try:
            yield subscriber
        finally:
            self.turn(subscriber, ())
            self._subscribers.discard(subscriber)

    def turn(self, subscriber: Subscriber, keys: Iterable[str]) -> None:
        """Let a subscriber watch these keys, and no others."""
        wanted = frozenset(keys)
        for key in subscriber.keys - wanted:
            self._by_key[key].discard(subscriber)
            if not self._by_key[key]:
                del self._by_key[key]
        for key in wanted - subscriber.keys:
            self._by_key[key].add(subscriber)
        subscriber.keys = wanted

    async def opened(self) -> None:
        """Wait until nothing that is inserted from now on is missed."""
        await self._open.wait()

    async def _follow(self) -> None:
        async with await self._collection.watch(
            self._pipeline, resume_after=self._token, max_await_time_ms=AWAIT_MS
        ) as stream:
            self._token = stream.resume_token
            self._open.set()
            while stream.alive and self._subscribers:
                change = await stream.try_next()
                self._token = stream.resume_token
                if change is not None:
                    told = change["fullDocument"]
                    for subscriber in self._by_key.get(told.get(self._key), ()):
                        subscriber.put(told)
        if not self._subscribers:
            self._wanted.clear()
            self._token = None

    def _lose_all(self) -> None:
        self._token = None
        for subscriber in self._subscribers:
            subscriber.is_lost = True
            subscriber.stirred.set()
