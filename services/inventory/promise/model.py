"""When a shopper can have what: at a shop, or delivered. Pure; all that is known comes in, no I/O, no clock.

At a shop: from its own stock, from what is announced to arrive there, or sent over from another location; whichever is
first. Delivered: from the locations that ship, the earliest first, together if none has enough alone. A parcel leaves
on the first day on which its location opens and the order comes before the cut-off; then it takes the lead time of the
most exact rule, counted in days with delivery.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from services.inventory.hours.model import (
    DAY_MIN,
    HORIZON_DAYS,
    after_open_minutes,
    local_day,
    local_minute,
    opens_on,
    periods_on,
    wall_instant,
)
from services.inventory.location.model import Location
from services.inventory.location.operation import LocationService
from services.inventory.policy.model import LeadRule, Policy

T = TypeVar("T")

MAX_SKUS = 100
"""Variants of one question: a page."""
MAX_SHOPS = 20
"""Shops of one question: a map of a city."""
MAX_SOURCES = 40
"""Locations that ship which are looked at, nearest first."""
OVERDUE_DAYS = 1
"""What should have arrived and has not is not counted on before so many days from now."""


class PromiseKind(StrEnum):
    """Whether and how it can be had."""

    NOW = "NOW"
    ON_DAY = "ON_DAY"
    NEVER = "NEVER"


class PromiseSource(StrEnum):
    """Where the pieces of a promise come from."""

    STOCK = "STOCK"
    INCOMING = "INCOMING"
    TRANSFER = "TRANSFER"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Pieces announced to arrive somewhere."""

    sku: str
    location_id: str
    pieces: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a parcel goes."""

    country: str
    postal_code: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What promises are made from: pieces the channel may promise by SKU and location, arrivals, and who ships."""

    at: datetime
    policy: Policy
    pieces: Mapping[str, Mapping[str, int]]
    arrivals: Mapping[tuple[str, str], Sequence[Arrival]]
    sources: Sequence[Location]
    memo: dict[tuple[object, ...], Any] = field(default_factory=dict)

    def once(self, key: tuple[object, ...], compute: Callable[[], T]) -> T:
        """What does not depend on the SKU is worked out once for all of them."""
        if key not in self.memo:
            self.memo[key] = compute()
        found: T = self.memo[key]
        return found

    def available(self, sku: str, location_id: str) -> int:
        """Pieces that may be promised there, never below zero."""
        return max(0, self.pieces.get(sku, {}).get(location_id, 0))


@dataclass(frozen=True, slots=True)
class PickupPromise:
    """From when it lies ready at a shop; `day` is the shop's."""

    location: Location
    kind: PromiseKind
    source: PromiseSource | None = None
    ready_at: datetime | None = None
    day: date | None = None
    from_location: Location | None = None


@dataclass(frozen=True, slots=True)
class DeliveryPromise:
    """On which day it is at the destination, sent from where; with several locations, the last parcel's day."""

    kind: PromiseKind
    day: date | None = None
    dispatch_day: date | None = None
    source: PromiseSource | None = None
    from_locations: tuple[Location, ...] = ()


@dataclass(frozen=True, slots=True)
class _Parcel:
    """Pieces of one location on their way."""

    day: date
    dispatch_day: date
    location: Location
    pieces: int
    source: PromiseSource


def promise_pickup(known: Known, sku: str, quantity: int, shop: Location) -> PickupPromise:
    """The earliest way to have it at this shop."""
    never = PickupPromise(shop, PromiseKind.NEVER)
    if not (shop.operation.offers(LocationService.PICKUP) and shop.operation.is_active(known.at)):
        return never
    here = known.available(sku, shop.id)
    if here >= quantity:
        ready = known.once(("ready", shop.id), lambda: _ready(shop, known.at))
        return never if ready is None else _pickup(known, shop, PromiseSource.STOCK, ready)
    ways: list[tuple[datetime, int, str, PickupPromise]] = []
    arrived = _arrives(known, sku, shop, quantity - here)
    if arrived is not None and (ready := _ready(shop, arrived)) is not None:
        ways.append((ready, 0, shop.id, _pickup(known, shop, PromiseSource.INCOMING, ready)))
    for source in _senders(known, shop):
        if known.available(sku, source.id) < quantity - here:
            continue
        ready = known.once(("transferred", source.id, shop.id), partial(_transferred, known, source, shop))
        if ready is not None:
            way = _pickup(known, shop, PromiseSource.TRANSFER, ready, source)
            ways.append((ready, 1, source.id, way))
    return min(ways, key=lambda way: way[:3])[3] if ways else never


