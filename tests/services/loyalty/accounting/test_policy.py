"""What points are worth: the numbers of docs/accounting.md, and the sums that hold for all numbers."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.loyalty.accounting.model import (
    SETTLING,
    Books,
    BooksUnbalanced,
    DayNotNext,
    DayNotOver,
    Line,
    Tally,
    balance_refusal,
    bounds,
    carried,
    close_refusal,
    liabilities,
)
from services.loyalty.accounting.policy import (
    AGES,
    FIRST_POLICY,
    AccountingPolicy,
    BreakageRate,
    aged,
    allocate,
    broken,
    check_policy,
    policy_on,
    recognised,
)
from services.loyalty.model import Account, LotKind

DAY = date(2026, 4, 1)


def policy(*rates: tuple[int, int], value_minor: int = 1, version: int = 1) -> AccountingPolicy:
    made = tuple(BreakageRate(LotKind.REGULAR, age, bp) for age, bp in rates)
    return AccountingPolicy(version, DAY, "Asia/Tokyo", "JPY", value_minor, made)


def test_the_golden_example() -> None:
    one_percent = policy((0, 100))
    sale = allocate(one_percent, 1_000, 20)
    assert (sale.goods_minor, sale.points_minor) == (981, 19)
    assert recognised(19, 20, 10, 100) == 10
    assert recognised(19, 20, 20, 100) == 19
    assert recognised(19, 20, 10, 1_000) - recognised(19, 20, 10, 100) == 1
    assert allocate(FIRST_POLICY, 1_000, 20).points_minor == 20
    campaign = allocate(policy((0, 1_000)), 10_000, 500)
    assert (campaign.goods_minor, campaign.points_minor) == (9_569, 431)


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10_000), st.integers(1, 1_000))
def test_goods_and_points_are_the_price(price: int, points: int, bp: int, value: int) -> None:
    sale = allocate(policy((0, bp), value_minor=value), price, points)
    assert sale.goods_minor + sale.points_minor == price
    assert 0 <= sale.points_minor <= price


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 9_999))
def test_all_is_recognised_once_what_was_expected_is_spent_and_never_more(minor: int, issued: int, bp: int) -> None:
    steps = [recognised(minor, issued, redeemed, bp) for redeemed in range(0, issued + 1, max(issued // 7, 1))]
    assert steps == sorted(steps)
    assert steps[0] == 0
    assert recognised(minor, issued, issued, bp) == minor


def test_nothing_is_expected_to_be_spent() -> None:
    assert recognised(5, 10, 0, 10_000) == 5


@given(st.integers(0, 500), st.lists(st.tuples(st.integers(0, 900), st.integers(0, 100)), max_size=9))
def test_every_point_has_one_age(points: int, issues: list[tuple[int, int]]) -> None:
    issued = [(DAY - timedelta(days=ago), count) for ago, count in issues]
    assert sum(aged(points, issued, DAY).values()) == points


def test_the_newest_issues_are_what_is_left() -> None:
    issued = [(DAY - timedelta(days=ago), 10) for ago in (0, 30, 31, 400)]
    assert aged(25, issued, DAY) == {0: 20, 31: 5, 91: 0, 181: 0, 366: 0}
    assert aged(50, issued, DAY) == {0: 20, 31: 10, 91: 0, 181: 0, 366: 20}
    assert aged(5, [(DAY + timedelta(days=1), 9)], DAY)[AGES[-1]] == 5


def test_breakage_is_by_kind_and_age() -> None:
    rated = policy((0, 100), (181, 2_500))
    assert [rated.breakage_bp(LotKind.REGULAR, age) for age in AGES] == [100, 100, 100, 2_500, 2_500]
    assert rated.breakage_bp(LotKind.LIMITED, 0) == 0
    assert [broken(points, 100) for points in (0, 49, 50, 150)] == [0, 0, 1, 2]
    issued = {LotKind.REGULAR: [(DAY, 1_000), (DAY - timedelta(days=200), 400)]}
    found = liabilities({LotKind.REGULAR: 1_200, LotKind.LIMITED: 7}, issued, rated, DAY)
    told = [(one.kind.value, one.from_age_days, one.points, one.expected_breakage, one.value_minor) for one in found]
    assert told == [
        ("REGULAR", 0, 1_000, 10, 990),
        ("REGULAR", 181, 200, 50, 150),
        ("LIMITED", 366, 7, 0, 7),
    ]


def test_a_policy_is_in_force_from_its_day_on() -> None:
    later = policy(version=2)
    assert policy_on([policy(), later], DAY) == later
    assert policy_on([policy()], DAY - timedelta(days=1)) == FIRST_POLICY


def test_what_cannot_be_a_policy_is_refused_by_name() -> None:
    rates = (BreakageRate(LotKind.REGULAR, 7, 10_001), BreakageRate(LotKind.REGULAR, 7, 0))
    wrong = AccountingPolicy(0, DAY, "Mars/Olympus", "XXX", 0, rates)
    paths = {".".join(one.path[1:]) for one in check_policy(wrong)}
    of_rates = {"rates", "rates.0.rateBp", "rates.0.fromAgeDays", "rates.1.fromAgeDays"}
    assert paths == {"valueMinor", "currency", "timeZone"} | of_rates
    assert check_policy(policy((0, 0), (366, 10_000))) == []


def books(day: date) -> Books:
    start, end = bounds(day, "Asia/Tokyo", None)
    return Books(day, start, end, policy(), Tally((), {}, {}), {}, {}, (), end, "staff:x")


def test_a_day_ends_at_midnight_there_and_begins_where_the_last_one_ended() -> None:
    start, end = bounds(DAY, "Asia/Tokyo", None)
    assert start == datetime(2026, 3, 31, 15, tzinfo=UTC)
    assert end == datetime(2026, 4, 1, 15, tzinfo=UTC)
    assert bounds(DAY + timedelta(days=1), "Europe/Paris", books(DAY))[0] == end


def test_days_are_closed_in_turn_and_after_their_end() -> None:
    before, tomorrow = books(DAY), DAY + timedelta(days=1)
    end = before.end + timedelta(days=1)
    assert close_refusal(tomorrow, end, before, end + SETTLING) is None
    assert isinstance(close_refusal(tomorrow, end, before, end), DayNotOver)
    skipped = close_refusal(tomorrow + timedelta(days=1), end, before, end + SETTLING)
    assert isinstance(skipped, DayNotNext)
    assert skipped.next == tomorrow


def test_debits_are_credits_or_the_day_stays_open() -> None:
    even = (Line("EARNED", "wallet", 0, 5, 1), Line("EARNED", "issuance", 5, 0, 1))
    assert balance_refusal(Tally(even, {}, {})) is None
    assert carried({Account.WALLET: 2}, even) == {Account.WALLET: 7, Account.ISSUANCE: -5}
    assert isinstance(balance_refusal(Tally(even[:1], {}, {})), BooksUnbalanced)
    assert isinstance(balance_refusal(Tally(even, {}, {}, ("e1", "e2"))), BooksUnbalanced)


@pytest.mark.parametrize("debt", [0, 30])
def test_what_is_owed_leaves_debt_out(debt: int) -> None:
    balances = {Account.WALLET: 5, Account.HELD: 3, Account.TRANSFER: 2, Account.DEBT: -debt}
    day = books(DAY)
    kept = Books(day.day, day.start, day.end, day.policy, day.tally, balances, {}, (), day.end, "x")
    assert (kept.owed, kept.debt) == (10, debt)
