"""Quoting: the facts are read, `price_basket` decides."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from kit.errors import InvalidInput, NotFound, Refusal, Refused
from services.catalog.collection.membership import NO_COLLECTIONS, Collections
from services.catalog.coupon.actions import CouponSeen, opened, see_codes
from services.catalog.coupon.model import CouponOutcome
from services.catalog.design.actions import DesignPrice, price_designs
from services.catalog.offer.model import Viewer, is_offered
from services.catalog.pricing.store import policy_of
from services.catalog.promotion.model import Situation
from services.catalog.quote.buyer import Buyer
from services.catalog.quote.model import Item, Market, Quote, WantedLine, check_lines, price_basket
from services.catalog.quote.offered import components_of, is_sold, missing_component
from services.catalog.quote.refusals import NotOffered, NotPriced
from services.catalog.quote.shown import Past
from services.catalog.quote.store import Rules, VariantFacts
from services.catalog.shopper.model import NOBODY
from services.catalog.store import CatalogStore


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote with what became of every code that was given."""

    quote: Quote
    buyer: Buyer
    coupons: tuple[CouponSeen, ...] = ()


async def load_items(
    store: CatalogStore,
    skus: Sequence[str],
    viewer: Viewer | None = None,
    facts: Mapping[str, VariantFacts] = MappingProxyType({}),
) -> dict[str, Item]:
    """What these SKUs' prices depend on, by SKU, as far as the viewer is offered them; None sees all.

    From memory; what is not there in two queries for all, or one for what `facts` has, whose products were just read.
    """
    known = await store.quote.known(skus, facts)
    return {sku: one.item for sku, one in known.items() if viewer is None or is_offered(one.offer, viewer)}


async def _load_offered(store: CatalogStore, lines: Sequence[WantedLine], viewer: Viewer) -> dict[str, Item]:
    """What the buyer is offered of these lines, by SKU; every bundle of which a component is not offered is refused."""
    known = await store.quote.known([line.sku for line in lines])
    if parts := components_of(known.values()):
        known |= await store.quote.known(parts)
    sold = [line for line in lines if is_sold(line.sku, known, viewer)]
    problems: list[Refusal] = [
        NotOffered(path=("input", "lines", str(place), "sku"), sku=line.sku, channel=viewer.channel, component_sku=part)
        for place, line in enumerate(lines)
        if line in sold and (part := missing_component(known[line.sku], known, viewer)) is not None
    ]
    if problems:
        raise Refused(*problems)
    return {line.sku: known[line.sku].item for line in sold}


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
    return Market.of(policy, situation, rules.promotions)


async def _used(store: CatalogStore, rules: Rules, customer: str) -> dict[str, int]:
    counted = rules.promotions.counts_by_customer
    return await store.promotion.used_by(customer, counted) if counted else {}


async def quote(store: CatalogStore, lines: Sequence[WantedLine], buyer: Buyer, codes: Sequence[str] = ()) -> Quoted:
    """The basket's quote, or why it has none: what is not offered to the buyer is not there, whoever asks."""
    problems = check_lines(lines)
    if problems:
        raise Refused(*problems)
    lines = await _with_designs(store, lines, buyer)
    seen = await see_codes(store, codes, buyer)
    viewer = Viewer(buyer.channel.id, buyer.channel.kind, buyer.location, buyer.at)
    market, items = await asyncio.gather(load_market(store, buyer, opened(seen)), _load_offered(store, lines, viewer))
    quoted = price_basket(lines, items, market)
    if not isinstance(quoted, Quote):
        raise Refused(*quoted)
    used = {discount.coupon_id for discount in quoted.discounts}
    return Quoted(quoted, buyer, tuple(_as_applied(one, used) for one in seen))


async def _with_designs(store: CatalogStore, lines: Sequence[WantedLine], buyer: Buyer) -> Sequence[WantedLine]:
    """The lines with what their designs add to a piece; every design that cannot be ordered is refused."""
    ids = sorted({line.design_id for line in lines if line.design_id is not None})
    if not ids:
        return lines
    designs = await price_designs(store, ids, buyer.currency)
    problems = [
        problem
        for place, line in enumerate(lines)
        if line.design_id is not None
        for problem in check_design(line, place, designs.get(line.design_id), buyer.channel.id, buyer.currency)
    ]
    if problems:
        raise Refused(*problems)
    return [
        line if line.design_id is None else replace(line, surcharge_minor=designs[line.design_id].surcharge_minor or 0)
        for line in lines
    ]


def check_design(
    line: WantedLine, place: int, design: DesignPrice | None, channel: str, currency: str
) -> list[Refusal]:
    """Why a line cannot have this design: there is none, it is another variant's, outdated, or not priced here."""
    path = ("input", "lines", str(place), "designId")
    if design is None:
        return [NotFound(path=path, kind="Design", id=line.design_id or "")]
    if design.sku != line.sku:
        return [InvalidInput(path=path, expected=f"a design of {line.sku}", got=f"one of {design.sku}")]
    if not design.is_orderable:
        return [InvalidInput(path=path, expected="a design that today's choices allow", got=line.design_id or "")]
    if design.surcharge_minor is None:
        return [NotPriced(path=path, sku=line.sku, channel=channel, currency=currency)]
    return []


def _as_applied(seen: CouponSeen, used: set[str | None]) -> CouponSeen:
    """A valid coupon whose promotion took nothing is not applied, and is not taken by a redemption."""
    if seen.outcome is not CouponOutcome.APPLIED or seen.coupon_id in used:
        return seen
    return replace(seen, outcome=CouponOutcome.NOT_APPLIED)


def quote_one(item: Item, market: Market, quantity: int = 1) -> Quote | None:
    """What so many pieces of one SKU come to on their own; None if it is not priced here."""
    quoted = price_basket([WantedLine(item.sku, quantity)], {item.sku: item}, market)
    return quoted if isinstance(quoted, Quote) else None


async def load_past(store: CatalogStore, skus: Sequence[str]) -> dict[str, Past]:
    """What was known of these SKUs' prices and of all promotions, by SKU: two queries for all, or three."""
    histories, versions = await asyncio.gather(store.pricing.histories(skus), store.promotion.versions())
    named = sorted(frozenset[str]().union(*(one.draft.conditions.target.collections for one in versions)))
    collections = Collections.of((await store.collection.by_id(named)).values()) if named else NO_COLLECTIONS
    return {sku: Past(histories.get(sku, []), versions, collections) for sku in skus}
