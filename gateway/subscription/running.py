"""One subscription on its way to its reader: what is told and not yet taken, and how it ends.

A producer runs ahead of the reader by a bounded number of answers and bytes. A reader that falls further behind is
dropped with a reason: what waits is forgotten, the source is closed, and the reason is the last thing it is told.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.errors import GRAPH_CHANGED, INTERNAL, SLOW_CONSUMER, error
from kit.log import logger
from kit.tasks import stop

MAX_WAITING = 64
"""Answers that wait for a reader: some seconds of a lively source; what is older nobody wants to see."""
MAX_WAITING_BYTES = 4_000_000
"""Of them together, so that large answers do not multiply into memory; one is told however large it is."""

REASONS = frozenset(
    {"UNAUTHENTICATED", "FORBIDDEN", "SUBGRAPH_UNAVAILABLE", "SUBGRAPH_TIMEOUT", GRAPH_CHANGED, INTERNAL}
)
"""Codes that are told apart in what is counted; a subgraph may have any others."""

Response = Mapping[str, Any]

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """One GraphQL response as JSON. `errors` are those of the last one, which has no data; else None."""

    json: bytes
    errors: list[Any] | None = None

    @classmethod
    def of(cls, response: Response) -> "Told":
        """Encode a response."""
        return cls(orjson.dumps(response), None if "data" in response else list(response["errors"]))


class Running:
    """One subscription between its producer and its reader. `ended` says why, once it has ended."""

    def __init__(self) -> None:
        self._waiting: deque[Told] = deque()
        self._waiting_bytes = 0
        self._news = asyncio.Event()
        self._producer: asyncio.Task[None] | None = None
        self.ended: str | None = None

    async def told(self, responses: AsyncGenerator[Response, None]) -> AsyncGenerator[Told, None]:
        """What the reader is told; closing it closes `responses`."""
        self._producer = asyncio.create_task(self._produce(responses))
        try:
            while True:
                while self._waiting:
                    told = self._waiting.popleft()
                    self._waiting_bytes -= len(told.json)
                    yield told
                    if told.errors is not None:
                        return
                if self.ended is not None:
                    return
                self._news.clear()
                await self._news.wait()
        finally:
            self._end("left")
            await stop(self._producer)
            await responses.aclose()  # where the producer was cancelled before its first step

    def end(self, code: str, message: str, reason: str) -> None:
        """End it from outside: `code` and `message` are the last the reader is told, after what waits."""
        if self.ended is None:
            self._last({"errors": [error(message, code)]}, reason)

    async def _produce(self, responses: AsyncGenerator[Response, None]) -> None:
        try:
            async for response in responses:
                if "data" not in response:
                    code = str(response["errors"][0]["extensions"]["code"])
                    self._last(response, code if code in REASONS else "failed")
                else:
                    self._tell(Told.of(response))
                if self.ended is not None:
                    return
            self._end("completed")
        except Exception:
            _log.exception("subscription failed")
            self.end(INTERNAL, "Internal error.", INTERNAL)
        finally:
            await responses.aclose()

    def _tell(self, told: Told) -> None:
        behind = len(self._waiting) >= MAX_WAITING
        if behind or (self._waiting and self._waiting_bytes + len(told.json) > MAX_WAITING_BYTES):
            self._waiting.clear()
            message = f"You were {MAX_WAITING} answers or {MAX_WAITING_BYTES} bytes behind; subscribe anew."
            self.end(SLOW_CONSUMER, message, SLOW_CONSUMER)
            return
        self._waiting.append(told)
        self._waiting_bytes += len(told.json)
        self._news.set()

    def _last(self, response: Response, reason: str) -> None:
        told = Told.of(response)
        self._waiting.append(told)
        self._waiting_bytes += len(told.json)
        self._end(reason)

    def _end(self, reason: str) -> None:
        if self.ended is None:
            self.ended = reason
        self._news.set()
        if self._producer is not None and self._producer is not asyncio.current_task():
            self._producer.cancel()
