"""Making a feed: promotions of the moment, new, popular and well rated products that can be taken away here."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from kit.pages import PageArgs
from services.catalog.collection.actions import list_members
from services.catalog.model import Channel
from services.catalog.offer.model import Viewer, is_offered
from services.catalog.product.model import Product
from services.catalog.promotion.model import Promotion, Situation
from services.catalog.quote.actions import load_items, load_market, quote_one
from services.catalog.quote.buyer import Buyer
from services.catalog.search.engine import SearchEngine
from services.catalog.search.model import Narrow, Order
from services.catalog.search.reader import Ask
from services.catalog.signage.model import (
    SLIDE_PRODUCTS,
    Feed,
    Slide,
    SlideKind,
    announced,
    feed_of,
    turn,
    without_repeats,
)
from services.catalog.store import CatalogStore

LOOKED_AT: Final = 4 * SLIDE_PRODUCTS
"""Products looked at for one slide: others may have some of them."""
NAMED: Final = 100
"""Products and SKUs of a promotion's target that are looked at."""
LOOK_S: Final = 1.0
"""How often a watched feed looks whether anything it is made of has changed."""

_LISTS: Final = {
    SlideKind.NEW: Order.NEWEST,
    SlideKind.POPULAR: Order.POPULARITY,
    SlideKind.TOP_RATED: Order.RATING,
}


async def make_feed(
    store: CatalogStore, engine: SearchEngine, channel: Channel, place: tuple[str, str], *, at: datetime
) -> Feed:
    """What the screen of a place (location and screen) shows at `at` on a channel."""
    location = place[0]
    narrow = Narrow(channel.id, location=location, in_stock_at=location)
    rules = await store.quote.rules()
    crowd = Situation(channel.id, channel.currency, at, location=location)
    viewer = Viewer(channel.id, channel.kind, location, at)
    slides = [
        Slide(SlideKind.PROMOTION, await _targets(store, engine, narrow, one, viewer), one)
        for one in announced(rules.promotions.ordered, crowd)
    ]
    for kind, order in _LISTS.items():
        ids = engine.reader.page(Ask(narrow, order=order), PageArgs(LOOKED_AT)).ids
        slides.append(Slide(kind, await _in_order(store, ids)))
    slides = without_repeats(slides)
    prices = await _prices(store, Buyer(channel, channel.currency, at, location), slides)
    return feed_of(place, slides, prices, turn(rules.promotions.ordered, at))


async def watch_feed(make: Callable[[], Awaitable[Feed]], now: Callable[[], datetime]) -> AsyncGenerator[Feed, None]:
    """The feed now, and again whenever its version changes or it has held long enough; for ever."""
    shown: Feed | None = None
    while True:
        feed = await make()
        if shown is None or feed.version != shown.version or now() >= shown.valid_until:
            shown = feed
            yield feed
        await asyncio.sleep(LOOK_S)


async def _targets(
    store: CatalogStore, engine: SearchEngine, narrow: Narrow, promotion: Promotion, viewer: Viewer
) -> tuple[Product, ...]:
    """Products a promotion means that are in stock here, what sells first."""
    target = promotion.draft.conditions.target
    found: list[Product] = []
    if target.product_ids or target.skus or target.collection_ids:
        named = await store.product.by_id(sorted(target.product_ids)[:NAMED])
        named |= await store.product.by_id(await _members(store, sorted(target.collection_ids), viewer))
        named |= {row.id: row for row in (await store.product.by_sku(sorted(target.skus)[:NAMED])).values()}
        skus = [variant.sku for row in named.values() for variant in row.draft.variants]
        here = {sku for sku, places in (await store.availability.in_stock(skus)).items() if viewer.location in places}
        found = [
            row
            for row in sorted(named.values(), key=lambda row: row.id)
            if is_offered(row.draft.offer, viewer) and any(v.sku in here for v in row.draft.variants)
        ]
    if target.category_ids or target.is_everything:
        slugs = tuple(one.slug for one in (await store.category.by_id(sorted(target.category_ids))).values())
        if slugs or target.is_everything:
            ask = Ask(replace(narrow, categories=slugs), order=Order.POPULARITY)
            found += await _in_order(store, engine.reader.page(ask, PageArgs(LOOKED_AT)).ids)
    if target.excluded_collection_ids:
        found = await _outside(store, found, target.excluded_collection_ids, viewer.at)
    kept = {row.id: row for row in found if any(v.sku not in target.excluded_skus for v in row.draft.variants)}
    return tuple(kept.values())


async def _members(store: CatalogStore, ids: Sequence[str], viewer: Viewer) -> list[str]:
    """Products of the collections a promotion names."""
    found: list[str] = []
    for collection in (await store.collection.by_id(ids)).values() if ids else ():
        page = await list_members(store, collection, viewer, PageArgs(NAMED), frozenset())
        found += [row.id for row in page.nodes]
    return found


async def _outside(store: CatalogStore, rows: list[Product], ids: frozenset[str], at: datetime) -> list[Product]:
    """Those that are in none of these collections."""
    collections = (await store.quote.rules()).promotions.collections
    items = await load_items(store, [row.draft.variants[0].sku for row in rows])
    inside = {
        item.product_id
        for item in items.values()
        if not ids.isdisjoint(collections.of_product(item.product_id, item.traits, at))
    }
    return [row for row in rows if row.id not in inside]


async def _in_order(store: CatalogStore, ids: Sequence[str]) -> tuple[Product, ...]:
    rows = await store.product.by_id(ids)
    return tuple(rows[id] for id in ids if id in rows)


async def _prices(store: CatalogStore, buyer: Buyer, slides: Sequence[Slide]) -> dict[str, int | None]:
    """What everybody pays for the first variant of every product: in the version, so that a new price is a new feed."""
    first = {row.id: row.draft.variants[0].sku for slide in slides for row in slide.products}
    market = await load_market(store, buyer)
    items = await load_items(store, list(first.values()))
    quotes = {id: quote_one(items[sku], market) if sku in items else None for id, sku in first.items()}
    return {id: None if quoted is None else quoted.gross_minor for id, quoted in quotes.items()}
