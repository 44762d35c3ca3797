"""List prices and the one precedence that says which price of a variant holds. No I/O.

Of the prices that fit a context, the first of these that differs decides:
1. WHO: for the customer's rank and segment, for its rank, for one of its segments, for everybody;
2. WHERE: at the location, on the channel (both before either), everywhere;
3. HOW_MANY: the higher quantity tier;
4. WHEN: with an end before without one, so that a campaign goes before the standing price;
5. BASE: a list price before the variant's own base price, and the base price of the channel before the general one;
6. AMOUNT: the lower price (a customer may be in several segments), then the older id.
Two list prices of one SKU that only AMOUNT would tell apart may not hold at the same time: `PriceOverlap`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from kit.errors import InvalidInput, NotFound, Path, Refusal
from kit.money import MAX_MINOR_UNITS
from services.catalog.model import MAX_NAME, PriceEntry
from services.catalog.pricing.tax import TaxClass, spans_meet
from services.catalog.product.model import MAX_SKU

MAX_LIST_PRICES = 300
"""List prices of one SKU: they live in one document, which is what makes an overlap refusable in one write."""
MAX_QUANTITY = 1_000_000
"""Pieces of one line; also the highest tier. Beyond it is a typing error."""
BASE_ID = "base"


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom, where and how many a list price holds; None is everybody or everywhere."""

    currency: str
    channel: str | None = None
    location: str | None = None
    segment: str | None = None
    rank: str | None = None
    min_quantity: int = 1


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A price of one piece in minor units, from `valid_from` until before `valid_until`.

    With tax or without as the channel's prices are. `price_list` is the name it is kept under, for people.
    """

    id: str
    scope: Scope
    amount_minor: int
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    compare_at_minor: int | None = None
    price_list: str | None = None


@dataclass(frozen=True, slots=True)
class PriceBook:
    """What is kept of a SKU's prices beside its product, or of a product's tax class; `version` 0: nothing yet."""

    prices: tuple[ListPrice, ...] = ()
    tax_class: TaxClass | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class PriceContext:
    """Everything a price may depend on. Segments and rank are the customer's."""

    currency: str
    channel: str
    at: datetime
    location: str | None = None
    segments: frozenset[str] = frozenset()
    rank: str | None = None
    quantity: int = 1


class Misfit(StrEnum):
    """Why a price does not hold in a context."""

    CURRENCY = "CURRENCY"
    CHANNEL = "CHANNEL"
    LOCATION = "LOCATION"
    SEGMENT = "SEGMENT"
    RANK = "RANK"
    QUANTITY = "QUANTITY"
    NOT_YET = "NOT_YET"
    OVER = "OVER"


class Step(StrEnum):
    """The steps of the precedence, in order; WON is what is left."""

    WHO = "WHO"
    WHERE = "WHERE"
    HOW_MANY = "HOW_MANY"
    WHEN = "WHEN"
    BASE = "BASE"
    AMOUNT = "AMOUNT"


