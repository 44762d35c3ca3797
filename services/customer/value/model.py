"""Orders as customer heard of them, and what they come to. No I/O, no clock.

Amounts are goods, tax included, in minor units; what came back is taken off. An order that came back whole counts
neither as an order nor for a day. Nothing here adds amounts of two currencies.

Scores (RFM: recency, frequency, monetary; A. M. Hughes, "Strategic Database Marketing", 1994), 5 is best. Hughes cuts
customers into fifths; here the cuts are fixed and stated, so that a score says the same tomorrow, whoever joins:
recency by days since the last order, frequency and monetary by orders and amount of the last 365 days.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(days=365)
"""What frequency and amount are counted over: every season once."""
RECENCY_DAYS: Final = ((30, 5), (90, 4), (180, 3), (365, 2))
"""No more days than this since the last order give this score; more than all of them give 1."""
FREQUENCY_ORDERS: Final = ((12, 5), (6, 4), (3, 3), (2, 2))
"""At least so many orders give this score: monthly, every other month, each season, again at all; fewer give 1."""
YEN: Final = ((200_000, 5), (100_000, 4), (50_000, 3), (20_000, 2))
"""At least so many minor units give this score; fewer give 1. Of currencies with hundredths a unit is near 100 yen."""
MONETARY: Final[Mapping[str, tuple[tuple[int, int], ...]]] = dict.fromkeys(
    ("JPY", "USD", "EUR", "GBP", "CHF", "AUD", "CAD", "NZD", "SGD"), YEN
)
"""Other currencies have no scale, and no score."""
WORST: Final = 1
FAVOURITE_ORDERS: Final = 500
"""The newest orders that favourites are counted from: what somebody liked longer ago says little."""
MAX_FAVOURITES: Final = 20


@dataclass(frozen=True, slots=True)
class Part:
    """What one profile bought on one channel in one currency; orders that came back whole left out of the counts."""

    customer_id: str
    channel: str
    currency: str
    orders: int
    gross_minor: int
    returned_minor: int
    recent_orders: int
    recent_minor: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What somebody bought in one currency, ever."""

    currency: str
    orders: int
    gross_minor: int
    returned_minor: int

    @property
    def net_minor(self) -> int:
        """What stayed with them: the lifetime value."""
        return self.gross_minor - self.returned_minor

    @property
    def average_minor(self) -> int | None:
        """An order's share of it, half a unit rounded up; None without orders."""
        return None if self.orders == 0 else (2 * self.net_minor + self.orders) // (2 * self.orders)


@dataclass(frozen=True, slots=True)
class ChannelShare:
    """How much somebody buys on a channel; `share_bp` is of all their orders, in basis points."""

    channel: str
    orders: int
    share_bp: int


@dataclass(frozen=True, slots=True)
class Rfm:
    """Scores 1 to 5; `monetary` None: their currencies have no scale."""

    recency: int
    frequency: int
    monetary: int | None


@dataclass(frozen=True, slots=True)
class Value:
    """What a person is worth. `rfm` None: they never bought."""

    orders: int
    lifetimes: tuple[Lifetime, ...]
    channels: tuple[ChannelShare, ...]
    first_at: datetime | None
    last_at: datetime | None
    rfm: Rfm | None


@dataclass(frozen=True, slots=True)
class Visit:
    """When somebody last did anything, and where."""

    at: datetime
    channel: str
    location_id: str | None


@dataclass(frozen=True, slots=True)
class Sold:
    """Pieces and amount of a SKU that stayed with somebody."""

    sku: str
    quantity: int
    minor: int


@dataclass(frozen=True, slots=True)
class Favourite:
    """A category, the most specific ones only, and how much of what somebody has is of it."""

    category_id: str
    pieces: int
    share_bp: int


def value_of(parts: Iterable[Part], now: datetime) -> Value:
    """What all profiles of a person come to."""
    parts = list(parts)
    orders = sum(part.orders for part in parts)
    lasts = [part.last_at for part in parts if part.last_at is not None]
    firsts = [part.first_at for part in parts if part.first_at is not None]
    last_at = max(lasts, default=None)
    return Value(
        orders=orders,
        lifetimes=_lifetimes(parts),
        channels=_channels(parts, orders),
        first_at=min(firsts, default=None),
        last_at=last_at,
        rfm=None if last_at is None else _rfm(parts, last_at, now),
    )


def favourites_of(
    sold: Sequence[Sold], categories: Mapping[str, frozenset[str]], parents: Mapping[str, str | None]
) -> list[Favourite]:
    """Categories by pieces, the most first. `categories`: of each SKU, those above them included."""
    pieces: dict[str, int] = {}
    total = sum(one.quantity for one in sold if one.quantity > 0)
    for one in sold:
        named = categories.get(one.sku, frozenset())
        above = {parents.get(id) for id in named}
        for id in named - above:
            pieces[id] = pieces.get(id, 0) + max(one.quantity, 0)
    order = sorted(((count, id) for id, count in pieces.items() if count), key=lambda pair: (-pair[0], pair[1]))
    return [Favourite(id, count, _basis_points(count, total)) for count, id in order[:MAX_FAVOURITES]]


def last_visit(seen: Visit | None, bought: Visit | None) -> Visit | None:
    """The later of what was seen of somebody and what they bought."""
    if seen is None or bought is None:
        return seen or bought
    return seen if seen.at >= bought.at else bought


def _lifetimes(parts: Sequence[Part]) -> tuple[Lifetime, ...]:
    made = []
    for currency in sorted({part.currency for part in parts}):
        of = [part for part in parts if part.currency == currency]
        sums = (sum(p.orders for p in of), sum(p.gross_minor for p in of), sum(p.returned_minor for p in of))
        made.append(Lifetime(currency, *sums))
    return tuple(sorted(made, key=lambda one: (-one.orders, one.currency)))


def _channels(parts: Sequence[Part], orders: int) -> tuple[ChannelShare, ...]:
    counts: dict[str, int] = {}
    for part in parts:
        counts[part.channel] = counts.get(part.channel, 0) + part.orders
    shares = [ChannelShare(name, count, _basis_points(count, orders)) for name, count in counts.items() if count]
    return tuple(sorted(shares, key=lambda one: (-one.orders, one.channel)))


def _rfm(parts: Sequence[Part], last_at: datetime, now: datetime) -> Rfm:
    days = (now - last_at).days
    recency = next((score for limit, score in RECENCY_DAYS if days <= limit), WORST)
    frequency = _score(sum(part.recent_orders for part in parts), FREQUENCY_ORDERS)
    amounts: dict[str, int] = {}
    for part in parts:
        amounts[part.currency] = amounts.get(part.currency, 0) + part.recent_minor
    scores = [_score(amount, MONETARY[currency]) for currency, amount in amounts.items() if currency in MONETARY]
    return Rfm(recency, frequency, max(scores, default=None))


def _score(value: int, cuts: Sequence[tuple[int, int]]) -> int:
    return next((score for least, score in cuts if value >= least), WORST)


def _basis_points(part: int, whole: int) -> int:
    return 0 if whole == 0 else (2 * 10_000 * part + whole) // (2 * whole)
