"""One change stream a process, handed to many subscribers; and a subscription: snapshot first, then what changes.

A  register: from here on the hub puts what is watched into the subscriber's inbox.
B  begin: with a cursor, catch up to where the hub stands; without one, or where it is gone, a snapshot.
C  go on: from the inbox, whose versions only rise, so that what B has shown already is not shown again.
When the hub's own stream breaks it goes on from where it stood; where that cannot be, every subscriber gets a snapshot.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace

from pymongo.errors import OperationFailure, PyMongoError

from kit.log import logger
from kit.mongo import is_outage
from services.inventory.live.model import Inbox, LiveLevel, Position, Watch
from services.inventory.live.store import LiveStore

log = logger(__name__)

RETRY_S = 0.5
"""Between two attempts to open the stream again; an election takes about a second."""


@dataclass(slots=True, eq=False)
class Subscriber:
    """An inbox, and what wakes its owner; `cursors_from` is when the last snapshot was complete."""

    inbox: Inbox
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    cursors_from: Position = (0, 0)
    is_lost: bool = False

    def put(self, told: LiveLevel) -> None:
        """Take a level in, if it is watched and new."""
        if self.inbox.put(told):
            self.stirred.set()

    def take(self) -> list[LiveLevel]:
        """All that waits; without a cursor what lies before the snapshot was complete: other stocks may follow."""
        return [
            replace(each, cursor=None) if each.position <= self.cursors_from else each for each in self.inbox.take()
        ]


class Hub:
    """`run` it once a process; `watch` as often as there are subscribers."""

    def __init__(self, store: LiveStore) -> None:
        self._store = store
        self._by_sku: dict[str, set[Subscriber]] = defaultdict(set)
        self._stands_at: str | None = None
        self._open = asyncio.Event()

    async def run(self) -> None:
        """Follow the journal for ever; an unreachable database is waited for."""
        while True:
            try:
                await self._follow()
            except OperationFailure as error:
                if not is_outage(error):
                    log.warning("live stock begins anew", error=error.code)
                    self._lose_all()
            except PyMongoError as error:
                log.warning("live stock waits", error=type(error).__name__)
            await asyncio.sleep(RETRY_S)

    async def watch(self, watch: Watch, after: str | None = None) -> AsyncGenerator[LiveLevel, None]:
        """Levels as they change, for ever: after the cursor if there is one, else a snapshot first."""
        await self._open.wait()
        with self._registered(watch) as subscriber:
            async with aclosing(self._catch_up(subscriber, after)) as missed:
                async for level in missed:
                    yield level
            while True:
                if subscriber.is_lost:
                    await self._snapshot(subscriber)
                for level in subscriber.take():
                    yield level
                await subscriber.stirred.wait()
                subscriber.stirred.clear()

    @contextmanager
    def _registered(self, watch: Watch) -> Iterator[Subscriber]:
        subscriber = Subscriber(Inbox(watch))
        for sku in watch.skus:
            self._by_sku[sku].add(subscriber)
        try:
            yield subscriber
        finally:
            for sku in watch.skus:
                self._by_sku[sku].discard(subscriber)
                if not self._by_sku[sku]:
                    del self._by_sku[sku]

    async def _catch_up(self, subscriber: Subscriber, after: str | None) -> AsyncGenerator[LiveLevel, None]:
        """What was journaled between the cursor and where the hub stood; what came since is in the inbox.

        Without a usable cursor the subscriber is lost, and gets a snapshot.
        """
        goal = self._stands_at
        if after is None or goal is None:
            subscriber.is_lost = True
            return
        inbox = Inbox(subscriber.inbox.watch)
        try:
            async with aclosing(self._store.follow(after, inbox.watch)) as stream:
                async for told, stands_at in stream:
                    if told is not None and inbox.put(told):
                        for level in inbox.take():
                            yield level
                    if stands_at >= goal:
                        break
        except OperationFailure as error:  # of its many codes for a token it cannot use none is worth a list
            if is_outage(error):
                raise
            log.info("live stock: cursor is gone", error=error.code)
            subscriber.is_lost = True
        subscriber.inbox.skip(inbox.seen)

    async def _snapshot(self, subscriber: Subscriber) -> None:
        """Put the levels there are into the inbox; what was shown already, or waits there newer, is not shown again."""
        subscriber.is_lost = False
        snapshot = await self._store.snapshot(subscriber.inbox.watch)
        for level in snapshot.levels:
            subscriber.put(LiveLevel(level, snapshot.until, is_snapshot=True))
        subscriber.cursors_from = snapshot.until

    async def _follow(self) -> None:
        async with aclosing(self._store.follow(self._stands_at)) as stream:
            async for told, self._stands_at in stream:
                self._open.set()
                if told is not None:
                    for subscriber in self._by_sku.get(told.level.sku, ()):
                        subscriber.put(told)

    def _lose_all(self) -> None:
        self._stands_at = None
        for subscribers in self._by_sku.values():
            for subscriber in subscribers:
                subscriber.is_lost = True
                subscriber.stirred.set()