def promise_delivery(known: Known, sku: str, quantity: int, destination: Destination) -> DeliveryPromise:
    """The earliest day on which all of it is there."""
    parcels = [parcel for source in known.sources for parcel in _parcels(known, sku, source, destination)]
    taken: list[_Parcel] = []
    missing = quantity
    for parcel in sorted(parcels, key=lambda one: (one.day, one.dispatch_day, -one.pieces, one.location.id)):
        if parcel.pieces >= quantity:  # one parcel, and none that comes later
            taken, missing = [parcel], 0
        elif missing > 0:
            taken.append(parcel)
            missing -= parcel.pieces
        if missing <= 0:
            break
    if missing > 0:
        return DeliveryPromise(PromiseKind.NEVER)
    last = taken[-1]
    places = {parcel.location.id: parcel.location for parcel in taken}
    stocked = all(parcel.source is PromiseSource.STOCK for parcel in taken)
    return DeliveryPromise(
        PromiseKind.ON_DAY,
        day=last.day,
        dispatch_day=max(parcel.dispatch_day for parcel in taken),
        source=PromiseSource.STOCK if stocked else PromiseSource.INCOMING,
        from_locations=tuple(places.values()),
    )


def dispatch_day(location: Location, at: datetime) -> date | None:
    """The first day on which an order of this instant leaves; None if there is none within `HORIZON_DAYS`."""
    zone, operation = location.draft.time_zone, location.operation
    today = local_day(zone, at)
    for ahead in range(HORIZON_DAYS + 1):
        day = today + timedelta(days=ahead)
        if opens_on(operation.hours, day) and (ahead or _leaves_today(location, day, at)):
            return day if operation.is_active(wall_instant(zone, day, DAY_MIN // 2)) else None
    return None


def delivery_day(rule: LeadRule, policy: Policy, dispatched: date) -> date | None:
    """The day it arrives: so many days with delivery after it left; None if that is more than `HORIZON_DAYS` away."""
    left = rule.days
    for ahead in range(HORIZON_DAYS + 1):
        day = dispatched + timedelta(days=ahead)
        delivers = day.weekday() in rule.weekdays and day not in policy.draft.no_delivery
        if ahead and delivers:
            left -= 1
        if left <= 0 and delivers:
            return day
    return None


def _leaves_today(location: Location, day: date, at: datetime) -> bool:
    """Whether it is early enough: before the cut-off, or where there is none before the last closing."""
    zone, operation = location.draft.time_zone, location.operation
    if operation.cutoff_min is not None:
        return local_minute(zone, at) < operation.cutoff_min
    if operation.hours is None:
        return True
    return any(at < period.closes_at for period in periods_on(operation.hours, zone, day))


def _ready(shop: Location, at: datetime) -> datetime | None:
    ready = after_open_minutes(shop.operation.hours, shop.draft.time_zone, at, shop.operation.pickup_lead_min)
    return ready if ready is not None and shop.operation.is_active(ready) else None


def _pickup(
    known: Known, shop: Location, source: PromiseSource, ready: datetime, sender: Location | None = None
) -> PickupPromise:
    kind = PromiseKind.NOW if source is PromiseSource.STOCK else PromiseKind.ON_DAY
    return PickupPromise(shop, kind, source, ready, local_day(shop.draft.time_zone, ready), sender)


def _arrives(known: Known, sku: str, location: Location, missing: int) -> datetime | None:
    """When so many pieces more will have arrived there."""
    for arrival in sorted(known.arrivals.get((sku, location.id), ()), key=lambda one: one.at):
        missing -= arrival.pieces
        if missing <= 0:
            return _expected(arrival, known.at)
    return None


def _expected(arrival: Arrival, now: datetime) -> datetime:
    return arrival.at if arrival.at > now else now + timedelta(days=OVERDUE_DAYS)


def _senders(known: Known, shop: Location) -> Sequence[Location]:
    if known.policy.draft.transfer_days is None or not shop.operation.offers(LocationService.SHIP_TO):
        return ()
    return [source for source in known.sources if source.id != shop.id]


def _transferred(known: Known, source: Location, shop: Location) -> datetime | None:
    """When a piece sent over now is ready at the shop: the days it travels, then the shop's opening and lead time."""
    dispatched = dispatch_day(source, known.at)
    days = known.policy.draft.transfer_days
    if dispatched is None or days is None:
        return None
    return _ready(shop, wall_instant(shop.draft.time_zone, dispatched + timedelta(days=days), 0))


def _parcels(known: Known, sku: str, source: Location, destination: Destination) -> Sequence[_Parcel]:
    """What this location can send: its stock now, and each arrival when it is there."""
    place = destination.country, destination.postal_code, source.id
    rule = known.once(("lead", *place), lambda: known.policy.lead(*place))
    if rule is None:
        return ()
    supplies = [(known.at, known.available(sku, source.id), PromiseSource.STOCK)]
    for arrival in known.arrivals.get((sku, source.id), ()):
        supplies.append((_expected(arrival, known.at), arrival.pieces, PromiseSource.INCOMING))
    parcels = []
    for at, pieces, origin in supplies:
        dispatched = known.once(("dispatch", source.id, at), partial(dispatch_day, source, at)) if pieces > 0 else None
        arrives = None if dispatched is None else delivery_day(rule, known.policy, dispatched)
        if dispatched is not None and arrives is not None:
            parcels.append(_Parcel(arrives, dispatched, source, pieces, origin))
    return parcels
