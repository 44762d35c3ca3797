"""Baskets, promotions and channels drawn at random, and plain ones to start from."""

from typing import Any

from hypothesis import strategies as st

from services.catalog.collection.membership import NO_COLLECTIONS, Collections
from services.catalog.pricing.model import ListPrice, Scope, base_price
from services.catalog.pricing.tax import Rounding, TaxBasis, TaxClass, TaxMode, TaxPolicy
from services.catalog.promotion.compiled import compile_promotions
from services.catalog.promotion.model import (
    Action,
    ActionKind,
    Conditions,
    Limits,
    Promotion,
    PromotionDraft,
    PromotionId,
    Reach,
    Situation,
    Target,
    tags_of,
)
from services.catalog.quote.model import Item, Market, Quote, WantedLine, price_basket
from tests.services.catalog.shop import NOW

SKUS = ("A", "B", "C", "D", "E")
CATEGORY = {"A": ("x",), "B": ("x", "y"), "C": ("y",), "D": (), "E": ("x",)}


def item(sku: str, amount: int, *listed: ListPrice, tax_class: TaxClass = TaxClass.STANDARD) -> Item:
    tags = tags_of(sku, f"prd_{sku}", CATEGORY.get(sku, ()))
    return Item(sku, f"prd_{sku}", (base_price("JPY", amount, None), *listed), tags, tax_class)


ALWAYS = Conditions()


def promotion(id: str, action: Action, conditions: Conditions = ALWAYS, **values: Any) -> Promotion:
    draft = PromotionDraft({"en": id}, action, conditions, **{"currency": "JPY", **values})
    return Promotion(PromotionId(id), 1, draft, NOW)


def market(
    *promotions: Promotion,
    policy: TaxPolicy | None = None,
    collections: Collections = NO_COLLECTIONS,
    **values: Any,
) -> Market:
    situation = Situation(**{"channel": "tokyo", "currency": "JPY", "at": NOW, **values})
    return Market.of(policy or TaxPolicy("tokyo", 1_000), situation, compile_promotions(promotions, collections))


def priced(lines: list[WantedLine], items: dict[str, Item], where: Market) -> Quote:
    quoted = price_basket(lines, items, where)
    assert isinstance(quoted, Quote), quoted
    return quoted


def percent(bp: int, reach: Reach = Reach.LINE) -> Action:
    return Action(ActionKind.PERCENT, reach, percent_bp=bp)


def amount(minor: int, reach: Reach = Reach.LINE) -> Action:
    return Action(ActionKind.AMOUNT, reach, amount_minor=minor)


SHARES = st.integers(1, 10_000)
ACTIONS = st.one_of(
    st.builds(percent, SHARES, st.sampled_from(Reach)),
    st.builds(amount, st.integers(1, 5_000), st.sampled_from(Reach)),
    st.builds(lambda minor: Action(ActionKind.FIXED_PRICE, amount_minor=minor), st.integers(0, 3_000)),
    st.builds(
        lambda buy, get, bp: Action(ActionKind.BUY_X_GET_Y, buy=buy, get=get, percent_bp=bp),
        st.integers(1, 3),
        st.integers(1, 2),
        SHARES,
    ),
    st.builds(lambda get, bp: Action(ActionKind.CHEAPEST, get=get, percent_bp=bp), st.integers(1, 3), SHARES),
    st.builds(lambda points, bp: Action(ActionKind.POINTS, points=points, points_bp=bp), st.integers(0, 9), SHARES),
    st.builds(lambda bp: Action(ActionKind.SHIPPING, percent_bp=bp), SHARES),
)
TARGETS = st.builds(
    Target,
    st.frozensets(st.sampled_from(SKUS), max_size=2),
    st.frozensets(st.sampled_from([f"prd_{sku}" for sku in SKUS]), max_size=1),
    st.frozensets(st.sampled_from("xy"), max_size=1),
    st.frozensets(st.sampled_from(SKUS), max_size=1),
)
CONDITIONS = st.builds(
    Conditions,
    TARGETS,
    min_basket_minor=st.sampled_from([0, 0, 1_000, 5_000]),
    min_quantity=st.integers(1, 4),
    needs_coupon=st.booleans(),
)


@st.composite
def promotions(draw: st.DrawFn) -> list[Promotion]:
    return [
        promotion(
            f"prm_{number}",
            draw(ACTIONS),
            draw(CONDITIONS),
            priority=draw(st.integers(0, 2)),
            group=draw(st.sampled_from([None, None, "g"])),
            exclusive=draw(st.sampled_from([False, False, True])),
            limits=Limits(),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


POLICIES = st.builds(
    TaxPolicy,
    st.just("tokyo"),
    st.just(1_000),
    st.sampled_from(TaxMode),
    st.sampled_from(Rounding),
    st.sampled_from(TaxBasis),
)


@st.composite
def items(draw: st.DrawFn) -> dict[str, Item]:
    found = {}
    for sku in SKUS:
        tier = ListPrice("prc_tier", Scope("JPY", min_quantity=5), draw(st.integers(0, 3_000)))
        tax_class = draw(st.sampled_from(TaxClass))
        found[sku] = item(sku, draw(st.integers(0, 4_000)), tier, tax_class=tax_class)
    return found


@st.composite
def markets(draw: st.DrawFn) -> Market:
    drawn = draw(promotions())
    coupons = {one.id: f"cpn_{one.id}" for one in drawn if draw(st.booleans())}
    return market(*drawn, policy=draw(POLICIES), coupons=coupons)


LINES = st.lists(st.builds(WantedLine, st.sampled_from(SKUS), st.integers(1, 7)), min_size=1, max_size=8)
