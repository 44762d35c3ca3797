"""Scalars: exact, and a bad value is told what would have been good."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.graphql.scalars import MAX_DECIMAL_DIGITS, SCALARS, CurrencyCode
from kit.money import CURRENCY_DECIMALS, Money

DECIMAL, TIME, CURRENCY = SCALARS[Decimal], SCALARS[datetime], SCALARS[CurrencyCode]
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**17), max_value=10**17, places=4)


def parse(scalar: Any, value: Any) -> Any:
    return scalar.parse_value(value)


@given(DECIMALS)
def test_a_decimal_comes_back_as_it_went(value: Decimal) -> None:
    assert parse(DECIMAL, DECIMAL.serialize(value)) == value  # type: ignore[misc]


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back_to_the_millisecond(value: datetime) -> None:
    text = TIME.serialize(value)  # type: ignore[misc]

    assert text.endswith("Z")
    assert parse(TIME, text) == value.replace(microsecond=value.microsecond // 1000 * 1000)


@given(DECIMALS, st.sampled_from(sorted(CURRENCY_DECIMALS)))
def test_every_decimal_the_graph_takes_can_be_parsed_as_money(value: Decimal, currency: str) -> None:
    assert Money.parse(parse(DECIMAL, str(value)), currency).currency == currency


@pytest.mark.parametrize("value", ["19.99", "-1", "1e3", 7, "0.0001", "9" * MAX_DECIMAL_DIGITS])
def test_decimals_are_taken_as_strings_and_whole_numbers(value: str | int) -> None:
    assert parse(DECIMAL, value) == Decimal(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("19,99", 'expected a decimal number such as "19.99"'),
        (19.99, 'expected a decimal number as a string such as "19.99"'),
        (None, "expected a decimal number as a string"),
        (True, "expected a decimal number as a string"),
        ("NaN", "expected a finite decimal number"),
        ("-Infinity", "expected a finite decimal number"),
        ("1E+999999", "at most 18 digits on either side"),
        ("1E-999999", "at most 18 digits on either side"),
        ("9" * (MAX_DECIMAL_DIGITS + 1), "at most 18 digits on either side"),
    ],
)
def test_a_bad_decimal_is_told_what_is_expected(value: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse(DECIMAL, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("yesterday", "expected RFC 3339 such as 2026-11-22T05:00:00Z, got 'yesterday'"),
        (5, "expected RFC 3339"),
        ("2026-13-01T00:00:00Z", "expected RFC 3339"),
        ("2026-11-22T05:00:00", "expected a time with its offset"),
        ("2026-11-22", "expected a time with its offset"),
        ("0001-01-01T00:00:00+14:00", "the years 1 to 9999"),
    ],
)
def test_a_bad_time_is_told_what_is_expected(value: Any, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse(TIME, value)


@pytest.mark.parametrize("value", ["XXX", "eur", "", 5, None])
def test_a_bad_currency_is_told_all_good_ones(value: Any) -> None:
    with pytest.raises(ValueError, match=r"expected one of AUD, .* VND, got"):
        parse(CURRENCY, value)


def test_an_offset_is_turned_into_utc() -> None:
    assert parse(TIME, "2026-11-22T14:00:00+09:00") == datetime(2026, 11, 22, 5, tzinfo=UTC)
    assert TIME.serialize(parse(TIME, "2026-11-22T14:00:00+09:00")) == "2026-11-22T05:00:00.000Z"  # type: ignore[misc]
