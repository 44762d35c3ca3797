"""Takes notes of mutations and brings them into the chain some moments later; a request never waits for that.

What was noted in the last `FLUSH_S` is lost with a process that is killed. While MongoDB is away notes wait, at most
`MAX_WAITING`; how many more there were is an entry of its own when it is back.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from pymongo.errors import PyMongoError

from gateway.audit.store import AuditStore
from kit.context import RequestContext
from kit.ids import new_id
from kit.log import logger
from kit.mongo import Document, open_database
from kit.tasks import background
from kit.times import utc_now

FLUSH_S = 0.25
MAX_WAITING = 20_000
"""Some minutes of a busy system; some megabytes."""
MAX_TOGETHER = 500
MAX_NAME = 100
"""Characters of an operation's name that are kept; it is the client's own."""
MAX_OUTCOMES = 10

log = logger(__name__)


class Audit:
    """The notes of one process, and the store they go into."""

    def __init__(self, store: AuditStore) -> None:
        self.store = store
        self._waiting: deque[Document] = deque()
        self.lost = 0

    def note(
        self, caller: str, context: RequestContext, operation: str | None, fields: Sequence[str], outcome: Sequence[str]
    ) -> None:
        """Take a note of one mutation: its root fields, and the codes of what was refused; none: it was done."""
        if len(self._waiting) >= MAX_WAITING:
            self.lost += 1
            return
        said = {"caller": caller, "channel": context.channel, "staff": context.staff, "customer": context.customer}
        said |= {"location": context.location, "operation": (operation or "")[:MAX_NAME] or None}
        facts = {"fields": list(fields), "outcome": list(outcome)[:MAX_OUTCOMES], "trace_id": context.trace_id}
        self._waiting.append({"id": new_id("aud"), "at": _instant(context.at), **said, **facts})

    def witness(
        self,
        caller: str,
        context: RequestContext,
        operation: str | None,
        fields: Sequence[str],
        answer: Mapping[str, Any],
    ) -> None:
        """Take a note of a mutation by its answer."""
        self.note(caller, context, operation, fields, outcome_of(answer))

    async def follow(self) -> None:
        """Bring notes into the chain, for ever."""
        while True:
            await asyncio.sleep(FLUSH_S)
            await self.flush()

    async def flush(self) -> None:
        """Bring what waits into the chain; what cannot be written goes on waiting."""
        while self._waiting or self.lost:
            lost = self.lost
            if lost and len(self._waiting) < MAX_WAITING:
                gap = {"caller": None, "fields": [], "outcome": [f"LOST {lost}"]}
                self._waiting.append({"id": new_id("aud"), "at": _instant(utc_now()), **gap})
                self.lost -= lost
            batch = [self._waiting[n] for n in range(min(MAX_TOGETHER, len(self._waiting)))]
            try:
                await self.store.add(batch)
            except PyMongoError as error:
                log.warning("audit entries wait", error=type(error).__name__, waiting=len(self._waiting))
                return
            for _ in batch:
                self._waiting.popleft()


def outcome_of(response: Mapping[str, Any]) -> list[str]:
    """Codes of what went wrong in an answer: errors, and the refusals that payloads tell; none: it was done."""
    codes = [str(error.get("extensions", {}).get("code")) for error in response.get("errors", ())]
    for payload in (response.get("data") or {}).values():
        refusals = payload.get("userErrors") if isinstance(payload, dict) else None
        for refusal in refusals or ():
            codes.append(str(refusal.get("code", "REFUSED")) if isinstance(refusal, dict) else "REFUSED")
    return list(dict.fromkeys(codes))


def _instant(at: datetime) -> datetime:
    """Of milliseconds, as MongoDB keeps it."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


@asynccontextmanager
async def open_audit(mongodb_url: str, database: str) -> AsyncIterator[Audit | None]:
    """The audit of one process, for as long as the block lasts; None without MongoDB."""
    if not mongodb_url:
        yield None
        return
    async with open_database(mongodb_url, database) as db:
        audit = Audit(AuditStore(db))
        try:
            await audit.store.prepare()
        except PyMongoError as error:
            log.warning("audit entries wait", error=type(error).__name__)
        async with background(follow_audit=audit.follow()):
            yield audit
        await audit.flush()
