"""A product as the index keeps it: its texts, its terms, its keys. No I/O, no clock."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import Final

from ulid import ULID

from services.catalog.attribute.model import Attribute, AttributeDefinition, Visibility
from services.catalog.model import Channel
from services.catalog.offer.model import Offer, Viewer, is_offered
from services.catalog.pricing.model import ListPrice, PriceContext, base_prices, pick
from services.catalog.product.model import Product, Variant
from services.catalog.search.model import (
    ANYWHERE,
    OFFERED,
    UINT32,
    name_key,
    offer,
    pair,
    popularity_step,
    shown_at,
    tie_of,
)
from services.catalog.search.text import sort_text

MAX_OFFERS: Final = 20_000
"""Combinations indexed of one product: 250 variants of 3 options in 10 shops. Past it, see `IndexedProduct.coarse`."""
NEVER: Final = UINT32
"""Seconds since 1970 of a moment that does not come."""


@dataclass(frozen=True, slots=True)
class Shop:
    """What all products are indexed for: the channels, and what attributes are."""

    channels: tuple[Channel, ...]
    definitions: Mapping[str, AttributeDefinition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a product outside its document: stock and list prices by SKU, what sells, what is thought."""

    in_stock: Mapping[str, frozenset[str]] = field(default_factory=dict)
    list_prices: Mapping[str, tuple[ListPrice, ...]] = field(default_factory=dict)
    sold: int = 0
    rating_sum: int = 0
    rating_count: int = 0

    @property
    def rating_points(self) -> int:
        """The mean rating in hundredths, drawn to 3.5 by five imagined reviews, so that one 5 is not the best."""
        return (self.rating_sum * 100 + 5 * 350) // (self.rating_count + 5) if self.rating_count else 0

    @property
    def mean_points(self) -> int:
        """The mean rating in hundredths as it is, 0 without reviews."""
        return self.rating_sum * 100 // self.rating_count if self.rating_count else 0


@dataclass(frozen=True, slots=True)
class IndexedProduct:
    """A product as the index keeps it; texts are raw, keys of orders are unsigned 64-bit numbers.

    `shown` says where it is offered, `due` when that or a price changes by itself next (seconds since 1970).
    `coarse` says that combinations by location are left out because there are too many; then options and stock may be
    another variant's.
    """

    id: str
    names: tuple[str, ...]
    near: tuple[str, ...]
    descriptions: tuple[str, ...]
    codes: tuple[str, ...]
    brand: str | None
    categories: tuple[str, ...]
    options: tuple[str, ...]
    offers: frozenset[str]
    coarse: bool
    prices: Mapping[str, tuple[int, ...]]
    keys: Mapping[str, int]
    rating: int
    sort_key: str
    shown: tuple[str, ...]
    attributes: tuple[str, ...]
    due: int


def indexed_product(
    row: Product, categories: Iterable[tuple[str, Iterable[str]]], shop: Shop, facts: Facts, now: datetime
) -> IndexedProduct:
    """The product as the index keeps it. `categories`: slug and names of all it is filed under, ancestors included."""
    draft = row.draft
    filed = [(slug, tuple(names)) for slug, names in categories]
    labels = dict.fromkeys(value for variant in draft.variants for value in variant.options.values())
    own_names = [name for variant in draft.variants for name in (variant.names or {}).values()]
    offers, coarse = _offers(draft.variants, facts.in_stock)
    prices = {channel.id: _prices(draft.variants, channel, facts, now) for channel in shop.channels}
    values = list(_attributes(draft.attributes, draft.variants, shop.definitions))
    codes = [code for v in draft.variants for code in (v.sku, *v.barcodes)]
    return IndexedProduct(
        id=row.id,
        names=tuple(dict.fromkeys([*draft.names.values(), *own_names])),
        near=(
            *filter(None, [draft.brand]),
            *(name for _, names in filed for name in names),
            *labels,
            *(text for _, text in values),
        ),
        descriptions=tuple(draft.descriptions.values()),
        codes=(*codes, draft.slug, *(ref.value for ref in draft.external_ids)),
        brand=draft.brand,
        categories=tuple(slug for slug, _ in filed),
        options=tuple(dict.fromkeys(pair(n, v) for variant in draft.variants for n, v in variant.options.items())),
        offers=offers,
        coarse=coarse,
        prices=prices,
        keys=_keys(row, prices, facts),
        rating=facts.mean_points,
        sort_key=name_key(sort_text(next(iter(draft.names.values()))), row.id),
        shown=tuple(_shown(draft.offer, shop.channels, now)),
        attributes=tuple(dict.fromkeys(term for term, _ in values if term)),
        due=_due(draft.offer, facts, now),
    )


