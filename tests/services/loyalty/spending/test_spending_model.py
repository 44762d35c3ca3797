"""How many points a basket takes, and which rule keeps it from taking more."""

from typing import Any

import pytest

from kit.errors import InvalidInput
from services.loyalty.model import LotKind
from services.loyalty.spending.model import (
    Bound,
    Goods,
    Purse,
    SpendBasket,
    SpendingNotAllowed,
    SpendLimit,
    SpendLine,
    SpendRules,
    check_basket,
    check_spending,
)

GOODS = {"GIFTCARD": Goods("prd_gift", frozenset({"cat_vouchers", "cat_all"})), "MUG": Goods("prd_mug")}
RICH = Purse(100_000, {LotKind.REGULAR: 100_000})


def basket(total: int | None = None, currency: str = "JPY", **lines: int) -> SpendBasket:
    goods = tuple(SpendLine(sku, amount) for sku, amount in lines.items())
    return SpendBasket(goods, sum(lines.values()) if total is None else total, currency)


@pytest.mark.parametrize(
    ("rules", "bought", "purse", "bounds"),
    [
        ({}, basket(MUG=980), RICH, [("TOTAL", 980)]),
        ({}, basket(1_480, MUG=980), RICH, [("TOTAL", 1_480)]),
        ({}, basket(MUG=980), Purse(300, {}), [("TOTAL", 980), ("BALANCE", 300)]),
        ({"max_share_bp": 5_000}, basket(MUG=981), RICH, [("TOTAL", 981), ("SHARE", 490)]),
        ({"step": 100, "max_share_bp": 5_000}, basket(MUG=981), RICH, [("TOTAL", 981), ("SHARE", 490), ("STEP", 400)]),
        ({"minimum": 500}, basket(MUG=499), RICH, [("TOTAL", 499), ("MINIMUM", 0)]),
        (
            {"excluded_skus": frozenset({"MUG"})},
            basket(MUG=300, CUP=200),
            RICH,
            [("TOTAL", 500), ("EXCLUDED_GOODS", 200)],
        ),
        (
            {"excluded_categories": frozenset({"cat_all"})},
            basket(GIFTCARD=300, MUG=200),
            RICH,
            [("TOTAL", 500), ("EXCLUDED_GOODS", 200)],
        ),
        ({"excluded_products": frozenset({"prd_mug"})}, basket(MUG=9), RICH, [("TOTAL", 9), ("EXCLUDED_GOODS", 0)]),
        ({"minor_units_per_point": {"JPY": 1}}, basket(currency="USD", MUG=980), RICH, [("CURRENCY", 0)]),
        ({"minor_units_per_point": {"JPY": 2}}, basket(MUG=981), RICH, [("TOTAL", 490)]),
        (
            {"only": LotKind.LIMITED},
            basket(MUG=980),
            Purse(500, {LotKind.REGULAR: 450, LotKind.LIMITED: 50}),
            [("TOTAL", 980), ("BALANCE", 500), ("KIND", 50)],
        ),
        ({}, basket(MUG=980), Purse(300, {}, is_frozen=True), [("TOTAL", 980), ("BALANCE", 300), ("FROZEN", 0)]),
    ],
)
def test_what_may_be_spent_is_the_narrowest_bound_and_the_others_say_why(
    rules: dict[str, Any], bought: SpendBasket, purse: Purse, bounds: list[tuple[str, int]]
) -> None:
    expected = [Bound(SpendLimit(limit), points) for limit, points in bounds]
    assert SpendRules(**rules).most(bought, GOODS, purse) == expected


def test_what_the_preview_allows_is_not_refused_and_one_point_more_is() -> None:
    rules = SpendRules(minimum=100, step=10, max_share_bp=3_000, excluded_skus=frozenset({"CUP"}))
    bought = basket(CUP=9_000, MUG=1_505)
    most = rules.most(bought, GOODS, RICH)[-1].points
    assert most == 1_500
    assert rules.refusals(most, 7, bought, GOODS) == []
    assert rules.refusals(most + 10, 7, bought, GOODS) == [
        SpendingNotAllowed(limit=SpendLimit.EXCLUDED_GOODS, requested=1_510, allowed=1_505, programme_version=7)
    ]
    few = rules.refusals(95, 7, bought, GOODS)
    assert [(one.limit, one.allowed) for one in few if isinstance(one, SpendingNotAllowed)] == [
        (SpendLimit.MINIMUM, 100),
        (SpendLimit.STEP, 90),
    ]


def test_a_basket_is_needed_where_it_matters_and_only_there() -> None:
    assert SpendRules().refusals(5, 1, None, {}) == []
    (needed,) = SpendRules(max_share_bp=9_999).refusals(5, 1, None, {})
    assert needed.path == ("input", "basket")


def test_rules_and_baskets_that_cannot_be_are_refused_by_field() -> None:
    wrong = SpendRules(0, 0, 10_001, minor_units_per_point={"JPY": 0})
    paths = [".".join(problem.path) for problem in check_spending(wrong, ("input", "spending"))]
    assert paths == [
        f"input.spending.{name}" for name in ("minimumPoints", "stepPoints", "maximumShareBasisPoints", "worth.0")
    ]
    (negative,) = check_basket(basket(total=5, MUG=-1), ("input", "basket"))
    assert isinstance(negative, InvalidInput)
    assert negative.path == ("input", "basket", "lines", "0", "gross")
