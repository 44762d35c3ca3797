"""A subgraph at an address: HTTP/1.1 POST over a bounded pool of keep-alive connections.

Owns connections, their reuse and their limits. One connection carries one exchange at a time and goes back to the
pool only after a whole, clean answer; after a timeout, a cancellation or half an answer it is closed. Refuses to
send a mutation twice, to follow redirects, to speak TLS (that is the mesh's or the proxy's work), and answers that
are neither counted nor chunked, since the end of those cannot be told from a broken connection.

A subscription has a connection of its own, beside the pool (`event_stream`). Calls to a service of kit's are sealed
(`kit.seal`), each when it is sent: one that is sent again gets another seal.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import httptools
import orjson

from gateway.transports import SubgraphRequest, SubgraphTimeout, SubgraphUnavailable, is_response
from gateway.transports.event_stream import EventStream
from kit.context import CONTEXT_HEADER
from kit.seal import SEAL_HEADER, Sealer

MAX_CONNECTIONS = 64
"""To one subgraph: what two cores can keep busy; more calls wait their turn within their own time limit."""
MAX_RESPONSE_BYTES = 10_000_000
"""Head and body of one answer: a page of 100 with everything in it stays below 1 MB, more is a runaway."""
MAX_IDLE_S = 4.0
"""Idle for longer, a connection is not used again: below the 5 s after which uvicorn by default closes it."""


MAX_STREAMS = 2_000
"""Subscriptions at one subgraph, each a connection: what a service of kit's takes."""

ACCEPT_JSON = b"accept: application/graphql-response+json, application/json\r\n"
ACCEPT_EVENTS = b"accept: text/event-stream\r\n"

P = TypeVar("P", bound=asyncio.Protocol)


