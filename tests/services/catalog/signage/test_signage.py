"""What a screen shows: in stock here, offered here, announced to everybody, and the same until something changes."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.subgraph import Subgraph
from kit.times import utc_now
from services.catalog.availability.model import Level
from services.catalog.context import Context
from services.catalog.loaders import Loaders
from services.catalog.model import Channel
from services.catalog.offer.model import Offer, ProductStatus
from services.catalog.pricing.actions import set_list_prices
from services.catalog.pricing.model import ListPrice, ListPriceDraft, Scope
from services.catalog.product.actions import import_products
from services.catalog.promotion.model import (
    Action,
    ActionKind,
    Conditions,
    Promotion,
    PromotionDraft,
    PromotionId,
    Target,
    WeeklyWindow,
)
from services.catalog.schema import schema
from services.catalog.search.engine import SearchEngine
from services.catalog.signage import actions
from services.catalog.signage.actions import make_feed
from services.catalog.signage.model import HOLDS, Feed, SlideKind, turn
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Index
from tests.services.catalog.shop import NOW, WEB, draft

GINZA, UENO = "loc_ginza", "loc_ueno"
TENTH_OFF = Action(ActionKind.PERCENT, percent_bp=1_000)


def promotion(id: str = "prm_1", **conditions: Any) -> Promotion:
    return Promotion(PromotionId(id), 1, PromotionDraft({"en": "Sale"}, TENTH_OFF, Conditions(**conditions)), NOW)


@pytest.fixture
async def shop(store: CatalogStore, index: Index) -> None:
    drafts = [draft(f"item-{n}") for n in range(30)]
    hidden = draft("hidden", offer=Offer(status=ProductStatus.DRAFT))
    await import_products(store, [*drafts, hidden], now=NOW)
    here = [Level(f"ITEM-{n}", GINZA, 1 if n < 20 else 0, 1) for n in range(30)]
    await store.availability.keep([*here, Level("HIDDEN", GINZA, 5, 1), Level("ITEM-29", UENO, 2, 1)])
    await index()


async def feed(
    store: CatalogStore,
    engine: SearchEngine,
    where: str = GINZA,
    screen: str = "",
    at: datetime = NOW,
    channel: Channel = WEB,
) -> Feed:
    store.quote.forget()
    return await make_feed(store, engine, channel, (where, screen), at=at)


@pytest.mark.usefixtures("shop")
async def test_slides_are_of_what_is_in_stock_here_and_of_nothing_twice(
    store: CatalogStore, engine: SearchEngine
) -> None:
    ginza = await feed(store, engine)

    assert {slide.kind for slide in ginza.slides} == {SlideKind.NEW, SlideKind.POPULAR, SlideKind.TOP_RATED}
    shown = [product.draft.slug for slide in ginza.slides for product in slide.products]
    assert len(shown) == len(set(shown)) == 18
    assert set(shown) <= {f"item-{n}" for n in range(20)}
    ueno = await feed(store, engine, UENO)
    assert [[p.draft.slug for p in slide.products] for slide in ueno.slides] == [["item-29"]]
    assert (await feed(store, engine, "loc_none")).slides == ()


@pytest.mark.usefixtures("shop")
async def test_a_feed_is_the_same_until_something_on_it_changes(store: CatalogStore, engine: SearchEngine) -> None:
    first = await feed(store, engine)
    assert await feed(store, engine) == first
    later = await feed(store, engine, at=NOW + timedelta(seconds=59))
    assert (later.version, later.valid_until) == (first.version, first.valid_until)
    other = await feed(store, engine, screen="window")
    assert other.version != first.version
    assert {s.kind for s in other.slides} == {s.kind for s in first.slides}

    sku = first.slides[0].products[0].draft.variants[0].sku
    price = ListPrice("lp_1", Scope("EUR"), 100)
    await set_list_prices(store, [ListPriceDraft(sku, price)], now=NOW)
    assert (await feed(store, engine)).version != first.version


@pytest.mark.usefixtures("shop")
async def test_promotions_that_everybody_gets_here_have_slides_of_their_products(
    store: CatalogStore, engine: SearchEngine
) -> None:
    named = await store.product.by_slug(["item-3", "item-25"])
    ids = frozenset(product.id for product in named.values())
    ends = NOW + timedelta(minutes=2)
    for one in (
        promotion(target=Target(product_ids=ids), valid_until=ends),
        promotion(segments=frozenset({"vip"})),
        promotion(needs_coupon=True),
        promotion(locations=frozenset({UENO})),
        promotion(min_basket_minor=500),
    ):
        await store.promotion.insert(one.draft, NOW)

    ginza = await feed(store, engine)

    (sale,) = [slide for slide in ginza.slides if slide.kind is SlideKind.PROMOTION]
    assert [product.draft.slug for product in sale.products] == ["item-3"]
    assert ginza.valid_until == ends
    over = await feed(store, engine, at=ends)
    assert SlideKind.PROMOTION not in {slide.kind for slide in over.slides}


def test_a_feed_holds_until_the_next_full_five_minutes_or_a_turn_before() -> None:
    at = datetime(2026, 11, 22, 5, 1, 30, tzinfo=UTC)
    full = datetime(2026, 11, 22, 5, 5, tzinfo=UTC)
    soon = at + timedelta(seconds=20)
    window = WeeklyWindow(frozenset(range(1, 8)), 14 * 60 + 3, 15 * 60, "Asia/Tokyo")

    assert turn([], at) == turn([promotion()], at) == full
    assert full - at <= HOLDS
    assert turn([promotion(valid_from=soon)], at) == turn([promotion(valid_until=soon)], at) == soon
    assert turn([promotion(valid_from=at - timedelta(1), valid_until=full)], at) == full
    assert turn([promotion(windows=(window,))], at) == datetime(2026, 11, 22, 5, 3, tzinfo=UTC)


FEED = """%s { %s(location: "loc_ginza", screen: "window") {
  version validUntil locationId screen slides { kind promotion { name } products { slug } }
} }"""


@pytest.mark.usefixtures("shop")
async def test_a_subscriber_is_told_at_once_and_when_it_changes(
    store: CatalogStore, engine: SearchEngine, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "LOOK_S", 0.02)
    signer = ContextSigner(b"c" * 32)
    subgraph = Subgraph("catalog", schema, signer, lambda caller: Context(caller, store, Loaders(store), engine))
    headers = {CONTEXT_HEADER: signer.sign(RequestContext(channel="web", trace_id="t", at=utc_now()))}

    asked = await subgraph.execute(FEED % ("query", "signageFeed"), None, None, headers)
    async with aclosing(subgraph.subscribe(FEED % ("subscription", "signageChanged"), None, None, headers)) as told:
        first = (await anext(told))["data"]["signageChanged"]
        assert first["version"] == asked["data"]["signageFeed"]["version"]
        gone = first["slides"][0]["products"][0]["slug"]
        await store.availability.keep([Level(gone.upper(), GINZA, 0, 2)])
        await index()
        async with asyncio.timeout(60):
            second = (await anext(told))["data"]["signageChanged"]
            while second["version"] == first["version"]:  # five minutes went by in between
                second = (await anext(told))["data"]["signageChanged"]

    assert gone not in [product["slug"] for slide in second["slides"] for product in slide["products"]]


async def test_a_screens_name_has_an_end(store: CatalogStore, engine: SearchEngine) -> None:
    signer = ContextSigner(b"c" * 32)
    subgraph = Subgraph("catalog", schema, signer, lambda caller: Context(caller, store, Loaders(store), engine))
    headers = {CONTEXT_HEADER: signer.sign(RequestContext(channel="web", trace_id="t", at=NOW))}

    answer = await subgraph.execute(
        'query($s: String!) { signageFeed(location: "l", screen: $s) { version } }', {"s": "x" * 101}, None, headers
    )

    assert "screen: expected at most 100" in answer["errors"][0]["message"]