def _offers(variants: Sequence[Variant], in_stock: Mapping[str, frozenset[str]]) -> tuple[frozenset[str], bool]:
    everywhere: set[str] = set()
    here: set[str] = set()
    for variant in variants:
        subsets = list(_subsets(sorted(pair(n, v) for n, v in variant.options.items())))
        everywhere |= {offer(OFFERED, subset) for subset in subsets}
        locations = in_stock.get(variant.sku, frozenset())
        if locations:
            everywhere |= {offer(ANYWHERE, subset) for subset in subsets}
            everywhere |= {offer(location, ()) for location in locations}
        if len(here) <= MAX_OFFERS:
            here |= {offer(location, subset) for location in locations for subset in subsets}
    coarse = len(here) > MAX_OFFERS
    return frozenset(everywhere if coarse else everywhere | here), coarse


def _subsets(pairs: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(len(pairs) + 1):
        yield from combinations(pairs, size)


def _prices(variants: Sequence[Variant], channel: Channel, facts: Facts, now: datetime) -> tuple[int, ...]:
    """The list prices of one piece that everybody is shown on the channel, as the channel shows them; no promotions."""
    context = PriceContext(channel.currency, channel.id, now)
    known = [(*base_prices(variant.prices), *facts.list_prices.get(variant.sku, ())) for variant in variants]
    return tuple(sorted({price.amount_minor for prices in known if (price := pick(prices, context)) is not None}))


def _shown(offered: Offer, channels: Iterable[Channel], now: datetime) -> Iterator[str]:
    for channel in channels:
        if is_offered(offered, Viewer(channel.id, channel.kind, None, now)):
            yield shown_at(channel.id)
            continue
        for location in offered.locations or ():
            if is_offered(offered, Viewer(channel.id, channel.kind, location, now)):
                yield shown_at(channel.id, location)


def _due(offered: Offer, facts: Facts, now: datetime) -> int:
    moments = [moment for one in offered.publications or () for moment in (one.starts_at, one.ends_at)]
    for prices in facts.list_prices.values():
        moments += [moment for price in prices for moment in (price.valid_from, price.valid_until)]
    return min((int(moment.timestamp()) for moment in moments if moment is not None and moment > now), default=NEVER)


def _attributes(
    own: Sequence[Attribute], variants: Sequence[Variant], definitions: Mapping[str, AttributeDefinition]
) -> Iterator[tuple[str, str]]:
    """Of every public value: the term of its facet, empty if it is none, and a text to find it by."""
    for given in (*own, *(one for variant in variants for one in variant.attributes)):
        definition = definitions.get(given.code)
        if definition is None or definition.visibility is not Visibility.PUBLIC:
            continue
        names = {option.code: option.names for option in definition.options}
        for value in given.value if isinstance(given.value, tuple) else (given.value,):
            if isinstance(value, bool | Decimal):
                plain, texts = format(value, "f") if isinstance(value, Decimal) else str(value).lower(), [""]
            elif isinstance(value, str):
                plain, texts = value, list(names.get(value, {"": value}).values())
            else:
                continue
            yield from ((pair(given.code, plain) if definition.is_facet else "", text) for text in texts)


def _keys(row: Product, prices: Mapping[str, tuple[int, ...]], facts: Facts) -> dict[str, int]:
    """By the name of the order's field: the value in the upper half, the tie in the lower."""
    tie = tie_of(row.id)
    popularity, rating = popularity_step(facts.sold), facts.rating_points
    made = _made_at(row)
    values = {"popularity": popularity, "rating": rating, "newest": made}
    values["rank"] = (popularity << 24) | (rating << 12) | (made >> 20)
    for channel, amounts in prices.items():
        values[f"low_{channel}"] = min(amounts[0], UINT32 - 1) if amounts else UINT32
        values[f"high_{channel}"] = min(amounts[0], UINT32 - 1) + 1 if amounts else 0
    return {"tie": tie, **{name: (value << 32) | tie for name, value in values.items()}}


def _made_at(row: Product) -> int:
    """When the product was made, seconds since 1970: its id says so; one of another kind was last edited then."""
    try:
        return min(int(ULID.from_str(row.id.partition("_")[2]).timestamp), UINT32)
    except ValueError:
        return min(int(row.updated_at.timestamp()), UINT32)