class PooledHttpTransport:
    """The transport to one subgraph URL, for one event loop. `seal` is of a service that asks for it."""

    def __init__(self, url: str, *, max_connections: int = MAX_CONNECTIONS, seal: Sealer | None = None) -> None:
        self._host, self._port, self._head = _parse_url(url)
        self._seal = seal
        self._idle: deque[_Connection] = deque()
        self._in_use: set[_Connection] = set()
        self._places = asyncio.Semaphore(max_connections)
        self._streams: set[EventStream] = set()
        self._closed = False

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        """Return the GraphQL response; `timeout_s` covers the wait for a connection, connecting and the answer."""
        message = self._encode(request, headers)
        try:
            async with asyncio.timeout(timeout_s), self._places:
                answer = await self._exchange(message, may_repeat=request.kind == "query")
        except TimeoutError as error:
            raise SubgraphTimeout(f"no answer within {timeout_s:g} s") from error
        return _graphql_response(answer)

    async def subscribe(
        self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yield the responses as they come; `timeout_s` covers connecting and the head of the answer."""
        if len(self._streams) >= MAX_STREAMS:
            raise SubgraphUnavailable(f"{MAX_STREAMS} subscriptions run there already")
        message = self._encode(request, headers, ACCEPT_EVENTS)
        stream = EventStream()
        self._streams.add(stream)
        try:
            with closing(stream):
                try:
                    async with asyncio.timeout(timeout_s):
                        await self._connect(lambda: stream)
                        await stream.open(message())
                except TimeoutError as error:
                    raise SubgraphTimeout(f"did not take the subscription within {timeout_s:g} s") from error
                while (response := await stream.next_response()) is not None:
                    yield response
                    if "data" not in response:
                        return
        finally:
            self._streams.discard(stream)

    async def close(self) -> None:
        """Close every connection, also those in use."""
        self._closed = True
        for stream in self._streams:
            stream.close()
        for connection in (*self._idle, *self._in_use):
            connection.abort()
        self._idle.clear()

    async def _exchange(self, message: Callable[[], bytes], may_repeat: bool) -> "_Answer":
        """Send on an idle connection if there is one.

        The server may have closed that one while our bytes were under way. Then, and only then, a query goes out a
        second time, on a fresh connection. A mutation does not: the server may have read it before it closed.
        """
        if (kept := self._take_idle()) is not None:
            try:
                return await self._exchange_on(kept, message())
            except _Broken as broken:
                if broken.bytes_received or not may_repeat:
                    raise SubgraphUnavailable(f"connection broke: {broken.reason}") from broken
        try:
            return await self._exchange_on(await self._connect(_Connection), message())
        except _Broken as broken:
            raise SubgraphUnavailable(f"connection broke: {broken.reason}") from broken

    async def _exchange_on(self, connection: "_Connection", message: bytes) -> "_Answer":
        self._in_use.add(connection)
        try:
            return await connection.exchange(message)
        finally:
            self._in_use.discard(connection)
            if connection.reusable and not self._closed:
                connection.idle_since = time.monotonic()
                self._idle.append(connection)
            else:
                connection.abort()

    def _take_idle(self) -> "_Connection | None":
        """Return the connection used last, dropping those that are closed or about to be."""
        oldest_allowed = time.monotonic() - MAX_IDLE_S
        while self._idle and self._idle[0].idle_since < oldest_allowed:
            self._idle.popleft().abort()
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection
        return None

    async def _connect(self, make: Callable[[], P]) -> P:
        if self._closed:
            raise SubgraphUnavailable("the gateway is shutting down")
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(make, self._host, self._port)
        except OSError as error:
            raise SubgraphUnavailable(f"cannot connect: {error}") from error
        return connection

    def _encode(
        self, request: SubgraphRequest, headers: Mapping[str, str], accept: bytes = ACCEPT_JSON
    ) -> Callable[[], bytes]:
        """What makes the bytes to send: anew for each sending, since a seal is good for one."""
        payload: dict[str, Any] = {"query": request.query}
        if request.variables:
            payload["variables"] = request.variables
        if request.operation_name is not None:
            payload["operationName"] = request.operation_name
        body = orjson.dumps(payload)
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if len(lines.splitlines()) != len(headers):
            raise ValueError("a header holds a line break")
        rest = f"{lines}content-length: {len(body)}\r\n".encode("ascii")
        token, seal = headers.get(CONTEXT_HEADER, ""), self._seal

        def message() -> bytes:
            sealed = f"{SEAL_HEADER}: {seal(token, body)}\r\n\r\n".encode("ascii") if seal else b"\r\n"
            return b"".join((self._head, accept, rest, sealed, body))

        return message


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes


class _Broken(Exception):
    """The connection ended before a whole answer; `bytes_received` tells whether any of it had come."""

    def __init__(self, reason: str, bytes_received: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.bytes_received = bytes_received


class _Connection(asyncio.Protocol):
    """One connection, at most one exchange at a time. Parser callbacks are `on_*`, the loop's are the others."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[_Answer] | None = None
        self._body: list[bytes] = []
        self._bytes_received = 0
        self._open = False

    @property
    def reusable(self) -> bool:
        """Whether another exchange may start: nothing under way, nothing broken."""
        return self._open and self._answer is None and not self._transport.is_closing()

    async def exchange(self, message: bytes) -> _Answer:
        """Send `message`, return the answer; raise `_Broken`. If the caller is cancelled, the connection is spoilt."""
        self._answer = asyncio.get_running_loop().create_future()
        self._bytes_received = 0
        if not self._open or self._transport.is_closing():
            self._fail("closed before sending")
        else:
            self._transport.write(message)
        answer = await self._answer
        self._answer = None
        return answer

    def abort(self) -> None:
        """Close at once, without sending what is buffered."""
        self._open = False
        self._transport.abort()
        self._fail("closed by the gateway")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way out."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._open = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the exchange under way, if any."""
        self._open = False
        self._fail(f"reset by the peer ({exc})" if exc else "closed by the peer before the end of its answer")

    def data_received(self, data: bytes) -> None:
        """Parse; refuse what nobody asked for and what is too much."""
        if self._answer is None or self._answer.done():
            self.abort()  # bytes outside an exchange would be taken for the answer to the next one
            return
        self._bytes_received += len(data)
        if self._bytes_received > MAX_RESPONSE_BYTES:
            self._fail(f"answer larger than {MAX_RESPONSE_BYTES} bytes")
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(f"not an HTTP answer: {type(error).__name__}")
            self.abort()

    def on_message_begin(self) -> None:
        """Start a new body; a second answer to one request spoils the connection."""
        self._body = []
        if self._answer is None or self._answer.done():
            self._open = False

    def on_body(self, data: bytes) -> None:
        """Collect, counted or chunked alike."""
        self._body.append(data)

    def on_message_complete(self) -> None:
        """Hand the answer over; interim answers (1xx) are skipped."""
        status = self._parser.get_status_code()
        if status < 200 or self._answer is None or self._answer.done():
            return
        if not self._parser.should_keep_alive():
            self._open = False
        self._answer.set_result(_Answer(status, b"".join(self._body)))

    def _fail(self, reason: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(_Broken(reason, self._bytes_received))


def _graphql_response(answer: _Answer) -> Mapping[str, Any]:
    """Parse the body. Where it is a GraphQL response the status does not matter: errors travel with 4xx and 5xx."""
    try:
        response = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise SubgraphUnavailable(f"HTTP {answer.status} with a body that is not JSON") from error
    if is_response(response):
        return cast(Mapping[str, Any], response)
    raise SubgraphUnavailable(f"HTTP {answer.status} with a body that is not a GraphQL response")


def _parse_url(url: str) -> tuple[str, int, bytes]:
    """Return host, port and the part of the request head that never changes."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.username or parts.fragment:
        raise ValueError(f"a subgraph URL reads http://host:port/graphql, not {url!r}")
    target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    head = f"POST {target} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
    return parts.hostname, parts.port or 80, head.encode("ascii")
