"""What is told of a subscription: every event, enriched on the newest graph, until there is a reason to end."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.access import Caller
from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.live import LiveEngine
from gateway.subscription import Asked, Subscriptions, Told, running, subscriptions
from gateway.trace import Trace
from gateway.transports.in_process import InProcessTransport
from kit.context import RequestContext
from kit.errors import Unauthenticated
from tests.gateway.subscription.clinic import CHANGES, SIGNER, Clinic, until

INVALID = "GRAPHQL_VALIDATION_FAILED"
RECORDS_OF_BEDS = {"number": 1, "patient": {"id": "p1", "name": "patient p1"}}


class Desk:
    """One gateway's subscriptions over a clinic, and the caller who asks."""

    def __init__(self, nickname: str) -> None:
        self.clinic = Clinic()
        self.sdls = self.clinic.sdls(nickname)
        transports = {name: InProcessTransport(subgraph) for name, subgraph in self.clinic.subgraphs().items()}
        self.live = LiveEngine(Engine.compose(self.sdls, transports, EngineSettings()), self.sdls)
        self.subscriptions = Subscriptions(self.live, SIGNER, 5.0)
        self.known = True
        self.scopes: frozenset[str] = frozenset()

    def identify(self, trace_id: str) -> Caller:
        if not self.known:
            raise Unauthenticated("the API key is not known here")
        return Caller("desk", RequestContext(channel="desk", scopes=self.scopes, trace_id=trace_id))

    def tell(self, query: str = CHANGES, **variables: Any) -> AsyncGenerator[Told, None]:
        request = GraphQLRequest(query, {"ward": "a", **variables} if "$ward" in query else variables)
        return self.subscriptions.tell(Asked(request, self.identify, Trace.begin()))


@pytest.fixture
def nickname() -> str:
    """The subgraph that says it at first."""
    return "records"


@pytest.fixture
def desk(nickname: str) -> Iterator[Desk]:
    with capture_logs():
        yield Desk(nickname)


async def listen(desk: Desk, into: list[Any], query: str = CHANGES, **variables: Any) -> None:
    async with aclosing(desk.tell(query, **variables)) as all_told:
        async for told in all_told:
            into.append(orjson.loads(told.json))


def code_of(answer: dict[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


async def test_every_event_is_enriched_by_the_other_subgraph_with_a_context_of_its_own(desk: Desk) -> None:
    got: list[Any] = []
    listening = asyncio.create_task(listen(desk, got))
    await desk.clinic.until_listening()
    desk.clinic.tell("a", 1, "p1")
    desk.clinic.tell("a", 2, None)
    desk.clinic.tell("a", 3, "p3")
    await until(lambda: len(got) == 3)
    desk.clinic.end("a")
    await listening

    assert got[0] == {"data": {"bedChanged": RECORDS_OF_BEDS}}
    assert got[1] == {"data": {"bedChanged": {"number": 2, "patient": None}}}
    assert got[2]["data"]["bedChanged"]["patient"] == {"id": "p3", "name": "patient p3"}
    first, second = desk.clinic.asked
    assert first.trace_id != second.trace_id
    assert first.at <= second.at
    counts = desk.subscriptions.counts
    assert (counts.begun, counts.events, dict(counts.ended)) == (1, 3, {"completed": 1})
    assert (desk.clinic.closed, len(desk.subscriptions)) == (["a"], 0)


async def test_errors_of_one_event_are_its_own_and_name_the_trace(desk: Desk) -> None:
    got: list[Any] = []
    listening = asyncio.create_task(listen(desk, got))
    await desk.clinic.until_listening()
    desk.clinic.tell("a", 1, "p-unknown")
    await until(lambda: len(got) == 1)
    desk.clinic.away = True
    desk.clinic.tell("a", 1, "p1")
    await until(lambda: len(got) == 2)
    desk.clinic.away = False
    desk.clinic.tell("a", 1, "p1")
    desk.clinic.end("a")
    await listening

    for answer in got[:2]:
        (error,) = answer["errors"]
        assert error["extensions"] == {"code": "INTERNAL", "service": "records"}
        assert answer["data"]["bedChanged"]["number"] == 1
        assert len(answer["extensions"]["traceId"]) == 32
    assert got[0]["errors"][0]["path"] == ["bedChanged", "patient", "name"]
    assert got[2] == {"data": {"bedChanged": RECORDS_OF_BEDS}}
    assert "secret" not in str(got)


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("subscription {", {}, "GRAPHQL_PARSE_FAILED"),
        ("subscription { nope }", {}, INVALID),
        (CHANGES, {"ward": None}, "BAD_USER_INPUT"),
        ("subscription { a: %s b: %s }", {}, INVALID),
        ('subscription($on: Boolean!) { bedChanged(ward: "a") @include(if: $on) { number } }', {"on": True}, INVALID),
        ("subscription($on: Boolean!) { ... @skip(if: $on) { %s } }", {"on": False}, INVALID),
        ("subscription { __typename }", {}, INVALID),
    ],
)
async def test_what_cannot_run_is_told_once_without_data(
    desk: Desk, query: str, variables: dict[str, Any], code: str
) -> None:
    got: list[Any] = []
    await listen(desk, got, query.replace("%s", 'bedChanged(ward: "a") { number }'), **variables)

    assert [(code_of(answer), "data" in answer) for answer in got] == [(code, False)]
    assert desk.clinic.listeners == {}


