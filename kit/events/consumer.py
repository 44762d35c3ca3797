"""A consumer: hears the events it names, in batches, at least once, from where it stopped.

One instance of a consumer works at a time (a lease in its checkpoint); another takes over when it falls silent. A
batch whose handling fails for a reason of ours is tried event by event, and the one that fails is parked where
`noren doctor` shows it; an unreachable database is waited for.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import timedelta

from pymongo.errors import DuplicateKeyError, PyMongoError

from kit.events.envelope import Event
from kit.events.log import EventLog, Position
from kit.ids import new_id
from kit.log import logger
from kit.mongo import Database, Document, is_outage
from kit.tasks import stop
from kit.times import utc_now

log = logger(__name__)

Queue = asyncio.Queue[tuple[Event, Position]]
Handler = Callable[[Sequence[Event]], Awaitable[None]]
"""Takes a batch in the log's order; must be idempotent by event id, and not lean on the order of two drainers' work."""

BATCH = 500
"""Events handled at a time."""
LEASE = timedelta(seconds=15)
"""How long a silent holder keeps the work; renewed with every batch and every `LEASE / 3`, even inside a batch."""
RETRY_S = 1.0
RELEASE_S = 1.0
"""What giving the lease back may cost a shutdown; without it the next start waits for the rest of the lease."""
CANCEL_AGAIN_S = 0.1
"""Reading, handling and keeping the lease have nothing to tidy up."""
CHECKPOINTS = "checkpoints"
PARKED = "parked_events"


class LeaseLost(Exception):
    """Another instance has taken over."""


class Consumer:
    """`name` is unique in its database, which keeps its checkpoint and what it could not handle."""

    def __init__(self, name: str, db: Database, event_log: EventLog, types: Sequence[str], handle: Handler) -> None:
        self._name = name
        self._checkpoints = db[CHECKPOINTS]
        self._parked = db[PARKED]
        self._log = event_log
        self.types = types
        self._handle = handle
        self._holder = new_id("hld")

    async def run(self) -> None:
        """Consume for ever; cancelled, give the lease back."""
        try:
            while True:
                await self._consume()
                await asyncio.sleep(RETRY_S)
        finally:
            with contextlib.suppress(PyMongoError, TimeoutError):
                async with asyncio.timeout(RELEASE_S):
                    await self.release()

    async def catch_up(self) -> int:
        """Handle everything that lies in the log behind the checkpoint, then return how many events that was.

        For imports and tests; runs beside a following instance without harm, since handlers are idempotent.
        """
        document = await self._checkpoints.find_one({"_id": self._name}) or {}
        start = Position(None, document.get("logged_at"))
        handled = 0
        batch: list[Event] = []
        async for event, _ in self._log.backlog(self.types, start):
            batch.append(event)
            if len(batch) == BATCH:
                await self._handle_batch(batch)
                handled, batch = handled + len(batch), []
        if batch:
            await self._handle_batch(batch)
        return handled + len(batch)

    async def _consume(self) -> None:
        try:
            position = await self._acquire()
            if position is not None:
                await self._follow(position)
        except PyMongoError as error:
            log.warning("consumer waits", consumer=self._name, error=type(error).__name__)
        except LeaseLost:
            log.info("consumer handed over", consumer=self._name)

    async def _follow(self, position: Position) -> None:
        """Read, handle and keep the lease side by side; the first of them that fails ends all three."""
        queue: Queue = asyncio.Queue(maxsize=2 * BATCH)
        parts = [
            asyncio.create_task(part) for part in (self._read(position, queue), self._work(queue), self._keep_lease())
        ]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            await stop(*parts, again_s=CANCEL_AGAIN_S)

    async def _read(self, position: Position, queue: Queue) -> None:
        async with aclosing(self._log.follow(self.types, position)) as events:
            async for item in events:
                await queue.put(item)

    async def _work(self, queue: Queue) -> None:
        while True:
            batch = [await queue.get()]
            while len(batch) < BATCH and not queue.empty():
                batch.append(queue.get_nowait())
            await self._handle_batch([event for event, _ in batch])
            position = batch[-1][1]
            await self._renew({"token": position.token, "logged_at": position.logged_at})

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            await self._renew({})

    async def _handle_batch(self, batch: Sequence[Event]) -> None:
        try:
            await self._handle(batch)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("batch failed, going on one by one", consumer=self._name, events=len(batch))
            for event in batch:
                await self._handle_alone(event)

    async def _handle_alone(self, event: Event) -> None:
        try:
            await self._handle([event])
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("event parked", consumer=self._name, event_id=event.id)
            parked = {"event": event.to_document(), "error": repr(error), "parked_at": utc_now()}
            await self._parked.replace_one({"_id": f"{self._name}:{event.id}"}, parked, upsert=True)

    async def _acquire(self) -> Position | None:
        now = utc_now()
        free = {
            "_id": self._name,
            "$or": [{"lease_until": {"$lt": now}}, {"holder": self._holder}, {"holder": None}],
        }
        claim = {"$set": {"holder": self._holder, "lease_until": now + LEASE}}
        try:
            document = await self._checkpoints.find_one_and_update(free, claim, upsert=True, return_document=True)
        except DuplicateKeyError:
            return None
        return Position() if document is None else Position(document.get("token"), document.get("logged_at"))

    async def _renew(self, values: Document) -> None:
        renewed = {**values, "lease_until": utc_now() + LEASE}
        result = await self._checkpoints.update_one({"_id": self._name, "holder": self._holder}, {"$set": renewed})
        if result.matched_count == 0:
            raise LeaseLost

    async def release(self) -> None:
        """Give the lease back, so that the next start goes on at once."""
        await self._checkpoints.update_one({"_id": self._name, "holder": self._holder}, {"$set": {"holder": None}})
