"""The drainer: from the outboxes of a collection into the journal and the event log."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

from kit.events.envelope import Event
from kit.events.log import EventLog, insert_new
from kit.log import logger
from kit.mongo import Collection, Document

log = logger(__name__)

BATCH = 500
"""Documents drained at a time: some hundred kilobytes."""
POLL_S = 1.0
"""How long an event of a crashed process waits; a living one nudges at once."""
HAS_OUTBOX: Document = {"outbox.0": {"$exists": True}}
OUTBOX_INDEX = IndexModel([("outbox.time", ASCENDING)], name="outbox", partialFilterExpression=HAS_OUTBOX)
"""Every collection with an outbox has this index: finding nothing to do costs nothing."""


def outbox_entry(id: str, type: str, subject: str, time: datetime, data: Mapping[str, Any]) -> Document:
    """An entry for a document's `outbox` array."""
    return {"id": id, "type": type, "subject": subject, "time": time, "data": dict(data)}


@dataclass(frozen=True, slots=True)
class Teller:
    """The fields of a document that are read to tell its outbox, and the entries made of them, in the outbox's order.

    The same entry must become the same event however often and late it is told.
    """

    fields: Document
    tell: Callable[[Document], Sequence[Document]]


class Drainer:
    """Empties the outboxes of `collection`. Any number may run at once: every step is idempotent.

    A document that keeps its outbox short has a `teller`, which makes full entries of its `fields`.
    """

    def __init__(
        self,
        collection: Collection,
        journal: Collection,
        event_log: EventLog,
        source: str,
        *,
        teller: "Teller | None" = None,
    ) -> None:
        self._teller = teller or Teller({"outbox": 1}, lambda document: document["outbox"])
        self._collection = collection
        self._journal = journal
        self._log = event_log
        self._source = source
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Say that something was written; called after a change, costs nothing."""
        self._nudged.set()

    async def run(self) -> None:
        """Drain for ever; an unreachable database is waited for."""
        while True:
            self._nudged.clear()
            try:
                while await self.drain_once():
                    pass
            except PyMongoError as error:
                log.warning("outbox waits", collection=self._collection.name, error=type(error).__name__)
                await asyncio.sleep(POLL_S)
                continue
            try:
                async with asyncio.timeout(POLL_S):
                    await self._nudged.wait()
            except TimeoutError:
                continue

    async def drain_once(self) -> int:
        """Drain one batch and return how many events it held."""
        found = self._collection.find(HAS_OUTBOX, self._teller.fields).sort("outbox.time", ASCENDING).limit(BATCH)
        documents = await found.to_list()
        if not documents:
            return 0
        events = [self._event(entry) for document in documents for entry in self._teller.tell(document)]
        await insert_new(self._journal, [event.to_document() for event in events])
        await self._log.append(events)
        await self._collection.update_many(*_pull(documents))
        return len(events)

    async def drain(self) -> int:
        """Drain until nothing is left, for tests, imports and shutdown; return how many events there were."""
        total = 0
        while count := await self.drain_once():
            total += count
        return total

    def _event(self, entry: Document) -> Event:
        return Event(
            id=entry["id"],
            source=f"/noren/{self._source}",
            type=entry["type"],
            subject=entry["subject"],
            time=entry["time"],
            data=entry["data"],
        )


def nudge_all(drainers: Sequence[Drainer]) -> Callable[[], None]:
    """One call that nudges them all: what a store calls after a change."""

    def nudge() -> None:
        for drainer in drainers:
            drainer.nudge()

    return nudge


def _pull(documents: Sequence[Document]) -> tuple[Document, Document]:
    """Filter and update that take these entries out: one for all, because the server plans each update anew, which
    costs it more than the update. An entry's id is unique, so no document loses what is another's."""
    ids = [entry["id"] for document in documents for entry in document["outbox"]]
    where = {"_id": {"$in": [document["_id"] for document in documents]}}
    return where, {"$pull": {"outbox": {"id": {"$in": ids}}}}
