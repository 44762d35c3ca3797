"""Subscriptions at an address: events as they come, and what no decent subgraph sends."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

import pytest

from gateway.executor import Service, ServicePolicy
from gateway.transports import SubgraphFailure, SubgraphRequest, SubgraphTimeout, SubgraphUnavailable, event_stream
from gateway.transports import pooled_http as pooled
from gateway.transports.in_process import InProcessTransport
from gateway.transports.pooled_http import PooledHttpTransport
from kit.sse import COMMENT, COMPLETE, next_event
from tests.gateway.transports.test_pooled_http import Peer, Script, peer_with, says, silent, transport_to

ASKED = SubgraphRequest("subscription { changed }", {"ward": "a"}, None, "subscription")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(body), body)


def event(number: int) -> bytes:
    return chunk(next_event({"data": {"changed": number}}))


async def collect(
    transport: PooledHttpTransport, into: list[Mapping[str, Any]], headers: Mapping[str, str] | None = None
) -> None:
    async with aclosing(transport.subscribe(ASKED, headers or {}, 5.0)) as responses:
        async for response in responses:
            into.append(response)


async def collected(script: Script) -> tuple[list[Mapping[str, Any]], str | None]:
    """Responses, and the reason why they ended, if it was a failure."""
    got: list[Mapping[str, Any]] = []
    async with peer_with(script) as peer, transport_to(peer.url) as transport:
        try:
            await collect(transport, got)
        except SubgraphUnavailable as failure:
            return got, failure.reason
    return got, None


async def test_asks_for_events_and_yields_them_until_they_are_complete() -> None:
    got: list[Mapping[str, Any]] = []
    script = says(HEAD, chunk(COMMENT), event(1), event(2) + chunk(COMPLETE), END)
    async with peer_with(script) as peer, transport_to(peer.url) as transport:
        await collect(transport, got, {"x-noren-context": "token"})
    assert got == [{"data": {"changed": 1}}, {"data": {"changed": 2}}]
    (request,) = peer.requests
    assert b"accept: text/event-stream\r\n" in request
    assert b"x-noren-context: token\r\n" in request
    assert request.endswith(b'{"query":"subscription { changed }","variables":{"ward":"a"}}')


@pytest.mark.parametrize(
    ("script", "count", "reason"),
    [
        (says(HEAD, event(1), then_close=True), 1, "broke off"),
        (says(HEAD, event(1), END), 1, "ended before the subscription was complete"),
        (says(HEAD, then_close=True), 0, "broke off"),
        (says(then_close=True), 0, "broke off"),
        (says(b"SSH-2.0-nothing here\r\n\r\n"), 0, "not an HTTP answer"),
        (says(HEAD, chunk(b"event: next\ndata: {\n\n")), 0, "an event that is not JSON"),
        (says(HEAD, chunk(b"event: next\ndata: []\n\n")), 0, "not a GraphQL response"),
        (says(HEAD, chunk(b'event: next\ndata: {"payload":1}\n\n')), 0, "not a GraphQL response"),
        (says(HEAD, chunk(b"data: " + b"x" * 2_000_000)), 0, "larger than 1000000 bytes"),
        (says(b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnope"), 0, "an answer that is not JSON"),
        (says(b'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"data":1}'), 0, "does not answer with events"),
    ],
)
async def test_what_is_no_stream_of_responses_is_a_failure_with_its_reason(
    script: Script, count: int, reason: str
) -> None:
    got, told = await collected(script)
    assert len(got) == count
    assert told is not None
    assert reason in told


async def test_an_answer_that_refuses_is_told_without_data() -> None:
    body = b'{"errors":[{"message":"no"}],"data":null}'
    refusal = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    assert await collected(says(refusal + body, then_close=True)) == ([{"errors": [{"message": "no"}]}], None)


async def test_events_of_other_names_are_passed_over() -> None:
    got, told = await collected(says(HEAD, chunk(b"event: ping\ndata: 1\n\n"), event(1), chunk(COMPLETE), END))
    assert (got, told) == ([{"data": {"changed": 1}}], None)


async def test_a_subgraph_that_does_not_answer_is_given_up_after_the_time_it_has() -> None:
    async with peer_with(silent) as peer, transport_to(peer.url) as transport:
        with pytest.raises(SubgraphTimeout, match=r"did not take the subscription within 0\.02 s"):
            async with aclosing(transport.subscribe(ASKED, {}, 0.02)) as responses:
                await anext(responses)


async def test_a_stream_on_which_nothing_comes_is_given_up_and_comments_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "SILENCE_S", 0.2)

    async def comments(_: Peer, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        for _ in range(8):
            writer.write(chunk(COMMENT))
            await asyncio.sleep(0.05)
        writer.write(event(1))
        await asyncio.sleep(1)

    got, told = await collected(comments)
    assert len(got) == 1
    assert told == "subscription: silent for 0.2 s"


async def test_closing_it_closes_the_connection_and_none_is_pooled() -> None:
    gone = asyncio.Event()

    async def script(_: Peer, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + event(1))
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(chunk(COMMENT))
                await writer.drain()
                await asyncio.sleep(0.005)
        gone.set()

    async with peer_with(script) as peer, transport_to(peer.url) as transport:
        async with aclosing(transport.subscribe(ASKED, {}, 5.0)) as responses:
            await anext(responses)
        async with asyncio.timeout(10):
            await gone.wait()
        assert transport._streams == set()
        assert not transport._idle


async def test_a_reader_that_is_behind_makes_the_subgraph_wait() -> None:
    written = 0

    async def script(_: Peer, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(HEAD)
        body = next_event({"data": {"changed": "x" * 100_000}})
        for _ in range(400):
            writer.write(chunk(body))
            await writer.drain()
            written += 1
        writer.write(chunk(COMPLETE) + END)
        await writer.drain()

    async with peer_with(script) as peer, transport_to(peer.url) as transport:
        async with aclosing(transport.subscribe(ASKED, {}, 5.0)) as responses:
            await anext(responses)
            before = -1
            while written != before:
                before = written
                await asyncio.sleep(0.1)
            assert written < 300  # of 400: the rest waits, beyond our buffers and the kernel's
            rest = [response async for response in responses]
        assert len(rest) == 399


async def test_streams_are_bounded_and_beside_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooled, "MAX_STREAMS", 1)

    async def script(_: Peer, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + event(1))
        await asyncio.sleep(5)

    async with (
        peer_with(script) as peer,
        transport_to(peer.url, max_connections=1) as transport,
        aclosing(transport.subscribe(ASKED, {}, 5.0)) as responses,
    ):
        await anext(responses)
        with pytest.raises(SubgraphUnavailable, match="1 subscriptions run there already"):
            await collect(transport, [])
        assert not transport._places.locked()


async def test_a_closed_transport_ends_its_streams() -> None:
    async def script(_: Peer, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + event(1))
        await asyncio.sleep(5)

    async with peer_with(script) as peer, transport_to(peer.url) as transport:
        async with aclosing(transport.subscribe(ASKED, {}, 5.0)) as responses:
            await anext(responses)
            await transport.close()
            with pytest.raises(SubgraphUnavailable, match="closed by the gateway"):
                await anext(responses)
        with pytest.raises(SubgraphUnavailable, match="shutting down"):
            await collect(transport, [])


class Flaky:
    """A subgraph object that raises the first time, after `events` of them."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.headers: list[Mapping[str, str]] = []

    async def execute(self, *_: Any) -> dict[str, Any]:
        raise AssertionError

    async def subscribe(self, query: str, variables: Any, name: Any, headers: Mapping[str, str]) -> Any:
        self.headers.append(headers)
        for number in range(self.events if len(self.headers) == 1 else 2):
            yield {"data": {"changed": number}}
        if len(self.headers) == 1:
            raise RuntimeError("gone")


def counting() -> Callable[[], Mapping[str, str]]:
    count = iter(range(9))
    return lambda: {"x-try": str(next(count))}


async def test_what_breaks_before_its_first_event_is_begun_again_with_fresh_headers() -> None:
    flaky = Flaky(events=0)
    service = Service("flaky", InProcessTransport(flaky), ServicePolicy())
    got = [response async for response in service.subscribe(ASKED, counting(), 1.0)]
    assert len(got) == 2
    assert flaky.headers == [{"x-try": "0"}, {"x-try": "1"}]
    assert (service.counts.subscribed, service.counts.repeated, service.counts.failed) == (2, 1, 1)


async def test_what_breaks_later_is_not_since_nobody_could_say_what_was_missed() -> None:
    flaky = Flaky(events=1)
    service = Service("flaky", InProcessTransport(flaky), ServicePolicy())
    async with aclosing(service.subscribe(ASKED, counting(), 1.0)) as responses:
        await anext(responses)
        with pytest.raises(SubgraphFailure):
            await anext(responses)
    assert len(flaky.headers) == 1
