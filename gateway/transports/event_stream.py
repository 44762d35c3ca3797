"""A subscription at a subgraph's address: one HTTP/1.1 answer that goes on, as server-sent events.

Owns the one connection it runs on, and its limits. Stops reading while its reader is behind, so that the subgraph
waits: at most `MAX_WAITING` events lie here. Refuses what is no stream of GraphQL responses, and a connection on which
nothing has come for long, not even a comment: the subgraph is gone then, and nobody has told.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, cast

import httptools
import orjson

from gateway.transports import SubgraphFailure, SubgraphUnavailable, is_response
from kit.sse import EVENT_STREAM, KEEP_ALIVE_S, EventReader, EventTooLarge

MAX_EVENT_BYTES = 1_000_000
"""One event: what a page of 100 takes; more is no event but a runaway."""
MAX_WAITING = 16
"""Events that lie here unread before reading stops; what one piece from the network brings may go beyond it."""
SILENCE_S = 4 * KEEP_ALIVE_S
"""Without a byte for so long a subgraph is gone: kit's send a comment in a quarter of it."""


class EventStream(asyncio.Protocol):
    """One stream, read by one caller. Parser callbacks are `on_*`, the loop's are the others."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._reader = EventReader(MAX_EVENT_BYTES)
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._content_type = ""
        self._body: list[bytes] | None = None
        self._body_bytes = 0
        self._ended: SubgraphFailure | None = None
        self._taken = False
        self._whole = False
        self._paused = False
        self._news = asyncio.Event()

    async def open(self, message: bytes) -> None:
        """Send the request; return when the answer has begun. Raises `SubgraphUnavailable`."""
        assert self._transport is not None
        self._transport.write(message)
        while not self._taken and self._ended is None:
            await self._wait()
        if self._ended is not None and not self._taken:
            raise self._ended

    async def next_response(self) -> Mapping[str, Any] | None:
        """The next GraphQL response; None when the subgraph has said that there are no more. Raises the failure."""
        while True:
            while self._waiting:
                name, data = self._waiting.popleft()
                self._go_on_reading()
                if name == "complete":
                    return None
                if name == "next":
                    return _response(data, "an event")
            if self._whole and self._body is not None:
                return self._refusal(b"".join(self._body))
            if self._ended is not None:
                raise self._ended
            await self._wait()

    def _refusal(self, body: bytes) -> Mapping[str, Any]:
        """The answer of a subgraph that gave no stream: its errors, if it says any."""
        self._body = None
        self._end("the subgraph does not answer with events")
        errors = _response(body, "an answer").get("errors")
        if not errors:
            raise cast(SubgraphFailure, self._ended)
        return {"errors": errors}

    def close(self) -> None:
        """Drop the connection; the subgraph notices, and closes its end of the subscription."""
        self._end("closed by the gateway")

    async def _wait(self) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(SILENCE_S):
                await self._news.wait()
        except TimeoutError:
            self._end(f"silent for {SILENCE_S:g} s")

    def _go_on_reading(self) -> None:
        if self._paused and len(self._waiting) < MAX_WAITING and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def _end(self, reason: str) -> None:
        if self._ended is None:
            self._ended = SubgraphUnavailable(f"subscription: {reason}")
        if self._transport is not None:
            self._transport.abort()
        self._news.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way out."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def connection_lost(self, exc: Exception | None) -> None:
        """The stream is over; if it was whole, its events say so."""
        self._end("the connection broke off before the subscription was complete")

    def data_received(self, data: bytes) -> None:
        """Parse; tell whoever waits, also of a comment."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._end(f"not an HTTP answer: {type(error).__name__}")
        self._news.set()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Only one says something here."""
        if name.lower() == b"content-type":
            self._content_type = value.decode("latin-1").partition(";")[0].strip().lower()

    def on_headers_complete(self) -> None:
        """A stream, or an answer that says why there is none; interim answers (1xx) are skipped."""
        status = self._parser.get_status_code()
        if status < 200:
            return
        self._taken = True
        if status != 200 or self._content_type != EVENT_STREAM:
            self._body = []

    def on_body(self, data: bytes) -> None:
        """Read events, or collect the answer that is none."""
        if self._body is not None:
            self._body_bytes += len(data)
            if self._body_bytes > MAX_EVENT_BYTES:
                self._end(f"an answer larger than {MAX_EVENT_BYTES} bytes")
            else:
                self._body.append(data)
            return
        try:
            self._waiting += self._reader.feed(data)
        except EventTooLarge:
            self._end(f"an event larger than {MAX_EVENT_BYTES} bytes")
        if len(self._waiting) >= MAX_WAITING and not self._paused and self._ended is None:
            self._paused = True
            assert self._transport is not None
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """The answer is whole. For a stream this alone is no end: `complete` is."""
        if self._taken:
            self._whole = True
            if self._body is None:
                self._end("the answer ended before the subscription was complete")


def _response(data: bytes, what: str) -> Mapping[str, Any]:
    try:
        response = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise SubgraphUnavailable(f"subscription: {what} that is not JSON") from error
    if not is_response(response):
        raise SubgraphUnavailable(f"subscription: {what} that is not a GraphQL response")
    return cast(Mapping[str, Any], response)
