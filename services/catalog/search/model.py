"""What the index knows of a product, what may be asked of it, and the places in its orders. No I/O, no clock."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import combinations, product
from typing import Final

from ulid import ULID

from kit.errors import BadUserInput
from kit.pages import NOT_OURS
from services.catalog.model import Channel, price_of
from services.catalog.product.model import Product, Variant
from services.catalog.search.text import sort_text

ANYWHERE: Final = "+"
"""In place of a location: in stock somewhere."""
OFFERED: Final = "*"
"""In place of a location: offered, in stock or not."""
JOIN: Final = "\x1e"
PAIR: Final = "\x1f"
"""Parts the pairs of a combination, and name and value in a pair; no name or value on a screen holds them."""
END: Final = "\0"
"""Behind the name in a sort key: sorts before every character, so that a name comes before its longer ones."""
MAX_OFFERS: Final = 20_000
"""Combinations indexed of one product: 250 variants of 3 options in 10 shops. Past it, see `IndexedProduct.coarse`."""
MAX_COMBINATIONS: Final = 1_000
"""Combinations of chosen option values one filter may stand for: 10 values of each of 3 options."""
UINT32: Final = 2**32 - 1
NAME_WORDS: Final = 4
"""Names are ordered by their first 32 bytes of UTF-8 (10 kanji), then by id: 8 bytes a comparable number."""


class Order(Enum):
    """Orders of a listing. Relevance is by how a product matches, then by what sells."""

    RELEVANCE = "relevance"
    PRICE_LOW = "price_low"
    PRICE_HIGH = "price_high"
    NEWEST = "newest"
    NAME = "name"
    RATING = "rating"
    POPULARITY = "popularity"


class FacetKind(Enum):
    """What can be counted."""

    BRAND = "brand"
    CATEGORY = "category"
    OPTION = "option"
    IN_STOCK = "in_stock"
    RATING = "rating"


@dataclass(frozen=True, slots=True)
class FacetAsked:
    """A facet to count; `name` is an option's."""

    kind: FacetKind
    name: str = ""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value with the number of products behind it."""

    value: str
    count: int
    selected: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One facet, its values by falling count."""

    asked: FacetAsked
    values: Sequence[FacetValue]


@dataclass(frozen=True, slots=True)
class Narrow:
    """What a search is narrowed to; every part that is set must hold, any value of one part will do.

    `options` and `in_stock_at` hold for one and the same variant. Prices are minor units of the channel's currency;
    the range holds if any variant's price lies in it.
    """

    channel: str
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    price_from: int | None = None
    price_to: int | None = None
    in_stock_at: str | None = None
    min_rating: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a product outside its document: where its SKUs are in stock, what sells, what is thought."""

    in_stock: Mapping[str, frozenset[str]] = field(default_factory=dict)
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


def indexed_product(
    row: Product, categories: Iterable[tuple[str, Iterable[str]]], channels: Iterable[Channel], facts: Facts
) -> IndexedProduct:
    """The product as the index keeps it. `categories`: slug and names of all it is filed under, ancestors included."""
    draft = row.draft
    filed = [(slug, tuple(names)) for slug, names in categories]
    labels = dict.fromkeys(value for variant in draft.variants for value in variant.options.values())
    own_names = [name for variant in draft.variants for name in (variant.names or {}).values()]
    offers, coarse = _offers(draft.variants, facts.in_stock)
    prices = {channel.id: _prices(draft.variants, channel) for channel in channels}
    codes = [code for v in draft.variants for code in (v.sku, *v.barcodes)]
    return IndexedProduct(
        id=row.id,
        names=tuple(dict.fromkeys([*draft.names.values(), *own_names])),
        near=(*filter(None, [draft.brand]), *(name for _, names in filed for name in names), *labels),
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
    )


def pair(name: str, value: str) -> str:
    """An option's value as a term."""
    return f"{name}{PAIR}{value}"


def offer(where: str, pairs: Iterable[str]) -> str:
    """A combination at a location as a term; pairs in the order of their names."""
    return JOIN.join((where, *sorted(pairs)))


def offers_wanted(where: str, options: Mapping[str, Sequence[str]]) -> list[str]:
    """The terms any of which a product must have: one a combination of the chosen values; BadUserInput if too many."""
    size = 1
    for values in options.values():
        size *= len(values)
    if size > MAX_COMBINATIONS:
        raise BadUserInput(f"filter.options: expected at most {MAX_COMBINATIONS} combinations, got {size}")
    choices = [[pair(name, value) for value in dict.fromkeys(values)] for name, values in sorted(options.items())]
    return [offer(where, chosen) for chosen in product(*choices)]


def tie_of(id: str) -> int:
    """32 bits that part rows of the same value, in an order that has no meaning and never changes."""
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=4).digest())


def name_key(name: str, id: str) -> str:
    """A text that sorts products by name, then by tie, and is hardly ever two products' (see `tie_of`)."""
    return f"{name.encode()[: 8 * NAME_WORDS].decode(errors='ignore')}{END}{tie_of(id):08x}"


def name_words(sort_key: str) -> tuple[int, ...]:
    """The name in a sort key as numbers that compare as its bytes do; BadUserInput if it is none of ours."""
    raw = sort_key.rpartition(END)[0].encode().ljust(8 * NAME_WORDS, b"\0")
    if len(raw) != 8 * NAME_WORDS:
        raise BadUserInput(NOT_OURS)
    return tuple(int.from_bytes(raw[i : i + 8]) for i in range(0, len(raw), 8))


def name_tie(sort_key: str) -> int:
    """The tie in a sort key; BadUserInput if it is none of ours."""
    try:
        return int(sort_key.rpartition(END)[2], 16)
    except ValueError as error:
        raise BadUserInput(NOT_OURS) from error


def popularity_step(sold: int) -> int:
    """Pieces sold as a step of a scale (4 steps a doubling), so that one sale more seldom moves a product."""
    if sold <= 0:
        return 0
    exponent = sold.bit_length() - 1
    return 1 + 4 * exponent + ((sold - (1 << exponent)) * 4 >> exponent)


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


def _prices(variants: Sequence[Variant], channel: Channel) -> tuple[int, ...]:
    found = {
        price.gross.minor_units for variant in variants if (price := price_of(variant.prices, channel)) is not None
    }
    return tuple(sorted(found))


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
