"""Tax: exact, rounded as told, and adding up however it is spread."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.pricing.tax import (
    Rounding,
    TaxBasis,
    TaxClass,
    TaxMode,
    TaxPolicy,
    TaxRate,
    allocate,
    check_policy,
    round_fraction,
    tax_lines,
)

RISE = datetime(2019, 9, 30, 15, 0, tzinfo=UTC)
"""Midnight of 1 October 2019 in Japan."""
JAPAN = TaxPolicy(
    "tokyo",
    1_000,
    rounding=Rounding.FLOOR,
    rates=(
        TaxRate(TaxClass.STANDARD, 800, valid_until=RISE),
        TaxRate(TaxClass.STANDARD, 1_000, valid_from=RISE),
        TaxRate(TaxClass.REDUCED, 800, valid_from=RISE),
    ),
)
AMOUNTS = st.lists(st.tuples(st.integers(0, 10**7), st.sampled_from([0, 800, 1_000, 1_900])), max_size=20)
POLICIES = st.builds(
    TaxPolicy,
    st.just("c"),
    st.just(1_000),
    st.sampled_from(TaxMode),
    st.sampled_from(Rounding),
    st.sampled_from(TaxBasis),
)


@pytest.mark.parametrize(("rounding", "tax"), [(Rounding.FLOOR, 9), (Rounding.HALF_UP, 9), (Rounding.CEIL, 10)])
def test_a_fraction_of_a_yen_goes_the_way_the_channel_says(rounding: Rounding, tax: int) -> None:
    assert TaxPolicy("c", 1_000, rounding=rounding).tax_on(102, 1_000) == tax, "102 * 10 / 110 is 9.27"


def test_half_a_unit_rounds_away_from_zero() -> None:
    assert [round_fraction(n, 2, Rounding.HALF_UP) for n in range(5)] == [0, 1, 1, 2, 2]


def test_the_rates_of_2019_change_at_the_second() -> None:
    before = datetime(2019, 9, 30, 14, 59, 59, tzinfo=UTC)
    assert [JAPAN.rate_bp(TaxClass.STANDARD, at) for at in (before, RISE)] == [800, 1_000]
    assert JAPAN.rate_bp(TaxClass.REDUCED, RISE) == 800
    assert JAPAN.rate_bp(TaxClass.EXEMPT, RISE) == 0


def test_an_invoice_rounds_once_a_rate_where_lines_would_lose_yen() -> None:
    lines = [(105, 1_000)] * 3 + [(105, 800)] * 2

    by_rate = tax_lines(JAPAN, lines)
    by_line = tax_lines(TaxPolicy("c", 1_000, rounding=Rounding.FLOOR, basis=TaxBasis.LINE), lines)

    assert (sum(by_rate[:3]), sum(by_rate[3:])) == (315 * 10 // 110, 210 * 8 // 108) == (28, 15)
    assert (sum(by_line[:3]), sum(by_line[3:])) == (27, 14)


def test_on_a_channel_of_net_prices_tax_comes_on_top() -> None:
    policy = TaxPolicy("b2b", 1_000, mode=TaxMode.EXCLUSIVE, rounding=Rounding.FLOOR)

    assert policy.tax_on(999, 1_000) == 99


@given(policy=POLICIES, lines=AMOUNTS)
def test_the_lines_of_a_rate_add_up_to_what_the_invoice_says(policy: TaxPolicy, lines: list[tuple[int, int]]) -> None:
    taxes = tax_lines(policy, lines)

    for rate in {rate for _, rate in lines}:
        amounts = [amount for amount, own in lines if own == rate]
        total = sum(tax for tax, (_, own) in zip(taxes, lines, strict=True) if own == rate)
        if policy.basis is TaxBasis.RATE:
            assert total == policy.tax_on(sum(amounts), rate)
        else:
            assert total == sum(policy.tax_on(amount, rate) for amount in amounts)
    assert all(0 <= tax <= amount for tax, (amount, _) in zip(taxes, lines, strict=True))


@given(weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=50), share=st.fractions(0, 1))
def test_what_is_allocated_adds_up_and_passes_no_line(weights: list[int], share: object) -> None:
    total = int(sum(weights) * share)  # type: ignore[operator]

    parts = allocate(total, weights)

    assert sum(parts) == (total if sum(weights) else 0)
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))
    whole = sum(weights) or 1
    assert all(abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True))


def test_two_rates_of_a_class_at_once_are_refused_and_following_ones_are_not() -> None:
    assert check_policy(JAPAN) == []
    twice = TaxPolicy("c", 0, rates=(*JAPAN.rates, TaxRate(TaxClass.REDUCED, 500)))
    backwards = TaxPolicy("c", 0, rates=(TaxRate(TaxClass.REDUCED, 800, RISE, RISE), TaxRate(TaxClass.EXEMPT, 10_001)))

    assert [problem.path for problem in check_policy(twice)] == [("input", "rates", "3")]
    assert [problem.path[-1] for problem in check_policy(backwards)] == ["validUntil", "rate"]
