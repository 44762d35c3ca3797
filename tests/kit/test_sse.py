"""Subscriptions over HTTP: events as they come, comments while none do, nothing left behind when the client goes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx2
import orjson
import pytest

from kit import sse
from kit.app import Service, build_app
from kit.sse import COMMENT, COMPLETE, EVENT_STREAM, EventReader, EventTooLarge, accepts_events, next_event, send_stream
from tests.kit.hospital import SIGNER, Hospital, headers
from tests.sealed import Sealed
from tests.served import served

SEALED = Sealed(SIGNER.sealer("hospital"))
VISITS = "subscription($n: Int!) { visits(count: $n) { number } }"


def app_of(hospital: Hospital) -> Any:
    @asynccontextmanager
    async def open_service() -> AsyncIterator[Service]:
        async def is_ready() -> bool:
            return True

        yield Service(hospital.subgraph, is_ready)

    return build_app("hospital", open_service)


@asynccontextmanager
async def stream(base: str, query: str, variables: dict[str, Any] | None = None) -> AsyncIterator[httpx2.Response]:
    accept = {**headers(), "accept": EVENT_STREAM}
    body = {"query": query, "variables": variables}
    async with (
        httpx2.AsyncClient(timeout=30, auth=SEALED) as client,
        client.stream("POST", f"http://{base}/graphql", json=body, headers=accept) as answer,
    ):
        yield answer


async def events_of(answer: httpx2.Response) -> AsyncGenerator[tuple[str, Any], None]:
    reader = EventReader(100_000)
    async for piece in answer.aiter_bytes():
        for name, data in reader.feed(piece):
            yield name, orjson.loads(data) if data else None


async def until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def test_events_arrive_as_they_come_and_a_client_that_leaves_closes_the_generator(hospital: Hospital) -> None:
    async with served(app_of(hospital)) as base:
        async with stream(base, VISITS, {"n": 2}) as answer, aclosing(events_of(answer)) as events:
            assert (answer.status_code, answer.headers["content-type"]) == (200, f"{EVENT_STREAM}; charset=utf-8")
            assert await anext(events) == ("next", {"data": {"visits": {"number": 0}}})
            assert await anext(events) == ("next", {"data": {"visits": {"number": 1}}})
            assert hospital.closed == []
        await until(lambda: hospital.closed == ["visits"])
        await until(lambda: hospital.subgraph.running.subscriptions == 0)


async def test_a_source_that_ends_is_complete(hospital: Hospital) -> None:
    async with served(app_of(hospital)) as base, stream(base, "subscription { breaking }") as answer:
        events = [event async for event in events_of(answer)]

    assert [(name, list(data or {})) for name, data in events] == [
        ("next", ["data"]),
        ("next", ["errors"]),
        ("complete", []),
    ]


async def test_what_cannot_run_is_one_event(hospital: Hospital) -> None:
    async with served(app_of(hospital)) as base, stream(base, "{ trace }") as answer:
        events = [event async for event in events_of(answer)]

    assert [name for name, _ in events] == ["next", "complete"]
    assert events[0][1]["errors"][0]["message"].startswith("expected a subscription")


async def test_a_wrong_envelope_is_refused_in_json(hospital: Hospital) -> None:
    async with served(app_of(hospital)) as base, httpx2.AsyncClient(auth=SEALED) as client:
        url = f"http://{base}/graphql"
        answer = await client.post(url, content=b"{", headers={**headers(), "accept": EVENT_STREAM})

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")


async def test_a_silent_stream_is_kept_alive(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "KEEP_ALIVE_S", 0.02)
    async with served(app_of(hospital)) as base, stream(base, VISITS, {"n": 0}) as answer:
        comments = b""
        async for piece in answer.aiter_bytes():
            comments += piece
            if len(comments) > 3 * len(COMMENT):
                break

    assert set(comments) == set(COMMENT)


async def test_a_service_that_stops_says_so_and_ends_its_streams(hospital: Hospital) -> None:
    app = app_of(hospital)
    async with (
        served(app) as base,
        stream(base, VISITS, {"n": 1}) as answer,
        aclosing(events_of(answer)) as events,
    ):
        await anext(events)
        await app.state.begin_stop()
        rest = [event async for event in events]

    assert [name for name, _ in rest] == ["next", "complete"]
    assert rest[0][1]["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert hospital.closed == ["visits"]


class Client:
    """An ASGI client that may stop taking anything, for what a real socket's buffers would hide."""

    def __init__(self, takes: int) -> None:
        self.taken: list[bytes] = []
        self._takes = takes

    async def receive(self) -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(self, message: Any) -> None:
        if len(self.taken) >= self._takes:
            await asyncio.Event().wait()
        self.taken.append(message.get("body", b""))


async def test_a_client_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "SEND_TIMEOUT_S", 0.02)
    closed: list[str] = []

    async def blocks() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield COMPLETE
        finally:
            closed.append("blocks")

    client = Client(takes=3)
    assert await send_stream(blocks(), client.receive, client.send) == "left"
    assert client.taken == [b"", COMMENT, COMPLETE]
    assert closed == ["blocks"]


async def test_a_stream_that_breaks_has_no_complete_and_its_error_is_raised() -> None:
    async def blocks() -> AsyncGenerator[bytes, None]:
        yield next_event({"data": None})
        raise RuntimeError("broken")

    client = Client(takes=9)
    with pytest.raises(RuntimeError, match="broken"):
        await send_stream(blocks(), client.receive, client.send)
    assert client.taken == [b"", COMMENT, b'event: next\ndata: {"data":null}\n\n', b""]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_read_back_however_they_are_cut(size: int) -> None:
    written = COMMENT + next_event({"data": "a\nb 暖簾"}) + b"data: one\r\ndata:two\r\n\r\n" + b": c\n\n" + COMPLETE
    reader = EventReader(1000)

    read = [event for at in range(0, len(written), size) for event in reader.feed(written[at : at + size])]

    assert [(name, data) for name, data in read] == [
        ("next", '{"data":"a\\nb 暖簾"}'.encode()),
        ("message", b"one\ntwo"),
        ("complete", b""),
    ]


def test_an_event_beyond_the_limit_is_refused_complete_or_not() -> None:
    with pytest.raises(EventTooLarge):
        list(EventReader(10).feed(b"data: much too long"))
    with pytest.raises(EventTooLarge):
        list(EventReader(10).feed(b"data: much too long\n\n"))


@pytest.mark.parametrize(
    ("accept", "asked"),
    [
        ("text/event-stream", True),
        ("application/json, Text/Event-Stream;q=0.5", True),
        ("*/*", False),
        ("", False),
        ("text/*", False),
    ],
)
def test_events_are_asked_for_by_name(accept: str, asked: bool) -> None:
    assert accepts_events(accept) is asked
