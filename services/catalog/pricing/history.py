"""What a shopper was shown before, and the lowest of it. Derived, never written by hand. No I/O.

A SKU's price at a past instant is the price its inputs of that instant give: base prices and list prices as they were
known then (`Snapshot`, append-only), at that time. So a price that began by itself at midnight is in the history though
nothing was written at midnight.

The prior price is Directive 98/6/EC art. 6a (by Directive (EU) 2019/2161 art. 2): an announced reduction shows the
lowest price applied during the 30 days before the reduction was applied.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from services.catalog.pricing.model import ListPrice

PRIOR_PERIOD = timedelta(days=30)
"""Art. 6a (2): a period not shorter than 30 days prior to the application of the reduction."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was known of a SKU's prices from `at` on; None: this part did not change."""

    at: datetime
    base: tuple[ListPrice, ...] | None = None
    listed: tuple[ListPrice, ...] | None = None


@dataclass(frozen=True, slots=True)
class PricePoint:
    """From `at` on one piece cost this; None: it had no price."""

    at: datetime
    amount_minor: int | None


def timeline(moments: Iterable[datetime], price_at: Callable[[datetime], int | None]) -> list[PricePoint]:
    """Every change of the price among these moments, oldest first."""
    points: list[PricePoint] = []
    for moment in sorted(set(moments)):
        amount = price_at(moment)
        if not points or points[-1].amount_minor != amount:
            points.append(PricePoint(moment, amount))
    return points


def known_at(snapshots: Sequence[Snapshot], at: datetime) -> tuple[ListPrice, ...]:
    """The prices as they were known at `at`; snapshots are oldest first."""
    base: tuple[ListPrice, ...] = ()
    listed: tuple[ListPrice, ...] = ()
    for snapshot in snapshots:
        if snapshot.at > at:
            break
        base = snapshot.base if snapshot.base is not None else base
        listed = snapshot.listed if snapshot.listed is not None else listed
    return (*base, *listed)


def turns(snapshots: Sequence[Snapshot]) -> set[datetime]:
    """Every instant at which one of these prices was set, begins or ends."""
    prices = [price for snapshot in snapshots for price in (*(snapshot.base or ()), *(snapshot.listed or ()))]
    borders = {border for price in prices for border in (price.valid_from, price.valid_until) if border is not None}
    return borders | {snapshot.at for snapshot in snapshots}


def lowest_prior(points: Sequence[PricePoint], at: datetime) -> int | None:
    """The lowest price of the 30 days before the reduction in force at `at`; None if none is in force."""
    past = [point for point in points if point.at <= at]
    if len(past) < 2 or past[-1].amount_minor is None:
        return None
    current, before = past[-1], past[-2]
    if before.amount_minor is None or current.amount_minor is None or current.amount_minor >= before.amount_minor:
        return None
    start = current.at - PRIOR_PERIOD
    lows = [
        point.amount_minor
        for point, following in pairwise(past)
        if following.at > start and point.amount_minor is not None
    ]
    return min(lows)
