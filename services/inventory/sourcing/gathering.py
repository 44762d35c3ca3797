"""What sourcing needs to know: who ships, how far away, at what cost, with how much left to pick and to sell."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from kit.errors import InvalidInput, NotFound, Refusal, Refused
from services.inventory.capacity.model import PickDay
from services.inventory.location.model import MAX_RADIUS_KM, GeoPoint, Location, NearbyLocation, Nearness
from services.inventory.location.operation import LocationService
from services.inventory.policy.model import Policy
from services.inventory.promise.model import Destination, dispatch_day
from services.inventory.sourcing.choose import source
from services.inventory.sourcing.model import (
    FULL_BP,
    Candidate,
    Demand,
    Plan,
    SourcingMethod,
    SourcingRule,
    check_demands,
    check_rules,
    strain_bp,
)
from services.inventory.store import InventoryStore

MAX_PLACES = 500
"""Locations looked at, nearest first: a large chain's."""
METRES = 1_000
THREAD_FROM = 1_000
"""Demands times candidates from which choosing goes to a thread, so that other requests need not wait for it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the pieces are to be: at a pickup shop, or at a destination with its point on the map."""

    pickup_location_id: str | None = None
    destination: Destination | None = None
    point: GeoPoint | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants sourced; the channel's rules unless others are given."""

    demands: tuple[Demand, ...]
    target: Target
    rules: tuple[SourcingRule, ...] | None = None
    method: SourcingMethod | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan with all that it was chosen from, and the business day on which each location would pick."""

    plan: Plan
    demands: tuple[Demand, ...]
    candidates: Sequence[Candidate]
    locations: Mapping[str, Location]
    days: Mapping[str, date]


async def propose(store: InventoryStore, wish: Wish, policy: Policy, *, now: datetime) -> Proposal:
    """The plan for what is there now; it holds nothing."""
    check_wish(wish)
    places = await _places(store, wish.target, now)
    days: dict[str, date] = {
        row.location.id: day for row in places if (day := dispatch_day(row.location, now)) is not None
    }
    candidates = await _candidates(store, wish, policy, [row for row in places if row.location.id in days], days)
    rules = wish.rules or policy.draft.sourcing
    plan = await _choose(wish.demands, candidates, rules, wish.method)
    return Proposal(plan, wish.demands, candidates, {row.location.id: row.location for row in places}, days)


def check_wish(wish: Wish, further: Sequence[Refusal] = ()) -> None:
    """Raise Refused for every reason why this can never be sourced, together with `further` ones."""
    problems = [*check_demands(wish.demands, ("input", "lines")), *further]
    if wish.rules is not None:
        problems += check_rules(wish.rules, ("input", "rules"))
    if (wish.target.pickup_location_id is None) == (wish.target.destination is None):
        problems.append(InvalidInput(expected="either pickupLocationId or destination", got="both or neither"))
    if problems:
        raise Refused(*problems)


async def _choose(
    demands: Sequence[Demand],
    candidates: Sequence[Candidate],
    rules: Sequence[SourcingRule],
    method: SourcingMethod | None,
) -> Plan:
    if len(demands) * len(candidates) < THREAD_FROM:
        return source(demands, candidates, rules, method)
    return await asyncio.to_thread(source, demands, candidates, rules, method)


async def _places(store: InventoryStore, target: Target, now: datetime) -> list[NearbyLocation]:
    """The locations that ship, nearest first; a pickup shop itself is always among them."""
    narrowed = Nearness(frozenset({LocationService.SHIP_FROM}), now)
    point, shop = target.point, None
    if target.pickup_location_id is not None:
        shop = (await store.locations.by_id([target.pickup_location_id])).get(target.pickup_location_id)
        if shop is None:
            path = ("input", "pickupLocationId")
            raise Refused(NotFound(path=path, kind="Location", id=target.pickup_location_id))
        point = shop.draft.point
    if point is None:
        return [NearbyLocation(row, 0.0) for row in await store.locations.narrowed(narrowed, MAX_PLACES)]
    places = await store.locations.near(point, MAX_RADIUS_KM, MAX_PLACES, narrowed)
    if shop is not None and all(row.location.id != shop.id for row in places):
        places = [NearbyLocation(shop, 0.0), *places[: MAX_PLACES - 1]]
    return places


async def _candidates(
    store: InventoryStore, wish: Wish, policy: Policy, places: Sequence[NearbyLocation], days: Mapping[str, date]
) -> list[Candidate]:
    skus = [demand.sku for demand in wish.demands]
    available = await store.stock.available_at(skus, [row.location.id for row in places])
    limited = [
        (row.location.id, days[row.location.id]) for row in places if row.location.operation.daily_picks is not None
    ]
    picks = await store.capacity.days(limited) if limited else {}
    return [
        _candidate(row, wish, policy, available, picks.get((row.location.id, days[row.location.id]))) for row in places
    ]


def _candidate(
    row: NearbyLocation,
    wish: Wish,
    policy: Policy,
    available: Mapping[str, Mapping[str, int]],
    picks: PickDay | None,
) -> Candidate:
    id, to = row.location.id, wish.target.destination
    limit = row.location.operation.daily_picks
    kept = {demand.sku: policy.keeps_back(demand.sku, id) for demand in wish.demands}
    lying = {sku: available[sku].get(id, 0) for sku in kept}
    stock = {sku: max(0, pieces - kept[sku]) for sku, pieces in lying.items()}
    candidate = Candidate(
        location_id=id,
        stock=stock,
        distance_m=round(row.distance_km * METRES),
        capacity_left=None if picks is None else picks.left(limit),
        load_bp=0 if picks is None or not limit else min(FULL_BP, FULL_BP * picks.taken // limit),
        strain_bp={sku: strain_bp(lying[sku], kept[sku]) for sku, pieces in stock.items() if pieces},
    )
    if to is None:
        return candidate
    lead = policy.lead(to.country, to.postal_code, id)
    if lead is None:
        return replace(candidate, stock={})
    return replace(candidate, parcel_cost=lead.parcel_cost, piece_cost=lead.piece_cost)
