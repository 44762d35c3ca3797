"""What each kind of promotion takes off, and when."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kit.errors import InvalidInput, NotFound
from services.catalog.pricing.tax import Rounding, TaxClass, TaxMode, TaxPolicy, TaxRate
from services.catalog.promotion.model import (
    Action,
    ActionKind,
    Conditions,
    Limits,
    Promotion,
    Reach,
    Target,
    WeeklyWindow,
)
from services.catalog.quote.model import MAX_QUANTITY, Quote, WantedLine, check_lines, price_basket
from services.catalog.quote.refusals import NotPriced
from tests.services.catalog.quote.baskets import amount, item, market, percent, priced, promotion
from tests.services.catalog.shop import NOW

KNOWN = {"A": item("A", 1_000), "B": item("B", 300), "C": item("C", 500)}
BASKET = [WantedLine("A", 2), WantedLine("B", 3), WantedLine("C", 1)]
"""2000, 900 and 500 yen."""
HOUR = timedelta(hours=1)


def taken(quote: Quote) -> list[int]:
    return [line.list_minor - line.amount_minor for line in quote.lines]


@pytest.mark.parametrize(
    ("action", "off"),
    [
        (percent(1_000), [200, 90, 50]),
        (percent(1_000, Reach.BASKET), [200, 90, 50]),
        (percent(55, Reach.BASKET), [11, 5, 3]),
        (amount(400), [800, 900, 400]),
        (amount(100, Reach.BASKET), [59, 26, 15]),
        (amount(9_999, Reach.BASKET), [2_000, 900, 500]),
        (Action(ActionKind.FIXED_PRICE, amount_minor=400), [1_200, 0, 100]),
        (Action(ActionKind.BUY_X_GET_Y, buy=2, get=1, percent_bp=10_000), [0, 600, 0]),
        (Action(ActionKind.BUY_X_GET_Y, buy=1, get=1, percent_bp=5_000), [0, 450, 0]),
        (Action(ActionKind.CHEAPEST, get=4, percent_bp=10_000), [0, 900, 500]),
    ],
)
def test_each_kind_takes_off_what_it_says(action: Action, off: list[int]) -> None:
    assert taken(priced(BASKET, KNOWN, market(promotion("prm", action)))) == off


@pytest.mark.parametrize(
    ("target", "off"),
    [
        (Target(skus=frozenset({"A"})), [1_000, 0, 0]),
        (Target(product_ids=frozenset({"prd_C"})), [0, 0, 250]),
        (Target(category_ids=frozenset({"x"})), [1_000, 450, 0]),
        (Target(category_ids=frozenset({"x", "y"}), excluded_skus=frozenset({"B"})), [1_000, 0, 250]),
        (Target(), [1_000, 450, 250]),
        (Target(skus=frozenset({"Z"})), [0, 0, 0]),
    ],
)
def test_it_means_the_lines_its_target_names(target: Target, off: list[int]) -> None:
    assert taken(priced(BASKET, KNOWN, market(promotion("prm", percent(5_000), Conditions(target))))) == off


@pytest.mark.parametrize(
    ("conditions", "situation", "applies"),
    [
        (Conditions(min_basket_minor=3_400), {}, True),
        (Conditions(min_basket_minor=3_401), {}, False),
        (Conditions(min_quantity=6), {}, True),
        (Conditions(min_quantity=7), {}, False),
        (Conditions(Target(skus=frozenset({"A"})), min_quantity=3), {}, False),
        (Conditions(segments=frozenset({"vip", "x"})), {"segments": frozenset({"vip"})}, True),
        (Conditions(segments=frozenset({"vip"})), {}, False),
        (Conditions(ranks=frozenset({"GOLD"})), {"rank": "GOLD"}, True),
        (Conditions(ranks=frozenset({"GOLD"})), {"rank": "SILVER"}, False),
        (Conditions(channels=frozenset({"tokyo"})), {}, True),
        (Conditions(channels=frozenset({"web"})), {}, False),
        (Conditions(locations=frozenset({"loc_1"})), {"location": "loc_1"}, True),
        (Conditions(locations=frozenset({"loc_1"})), {}, False),
        (Conditions(valid_from=NOW, valid_until=NOW + HOUR), {}, True),
        (Conditions(valid_from=NOW + HOUR), {}, False),
        (Conditions(valid_until=NOW), {}, False),
        (Conditions(first_purchase=True), {"customer": "c", "is_first_purchase": True}, True),
        (Conditions(first_purchase=True), {"customer": "c"}, False),
        (Conditions(needs_coupon=True), {"coupons": {"prm": "cpn_1"}}, True),
        (Conditions(needs_coupon=True), {"coupons": {"other": "cpn_1"}}, False),
    ],
)
def test_it_applies_only_where_all_its_conditions_hold(
    conditions: Conditions, situation: dict[str, Any], applies: bool
) -> None:
    quote = priced(BASKET, KNOWN, market(promotion("prm", percent(5_000), conditions), **situation))

    assert (taken(quote) == [1_000, 450, 250]) is applies
    assert bool(quote.discounts) is applies


TOKYO = ZoneInfo("Asia/Tokyo")
LATE = WeeklyWindow(frozenset({5}), 22 * 60, 2 * 60, "Asia/Tokyo")
"""Fridays from ten until two."""


@pytest.mark.parametrize(
    ("day", "hour", "minute", "open_"),
    [(20, 21, 59, False), (20, 22, 0, True), (21, 1, 59, True), (21, 2, 0, False), (21, 22, 0, False)],
)
def test_a_weekly_window_goes_by_the_clock_of_its_zone_past_midnight(
    day: int, hour: int, minute: int, open_: bool
) -> None:
    assert LATE.holds(datetime(2026, 11, day, hour, minute, tzinfo=TOKYO)) is open_


def test_a_customers_own_limit_needs_a_customer_and_a_use_left() -> None:
    mine = promotion("prm", percent(5_000), limits=Limits(max_uses_per_customer=2))

    def off(**who: Any) -> bool:
        return taken(priced(BASKET, KNOWN, market(mine, **who))) != [0, 0, 0]

    assert [off(), off(customer="c"), off(customer="c", used={"prm": 1}), off(customer="c", used={"prm": 2})] == [
        False,
        True,
        True,
        False,
    ]


def test_priority_groups_and_exclusivity_say_who_goes_first_and_alone() -> None:
    first = promotion("prm_b", percent(1_000), priority=5, group="g")
    shut_out = promotion("prm_a", percent(9_000), group="g")
    after = promotion("prm_c", amount(100), priority=-1)
    alone = promotion("prm_d", percent(5_000), Conditions(Target(frozenset({"A"}))), priority=9, exclusive=True)

    quote = priced(BASKET, KNOWN, market(shut_out, after, first, alone))

    assert [[one.promotion.id for one in line.discounts] for line in quote.lines] == [
        ["prm_d"],
        ["prm_b", "prm_c"],
        ["prm_b", "prm_c"],
    ]
    assert taken(quote) == [1_000, 90 + 300, 50 + 100]


def test_switched_off_and_used_up_promotions_are_not_live() -> None:
    off = promotion("prm_a", percent(5_000), enabled=False)
    spent = promotion("prm_b", percent(5_000), limits=Limits(budget_minor=10))
    used = Promotion(spent.id, 1, spent.draft, NOW, uses=1, spent_minor=10)

    assert taken(priced(BASKET, KNOWN, market(off, used))) == [0, 0, 0]


def test_shipping_and_points_are_promised_and_points_count_what_is_left() -> None:
    ship = promotion("prm_a", Action(ActionKind.SHIPPING, percent_bp=10_000))
    points = promotion("prm_b", Action(ActionKind.POINTS, points=7, points_bp=100), priority=9)
    half = promotion("prm_c", percent(5_000))

    quote = priced(BASKET, KNOWN, market(ship, points, half))

    assert [(one.promotion.id, one.percent_bp) for one in quote.shipping] == [("prm_a", 10_000)]
    assert quote.extra_points == 7 + 17
    assert {one.promotion.id: one.amount_minor for one in quote.discounts} == {"prm_a": 0, "prm_b": 0, "prm_c": 1_700}


def test_another_currency_is_another_matter() -> None:
    euros = promotion("prm", amount(100), currency="EUR")

    assert taken(priced(BASKET, KNOWN, market(euros))) == [0, 0, 0]
    quoted = price_basket(BASKET[:1], KNOWN, market(currency="EUR"))
    expected = NotPriced(path=("input", "lines", "0", "sku"), sku="A", channel="tokyo", currency="EUR")
    assert quoted == [expected]


def test_the_document_totals_by_rate_what_a_japanese_invoice_shows() -> None:
    rates = (TaxRate(TaxClass.REDUCED, 800),)
    policy = TaxPolicy("tokyo", 1_000, rounding=Rounding.FLOOR, rates=rates)
    known = {**KNOWN, "C": item("C", 500, tax_class=TaxClass.REDUCED)}

    quote = priced(BASKET, known, market(policy=policy))

    assert [(r.rate_bp, r.gross_minor, r.tax_minor) for r in quote.rates] == [(1_000, 2_900, 263), (800, 500, 37)]
    on_top = priced(BASKET, known, market(policy=TaxPolicy("b", 1_000, TaxMode.EXCLUSIVE, Rounding.FLOOR, rates=rates)))
    assert (on_top.gross_minor, on_top.tax_minor) == (3_400 + 290 + 40, 330)


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ([], ("input", "lines")),
        ([WantedLine("A", 1)] * 201, ("input", "lines")),
        ([WantedLine("A", 1), WantedLine("B", 0)], ("input", "lines", "1", "quantity")),
        ([WantedLine("A", -1)], ("input", "lines", "0", "quantity")),
        ([WantedLine("A", MAX_QUANTITY), WantedLine("A", 1)], ("input", "lines", "0", "quantity")),
        ([WantedLine("", 1)], ("input", "lines", "0", "sku")),
    ],
)
def test_lines_that_can_never_be_quoted_are_named(lines: list[WantedLine], path: tuple[str, ...]) -> None:
    assert [problem.path for problem in check_lines(lines)] == [path]


def test_unknown_skus_and_a_basket_beyond_all_money_are_refused() -> None:
    unknown = price_basket([WantedLine("A", 1), WantedLine("Z", 1)], KNOWN, market())
    dear = price_basket([WantedLine("A", 10_000)], {"A": item("A", 2**31 - 1)}, market())

    assert unknown == [NotFound(path=("input", "lines", "1", "sku"), kind="Variant", id="Z")]
    assert isinstance(dear, list)
    assert isinstance(dear[0], InvalidInput)
