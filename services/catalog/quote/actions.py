"""Quoting: the facts are read, `price_basket` decides."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kit.errors import Refused
from services.catalog.model import Channel
from services.catalog.pricing.model import PriceBook, base_prices
from services.catalog.pricing.store import policy_of, product_key, sku_key
from services.catalog.pricing.tax import TaxClass
from services.catalog.promotion.model import Situation, tags_of
from services.catalog.quote.model import Item, Market, Quote, WantedLine, check_lines, price_basket
from services.catalog.quote.shown import Past
from services.catalog.quote.store import Rules, VariantFacts
from services.catalog.shopper.model import NOBODY
from services.catalog.store import CatalogStore


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys, where and when."""

    channel: Channel
    currency: str
    at: datetime
    location: str | None = None
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class Basket:
    """What somebody wants quoted. `coupons` are the ids of valid coupons by the promotion each opens."""

    lines: tuple[WantedLine, ...]
    coupons: Mapping[str, str] = field(default_factory=dict)


async def load_items(store: CatalogStore, skus: Sequence[str]) -> dict[str, Item]:
    """What these SKUs' prices depend on, by SKU: two queries for all."""
    facts = await store.quote.facts(skus)
    products = {fact.product_id for fact in facts.values()}
    books = await store.pricing.books([*map(sku_key, facts), *map(product_key, products)])
    return {sku: _item(fact, books) for sku, fact in facts.items()}


def _item(fact: VariantFacts, books: Mapping[str, PriceBook]) -> Item:
    own = books.get(sku_key(fact.sku))
    shared = books.get(product_key(fact.product_id))
    prices = base_prices(fact.prices) + (own.prices if own is not None else ())
    tax_class = (own.tax_class if own is not None else None) or (shared.tax_class if shared is not None else None)
    tags = tags_of(fact.sku, fact.product_id, fact.category_path)
    return Item(fact.sku, fact.product_id, prices, tags, tax_class or TaxClass.STANDARD)


async def load_market(store: CatalogStore, buyer: Buyer, coupons: Mapping[str, str] | None = None) -> Market:
    """What holds for whatever this buyer puts in the basket."""
    rules = await store.quote.rules()
    shopper, used = NOBODY, dict[str, int]()
    if buyer.customer is not None:
        shopper, used = await asyncio.gather(store.shopper.get(buyer.customer), _used(store, rules, buyer.customer))
    situation = Situation(
        channel=buyer.channel.id,
        currency=buyer.currency,
        at=buyer.at,
        location=buyer.location,
        customer=buyer.customer,
        segments=shopper.segments,
        rank=shopper.rank,
        is_first_purchase=buyer.customer is not None and shopper.purchases == 0,
        used=used,
        coupons=coupons or {},
    )
    policy = policy_of(buyer.channel.id, buyer.channel.tax_rate_bp, rules.policies.get(buyer.channel.id))
    return Market(policy, situation, rules.promotions)


async def _used(store: CatalogStore, rules: Rules, customer: str) -> dict[str, int]:
    counted = rules.promotions.counts_by_customer
    return await store.promotion.used_by(customer, counted) if counted else {}


async def quote(store: CatalogStore, basket: Basket, buyer: Buyer) -> Quote:
    """The basket's quote, or why it has none."""
    problems = check_lines(basket.lines)
    if problems:
        raise Refused(*problems)
    market = await load_market(store, buyer, basket.coupons)
    items = await load_items(store, [line.sku for line in basket.lines])
    quoted = price_basket(basket.lines, items, market)
    if not isinstance(quoted, Quote):
        raise Refused(*quoted)
    return quoted


def quote_one(item: Item, market: Market, quantity: int = 1) -> Quote | None:
    """What so many pieces of one SKU come to on their own; None if it is not priced here."""
    quoted = price_basket([WantedLine(item.sku, quantity)], {item.sku: item}, market)
    return quoted if isinstance(quoted, Quote) else None


async def load_past(store: CatalogStore, skus: Sequence[str]) -> dict[str, Past]:
    """What was known of these SKUs' prices and of all promotions, by SKU: two queries for all."""
    histories, versions = await asyncio.gather(store.pricing.histories(skus), store.promotion.versions())
    return {sku: Past(histories.get(sku, []), versions) for sku in skus}
