"""Answers in parts over HTTP: which form a client asks for by its `Accept`, and how the parts are written.

- `multipart/mixed`, alone (urql) or with `incrementalSpec=v0.2` (Apollo Client's GraphQL17Alpha9Handler): `pending`,
  `incremental`, `completed`;
- `multipart/mixed; deferSpec=20220824` (Apollo Client's Defer20220824Handler): `incremental` with `path` and `label`;
- `text/event-stream` (graphql-sse): as the first, an event `next` each.

Each part is written the moment it is there, uncompressed; when the client leaves, what is still asked for is ended.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import orjson
from starlette.types import Receive, Send

from kit.sse import COMPLETE, EVENT_STREAM, UNBUFFERED, Header, next_json, send_stream
from kit.tasks import stop

MULTIPART = "multipart/mixed"
DEFER_SPEC = "20220824"
INCREMENTAL_SPEC = "v0.2"


class PartsToCome(Protocol):
    """The parts after the first; the last one has `hasNext` false."""

    async def __anext__(self) -> dict[str, Any]: ...

    async def aclose(self) -> None:
        """End what is still under way."""
        ...


@dataclass(frozen=True, slots=True)
class Form:
    """How a client wants parts: one carrier, and one of the two ways in which what is deferred is told."""

    content_type: str
    carrier: Literal["multipart", "events"]
    by_path: bool = False


def form_of(media_range: str, parameters: Mapping[str, str]) -> Form | None:
    """The form that one media range of an `Accept` asks for; None if it asks for no parts, or in a way not known."""
    if media_range == EVENT_STREAM:
        return Form(f"{EVENT_STREAM}; charset=utf-8", "events")
    if media_range != MULTIPART:
        return None
    told = f'{MULTIPART}; boundary="-"'
    asked = {name: value.strip('"') for name, value in parameters.items() if name.endswith("spec")}
    if not asked:
        return Form(told, "multipart")
    if asked == {"deferspec": DEFER_SPEC}:
        return Form(f"{told}; deferSpec={DEFER_SPEC}", "multipart", by_path=True)
    if asked == {"incrementalspec": INCREMENTAL_SPEC}:
        return Form(f"{told}; incrementalSpec={INCREMENTAL_SPEC}", "multipart")
    return None


async def send_parts(
    send: Send,
    receive: Receive,
    headers: Iterable[Header],
    form: Form,
    first: dict[str, Any],
    rest: PartsToCome | None,
) -> tuple[int, int]:
    """Send an answer; returns the status to log, 499 if the client left before its end, and the bytes sent."""
    writer = _Writer(form)
    headers = [*headers, UNBUFFERED]
    try:
        if form.carrier == "events":
            ended = await send_stream(_written(writer, first, rest), receive, send, headers)
            left = ended != "completed"
        else:
            left = await _send_multipart(send, receive, headers, _written(writer, first, rest))
    finally:
        if rest is not None:
            await rest.aclose()
    return 499 if left else 200, writer.sent


async def _written(writer: "_Writer", first: dict[str, Any], rest: PartsToCome | None) -> AsyncGenerator[bytes, None]:
    part = first if rest is not None else {**first, "hasNext": False}
    yield writer.write(part)
    while rest is not None and part["hasNext"]:
        part = await rest.__anext__()
        yield writer.write(part)
    if writer.form.carrier == "events":
        yield COMPLETE


async def _send_multipart(
    send: Send, receive: Receive, headers: list[Header], blocks: AsyncGenerator[bytes, None]
) -> bool:
    """Send each block as it comes; True if the client left before the last."""

    async def send_all() -> None:
        async for block in blocks:
            await send({"type": "http.response.body", "body": block, "more_body": True})

    await send({"type": "http.response.start", "status": 200, "headers": headers})
    sending, leaving = asyncio.create_task(send_all()), asyncio.create_task(_left(receive))
    try:
        await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
        left = not sending.done()
    finally:
        await stop(sending, leaving)
        await blocks.aclose()
    if not left:
        sending.result()
        await send({"type": "http.response.body", "body": b""})
    return left


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@dataclass(slots=True)
class _Writer:
    """Writes the parts of one answer."""

    form: Form
    sent: int = 0
    _pending: dict[str, dict[str, Any]] = field(default_factory=dict)
    _begun: bool = False

    def write(self, part: dict[str, Any]) -> bytes:
        told = orjson.dumps(self._by_path(part) if self.form.by_path else part)
        if self.form.carrier == "events":
            written = next_json(told)
        else:
            # The line that ends a part goes with it: clients read a part when they see its end.
            end = b"\r\n---\r\n" if part["hasNext"] else b"\r\n-----\r\n"
            begin = b"" if self._begun else b"\r\n---\r\n"
            written = begin + b"content-type: application/json; charset=utf-8\r\n\r\n" + told + end
        self._begun = True
        self.sent += len(written)
        return written

    def _by_path(self, part: dict[str, Any]) -> dict[str, Any]:
        """The same part in the form of 2022: each entry says its path and label, and nothing is announced."""
        self._pending |= {notice["id"]: notice for notice in part.get("pending", ())}
        entries = [self._entry(entry["id"], entry) for entry in part.get("incremental", ())]
        told = {entry["id"] for entry in part.get("incremental", ())}
        for notice in part.get("completed", ()):
            if notice["id"] not in told:
                entries.append(self._entry(notice["id"], {"data": None if "errors" in notice else {}, **notice}))
        kept = {key: value for key, value in part.items() if key in ("data", "errors", "hasNext")}
        return {"incremental": entries, **kept} if entries else kept

    def _entry(self, identity: str, told: Mapping[str, Any]) -> dict[str, Any]:
        notice = self._pending[identity]
        entry = {"data": told["data"], "path": [*notice["path"], *told.get("subPath", ())]}
        entry |= {"label": notice["label"]} if "label" in notice else {}
        return entry | ({"errors": told["errors"]} if "errors" in told else {})