STEPS = tuple(Step)
Key = tuple[int, int, int, int, int, int, str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One price of a SKU and what became of it: it did not fit, or it lost at a step to `lost_to`, or it won."""

    price: ListPrice
    misfit: Misfit | None = None
    lost_at: Step | None = None
    lost_to: str | None = None

    @property
    def won(self) -> bool:
        """Whether it is the price."""
        return self.misfit is None and self.lost_at is None

    @property
    def is_base(self) -> bool:
        """Whether it is the variant's own price."""
        return is_base(self.price)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOverlap(Refusal):
    """Two list prices of the same precedence would hold at once."""

    sku: str
    price_id: str
    other_id: str
    code: ClassVar[str] = "PRICE_OVERLAP"

    @property
    def message(self) -> str:
        """Names both."""
        return f"{self.sku}: {self.price_id} and {self.other_id} would hold at once with the same precedence"


def base_prices(entries: Iterable[PriceEntry]) -> tuple[ListPrice, ...]:
    """A variant's own prices as candidates."""
    return tuple(base_price(entry.currency, entry.gross_minor, entry.channel) for entry in entries)


def base_price(currency: str, amount_minor: int, channel: str | None) -> ListPrice:
    """A variant's own price as a candidate."""
    return ListPrice(f"{BASE_ID}:{channel}" if channel else BASE_ID, Scope(currency, channel), amount_minor)


def is_base(price: ListPrice) -> bool:
    """Whether it is a variant's own price."""
    return price.id.startswith(BASE_ID)


def misfit(price: ListPrice, context: PriceContext) -> Misfit | None:
    """Why `price` does not hold in `context`; None if it does."""
    scope = price.scope
    if scope.currency != context.currency:
        return Misfit.CURRENCY
    if scope.channel is not None and scope.channel != context.channel:
        return Misfit.CHANNEL
    if scope.location is not None and scope.location != context.location:
        return Misfit.LOCATION
    if scope.segment is not None and scope.segment not in context.segments:
        return Misfit.SEGMENT
    if scope.rank is not None and scope.rank != context.rank:
        return Misfit.RANK
    if scope.min_quantity > context.quantity:
        return Misfit.QUANTITY
    if price.valid_from is not None and context.at < price.valid_from:
        return Misfit.NOT_YET
    if price.valid_until is not None and price.valid_until <= context.at:
        return Misfit.OVER
    return None


def precedence(price: ListPrice) -> Key:
    """Sorts the price that goes first to the front."""
    scope = price.scope
    own = is_base(price)
    return (
        -(2 * (scope.rank is not None) + (scope.segment is not None)),
        -(2 * (scope.location is not None) + (scope.channel is not None)) if not own else 0,
        -scope.min_quantity,
        -(price.valid_until is not None),
        (2 if scope.channel is None else 1) if own else 0,
        price.amount_minor,
        price.id,
    )


def pick(prices: Iterable[ListPrice], context: PriceContext) -> ListPrice | None:
    """The price that holds in `context`; None if there is none."""
    fitting = [price for price in prices if misfit(price, context) is None]
    return min(fitting, key=precedence, default=None) if len(fitting) != 1 else fitting[0]


def explain(prices: Sequence[ListPrice], context: PriceContext) -> list[Candidate]:
    """What became of every price, the winner first, then who came closest, then those that did not fit."""
    winner = pick(prices, context)
    candidates: list[Candidate] = []
    for price in prices:
        problem = misfit(price, context)
        if problem is not None:
            candidates.append(Candidate(price, misfit=problem))
        elif winner is None or price is winner:
            candidates.append(Candidate(price))
        else:
            candidates.append(Candidate(price, lost_at=_step(price, winner), lost_to=winner.id))
    return sorted(candidates, key=lambda one: (one.misfit is not None, precedence(one.price)))


def _step(loser: ListPrice, winner: ListPrice) -> Step:
    pairs = zip(STEPS, precedence(loser)[: len(STEPS)], precedence(winner)[: len(STEPS)], strict=True)
    return next((step for step, theirs, best in pairs if theirs != best), Step.AMOUNT)


@dataclass(frozen=True, slots=True)
class ListPriceDraft:
    """A list price as somebody sets it; one that is not new replaces the one with its id.

    `end_previous`: the open-ended price it follows ends when it begins.
    """

    sku: str
    price: ListPrice
    end_previous: bool = False
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class BookEdit:
    """What an edit makes of a book's prices, or why it cannot."""

    prices: tuple[ListPrice, ...] = ()
    refusals: list[Refusal] = field(default_factory=list)


def with_price(book: PriceBook, draft: ListPriceDraft, at: Path = ("input",)) -> BookEdit:
    """The book's prices with this one beside them, or in the place of the one with its id."""
    price = draft.price
    if not draft.is_new and all(price.id != other.id for other in book.prices):
        return BookEdit(refusals=[NotFound(path=(*at, "id"), kind="ListPrice", id=price.id)])
    others = [_ended(other, price) if draft.end_previous else other for other in book.prices if other.id != price.id]
    if len(others) >= MAX_LIST_PRICES:
        return BookEdit(refusals=[_invalid(at, f"at most {MAX_LIST_PRICES} list prices a SKU", len(others) + 1)])
    overlaps: list[Refusal] = [
        PriceOverlap(path=at, sku=draft.sku, price_id=price.id, other_id=other.id)
        for other in others
        if _same_precedence(price, other) and spans_meet(price, other)
    ]
    return BookEdit(refusals=overlaps) if overlaps else BookEdit(prices=(*others, price))


def _ended(other: ListPrice, successor: ListPrice) -> ListPrice:
    """`other`, ending where an open-ended `successor` of its scope begins."""
    start = successor.valid_from
    follows = other.scope == successor.scope and other.valid_until is None and start is not None
    if not follows or (other.valid_from is not None and start is not None and start <= other.valid_from):
        return other
    return replace(other, valid_until=start)


def _same_precedence(one: ListPrice, other: ListPrice) -> bool:
    return one.scope == other.scope and (one.valid_until is None) == (other.valid_until is None)


def check_list_price(draft: ListPriceDraft, at: Path = ("input",)) -> list[Refusal]:
    """Every reason why the price can never be kept."""
    price, scope = draft.price, draft.price.scope
    problems: list[Refusal] = []
    if not 1 <= len(draft.sku) <= MAX_SKU:
        problems.append(_invalid((*at, "sku"), f"1 to {MAX_SKU} characters", len(draft.sku)))
    if not 0 <= price.amount_minor <= MAX_MINOR_UNITS:
        problems.append(_invalid((*at, "amount"), f"0 to {MAX_MINOR_UNITS} minor units", price.amount_minor))
    if price.compare_at_minor is not None and not price.amount_minor < price.compare_at_minor <= MAX_MINOR_UNITS:
        problems.append(_invalid((*at, "compareAt"), "more than the amount", price.compare_at_minor))
    if not 1 <= scope.min_quantity <= MAX_QUANTITY:
        problems.append(_invalid((*at, "minQuantity"), f"1 to {MAX_QUANTITY}", scope.min_quantity))
    if price.valid_from is not None and price.valid_until is not None and price.valid_until <= price.valid_from:
        problems.append(_invalid((*at, "validUntil"), "later than validFrom", price.valid_until.isoformat()))
    if draft.end_previous and (price.valid_from is None or price.valid_until is not None):
        problems.append(_invalid((*at, "endPrevious"), "a price with validFrom and without validUntil", "true"))
    words: Mapping[str, str | None] = {
        "location": scope.location,
        "segment": scope.segment,
        "rank": scope.rank,
        "priceList": price.price_list,
    }
    problems += [
        _invalid((*at, name), f"1 to {MAX_NAME} printable characters", repr(word[:40]))
        for name, word in words.items()
        if word is not None and not (1 <= len(word) <= MAX_NAME and word.isprintable())
    ]
    return problems


def _invalid(path: Path, expected: str, got: object) -> InvalidInput:
    return InvalidInput(path=path, expected=expected, got=str(got))
