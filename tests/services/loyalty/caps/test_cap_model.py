"""What of an order's points fits under its caps, and what of it a return gives back."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.loyalty.accrual.model import Accrual, Heard, Trade, wants_of
from services.loyalty.caps.model import caps_of, fit
from services.loyalty.earning.model import FIRST, Basket, Campaign, EarnRule, Programme, Programmes, check_programme
from services.loyalty.model import CustomerId

NOW = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
MEMBER = CustomerId("cus_a")


def programme(*campaigns: Campaign, day: int | None = None, zone: str = "UTC") -> Programme:
    return Programme(EarnRule(2, {"JPY": 100}), campaigns, valid_from=NOW, day_limit=day, day_zone=zone)


def basket(gross: int) -> Basket:
    return Basket(gross, "JPY", NOW)


@pytest.mark.parametrize(
    ("rules", "rooms", "given"),
    [
        (programme(), {}, [10]),
        (programme(day=7), {}, [7]),
        (programme(day=70), {"day:2026-03-03:cus_a": 4}, [4]),
        (programme(day=70), {"day:2026-03-03:cus_a": -4}, []),
        (programme(Campaign("c", fixed=50, budget=30)), {}, [10, 30]),
        (programme(Campaign("c", fixed=50, budget=30)), {"budget:c": 9}, [10, 9]),
        (programme(Campaign("c", fixed=50, budget=30, member_limit=20)), {"member:cus_a:c": 3}, [10, 3]),
        (programme(Campaign("c", fixed=50), Campaign("d", fixed=50, budget=30), day=70), {}, [10, 50, 10]),
    ],
)
def test_each_rule_gives_what_its_caps_and_the_day_have_left(
    rules: Programme, rooms: dict[str, int], given: list[int]
) -> None:
    earned = fit(rules, basket(1_000), MEMBER, rooms)
    assert [part.points for part in earned.parts] == given
    assert earned.points == sum(given)
    assert earned.full == rules.points(basket(1_000))


def test_a_day_is_one_of_the_programmes_time_zone() -> None:
    assert [cap.id for cap in caps_of(programme(day=1, zone="Asia/Tokyo"), NOW, MEMBER)] == ["day:2026-03-04:cus_a"]


@settings(deadline=None)
@given(
    gross=st.integers(1, 50_000),
    back=st.lists(st.integers(0, 30_000), max_size=4),
    extra=st.integers(0, 30_000),
    limits=st.tuples(*[st.none() | st.integers(1, 900)] * 4),
    rooms=st.tuples(*[st.integers(0, 900)] * 3),
    order_at=st.integers(0, 4),
    pending=st.booleans(),
)
def test_the_room_an_order_holds_is_what_is_left_of_its_points(
    gross: int,
    back: list[int],
    extra: int,
    limits: tuple[int | None, int | None, int | None, int | None],
    rooms: tuple[int, int, int],
    order_at: int,
    pending: bool,
) -> None:
    day, of_member, budget, other = limits
    capped = Campaign("c", extra_bp=extra, fixed=40, member_limit=of_member, budget=budget)
    rules = Programme(
        EarnRule(2, {"JPY": 100}),
        (capped, Campaign("d", fixed=7, budget=other)),
        pending_days=30 if pending else 0,
        valid_from=NOW,
        day_limit=day,
    )
    programmes = Programmes((FIRST, rules))
    left = dict(zip(("day:2026-03-03:cus_a", "member:cus_a:c", "budget:c"), rooms, strict=True))
    bought = Heard("o", Trade.ORDER, "ord_1", MEMBER, gross, "JPY", NOW, member=MEMBER)
    returns = [
        Heard(f"r{n}", Trade.RETURN, "ord_1", MEMBER, part, "JPY", NOW, f"ret_{n}") for n, part in enumerate(back)
    ]
    rest = Heard("all", Trade.RETURN, "ord_1", MEMBER, gross, "JPY", NOW, "ret_all")
    wanted = {take.cap.id: take.points for take in wants_of({}, [("ord_1", bought)], programmes)}
    granted = {cap: min(points, left.get(cap, points)) for cap, points in wanted.items()}
    accruals = [Accrual("ord_1")]
    for one in (*returns[:order_at], bought, *returns[order_at:], rest):
        accruals.append(accruals[-1].hear(one, programmes, NOW, granted))
    for before, after in pairwise(accruals):
        held = after.held(programmes)
        assert {cap: before.held(programmes).get(cap, 0) + after.facts[-1].takes.get(cap, 0) for cap in held} == held
        assert all(0 <= points <= granted.get(cap, 0) for cap, points in held.items())
        assert all(moved <= 0 for moved in after.facts[-1].takes.values()) or after.facts[-1].trade is Trade.ORDER
        if day is not None and after.order is not None:
            assert held["day:2026-03-03:cus_a"] == after.due(programmes)
    assert not any(accruals[-1].held(programmes).values()), "what came back whole holds no room"
    assert accruals[-1].due(programmes) == 0


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (programme(day=0), "maximumPointsADay"),
        (programme(day=1, zone="Mars/Olympus"), "dayTimeZone"),
        (programme(Campaign("c", fixed=1, budget=0)), "campaigns.0.budgetPoints"),
        (programme(Campaign("c", fixed=1, member_limit=-1)), "campaigns.0.maximumPointsAMember"),
    ],
)
def test_a_cap_that_lets_nothing_through_is_refused(wrong: Programme, path: str) -> None:
    assert [".".join(problem.path) for problem in check_programme(wrong, NOW)] == [f"input.{path}"]
