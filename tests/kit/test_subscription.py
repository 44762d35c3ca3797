"""A subscription: one answer an event, a context of its own for each, nothing left behind when nobody listens."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from kit import subgraph
from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from tests.kit.hospital import Hospital, headers


async def collect(stream: AsyncGenerator[dict[str, Any], None], count: int) -> list[dict[str, Any]]:
    """As many answers as there are, and no more than `count`."""
    answers: list[dict[str, Any]] = []
    async with aclosing(stream):
        async for answer in stream:
            answers.append(answer)
            if len(answers) == count:
                break
    return answers


async def test_every_event_is_an_answer(hospital: Hospital) -> None:
    query = "subscription($n: Int!) { visit: visits(count: $n) { number patient { id diagnosis } } }"

    answers = await collect(hospital.listen(query, {"n": 2}), 2)

    assert answers == [
        {"data": {"visit": {"number": n, "patient": {"id": f"p{n}", "diagnosis": f"of p{n}"}}}} for n in (0, 1)
    ]


async def test_every_event_has_a_context_of_its_own_and_its_own_instant(hospital: Hospital) -> None:
    answers = await collect(hospital.listen("subscription { visits { context } }"), 2)

    numbers, traces, instants = zip(*[a["data"]["visits"]["context"].split() for a in answers], strict=True)
    assert (numbers, traces) == (("1", "2"), ("t-1", "t-1"))
    assert instants[0] <= instants[1]
    assert len(hospital.contexts) == 3  # the generator's, and two events'


async def test_batch_fields_and_wanted_work_below_an_event(hospital: Hospital) -> None:
    (answer,) = await collect(hospital.listen("subscription { visits { nurse { name asked } } }"), 1)

    assert answer["data"]["visits"]["nurse"] == {"name": "nurse of 0", "asked": ["asked", "name"]}


@pytest.mark.parametrize(
    "query",
    [
        "subscription { visits { number patient { id diagnosis } } }",
        "subscription { visits { n: number ...More } } fragment More on Visit { nurse { name asked } __typename }",
        "subscription($no: Boolean = false) { v: visits(count: 4) { number @include(if: $no) room } }",
        "subscription { breaking }",
        "subscription { ... { breaking } }",
    ],
)
async def test_a_compiled_event_is_answered_as_graphql_core_answers_it(hospital: Hospital, query: str) -> None:
    compiled = await collect(hospital.listen(query), 3)
    assert hospital.subgraph.schema._compiled_events is not None
    known = hospital.subgraph.schema._compiled_events._known[query, None]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hospital.subgraph.schema, "_compiled_events", None)
        assert await collect(hospital.listen(query), 3) == compiled
    assert known.asked is not None, "it was compiled"


async def test_an_error_below_an_event_is_masked_and_the_next_event_comes(hospital: Hospital) -> None:
    hospital_listens = hospital.listen("subscription { visits(count: 4) { number room } }")
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        answers = await collect(hospital_listens, 4)

    assert answers[2]["data"] is None
    (error,) = answers[2]["errors"]
    assert (error["path"], error["extensions"]) == (["visits", "room"], {"code": "INTERNAL"})
    assert "secret" not in str(answers)
    assert answers[3] == {"data": {"visits": {"number": 3, "room": "room 3"}}}
    assert [(log["event"], log["trace_id"]) for log in logs] == [("surprise in a resolver", "t-1")]


async def test_a_source_that_breaks_says_so_last(hospital: Hospital) -> None:
    answers = await collect(hospital.listen("subscription { b: breaking }"), 9)

    assert answers[0] == {"data": {"b": 1}}
    (error,) = answers[1]["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["b"], "INTERNAL")
    assert "data" not in answers[1]
    assert len(answers) == 2
    assert "secret" not in str(answers)


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("subscription {", "GRAPHQL_PARSE_FAILED", "Syntax Error"),
        ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED", "Cannot query field 'nope'"),
        ("subscription { alarms visits { number } }", "GRAPHQL_VALIDATION_FAILED", "only one top level field"),
        ("subscription { alarms @include(if: true) }", "GRAPHQL_VALIDATION_FAILED", "@skip"),
        ("{ trace }", "BAD_USER_INPUT", "expected a subscription"),
        ("subscription A { alarms } subscription B { alarms }", "BAD_USER_INPUT", "operationName"),
        ("subscription($n: Int!) { visits(count: $n) { number } }", "BAD_USER_INPUT", "$n"),
        ("subscription { alarms }", "FORBIDDEN", "this needs the scope 'alarms:read'"),
        ("subscription { refused }", "BAD_USER_INPUT", "ward: expected a name"),
    ],
)
async def test_what_cannot_run_is_told_in_one_answer_without_data(
    hospital: Hospital, query: str, code: str, message: str
) -> None:
    answers = await collect(hospital.listen(query), 9)

    (error,) = answers[0]["errors"]
    assert (len(answers), "data" in answers[0]) == (1, False)
    assert error["extensions"]["code"] == code
    assert message in error["message"]


async def test_who_holds_the_scope_is_told(hospital: Hospital) -> None:
    answers = await collect(hospital.listen("subscription { alarms }", scopes="alarms:read"), 9)

    assert answers == [{"data": {"alarms": "fire"}}]


@pytest.mark.parametrize(
    "sent", [{}, {CONTEXT_HEADER: ContextSigner(b"x" * 32).sign(RequestContext(channel="web"))}], ids=["none", "forged"]
)
async def test_without_a_valid_context_nothing_begins(hospital: Hospital, sent: dict[str, str]) -> None:
    answers = await collect(hospital.subgraph.subscribe("subscription { visits { number } }", None, None, sent), 9)

    assert [answer["errors"][0]["extensions"]["code"] for answer in answers] == ["UNAUTHENTICATED"]
    assert hospital.contexts == []


async def test_closing_it_closes_the_generator(hospital: Hospital) -> None:
    await collect(hospital.listen("subscription { visits { number } }"), 1)

    assert hospital.closed == ["visits"]
    assert hospital.subgraph.running.subscriptions == 0


async def test_cancelling_who_waits_closes_the_generator(hospital: Hospital) -> None:
    got: list[dict[str, Any]] = []

    async def listen() -> None:
        async with aclosing(hospital.listen("subscription { visits(count: 1) { number } }")) as stream:
            async for answer in stream:
                got.append(answer)

    listening = asyncio.create_task(listen())
    while not got:
        await asyncio.sleep(0)
    assert (hospital.closed, hospital.subgraph.running.subscriptions) == ([], 1)
    listening.cancel()
    await asyncio.wait([listening])

    assert (hospital.closed, hospital.subgraph.running.subscriptions) == (["visits"], 0)


async def test_its_lifetime_is_bounded(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subgraph, "SUBSCRIPTION_LIFETIME_S", 0.05)

    answers = await collect(hospital.listen("subscription { visits(count: 1) { number } }"), 9)

    assert [list(answer) for answer in answers] == [["data"], ["errors"]]
    assert answers[1]["errors"][0]["extensions"]["code"] == "SUBSCRIPTION_EXPIRED"
    assert hospital.closed == ["visits"]


async def test_their_number_is_bounded(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subgraph, "MAX_SUBSCRIPTIONS", 1)
    async with aclosing(hospital.listen("subscription { visits { number } }")) as first:
        await anext(first)
        refused = await collect(hospital.listen("subscription { visits { number } }"), 9)

    assert [answer["errors"][0]["extensions"]["code"] for answer in refused] == ["TOO_MANY_SUBSCRIPTIONS"]
    assert len(await collect(hospital.listen("subscription { visits { number } }"), 1)) == 1


async def test_the_trace_does_not_stay_with_who_listens(hospital: Hospital) -> None:
    async with aclosing(hospital.listen("subscription { visits { number } }", scopes="")) as stream:
        await anext(stream)
        assert structlog.contextvars.get_contextvars() == {}


async def test_a_request_that_is_no_subscription_has_no_place_taken(hospital: Hospital) -> None:
    await hospital.subgraph.execute("{ trace }", None, None, headers())

    assert hospital.subgraph.running.subscriptions == 0
