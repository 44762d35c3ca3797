"""Promotions that cannot be, and those that could never apply, are refused with the reason."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kit.errors import InvalidInput, NotFound
from services.catalog.promotion.checks import check_promotion
from services.catalog.promotion.documents import draft_document, draft_of, told
from services.catalog.promotion.model import (
    Action,
    ActionKind,
    Conditions,
    Limits,
    NeverApplies,
    PromotionDraft,
    Reach,
    Target,
    WeeklyWindow,
)
from tests.services.catalog.shop import NOW, TOKYO, WEB

CHANNELS = {"web": WEB, "tokyo": TOKYO}
GOOD = PromotionDraft({"en": "Sale"}, Action(ActionKind.PERCENT, percent_bp=1_000))
DAY = timedelta(days=1)
MONDAYS = WeeklyWindow(frozenset({1}), 600, 720, "Asia/Tokyo")
"""From ten to twelve; NOW is a Sunday."""


def limits(**values: Any) -> PromotionDraft:
    return replace(GOOD, currency="EUR", limits=Limits(**values))


def when(**values: Any) -> PromotionDraft:
    return replace(GOOD, conditions=Conditions(**values))


@pytest.mark.parametrize(
    ("draft", "reason"),
    [
        (when(valid_from=NOW + DAY, valid_until=NOW + DAY), "it ends before it begins"),
        (when(valid_until=NOW), "it is over already"),
        (
            when(target=Target(frozenset("A"), excluded_skus=frozenset("AB"))),
            "every SKU and collection it names is excluded",
        ),
        (
            when(target=Target(collection_ids=frozenset("A"), excluded_collection_ids=frozenset("AB"))),
            "every SKU and collection it names is excluded",
        ),
        (limits(budget_minor=0), "a limit is 0"),
        (limits(max_uses=0), "a limit is 0"),
        (replace(GOOD, action=Action(ActionKind.POINTS)), "it gives no points"),
        (when(windows=(replace(MONDAYS, weekdays=frozenset()),)), "its weekly windows are empty"),
        (when(windows=(MONDAYS,), valid_until=NOW + timedelta(hours=20)), "no weekly window opens while it is valid"),
        (
            replace(GOOD, currency="JPY", conditions=Conditions(channels=frozenset({"web"}))),
            "none of its channels sells in JPY",
        ),
    ],
)
def test_a_promotion_that_can_never_apply_is_refused_with_the_reason(draft: PromotionDraft, reason: str) -> None:
    (problem,) = check_promotion(draft, CHANNELS, now=NOW)

    assert isinstance(problem, NeverApplies)
    assert problem.reason == reason


def test_one_that_can_apply_is_not() -> None:
    monday = when(windows=(MONDAYS,), valid_until=NOW + timedelta(hours=21))

    assert [check_promotion(draft, CHANNELS, now=NOW) for draft in (GOOD, monday)] == [[], []]


@pytest.mark.parametrize(
    ("draft", "path"),
    [
        (replace(GOOD, names={}), "names"),
        (replace(GOOD, action=Action(ActionKind.PERCENT)), "action.percent"),
        (replace(GOOD, action=Action(ActionKind.PERCENT, percent_bp=10_001)), "action.percent"),
        (replace(GOOD, action=Action(ActionKind.AMOUNT), currency="EUR"), "action.amount"),
        (replace(GOOD, action=Action(ActionKind.AMOUNT, amount_minor=1)), "currency"),
        (replace(GOOD, action=Action(ActionKind.BUY_X_GET_Y, percent_bp=1)), "action.buy"),
        (replace(GOOD, action=Action(ActionKind.CHEAPEST, get=0, percent_bp=1)), "action.get"),
        (replace(GOOD, action=Action(ActionKind.SHIPPING)), "action"),
        (replace(GOOD, action=Action(ActionKind.POINTS, Reach.BASKET, points=1)), "action.reach"),
        (replace(GOOD, priority=1_001), "priority"),
        (replace(GOOD, group=""), "group"),
        (limits(max_uses=-1), "limits.maxUses"),
        (when(min_quantity=0), "conditions.minQuantity"),
        (when(min_basket_minor=-1), "conditions.minBasket"),
        (when(ranks=frozenset({""})), "conditions.ranks"),
        (when(windows=(replace(MONDAYS, time_zone="Mars/Base"),)), "conditions.windows.0.timeZone"),
        (when(windows=(replace(MONDAYS, weekdays=frozenset({8})),)), "conditions.windows.0.weekdays"),
    ],
)
def test_a_value_that_can_never_be_is_named(draft: PromotionDraft, path: str) -> None:
    problems = check_promotion(draft, CHANNELS, now=NOW)

    assert [type(problem) for problem in problems][:1] == [InvalidInput]
    assert ("input", *path.split(".")) in [problem.path for problem in problems]


def test_a_channel_nobody_made_is_named() -> None:
    assert check_promotion(when(channels=frozenset({"moon"})), CHANNELS, now=NOW) == [
        NotFound(path=("input", "conditions", "channels"), kind="Channel", id="moon")
    ]


def test_what_is_kept_and_what_is_told_is_what_was_said() -> None:
    whole = PromotionDraft(
        {"en": "All"},
        Action(ActionKind.AMOUNT, Reach.BASKET, amount_minor=5),
        Conditions(
            Target(frozenset("ab"), frozenset("c"), frozenset("d"), frozenset("e")),
            1,
            2,
            frozenset("s"),
            frozenset("r"),
            frozenset({"web"}),
            frozenset("l"),
            NOW,
            NOW + DAY,
            (MONDAYS,),
            True,
            True,
        ),
        Limits(1, 2, 3),
        "EUR",
        4,
        "g",
        True,
        False,
    )

    assert draft_of(draft_document(whole)) == whole
    assert draft_of(told(whole)) == whole