async def test_conditions_below_the_root_field_are_decided(desk: Desk) -> None:
    query = 'subscription($n: Boolean!) { bedChanged(ward: "a") { number patient { id name @include(if: $n) } } }'
    got: list[Any] = []
    listening = asyncio.create_task(listen(desk, got, query, n=False))
    await desk.clinic.until_listening()
    desk.clinic.tell("a", 1, "p1")
    desk.clinic.end("a")
    await listening

    assert got == [{"data": {"bedChanged": {"number": 1, "patient": {"id": "p1"}}}}]
    assert desk.clinic.asked == []


async def test_a_query_and_a_mutation_are_told_once(desk: Desk) -> None:
    got: list[Any] = []
    await listen(desk, got, '{ record(id: "p1") { name } beds }')
    await listen(desk, got, "mutation { bedTake(number: 3) }")

    assert got == [{"data": {"record": {"name": "patient p1"}, "beds": 3}}, {"data": {"bedTake": 3}}]
    assert desk.subscriptions.counts.begun == 0


async def test_a_source_that_breaks_ends_it_with_the_subgraphs_error(desk: Desk) -> None:
    got: list[Any] = []
    listening = asyncio.create_task(listen(desk, got))
    await desk.clinic.until_listening()
    desk.clinic.fail("a")
    await listening

    (answer,) = got
    assert "data" not in answer
    assert answer["errors"][0]["path"] == ["bedChanged"]
    assert answer["errors"][0]["extensions"] == {"code": "INTERNAL", "service": "beds"}
    assert "secret" not in str(got)
    assert dict(desk.subscriptions.counts.ended) == {"INTERNAL": 1}


async def test_what_the_subgraph_refuses_is_told_with_its_code(desk: Desk) -> None:
    got: list[Any] = []
    await listen(desk, got, ward="secret")

    assert code_of(got[0]) == "FORBIDDEN"
    assert got[0]["errors"][0]["message"] == "this needs the scope 'secrets:read'"


async def test_a_reader_that_leaves_closes_the_source(desk: Desk) -> None:
    async with aclosing(desk.tell()) as all_told:
        reading = asyncio.create_task(anext(all_told))
        await desk.clinic.until_listening()
        desk.clinic.tell("a", 1, "p1")
        await reading
        assert desk.clinic.closed == []
    assert desk.clinic.closed == ["a"]
    assert len(desk.subscriptions) == 0
    assert dict(desk.subscriptions.counts.ended) == {"left": 1}


async def test_a_slow_reader_is_dropped_with_the_reason_and_the_source_closed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MAX_WAITING", 4)
    async with aclosing(desk.tell()) as all_told:
        reading = asyncio.create_task(anext(all_told))
        await desk.clinic.until_listening()
        desk.clinic.tell("a", 1, "p1", count=50)
        await reading
        await until(lambda: desk.clinic.closed == ["a"])
        rest = [orjson.loads(told.json) async for told in all_told]

    assert [code_of(answer) for answer in rest] == ["SLOW_CONSUMER"]
    assert "data" not in rest[0]
    assert dict(desk.subscriptions.counts.ended) == {"SLOW_CONSUMER": 1}


async def test_a_reader_may_be_as_far_behind_as_the_limit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MAX_WAITING", 4)
    async with aclosing(desk.tell()) as all_told:
        reading = asyncio.create_task(anext(all_told))
        await desk.clinic.until_listening()
        desk.clinic.tell("a", 1, None, count=5)
        await reading
        await until(lambda: desk.subscriptions.counts.events == 5)
        for _ in range(4):
            assert (await anext(all_told)).errors is None
    assert desk.clinic.closed == ["a"]


async def test_answers_that_wait_are_bounded_in_bytes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MAX_WAITING_BYTES", 200)
    async with aclosing(desk.tell()) as all_told:
        reading = asyncio.create_task(anext(all_told))
        await desk.clinic.until_listening()
        desk.clinic.tell("a", 1, "p1", count=9)
        await reading
        await until(lambda: desk.clinic.closed == ["a"])
        assert (await anext(all_told)).errors is not None


async def test_its_lifetime_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "LIFETIME_S", 0.05)
    got: list[Any] = []
    await listen(desk, got)

    assert [code_of(answer) for answer in got] == ["SUBSCRIPTION_EXPIRED"]
    assert desk.clinic.closed == ["a"]


