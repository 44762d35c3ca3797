"""Money: whole minor units, exact both ways."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.money import CURRENCY_DECIMALS, MAX_MINOR_UNITS, CurrencyMismatch, Money, net_of

MINOR = st.integers(min_value=-MAX_MINOR_UNITS, max_value=MAX_MINOR_UNITS)
CURRENCIES = st.sampled_from(sorted(CURRENCY_DECIMALS))


@pytest.mark.parametrize(
    ("amount", "currency", "minor_units"),
    [
        ("19.99", "EUR", 1999),
        ("1999", "JPY", 1999),
        ("0.005", "USD", 1),
        ("-0.005", "USD", -1),
        ("0.5", "JPY", 1),
        ("1e3", "KRW", 1000),
    ],
)
def test_an_amount_is_parsed_into_minor_units_of_its_currency(amount: str, currency: str, minor_units: int) -> None:
    assert Money.parse(Decimal(amount), currency) == Money(minor_units, currency)


@given(MINOR, CURRENCIES)
def test_parsing_the_amount_of_a_money_gives_it_back(minor_units: int, currency: str) -> None:
    money = Money(minor_units, currency)

    assert Money.parse(money.amount, currency) == money
    assert -money.amount.as_tuple().exponent == CURRENCY_DECIMALS[currency]  # type: ignore[operator]


@pytest.mark.parametrize("currency", ["XXX", "eur", ""])
def test_a_currency_nobody_declared_is_refused_by_name(currency: str) -> None:
    with pytest.raises(ValueError, match=f"currency '{currency}' is not one of AUD"):
        Money(1, currency)
    with pytest.raises(ValueError, match=f"currency '{currency}' is not one of AUD"):
        Money.parse(Decimal(1), currency)


def test_amounts_of_one_currency_add_and_of_two_do_not() -> None:
    assert Money(1, "EUR") + Money(2, "EUR") == Money(3, "EUR")
    with pytest.raises(CurrencyMismatch, match="EUR and JPY"):
        Money(1, "EUR") + Money(2, "JPY")


@given(st.integers(min_value=0, max_value=MAX_MINOR_UNITS), st.integers(min_value=0, max_value=10_000))
def test_net_and_its_tax_are_the_gross_to_half_a_minor_unit(gross: int, rate_bp: int) -> None:
    net = net_of(gross, rate_bp)
    tax = gross - net

    assert 0 <= net <= gross
    assert net + tax == gross
    assert abs(Decimal(net) * (10_000 + rate_bp) / 10_000 - gross) <= Decimal(10_000 + rate_bp) / 20_000


@given(st.integers(min_value=0, max_value=MAX_MINOR_UNITS), st.integers(min_value=0, max_value=10_000))
def test_what_is_taken_back_has_the_net_of_what_was_sold(gross: int, rate_bp: int) -> None:
    assert net_of(-gross, rate_bp) == -net_of(gross, rate_bp)


def test_half_a_minor_unit_of_net_rounds_away_from_zero() -> None:
    assert (net_of(1, 10_000), net_of(110, 1_000), net_of(119, 1_900)) == (1, 100, 100)
