"""What a basket earns, and which programmes could never be meant."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.loyalty.accrual.model import Accrual, Heard, Trade
from services.loyalty.earning.model import (
    FIRST,
    Basket,
    BasketLine,
    Campaign,
    EarnRule,
    Hours,
    Part,
    Programme,
    Programmes,
    check_programme,
)
from services.loyalty.model import CustomerId

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
"""A Wednesday, noon in Tokyo."""
DAY = timedelta(days=1)
RATE = {"JPY": 100, "USD": 100}
MEMBER = CustomerId("cus_1")


def basket(*lines: tuple[str, int], currency: str = "JPY", **more: Any) -> Basket:
    of = tuple(BasketLine(sku, 1, gross) for sku, gross in lines)
    return Basket(sum(gross for _, gross in lines), currency, more.pop("at", NOW), lines=of, **more)


def programme(*campaigns: Campaign, version: int = 2, **more: Any) -> Programme:
    return Programme(EarnRule(version, RATE), campaigns, **more)


def test_campaigns_add_to_the_base_rule_by_rule_each_rounded_down() -> None:
    double_shoes = Campaign("shoes", extra_bp=10_000, skus=frozenset({"SHOE"}))
    welcome = Campaign("app", fixed=50, channels=frozenset({"app"}))
    rules = programme(double_shoes, welcome)
    bought = basket(("SHOE", 1_950), ("SOCK", 199), channel="app")
    assert rules.parts(bought) == [Part(None, 21), Part("shoes", 19), Part("app", 50)]
    assert rules.points(bought) == 90
    assert rules.points(replace(bought, channel="web")) == 40


@pytest.mark.parametrize(
    ("campaign", "applies"),
    [
        (Campaign("x", fixed=1, starts_at=NOW), True),
        (Campaign("x", fixed=1, starts_at=NOW + DAY), False),
        (Campaign("x", fixed=1, ends_at=NOW), False),
        (Campaign("x", fixed=1, ends_at=NOW + DAY), True),
        (Campaign("x", fixed=1, locations=frozenset({"loc_1"})), True),
        (Campaign("x", fixed=1, locations=frozenset({"loc_2"})), False),
        (Campaign("x", fixed=1, skus=frozenset({"A", "Z"})), True),
        (Campaign("x", fixed=1, skus=frozenset({"Z"})), False),
        (Campaign("x", fixed=1, min_gross_minor={"JPY": 1_000}), True),
        (Campaign("x", fixed=1, min_gross_minor={"JPY": 1_001}), False),
        (Campaign("x", fixed=1, min_gross_minor={"USD": 1}), False),
        (Campaign("x", fixed=1, hours=Hours("Asia/Tokyo", (2,))), True),
        (Campaign("x", fixed=1, hours=Hours("America/New_York", (2,))), False),
        (Campaign("x", fixed=1, hours=Hours("Asia/Tokyo", (), time(12), time(13))), True),
        (Campaign("x", fixed=1, hours=Hours("Asia/Tokyo", (), time(11), time(12))), False),
        (Campaign("x", fixed=1, hours=Hours("Asia/Tokyo", (), time(22), time(12, 30))), True),
    ],
)
def test_a_campaign_applies_where_every_condition_is_met(campaign: Campaign, applies: bool) -> None:
    assert campaign.applies(basket(("A", 1_000), location="loc_1")) is applies


def test_the_programme_in_force_is_the_newest_that_has_begun() -> None:
    later = programme(version=3, valid_from=NOW + DAY)
    programmes = Programmes((FIRST, programme(valid_from=NOW), later))
    assert [programmes.at(NOW + days * DAY).version for days in (-1, 0, 1)] == [1, 2, 3]
    assert programmes.newest is later
    with pytest.raises(KeyError):
        programmes.by_version(9)


@settings(deadline=None)
@given(
    lines=st.lists(st.integers(1, 50_000), min_size=1, max_size=6),
    back=st.lists(st.integers(0, 40_000), max_size=5),
    extra=st.integers(0, 30_000),
    fixed=st.integers(0, 500),
    order_at=st.integers(0, 5),
)
def test_returns_never_take_back_more_than_was_earned_and_all_of_it_in_the_end(
    lines: list[int], back: list[int], extra: int, fixed: int, order_at: int
) -> None:
    programmes = Programmes((FIRST, programme(Campaign("c", extra_bp=extra, fixed=fixed), valid_from=NOW)))
    of = tuple(BasketLine(f"S{n}", 1, gross) for n, gross in enumerate(lines))
    bought = Heard("o", Trade.ORDER, "ord_1", MEMBER, sum(lines), "JPY", NOW, lines=of)
    returns = [
        Heard(f"r{n}", Trade.RETURN, "ord_1", MEMBER, gross, "JPY", NOW, f"ret_{n}") for n, gross in enumerate(back)
    ]
    heard = [*returns[:order_at], bought, *returns[order_at:]]
    accrual = Accrual("ord_1")
    for one in heard:
        accrual = accrual.hear(one, programmes, NOW)
        assert accrual.credited == accrual.due(programmes) >= 0
    assert accrual.credited <= programmes.at(NOW).points(bought.basket)
    assert accrual.credited == programmes.at(NOW).points(bought.basket) or any(back)
    rest = Heard("all", Trade.RETURN, "ord_1", MEMBER, sum(lines), "JPY", NOW, "ret_all")
    assert accrual.hear(rest, programmes, NOW).credited == 0


@pytest.mark.parametrize(
    ("wrong", "path", "code"),
    [
        (programme(pending_days=-1), "pendingDays", "INVALID_INPUT"),
        (programme(valid_from=NOW - DAY), "validFrom", "INVALID_INPUT"),
        (Programme(EarnRule(2, {})), "minorUnitsPerPoint", "INVALID_INPUT"),
        (Programme(EarnRule(2, {"JPY": 0})), "minorUnitsPerPoint.0.minorUnits", "INVALID_INPUT"),
        (programme(Campaign("x", fixed=1), Campaign("x", fixed=2)), "campaigns.1.name", "INVALID_INPUT"),
        (programme(Campaign("", fixed=1)), "campaigns.0.name", "INVALID_INPUT"),
        (programme(Campaign("x")), "campaigns.0.extraBasisPoints", "CAMPAIGN_NEVER_APPLIES"),
        (programme(Campaign("x", fixed=-1)), "campaigns.0.fixedPoints", "INVALID_INPUT"),
        (programme(Campaign("x", fixed=1, ends_at=NOW)), "campaigns.0.endsAt", "CAMPAIGN_NEVER_APPLIES"),
        (
            programme(Campaign("x", fixed=1, starts_at=NOW + 2 * DAY, ends_at=NOW + DAY)),
            "campaigns.0.endsAt",
            "CAMPAIGN_NEVER_APPLIES",
        ),
        (programme(Campaign("x", fixed=1, hours=Hours("Mars/Olympus"))), "campaigns.0.hours.timeZone", "INVALID_INPUT"),
        (programme(Campaign("x", fixed=1, hours=Hours("UTC", (7,)))), "campaigns.0.hours.weekdays", "INVALID_INPUT"),
        (programme(Campaign("x", fixed=1, hours=Hours("UTC", (), time(9)))), "campaigns.0.hours", "INVALID_INPUT"),
        (
            programme(Campaign("x", fixed=1, hours=Hours("UTC", (), time(9), time(9)))),
            "campaigns.0.hours",
            "CAMPAIGN_NEVER_APPLIES",
        ),
    ],
)
def test_what_can_never_be_meant_is_refused_by_its_field(wrong: Programme, path: str, code: str) -> None:
    problems = check_programme(wrong, NOW)
    assert [(".".join(problem.path), problem.code) for problem in problems] == [(f"input.{path}", code)]


def test_a_sound_programme_is_taken() -> None:
    assert check_programme(programme(Campaign("x", extra_bp=5_000), valid_from=NOW, pending_days=14), NOW) == []
