"""Subscriptions from a real client to two real subgraphs and back, both ways to a subgraph and both to a client."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from structlog.testing import capture_logs

from gateway.subscription import running
from tests.gateway.subscription.clinic import CHANGES, until
from tests.gateway.subscription.house import House, Way, house

BED = {"number": 1, "patient": {"id": "p1", "name": "patient p1"}}


@pytest.fixture(params=["in process", "over HTTP"])
def way(request: pytest.FixtureRequest) -> Way:
    given: Way = request.param
    return given


@pytest.fixture
async def home(way: Way, tmp_path: Path) -> AsyncIterator[House]:
    with capture_logs():
        async with house(way, tmp_path) as opened:
            yield opened


async def test_a_websocket_is_told_every_event_and_its_complete_ends_the_source(home: House) -> None:
    async with home.socket() as client:
        await client.subscribe("1", CHANGES, ward="a")
        await home.clinic.until_listening()
        for number in range(1, 4):
            home.clinic.tell("a", number, f"p{number}")
            told = await client.receive()
            patient = {"id": f"p{number}", "name": f"patient p{number}"}
            bed = {"number": number, "patient": patient}
            assert told == {"id": "1", "type": "next", "payload": {"data": {"bedChanged": bed}}}
        await client.send(type="complete", id="1")
        await until(lambda: home.clinic.closed == ["a"])
        await client.subscribe("1", CHANGES, ward="b")
        await home.clinic.until_listening(ward="b")
        home.clinic.tell("b", 1, "p1")
        home.clinic.end("b")
        assert (await client.receive())["payload"]["data"]["bedChanged"] == BED
        assert await client.receive() == {"id": "1", "type": "complete"}


async def test_a_websocket_that_breaks_off_ends_its_sources(home: House) -> None:
    async with home.socket() as client:
        await client.subscribe("1", CHANGES, ward="a")
        await client.subscribe("2", CHANGES, ward="b")
        await home.clinic.until_listening()
        await home.clinic.until_listening(ward="b")
        client.socket.transport.abort()
        await until(lambda: sorted(home.clinic.closed) == ["a", "b"])


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_sse_is_told_every_event_and_a_client_that_leaves_ends_the_source(home: House, method: str) -> None:
    async with home.events(CHANGES, method, ward="a") as events:
        assert events.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert len(events.answer.headers["x-trace-id"]) == 32
        await home.clinic.until_listening()
        home.clinic.tell("a", 1, "p1", count=2)
        assert await events.next() == ("next", {"data": {"bedChanged": BED}})
        assert await events.next() == ("next", {"data": {"bedChanged": BED}})
    await until(lambda: home.clinic.closed == ["a"])


async def test_sse_is_complete_when_the_source_is(home: House) -> None:
    async with home.events(CHANGES, ward="a") as events:
        await home.clinic.until_listening()
        home.clinic.tell("a", 1, "p1")
        home.clinic.end("a")
        assert await events.rest() == [("next", {"data": {"bedChanged": BED}}), ("complete", None)]


async def test_a_slow_reader_of_sse_is_told_why_it_is_dropped(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MAX_WAITING", 4)
    async with home.events(CHANGES, ward="a") as events:
        await home.clinic.until_listening()
        for number in range(1000):
            home.clinic.tell("a", number, "p" * 100_000)
            await asyncio.sleep(0.001)
            if home.clinic.closed:
                break
        assert home.clinic.closed == ["a"]
        *_, (name, response), complete = await events.rest()
        assert (name, complete) == ("next", ("complete", None))
        assert response["errors"][0]["extensions"]["code"] == "SLOW_CONSUMER"


async def test_metrics_count_subscriptions_and_sockets(way: Way, tmp_path: Path) -> None:
    with capture_logs():
        async with house(way, tmp_path, metrics=True) as home:
            async with home.socket() as client:
                await client.subscribe("1", CHANGES, ward="a")
                await home.clinic.until_listening()
                home.clinic.tell("a", 1, "p1")
                await client.receive()
                running_now = await metrics_of(home)
            await until(lambda: home.clinic.closed == ["a"])
            async with home.raw(("graphql-ws",)) as socket:
                await socket.wait_closed()
            told = await metrics_of(home)
    assert (running_now["noren_gateway_subscriptions"], running_now["noren_gateway_sockets"]) == ("1", "1")
    assert told["noren_gateway_subscriptions"] == "0"
    assert told["noren_gateway_subscriptions_begun_total"] == "1"
    assert told["noren_gateway_subscription_events_total"] == "1"
    assert told['noren_gateway_subscriptions_ended_total{reason="left"}'] == "1"
    assert told["noren_gateway_sockets_opened_total"] == "1"
    assert told['noren_gateway_sockets_closed_total{code="4406"}'] == "1"
    assert told['noren_gateway_subgraph_subscribed_total{service="beds"}'] == "1"


async def metrics_of(home: House) -> dict[str, str]:
    async with httpx2.AsyncClient() as client:
        text = (await client.get(f"http://{home.base}/metrics")).text
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))  # type: ignore[misc]


@pytest.mark.parametrize(
    "accept",
    [
        "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
        "multipart/mixed, text/event-stream;q=0.5",
    ],
    ids=["urql", "multipart first"],
)
async def test_a_client_that_takes_other_forms_too_gets_events(home: House, accept: str) -> None:
    async with home.events(CHANGES, accept=accept, ward="a") as events:
        await home.clinic.until_listening()
        home.clinic.tell("a", 1, "p1")
        assert await events.next() == ("next", {"data": {"bedChanged": BED}})


@pytest.mark.parametrize("accept", ["application/json", "multipart/mixed", "*/*"])
async def test_a_client_that_takes_no_events_is_told_how_to_ask(home: House, accept: str) -> None:
    async with home.events(CHANGES, accept=accept, ward="a") as events:
        await events.answer.aread()
    assert events.answer.json()["errors"][0]["extensions"]["code"] == "SUBSCRIPTION_NOT_SUPPORTED"
    assert home.clinic.listeners == {}


@pytest.mark.parametrize("query", ["subscription { nope }", "subscription {"])
async def test_what_cannot_run_is_refused_before_a_stream_begins(home: House, query: str) -> None:
    async with home.events(query) as events:
        await events.answer.aread()
    assert events.answer.status_code == 400
    assert events.answer.headers["content-type"].startswith("application/")
    assert events.answer.json()["errors"][0]["extensions"]["code"].startswith("GRAPHQL_")


async def test_who_may_not_call_is_refused_before_a_stream_begins(way: Way, tmp_path: Path) -> None:
    key = {"name": "desk", "sha256": "0" * 64}
    with capture_logs():
        async with house(way, tmp_path, api_keys=[key]) as home, home.events(CHANGES, ward="a") as events:
            assert events.answer.status_code == 401


async def test_a_subscription_over_sse_is_one_line_of_log(way: Way, tmp_path: Path) -> None:
    with capture_logs() as lines:
        async with house(way, tmp_path) as home:
            async with home.events(CHANGES, ward="a") as events:
                await home.clinic.until_listening()
                home.clinic.tell("a", 1, "p1")
                home.clinic.end("a")
                await events.rest()
            await until(lambda: any(line["event"] == "request" for line in lines))
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["method"], line["status"], line["caller"]) == ("POST", 200, "development")
    assert line["answer_bytes"] > 50


async def test_a_source_that_breaks_is_told_with_its_code(home: House) -> None:
    async with home.socket() as client, home.events(CHANGES, ward="a") as events:
        await client.subscribe("1", CHANGES, ward="a")
        await home.clinic.until_listening(2)
        home.clinic.fail("a")
        told = await client.receive()
        assert (told["type"], told["payload"][0]["extensions"]["service"]) == ("error", "beds")
        (name, response), complete = await events.rest()
        assert (name, complete) == ("next", ("complete", None))
        assert response["errors"][0]["path"] == ["bedChanged"]
        assert "secret" not in f"{told} {response}"


async def test_two_clients_of_one_event_are_both_told(home: House) -> None:
    async with home.socket() as one, home.socket() as other:
        await one.subscribe("1", CHANGES, ward="a")
        await other.subscribe("x", CHANGES, ward="a")
        await home.clinic.until_listening(2)
        home.clinic.tell("a", 1, "p1")
        told = await asyncio.gather(one.receive(), other.receive())
        assert [message["id"] for message in told] == ["1", "x"]
        assert [message["payload"]["data"]["bedChanged"] for message in told] == [BED, BED]


async def test_a_gateway_that_stops_closes_sockets_with_1001_and_completes_streams(home: House) -> None:
    async with home.socket() as client, home.events(CHANGES, ward="a") as events:
        await client.subscribe("1", CHANGES, ward="a")
        await home.clinic.until_listening(2)
        await home.app.state.begin_stop()
        assert [name for name, _ in await events.rest()] == ["next", "complete"]
        await client.socket.wait_closed()
        assert client.socket.close_code == 1001
        await until(lambda: home.clinic.closed == ["a", "a"])


async def test_a_service_that_stops_ends_its_subscriptions_with_a_code(tmp_path: Path) -> None:
    with capture_logs():
        async with house("over HTTP", tmp_path) as home, home.socket() as client:
            await client.subscribe("1", CHANGES, ward="a")
            await home.clinic.until_listening()
            await home.services["beds"].state.begin_stop()
            told = await client.receive()
    assert (told["type"], told["payload"][0]["extensions"]) == ("error", {"code": "UNAVAILABLE", "service": "beds"})
