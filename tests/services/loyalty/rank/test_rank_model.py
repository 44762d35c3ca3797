"""Which rank a member has, until when, and what a scheme may not say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.loyalty.model import CustomerId
from services.loyalty.rank.model import (
    Activity,
    Measure,
    Progress,
    RankScheme,
    Standing,
    Tier,
    Window,
    check_scheme,
    judged,
    progress,
    raised,
)

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
DAY = timedelta(days=1)
MEMBER = CustomerId("cus_1")
TIERS = (Tier("SILVER", 10_000), Tier("GOLD", 50_000))
YEARLY = RankScheme(1, TIERS, zone="Asia/Tokyo")
ROLLING = RankScheme(1, TIERS, window=Window.ROLLING, days=365)
NEW_YEAR_2028 = datetime(2027, 12, 31, 15, tzinfo=UTC)
"""Midnight in Tokyo."""


def test_a_calendar_year_begins_and_ends_in_the_schemes_time_zone() -> None:
    assert YEARLY.window_start(NOW) == datetime(2025, 12, 31, 15, tzinfo=UTC)
    assert YEARLY.window_start(datetime(2026, 12, 31, 14, 59, tzinfo=UTC)) == datetime(2025, 12, 31, 15, tzinfo=UTC)
    assert YEARLY.window_start(datetime(2026, 12, 31, 15, tzinfo=UTC)) == datetime(2026, 12, 31, 15, tzinfo=UTC)
    assert YEARLY.valid_until(NOW) == NEW_YEAR_2028
    assert replace(YEARLY, grace_days=31).valid_until(NOW) == NEW_YEAR_2028 + 31 * DAY


@pytest.mark.parametrize(
    ("spent", "before", "after"),
    [
        (9_999, None, None),
        (10_000, None, "SILVER"),
        (60_000, None, "GOLD"),
        (60_000, "SILVER", "GOLD"),
        (0, "GOLD", None),
    ],
)
def test_a_rank_goes_up_at_once_and_never_down_by_buying(spent: int, before: str | None, after: str | None) -> None:
    up = raised(YEARLY, Standing(MEMBER, before, NOW, NOW + DAY, 3), Activity(spent, 1), NOW)
    assert (None if up is None else up.rank) == after
    if up is not None:
        assert (up.since, up.valid_until, up.version) == (NOW, NEW_YEAR_2028, 3)


def test_at_a_periods_end_the_rank_is_renewed_or_goes_down_to_what_was_reached() -> None:
    gold = Standing(MEMBER, "GOLD", NOW, NEW_YEAR_2028, 3)
    renewed = judged(YEARLY, gold, Activity(50_000, 1))
    assert renewed == replace(gold, valid_until=datetime(2028, 12, 31, 15, tzinfo=UTC))
    silver = judged(YEARLY, gold, Activity(20_000, 1))
    assert (silver.rank, silver.since) == ("SILVER", NEW_YEAR_2028)
    assert judged(YEARLY, gold, Activity(0, 0)) == Standing(MEMBER, None, NEW_YEAR_2028, None, 3)
    of_days = judged(ROLLING, replace(gold, valid_until=NOW), Activity(70_000, 1))
    assert of_days.valid_until == NOW + 365 * DAY


def test_the_period_that_is_judged_ended_before_the_grace_began() -> None:
    scheme = replace(YEARLY, grace_days=31)
    standing = Standing(MEMBER, "GOLD", NOW, scheme.valid_until(NOW), 1)
    end = standing.period_end(scheme)
    assert end is not None
    assert scheme.window_start(end) == datetime(2026, 12, 31, 15, tzinfo=UTC)
    renewed = judged(scheme, standing, Activity(50_000, 1))
    assert renewed.valid_until == datetime(2028, 12, 31, 15, tzinfo=UTC) + 31 * DAY


def test_the_way_to_the_next_rank() -> None:
    assert progress(YEARLY, Standing(MEMBER), Activity(4_000, 1)) == Progress("SILVER", 4_000, 10_000)
    way = progress(YEARLY, Standing(MEMBER, "SILVER"), Activity(70_000, 1))
    assert way is not None
    assert (way.rank, way.missing) == ("GOLD", 0)
    assert progress(YEARLY, Standing(MEMBER, "GOLD"), Activity()) is None
    assert progress(RankScheme(0, ()), Standing(MEMBER), Activity()) is None


def test_visits_may_be_what_counts_and_a_rank_that_is_gone_is_none() -> None:
    visits = replace(YEARLY, measure=Measure.VISITS, tiers=(Tier("REGULAR", 3),))
    up = raised(visits, Standing(MEMBER, "PLATINUM", NOW, NOW + DAY, 1), Activity(0, 3), NOW)
    assert up is not None
    assert up.rank == "REGULAR"


@pytest.mark.parametrize(
    ("wrong", "path", "code"),
    [
        (replace(YEARLY, tiers=(Tier("A", 5), Tier("B", 5))), "tiers.1.atLeast", "TIERS_NOT_ASCENDING"),
        (replace(YEARLY, tiers=(Tier("A", 5), Tier("A", 6))), "tiers.1.name", "INVALID_INPUT"),
        (replace(YEARLY, tiers=(Tier("", 5),)), "tiers.0.name", "INVALID_INPUT"),
        (replace(YEARLY, tiers=(Tier("A", 0),)), "tiers.0.atLeast", "INVALID_INPUT"),
        (replace(YEARLY, zone="Moon"), "timeZone", "INVALID_INPUT"),
        (replace(YEARLY, currency="XXX"), "currency", "INVALID_INPUT"),
        (replace(YEARLY, days=0), "windowDays", "INVALID_INPUT"),
        (replace(YEARLY, grace_days=-1), "graceDays", "INVALID_INPUT"),
        (replace(YEARLY, tiers=tuple(Tier(f"T{n}", n + 1) for n in range(11))), "tiers", "INVALID_INPUT"),
    ],
)
def test_what_no_scheme_may_say_is_refused_by_its_field(wrong: RankScheme, path: str, code: str) -> None:
    assert [(".".join(one.path), one.code) for one in check_scheme(wrong)] == [(f"input.{path}", code)]
