"""Which bonus is given for what, and in which period it counts."""

from datetime import UTC, datetime, timedelta

import pytest

from services.loyalty.bonus.model import (
    BonusPeriod,
    BonusRule,
    BonusRules,
    BonusTrigger,
    Happened,
    NoBonus,
    check_happened,
    check_rules,
    rules_at,
)
from services.loyalty.model import CustomerId

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
VISIT = BonusRule("visit", BonusTrigger.VISIT, 5, period=BonusPeriod.DAY)


def happened(at: datetime = NOW, trigger: BonusTrigger = BonusTrigger.VISIT) -> Happened:
    return Happened(CustomerId("cus_1"), trigger, "visit-1", at)


def test_a_day_is_the_rules_time_zones() -> None:
    before, after = (VISIT.tally(datetime(2026, 3, 1, hour, 59, tzinfo=UTC)) for hour in (14, 15))
    assert before.at != after.at
    assert before.at == VISIT.tally(datetime(2026, 2, 28, 15, tzinfo=UTC)).at


def test_what_happened_is_judged_by_the_rules_in_force_then() -> None:
    versions = [BonusRules(version, (VISIT,) * version, NOW + version * timedelta(days=1)) for version in (1, 2)]
    found = [rules_at(versions, NOW + days * timedelta(days=1)).version for days in (0, 1, 1.9, 2, 9)]
    assert found == [0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("told", "path"),
    [
        (happened(NOW + timedelta(hours=1)), "input.at"),
        (happened(NOW - timedelta(days=8)), "input.at"),
        (happened(trigger=BonusTrigger.SURVEY), "input.trigger"),
        (Happened(CustomerId("nobody"), BonusTrigger.VISIT, "", NOW), "input.customerId input.sourceId"),
    ],
)
def test_what_gives_nothing_is_refused_by_field(told: Happened, path: str) -> None:
    problems = check_happened(told, BonusRules(1, (VISIT,), NOW), NOW)
    assert " ".join(".".join(problem.path) for problem in problems) == path
    assert [type(problem) is NoBonus for problem in problems].count(True) == (told.trigger is BonusTrigger.SURVEY)


def test_rules_that_contradict_are_refused_by_field() -> None:
    rules = (
        VISIT,
        BonusRule("visit", BonusTrigger.VISIT, 0, times=0, zone="Mars/Base", lives_days=0),
        BonusRule("late", BonusTrigger.SURVEY, 1, starts_at=NOW, ends_at=NOW),
    )
    paths = sorted(".".join(problem.path[2:]) for problem in check_rules(BonusRules(0, rules)))
    assert paths == ["1.livesDays", "1.name", "1.points", "1.timeZone", "1.times", "2.endsAt"]
