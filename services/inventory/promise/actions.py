"""Making promises: gather what is known about all SKUs and locations of a question at once, then ask the model."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kit.errors import BadUserInput
from services.inventory.location.model import MAX_RADIUS_KM, GeoPoint, Location, Nearness
from services.inventory.location.operation import LocationService
from services.inventory.model import stock_id
from services.inventory.policy.model import Policy
from services.inventory.promise.assembled import pieces_at
from services.inventory.promise.model import (
    MAX_SHOPS,
    MAX_SOURCES,
    Arrival,
    DeliveryPromise,
    Destination,
    Known,
    PickupPromise,
    promise_delivery,
    promise_pickup,
)
from services.inventory.store import InventoryStore


@dataclass(frozen=True, slots=True)
class Where:
    """Where a shopper wants it: at these shops, at the shops around a point, at a destination; all may be asked."""

    location_ids: tuple[str, ...] = ()
    near: GeoPoint | None = None
    radius_km: float = 0.0
    destination: Destination | None = None
    destination_point: GeoPoint | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """What can be promised of one SKU: one pickup a shop, and a delivery if a destination was given."""

    sku: str
    quantity: int
    pickups: tuple[PickupPromise, ...]
    delivery: DeliveryPromise | None


@dataclass(frozen=True, slots=True)
class Places:
    """The locations of a question: shops with their distances, and those that ship."""

    shops: Sequence[Location]
    distances: dict[str, float]
    sources: Sequence[Location]


async def promise(
    store: InventoryStore, wanted: Sequence[tuple[str, int]], where: Where, policy: Policy, *, at: datetime
) -> tuple[list[Promise], Places]:
    """What can be promised of every SKU and quantity, and where was looked; one query for the stock of all."""
    places = await find_places(store, where, at=at)
    known = await know(store, [sku for sku, _ in wanted], places, policy, at=at)
    promises = [
        Promise(
            sku,
            quantity,
            tuple(promise_pickup(known, sku, quantity, shop) for shop in places.shops),
            None if where.destination is None else promise_delivery(known, sku, quantity, where.destination),
        )
        for sku, quantity in wanted
    ]
    return promises, places


async def find_places(store: InventoryStore, where: Where, *, at: datetime) -> Places:
    """The shops and sources of a question; BadUserInput names a location that does not exist."""
    shops: list[Location] = []
    distances: dict[str, float] = {}
    if where.location_ids:
        found = await store.locations.by_id(where.location_ids)
        for index, id in enumerate(where.location_ids):
            if id not in found:
                raise BadUserInput(f"where.locationIds.{index}: there is no location {id!r}")
        shops = [found[id] for id in where.location_ids]
    if where.near is not None and len(shops) < MAX_SHOPS:
        narrowed = Nearness(frozenset({LocationService.PICKUP}), at)
        nearby = await store.locations.near(where.near, where.radius_km, MAX_SHOPS, narrowed)
        distances = {row.location.id: row.distance_km for row in nearby}
        known = {shop.id for shop in shops}
        shops += [row.location for row in nearby if row.location.id not in known][: MAX_SHOPS - len(shops)]
    return Places(shops, distances, await _sources(store, where, shops, at))


async def know(store: InventoryStore, skus: Sequence[str], places: Places, policy: Policy, *, at: datetime) -> Known:
    """Stock and arrivals of these SKUs at all of these places: one query each."""
    ids = list({location.id for location in (*places.shops, *places.sources)})
    available = await pieces_at(store, skus, ids, policy) if ids else {}
    arrivals: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
    incoming = await store.deliveries.incoming(skus, ids) if ids else []
    taken = {line.id: line.ordered for line in await store.backorders.lines_of(skus, ids)} if ids else {}
    for sku, there in available.items() if taken else ():  # who has ordered already is served first
        for id, pieces in there.items():
            theirs = min(taken.get(stock_id(sku, id), 0), pieces)
            if theirs > 0:
                taken[stock_id(sku, id)] -= theirs
                there[id] -= theirs
    for row in incoming:  # soonest first
        theirs = min(taken.get(stock_id(row.sku, row.location_id), 0), row.quantity)
        if theirs:
            taken[stock_id(row.sku, row.location_id)] -= theirs
        if row.quantity > theirs:
            arrivals[row.sku, row.location_id].append(
                Arrival(row.sku, row.location_id, row.quantity - theirs, row.due_at)
            )
    return Known(at, policy, available, arrivals, places.sources)


async def stocked_locations(store: InventoryStore, policy: Policy, sku: str) -> frozenset[str]:
    """Where the channel has a piece of it to sell."""
    found = await store.stock.locations_having(sku)
    return frozenset(id for id, pieces in found.items() if pieces > policy.keeps_back(sku, id))


async def _sources(store: InventoryStore, where: Where, shops: Sequence[Location], at: datetime) -> Sequence[Location]:
    """The locations that ship, nearest to the destination, else to the point, else to the first shop."""
    point = where.destination_point or where.near or (shops[0].draft.point if shops else None)
    narrowed = Nearness(frozenset({LocationService.SHIP_FROM}), at)
    if point is None:
        return await store.locations.narrowed(narrowed, MAX_SOURCES)
    nearby = await store.locations.near(point, MAX_RADIUS_KM, MAX_SOURCES, narrowed)
    return [row.location for row in nearby]
