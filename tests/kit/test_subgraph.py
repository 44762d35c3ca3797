"""A subgraph answers always, says why, and lets no surprise out."""

from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from tests.kit.hospital import Hospital, headers


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


async def test_a_query_is_answered_with_its_data_alone(hospital: Hospital) -> None:
    assert await hospital.ask('{ patient(id: "p1") { id diagnosis } }') == {
        "data": {"patient": {"id": "p1", "diagnosis": "of p1"}}
    }


async def test_a_surprise_is_masked_and_logged_with_its_trace_id(hospital: Hospital) -> None:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        answer = await hospital.ask("{ surprise trace }")

    assert answer["data"] == {"surprise": None, "trace": "t-1"}
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "INTERNAL"}
    assert error["path"] == ["surprise"]
    assert "secret" not in str(answer)
    (entry,) = logs
    assert (entry["event"], entry["trace_id"], entry["service"]) == ("surprise in a resolver", "t-1", "hospital")
    assert (entry["log_level"], entry["path"], str(entry["exc_info"])) == (
        "error",
        ["surprise"],
        "secret: password=hunter2",
    )


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("{ chart }", "FORBIDDEN", "this needs the scope 'charts:read'"),
        ("{ bad }", "BAD_USER_INPUT", "first: expected 1 to 100, got 0"),
        ("{ refused }", "NOT_FOUND", "Ward 'x' does not exist"),
        ("{ archive }", "UNAVAILABLE", "the database of hospital does not answer; try again"),
    ],
)
async def test_what_is_foreseen_keeps_its_code_and_sentence(
    hospital: Hospital, query: str, code: str, message: str
) -> None:
    with capture_logs() as logs:
        answer = await hospital.ask(query)

    assert codes(answer) == [code]
    assert answer["errors"][0]["message"] == message
    assert "exc_info" not in str(logs)


async def test_a_field_that_may_not_be_null_nulls_all_and_data_stays(hospital: Hospital) -> None:
    assert (await hospital.ask("{ chart }"))["data"] is None
    assert (await hospital.ask("{ chart }", scopes="charts:read")) == {"data": {"chart": "a chart"}}


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({}, "missing"),
        ({CONTEXT_HEADER: "a.b.c"}, "not valid"),
        ({CONTEXT_HEADER: ContextSigner(b"x" * 32).sign(RequestContext(channel="web"))}, "not valid"),
    ],
)
async def test_without_a_valid_context_nothing_runs(hospital: Hospital, sent: dict[str, str], message: str) -> None:
    answer = await hospital.subgraph.execute("{ trace }", None, None, sent)

    assert codes(answer) == ["UNAUTHENTICATED"]
    assert message in answer["errors"][0]["message"]
    assert "data" not in answer
    assert hospital.contexts == []


@pytest.mark.parametrize(
    ("query", "operation", "code", "message"),
    [
        ("{ patient(", None, "GRAPHQL_PARSE_FAILED", "Syntax Error"),
        ("{ nope }", None, "GRAPHQL_VALIDATION_FAILED", "Cannot query field 'nope' on type 'Query'"),
        ("subscription { trace }", None, "BAD_USER_INPUT", "text/event-stream"),
        ("subscription { visits { number } }", None, "BAD_USER_INPUT", "text/event-stream"),
        ('{ echo(at: "x", fee: 1, currency: "EUR") }', None, "GRAPHQL_VALIDATION_FAILED", "expected RFC 3339"),
        ("", None, "BAD_USER_INPUT", "query: expected a document"),
        ("query A { trace }", "B", "BAD_USER_INPUT", "operationName: the document does not have an operation 'B'"),
        ("fragment F on Patient { id }", None, "BAD_USER_INPUT", "operationName"),
    ],
)
async def test_what_is_refused_before_execution_has_errors_and_no_data(
    hospital: Hospital, query: str, operation: str | None, code: str, message: str
) -> None:
    with capture_logs() as logs:
        answer = await hospital.ask(query, operation=operation)

    assert codes(answer) == [code]
    assert message in answer["errors"][0]["message"]
    assert "data" not in answer
    assert logs == []


@pytest.mark.parametrize(
    ("fault", "named", "expected"),
    [
        ({"fee": "much"}, "$fee", "a decimal number"),
        ({"fee": 1.5}, "$fee", "a decimal number as a string"),
        ({"fee": "1E+99999"}, "$fee", "at most 18 digits"),
        ({"currency": "eur"}, "$currency", "one of AUD"),
        ({"at": "2026-11-22T05:00:00"}, "$at", "its offset"),
        ({"at": None}, "$at", "null"),
    ],
)
async def test_a_malformed_variable_is_named_with_what_was_expected(
    hospital: Hospital, fault: dict[str, Any], named: str, expected: str
) -> None:
    query = """query($at: DateTime!, $fee: Decimal!, $currency: CurrencyCode!) {
      echo(at: $at, fee: $fee, currency: $currency)
    }"""
    good = {"at": "2026-11-22T05:00:00Z", "fee": "19.99", "currency": "EUR"}

    answer = await hospital.ask(query, {**good, **fault})

    assert codes(answer) == ["BAD_USER_INPUT"]
    assert named in answer["errors"][0]["message"]
    assert expected in answer["errors"][0]["message"]
    assert await hospital.ask(query, good) == {"data": {"echo": "2026-11-22T05:00:00+00:00 19.99 EUR"}}


async def test_a_malformed_part_of_an_input_is_named_by_its_path(hospital: Hospital) -> None:
    answer = await hospital.ask(
        "mutation($i: AdmitInput!) { admit(input: $i) { patient { id } } }", {"i": {"ward": 5, "fee": "1"}}
    )

    assert codes(answer) == ["BAD_USER_INPUT"]
    assert "'$i' has invalid value at .ward" in answer["errors"][0]["message"]


async def test_the_trace_of_one_request_does_not_stay_for_the_next(hospital: Hospital) -> None:
    await hospital.subgraph.execute("{ trace }", None, None, headers())

    assert structlog.contextvars.get_contextvars() == {}
