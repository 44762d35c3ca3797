"""What may be asked of the index, how what it knows is named, and the places in its orders. No I/O, no clock."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import product
from typing import Final

from kit.errors import BadUserInput
from kit.pages import NOT_OURS

ANYWHERE: Final = "+"
"""In place of a location: in stock somewhere."""
OFFERED: Final = "*"
"""In place of a location: offered, in stock or not."""
JOIN: Final = "\x1e"
PAIR: Final = "\x1f"
"""Parts the pairs of a combination, and name and value in a pair; no name or value on a screen holds them."""
END: Final = "\0"
"""Behind the name in a sort key: sorts before every character, so that a name comes before its longer ones."""
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
    ATTRIBUTE = "attribute"
    IN_STOCK = "in_stock"
    RATING = "rating"


@dataclass(frozen=True, slots=True)
class FacetAsked:
    """A facet to count; `name` is an option's name or an attribute's code."""

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
    the range holds if any variant's price lies in it. Only what is offered on the channel, and at the location if the
    channel is a shop's, is found, unless `sees_all`.
    """

    channel: str
    location: str | None = None
    sees_all: bool = False
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    price_from: int | None = None
    price_to: int | None = None
    in_stock_at: str | None = None
    min_rating: int | None = None


def pair(name: str, value: str) -> str:
    """An option's value as a term."""
    return f"{name}{PAIR}{value}"


def shown_at(channel: str, location: str | None = None) -> str:
    """Where a product is offered, as a term: on a channel, or in one of its shops only."""
    return channel if location is None else f"{channel}@{location}"


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
