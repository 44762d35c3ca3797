"""The one precedence: which price of a variant holds, and what is said of the others."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InvalidInput, NotFound
from services.catalog.model import PriceEntry
from services.catalog.pricing.history import PRIOR_PERIOD, PricePoint, lowest_prior
from services.catalog.pricing.model import (
    MAX_LIST_PRICES,
    ListPrice,
    ListPriceDraft,
    Misfit,
    PriceBook,
    PriceContext,
    PriceOverlap,
    Scope,
    Step,
    base_prices,
    check_list_price,
    explain,
    pick,
    with_price,
)
from tests.services.catalog.shop import NOW

HOUR = timedelta(hours=1)
HERE = PriceContext("EUR", "web", NOW, "loc_1", frozenset({"vip", "staff"}), "GOLD", 10)


def price(id: str, amount: int = 100, **values: Any) -> ListPrice:
    scope = {name: values.pop(name) for name in list(values) if name in Scope.__dataclass_fields__}
    return ListPrice(id, Scope(**{"currency": "EUR", **scope}), amount, **values)


LADDER = [
    price("rank and segment", rank="GOLD", segment="vip"),
    price("rank", rank="GOLD", location="loc_1"),
    price("segment", segment="vip", channel="web"),
    price("location and channel", location="loc_1", channel="web"),
    price("location", location="loc_1", min_quantity=10),
    price("channel", channel="web"),
    price("tier", min_quantity=10),
    price("lower tier", min_quantity=5, valid_until=NOW + HOUR),
    price("campaign", valid_until=NOW + HOUR),
    price("standing"),
    *base_prices([PriceEntry("EUR", 1, "web"), PriceEntry("EUR", 1)]),
]
"""Each goes before all that follow it, though the last are the cheapest."""


@given(st.permutations(LADDER))
def test_the_precedence_is_a_ladder_whatever_the_order(prices: list[ListPrice]) -> None:
    left = list(prices)
    winners = []
    while (winner := pick(left, HERE)) is not None:
        winners.append(winner.id)
        left.remove(winner)

    assert winners == [one.id for one in LADDER]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"currency": "JPY"}, Misfit.CURRENCY),
        ({"channel": "app"}, Misfit.CHANNEL),
        ({"location": "loc_2"}, Misfit.LOCATION),
        ({"segment": "press"}, Misfit.SEGMENT),
        ({"rank": "SILVER"}, Misfit.RANK),
        ({"min_quantity": 11}, Misfit.QUANTITY),
        ({"valid_from": NOW + timedelta(milliseconds=1)}, Misfit.NOT_YET),
        ({"valid_until": NOW}, Misfit.OVER),
        ({"valid_from": NOW, "valid_until": NOW + HOUR}, None),
    ],
)
def test_what_does_not_hold_says_why(values: dict[str, Any], why: Misfit | None) -> None:
    (candidate,) = explain([price("one", **values)], HERE)

    assert (candidate.misfit, candidate.won) == (why, why is None)


def test_every_candidate_says_at_which_step_it_lost_and_to_whom() -> None:
    candidates = explain(LADDER, HERE)

    assert [one.price.id for one in candidates] == [one.id for one in LADDER]
    assert [one.lost_at for one in candidates] == [None, *[Step.WHO] * 11]
    after = explain(LADDER[5:], HERE)
    assert [one.lost_at for one in after][1:] == [Step.WHERE] * 6
    last = explain(LADDER[8:], HERE)
    assert [one.lost_at for one in last] == [None, Step.WHEN, Step.WHEN, Step.WHEN]
    assert {one.lost_to for one in last[1:]} == {"campaign"}
    assert [one.lost_at for one in explain(LADDER[9:], HERE)][1:] == [Step.BASE, Step.BASE]


def test_a_customer_of_two_segments_pays_the_lower_of_their_prices() -> None:
    two = [price("vip", 90, segment="vip"), price("staff", 80, segment="staff")]

    winner, loser = explain(two, HERE)

    assert (winner.price.id, loser.lost_at) == ("staff", Step.AMOUNT)


def test_prices_of_the_same_precedence_may_follow_but_not_overlap() -> None:
    book = PriceBook((price("old", valid_from=NOW, valid_until=NOW + HOUR),))
    follows = ListPriceDraft("MUG", price("next", valid_from=NOW + HOUR, valid_until=NOW + 2 * HOUR))
    overlaps = ListPriceDraft("MUG", price("late", valid_from=NOW, valid_until=NOW + 2 * HOUR))
    beside = ListPriceDraft("MUG", price("vip", segment="vip", valid_from=NOW, valid_until=NOW + 2 * HOUR))
    standing = ListPriceDraft("MUG", price("standing"))

    assert with_price(book, overlaps).refusals == [PriceOverlap(sku="MUG", price_id="late", other_id="old")]
    assert all(with_price(book, one).refusals == [] for one in (follows, beside, standing))


def test_a_scheduled_change_ends_the_standing_price_when_it_begins() -> None:
    book = PriceBook((price("old", 100), price("other", 100, channel="web")))
    change = ListPriceDraft("MUG", price("new", 120, valid_from=NOW), end_previous=True)

    edit = with_price(book, change)

    assert {one.id: one.valid_until for one in edit.prices} == {"old": NOW, "other": None, "new": None}
    moments = (NOW - timedelta(milliseconds=1), NOW)
    held = [pick(edit.prices, replace(HERE, channel="app", at=at)) for at in moments]
    assert [one and one.amount_minor for one in held] == [100, 120]
    assert with_price(book, replace(change, end_previous=False)).refusals != []


def test_replacing_a_price_that_is_not_there_and_one_too_many_are_refused() -> None:
    draft = ListPriceDraft("MUG", price("gone"), is_new=False)
    full = PriceBook(tuple(price(f"p{n}", min_quantity=n + 1) for n in range(MAX_LIST_PRICES)))

    assert with_price(PriceBook(), draft).refusals == [NotFound(path=("input", "id"), kind="ListPrice", id="gone")]
    assert isinstance(with_price(full, ListPriceDraft("MUG", price("more", rank="A"))).refusals[0], InvalidInput)


@pytest.mark.parametrize(
    ("draft", "name"),
    [
        (ListPriceDraft("", price("p")), "sku"),
        (ListPriceDraft("M", price("p", -1)), "amount"),
        (ListPriceDraft("M", price("p", 100, compare_at_minor=100)), "compareAt"),
        (ListPriceDraft("M", price("p", min_quantity=0)), "minQuantity"),
        (ListPriceDraft("M", price("p", valid_from=NOW, valid_until=NOW)), "validUntil"),
        (ListPriceDraft("M", price("p"), end_previous=True), "endPrevious"),
        (ListPriceDraft("M", price("p", segment="")), "segment"),
    ],
)
def test_a_price_that_cannot_be_is_refused_by_its_field(draft: ListPriceDraft, name: str) -> None:
    assert [problem.path for problem in check_list_price(draft)] == [("input", name)]


def points(*pairs: tuple[int, int | None]) -> list[PricePoint]:
    return [PricePoint(NOW + timedelta(days=day), amount) for day, amount in pairs]


@pytest.mark.parametrize(
    ("history", "low"),
    [
        (points((-90, 100)), None),
        (points((-90, 100), (-5, 80)), 100),
        (points((-90, 70), (-60, 100), (-5, 80)), 100),
        (points((-90, 70), (-34, 100), (-5, 80)), 70),
        (points((-90, 70), (-35, 100), (-5, 80)), 100),
        (points((-90, 100), (-5, 120)), None),
        (points((-90, 100), (-5, 80), (0, 120)), None),
        (points((-90, 100), (-20, 50), (-15, 100), (-5, 80)), 50),
        (points((-90, None), (-5, 80)), None),
        ([], None),
    ],
)
def test_the_prior_price_is_the_lowest_of_thirty_days_before_the_reduction(
    history: list[PricePoint], low: int | None
) -> None:
    assert timedelta(days=30) == PRIOR_PERIOD
    assert lowest_prior(history, NOW) == low