async def test_their_number_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "MAX_SUBSCRIPTIONS", 1)
    first = asyncio.create_task(listen(desk, []))
    await desk.clinic.until_listening()
    got: list[Any] = []
    await listen(desk, got)
    desk.clinic.end("a")
    await first

    assert [code_of(answer) for answer in got] == ["TOO_MANY_SUBSCRIPTIONS"]


async def test_a_caller_who_may_not_call_any_more_is_told_so_with_the_next_event(desk: Desk) -> None:
    got: list[Any] = []
    listening = asyncio.create_task(listen(desk, got))
    await desk.clinic.until_listening()
    desk.known = False
    desk.clinic.tell("a", 1, "p1")
    await listening

    assert [code_of(answer) for answer in got] == ["UNAUTHENTICATED"]
    assert (desk.clinic.closed, desk.clinic.asked) == (["a"], [])


async def test_a_gateway_that_stops_ends_them_and_says_so(desk: Desk) -> None:
    got: list[Any] = []
    listening = asyncio.create_task(listen(desk, got))
    await desk.clinic.until_listening()
    await desk.subscriptions.stop()
    await listening
    await listen(desk, got)

    assert [code_of(answer) for answer in got] == ["GOING_AWAY", "GOING_AWAY"]
    assert desk.clinic.closed == ["a"]


class TestReload:
    async def test_the_next_event_is_enriched_on_the_new_graph_and_none_is_lost(self, desk: Desk) -> None:
        changed = {**desk.sdls, "records": desk.sdls["records"].replace("  name: String", "  name: String ward: Int")}
        got: list[Any] = []
        listening = asyncio.create_task(listen(desk, got))
        await desk.clinic.until_listening()
        desk.clinic.tell("a", 0, "p0")
        before = desk.live.counts.planned
        for number, sdls in enumerate([changed, desk.sdls, changed], 1):
            desk.clinic.tell("a", number, f"p{number}")
            assert await desk.live.reload(sdls)
            desk.clinic.tell("a", number, f"p{number}")
        await until(lambda: len(got) == 7)
        desk.clinic.end("a")
        await listening

        assert [answer["data"]["bedChanged"]["number"] for answer in got] == [0, 1, 1, 2, 2, 3, 3]
        assert all(answer["data"]["bedChanged"]["patient"]["name"] for answer in got)
        assert desk.live.counts.planned == before, "planned before the switch, not while an event waits"
        assert desk.clinic.closed == ["a"]

    @pytest.mark.parametrize("nickname", ["beds"])
    async def test_a_field_that_leaves_the_source_is_had_from_its_new_place(self, desk: Desk) -> None:
        got: list[Any] = []
        listening = asyncio.create_task(listen(desk, got, CHANGES.replace("name", "name nickname")))
        await desk.clinic.until_listening()
        desk.clinic.tell("a", 1, "p1")
        await until(lambda: len(got) == 1)
        assert await desk.live.reload(desk.clinic.sdls("records"))
        desk.clinic.tell("a", 2, "p2")
        await until(lambda: len(got) == 2)
        desk.clinic.end("a")
        await listening

        patients = [answer["data"]["bedChanged"]["patient"]["nickname"] for answer in got]
        assert patients == ["p1, as beds say", "p2, as records say"]

    async def test_a_field_that_moves_into_the_source_ends_it_with_the_reason(self, desk: Desk) -> None:
        got: list[Any] = []
        listening = asyncio.create_task(listen(desk, got, CHANGES.replace("name", "name nickname")))
        await desk.clinic.until_listening()
        assert await desk.live.reload(desk.clinic.sdls("beds"))
        await listening

        assert [code_of(answer) for answer in got] == ["GRAPH_CHANGED"]
        assert "what beds was asked for does not fit; subscribe anew" in got[0]["errors"][0]["message"]
        assert desk.clinic.closed == ["a"]

    async def test_an_operation_that_is_no_more_ends_at_once_and_says_why(self, desk: Desk) -> None:
        got: list[Any] = []
        listening = asyncio.create_task(listen(desk, got))
        await desk.clinic.until_listening()
        gone = desk.sdls["records"].replace("  name: String", "  called: String")
        assert await desk.live.reload({**desk.sdls, "records": gone})
        await listening

        assert [code_of(answer) for answer in got] == ["GRAPH_CHANGED"]
        assert "Cannot query field 'name' on type 'Patient'" in got[0]["errors"][0]["message"]
        assert desk.clinic.closed == ["a"]


async def test_a_context_is_signed_for_the_caller_of_that_moment(desk: Desk) -> None:
    got: list[Any] = []
    listening = asyncio.create_task(listen(desk, got))
    await desk.clinic.until_listening()
    desk.scopes = frozenset({"records:read"})
    desk.clinic.tell("a", 1, "p1")
    desk.clinic.end("a")
    await listening

    assert replace(desk.clinic.asked[0], trace_id="").scopes == {"records:read"}
