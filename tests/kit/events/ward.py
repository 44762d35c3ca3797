"""A ward whose documents tell events, and somebody who listens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from kit.events import Consumer, Drainer, Event, EventLog, outbox_entry
from kit.events.log import Position
from kit.mongo import Database
from kit.tasks import stop
from kit.times import utc_now

ADMITTED = "hospital.patient.admitted.v1"
PATIENCE_S = 8.0
"""How long a test waits for what must happen."""


def event(id: str, type: str = ADMITTED) -> Event:
    return Event(id=id, source="/test", type=type, subject=id, time=utc_now(), data={"id": id})


@dataclass
class Ear:
    """A handler that remembers; `before` may fail or wait."""

    ids: list[str] = field(default_factory=list)
    before: Callable[[Sequence[Event]], object] = lambda events: None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, events: Sequence[Event]) -> None:
        waited = self.before(events)
        if asyncio.iscoroutine(waited):
            await waited
        self.ids += [event.id for event in events]
        self.news.set()

    async def until(self, *ids: str) -> None:
        """Wait until all of these were heard."""
        async with asyncio.timeout(PATIENCE_S):
            while not set(ids) <= set(self.ids):
                self.news.clear()
                await self.news.wait()


@dataclass
class Ward:
    """One collection with outboxes, its journal and the log."""

    db: Database
    log: EventLog

    def drainer(self) -> Drainer:
        return Drainer(self.db.beds, self.db.journal, self.log, "ward")

    async def tell(self, bed: str, *ids: str) -> None:
        """Push events into one document's outbox, one write each, as a change does."""
        for id in ids:
            entry = outbox_entry(id, ADMITTED, bed, utc_now(), {"id": id})
            await self.db.beds.update_one({"_id": bed}, {"$push": {"outbox": entry}}, upsert=True)

    async def in_journal(self) -> list[str]:
        return sorted([row["_id"] async for row in self.db.journal.find()])

    async def in_log(self) -> list[str]:
        return [event.id async for event in read(self.log)]

    async def left(self) -> int:
        return sum([len(bed["outbox"]) async for bed in self.db.beds.find()])


async def read(log: EventLog) -> AsyncIterator[Event]:
    """The log's events in the order a reader without a token gets them."""
    async for item, _ in log.backlog([ADMITTED], Position()):
        yield item


@asynccontextmanager
async def running(consumer: Consumer) -> AsyncIterator[None]:
    """The consumer at work for as long as the block lasts."""
    task = asyncio.create_task(consumer.run())
    try:
        yield
    finally:
        await stop(task)
