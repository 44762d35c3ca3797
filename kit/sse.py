"""Server-sent events as GraphQL over SSE says them ("distinct connections"): written, sent to one client, read again.

One connection carries one operation: `next` with a GraphQL response, as often as there is one, then `complete`. Lines
that begin with a colon are comments; they keep the connection from looking dead. Knows no schema.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing, suppress
from typing import Any, Literal

import orjson
from starlette.types import Receive, Send

from kit.tasks import stop

EVENT_STREAM = "text/event-stream"
KEEP_ALIVE_S = 12.0
"""A comment is sent after so long without an event: below the 15 s after which the least patient proxies cut."""
SEND_TIMEOUT_S = 30.0
"""A client that takes nothing from its connection for so long is given up."""
COMPLETE = b"event: complete\ndata:\n\n"
COMMENT = b":\n\n"

Header = tuple[bytes, bytes]
UNBUFFERED: Header = (b"x-accel-buffering", b"no")
"""Nginx, and those that took it up, hold events back otherwise."""
HEADERS: tuple[Header, ...] = (
    (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    UNBUFFERED,
)
Ended = Literal["completed", "left", "stopped"]
"""How a stream ended: everything was sent, the client went away or took nothing, the server stops."""


def next_event(response: Mapping[str, Any]) -> bytes:
    """One GraphQL response as an event; JSON has no line breaks outside of its escapes."""
    return next_json(orjson.dumps(response))


def next_json(response: bytes) -> bytes:
    """The same of a response that is JSON already, in one line."""
    return b"event: next\ndata: " + response + b"\n\n"


def accepts_events(accept: str) -> bool:
    """Whether an `Accept` header asks for events by their name; `*/*` does not."""
    return any(part.split(";")[0].strip().lower() == EVENT_STREAM for part in accept.split(","))


async def send_stream(
    blocks: AsyncGenerator[bytes, None],
    receive: Receive,
    send: Send,
    headers: Iterable[Header] = HEADERS,
    stopping: asyncio.Event | None = None,
    farewell: bytes = b"",
) -> Ended:
    """Answer a request with `blocks` as they come, each a whole event; says how it ended.

    `blocks` is closed when this returns. Once `stopping` is set, it is closed at once, and `farewell` is the last that
    is sent. What `blocks` raises is raised here, after the connection has been ended without a `complete`.
    """
    line = _Line(send)
    try:
        await line.open(headers)
    except _Stuck:
        return "left"
    sending = asyncio.create_task(_send_all(line, blocks))
    gone = asyncio.create_task(_until_gone(receive))
    others = [gone, asyncio.create_task(_keep_alive(line))]
    if stopping is not None:
        others.append(asyncio.create_task(_until_set(stopping)))
    try:
        await asyncio.wait([sending, *others], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await stop(sending, *others)
        await blocks.aclose()  # where the task was cancelled before its first step
    if gone.done() and not gone.cancelled():
        return "left"
    if sending.cancelled():
        if stopping is None or not stopping.is_set():
            return "left"
        await line.close(farewell)
        return "stopped"
    error = sending.exception()
    if isinstance(error, _Stuck):
        return "left"
    await line.close()
    if error is not None:
        raise error
    return "completed"


class _Stuck(Exception):
    """The client takes nothing from its connection."""


class _Line:
    """The way to the client: one whole block at a time."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._one_at_a_time = asyncio.Lock()
        self.sent_at = 0.0

    async def open(self, headers: Iterable[Header]) -> None:
        await self._send({"type": "http.response.start", "status": 200, "headers": [*headers]})
        await self.block(COMMENT)  # the head leaves at once, so that the client knows that it is heard

    async def block(self, block: bytes) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S), self._one_at_a_time:
                await self._send({"type": "http.response.body", "body": block, "more_body": True})
        except TimeoutError as error:
            raise _Stuck from error
        self.sent_at = asyncio.get_running_loop().time()

    async def close(self, last: bytes = b"") -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(SEND_TIMEOUT_S), self._one_at_a_time:
                await self._send({"type": "http.response.body", "body": last, "more_body": False})


async def _send_all(line: _Line, blocks: AsyncGenerator[bytes, None]) -> None:
    async with aclosing(blocks):
        async for block in blocks:
            await line.block(block)


async def _keep_alive(line: _Line) -> None:
    while True:
        silent_s = asyncio.get_running_loop().time() - line.sent_at
        if silent_s >= KEEP_ALIVE_S:
            await line.block(COMMENT)
        else:
            await asyncio.sleep(KEEP_ALIVE_S - silent_s)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _until_set(stopping: asyncio.Event) -> None:
    await stopping.wait()


class EventTooLarge(Exception):
    """An event is larger than its reader allows."""


class EventReader:
    """Events out of the pieces in which they arrive. Holds at most `max_bytes` of one that is not complete."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[tuple[str, bytes]]:
        """Every event that is complete with this piece: its name and its data. Raises `EventTooLarge`.

        Takes every line ending that the HTML standard allows but a lone carriage return, which nobody sends.
        """
        self._rest += piece
        *whole, self._rest = self._rest.replace(b"\r\n", b"\n").split(b"\n\n")
        if max(map(len, (*whole, self._rest))) > self._max_bytes:
            raise EventTooLarge
        for block in whole:
            event = _read(block)
            if event is not None:
                yield event


def _read(block: bytes) -> tuple[str, bytes] | None:
    """An event's name and data; None if the block is nothing but comments."""
    name, data = "message", []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode("utf-8", "replace")
        elif field == b"data":
            data.append(value)
    return (name, b"\n".join(data)) if data or name != "message" else None
