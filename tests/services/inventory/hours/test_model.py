"""When a location is open: weekdays, over midnight, special days, and the nights on which clocks change."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.errors import InvalidInput
from services.inventory.hours.model import (
    DAY_MIN,
    HORIZON_DAYS,
    Interval,
    OpeningHours,
    SpecialDay,
    after_open_minutes,
    business_day,
    check_hours,
    is_open,
    next_opening,
    parse_minute,
    period_at,
    show_minute,
)

TOKYO = "Asia/Tokyo"
NEW_YORK = "America/New_York"
NINE_TO_FIVE = Interval(9 * 60, 17 * 60)
BAR = Interval(18 * 60, 26 * 60)
SHOP = OpeningHours(week=((NINE_TO_FIVE,),) * 5 + ((),) * 2)
LUNCH = OpeningHours(week=((Interval(10 * 60, 13 * 60), Interval(15 * 60, 20 * 60)),) * 7)
NIGHT = OpeningHours(week=((BAR,),) * 7)
ALWAYS = OpeningHours(week=((Interval(0, DAY_MIN),),) * 7)


def tokyo(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of November 2026, by the clock in Tokyo; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=9)


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (SHOP, tokyo(23, 8, 59), False),
        (SHOP, tokyo(23, 9), True),
        (SHOP, tokyo(23, 16, 59), True),
        (SHOP, tokyo(23, 17), False),
        (SHOP, tokyo(28, 12), False),
        (LUNCH, tokyo(23, 14), False),
        (LUNCH, tokyo(23, 15), True),
        (NIGHT, tokyo(24, 1, 59), True),
        (NIGHT, tokyo(24, 2), False),
        (ALWAYS, tokyo(24, 0), True),
        (None, tokyo(24, 3), True),
    ],
)
def test_it_is_open_exactly_within_its_hours(hours: OpeningHours | None, at: datetime, expected: bool) -> None:
    assert is_open(hours, TOKYO, at) is expected


def test_a_special_day_replaces_its_weekday_and_the_night_before_goes_on() -> None:
    closed = SpecialDay(date(2026, 11, 24), name="inventory")
    hours = OpeningHours(NIGHT.week, (closed,))
    assert is_open(hours, TOKYO, tokyo(24, 1)), "Monday's night ends on Tuesday"
    assert not is_open(hours, TOKYO, tokyo(24, 20))
    assert not is_open(hours, TOKYO, tokyo(25, 1))
    late = OpeningHours(SHOP.week, (SpecialDay(date(2026, 11, 28), (Interval(10 * 60, 12 * 60),)),))
    assert is_open(late, TOKYO, tokyo(28, 11))


def test_the_night_belongs_to_the_day_it_began_on() -> None:
    assert business_day(NIGHT, TOKYO, tokyo(24, 1, 59)) == date(2026, 11, 23)
    assert business_day(NIGHT, TOKYO, tokyo(24, 2)) == date(2026, 11, 24)
    assert business_day(None, TOKYO, datetime(2026, 11, 23, 15, 0, tzinfo=UTC)) == date(2026, 11, 24)


def test_the_next_opening_is_the_first_that_begins_later() -> None:
    friday_evening = tokyo(27, 18)
    period = next_opening(SHOP, TOKYO, friday_evening)
    assert period is not None
    assert (period.opens_at, period.closes_at, period.day) == (tokyo(30, 9), tokyo(30, 17), date(2026, 11, 30))
    during = next_opening(SHOP, TOKYO, tokyo(23, 12))
    assert during is not None
    assert during.opens_at == tokyo(24, 9)
    assert next_opening(OpeningHours(((),) * 7), TOKYO, friday_evening) is None


def test_a_clock_that_is_put_forward_makes_the_night_shorter() -> None:
    """In New York 02:00 to 03:00 of 8 March 2026 does not exist."""
    hours = OpeningHours(week=((Interval(22 * 60, 28 * 60),),) * 7)
    night = period_at(hours, NEW_YORK, datetime(2026, 3, 8, 5, 0, tzinfo=UTC))
    assert night is not None
    assert night.closes_at - night.opens_at == timedelta(hours=5)
    skipped = OpeningHours(week=((Interval(2 * 60 + 15, 2 * 60 + 45),),) * 7)
    assert is_open(skipped, NEW_YORK, datetime(2026, 3, 8, 7, 20, tzinfo=UTC)), "02:20 is shown as 03:20"


def test_a_clock_that_is_put_back_makes_the_night_longer_and_a_closing_time_that_comes_twice_is_the_second() -> None:
    """In New York 01:00 to 02:00 of 1 November 2026 comes twice, at 05:00 and at 06:00 UTC."""
    hours = OpeningHours(week=((Interval(22 * 60, 25 * 60 + 30),),) * 7)
    night = period_at(hours, NEW_YORK, datetime(2026, 11, 1, 4, 0, tzinfo=UTC))
    assert night is not None
    assert night.closes_at == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    early = OpeningHours(week=((Interval(90, 240),),) * 7)
    assert is_open(early, NEW_YORK, datetime(2026, 11, 1, 5, 30, tzinfo=UTC)), "an opening time that does, the first"


def test_open_minutes_are_counted_while_it_is_open() -> None:
    assert after_open_minutes(SHOP, TOKYO, tokyo(23, 10), 30) == tokyo(23, 10, 30)
    assert after_open_minutes(SHOP, TOKYO, tokyo(23, 16, 50), 30) == tokyo(24, 9, 20)
    assert after_open_minutes(SHOP, TOKYO, tokyo(27, 16, 50), 30) == tokyo(30, 9, 20)
    assert after_open_minutes(SHOP, TOKYO, tokyo(23, 6), 0) == tokyo(23, 9)
    assert after_open_minutes(None, TOKYO, tokyo(23, 6), 5) == tokyo(23, 6, 5)
    assert after_open_minutes(OpeningHours(((),) * 7), TOKYO, tokyo(23, 6), 5) is None


@pytest.mark.parametrize(
    ("text", "minute"),
    [("00:00", 0), ("09:30", 570), ("24:00", 1440), ("24:01", None), ("9:30", None), ("12:60", None), ("", None)],
)
def test_a_time_of_day_is_read_strictly(text: str, minute: int | None) -> None:
    assert parse_minute(text) == minute


@pytest.mark.parametrize(
    ("hours", "path"),
    [
        (OpeningHours(((Interval(-1, 60),),) + ((),) * 6), "weekly.MONDAY.intervals.0.opens"),
        (OpeningHours(((),) * 6 + ((Interval(60, 60),),)), "weekly.SUNDAY.intervals.0.closes"),
        (OpeningHours(((Interval(60, 60 + DAY_MIN + 1),),) + ((),) * 6), "weekly.MONDAY.intervals.0.closes"),
        (OpeningHours(((Interval(0, 90), Interval(60, 99)),) + ((),) * 6), "weekly.MONDAY.intervals.1"),
        (OpeningHours((tuple(Interval(n, n + 1) for n in range(9)),) + ((),) * 6), "weekly.MONDAY"),
        (OpeningHours(SHOP.week, (SpecialDay(date(2026, 1, 1)),) * 2), "specialDays.1.day"),
        (OpeningHours(SHOP.week, (SpecialDay(date(2026, 1, 1), name=""),)), "specialDays.0.name"),
    ],
)
def test_hours_that_cannot_be_are_refused_by_the_exact_path(hours: OpeningHours, path: str) -> None:
    (problem,) = check_hours(hours, ())
    assert isinstance(problem, InvalidInput)
    assert ".".join(problem.path) == path


MINUTES = st.integers(0, DAY_MIN - 1)
INTERVALS = st.tuples(MINUTES, st.integers(1, DAY_MIN)).map(lambda pair: Interval(pair[0], pair[0] + pair[1]))
WEEKS = st.tuples(*[st.lists(INTERVALS, max_size=2).map(tuple)] * 7).map(OpeningHours)
ZONES = st.sampled_from([TOKYO, NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "UTC"])
INSTANTS = st.integers(0, 2 * 365 * DAY_MIN).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n))


@given(WEEKS, ZONES, INSTANTS)
@settings(max_examples=150, deadline=None)
def test_the_three_ways_to_ask_agree(hours: OpeningHours, zone: str, at: datetime) -> None:
    period = period_at(hours, zone, at)
    assert is_open(hours, zone, at) is (period is not None)
    if period is not None:
        assert period.opens_at <= at < period.closes_at
        assert business_day(hours, zone, at) == period.day
    following = next_opening(hours, zone, at)
    if following is not None:
        assert at < following.opens_at < at + timedelta(days=HORIZON_DAYS + 1)
        assert is_open(hours, zone, following.opens_at)
    ready = after_open_minutes(hours, zone, at, 45)
    if ready is not None:
        assert ready >= at + timedelta(minutes=45) or period is None
        assert is_open(hours, zone, ready)


@given(st.integers(0, DAY_MIN))
def test_a_shown_time_is_read_again(minute: int) -> None:
    assert parse_minute(show_minute(minute)) == minute
