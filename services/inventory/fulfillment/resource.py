"""Pieces a picker did not find are taken from another location, or given up, and the shopper is told which.

A  plan: sourcing chooses among the locations that have them; the plan is written into the fulfilment.
B  each replacement is a fulfilment of its own: kept hidden, its picks held, its pieces taken all or none, then shown.
C  where pieces or picks are gone by then, it is dropped and its pieces are missing again, `MAX_ROUNDS` times.
Every part may be repeated by anybody; `resourcing` says that some may be left to do.
"""

from datetime import datetime

from kit.errors import Refused
from services.inventory.fulfillment import life
from services.inventory.fulfillment.model import (
    Fulfillment,
    FulfillmentKind,
    FulfillmentLine,
    FulfillmentState,
    Replacement,
)
from services.inventory.fulfillment.picks import as_it_is, let_go, most_picks, room_at, show
from services.inventory.location.model import MAX_RADIUS_KM, NearbyLocation, Nearness
from services.inventory.location.operation import LocationService
from services.inventory.model import LocationId, Sku
from services.inventory.paper.actions import INVENTORY
from services.inventory.paper.model import Decision, Step
from services.inventory.paper.taking import never_taken, take_pieces
from services.inventory.reservation.model import Line
from services.inventory.sourcing.choose import source
from services.inventory.sourcing.model import Candidate, Demand
from services.inventory.store import InventoryStore

NEAREST = 200
"""Locations looked at for missing pieces: the nearest to where they are to be."""
METRES = 1_000
PARTS = 12
"""Plans and drops of one fulfilment: more than `MAX_ROUNDS` of each."""


async def resource(store: InventoryStore, fulfillment: Fulfillment, *, now: datetime) -> Fulfillment:
    """Look for its missing pieces elsewhere until none is missing; return it as it is then."""
    for _ in range(PARTS):
        if not fulfillment.resourcing:
            break
        if fulfillment.missing:
            plan = [] if fulfillment.rounds >= life.MAX_ROUNDS else await _choose(store, fulfillment, now)
            decided = await _decide(store, fulfillment, life.plan_replacements(fulfillment, plan), now)
        else:
            decided = await _stand(store, fulfillment, now)
        fulfillment = decided or await as_it_is(store, fulfillment.id)
    return fulfillment


async def _stand(store: InventoryStore, fulfillment: Fulfillment, now: datetime) -> Fulfillment | None:
    """Let every replacement stand, or drop the first whose pieces are gone."""
    known = await store.fulfillments.by_ids([each.id for each in fulfillment.replacements])
    for each in fulfillment.replacements:
        child = known.get(each.id)
        if child is not None and child.state is not FulfillmentState.ALLOCATING:
            continue
        try:
            await _take(store, fulfillment, each, now)
        except Refused:
            made = await store.fulfillments.by_ids([each.id])
            await let_go(store, list(made.values()), now)
            await store.fulfillments.drop_allocating([each.id])
            return await _decide(store, fulfillment, life.drop_replacement(fulfillment, each.id), now)
    return await _decide(store, fulfillment, life.end_resourcing(fulfillment), now)


async def _take(store: InventoryStore, parent: Fulfillment, wanted: Replacement, now: datetime) -> None:
    room = await room_at(store, [wanted.location_id], None, now)
    child = await _hidden(store, parent, wanted, now)
    try:
        await room.hold(store, child)
    except Refused:
        if await never_taken(store, wanted.id, now=now):
            raise
    location = LocationId(wanted.location_id)
    lines = [Line(Sku(sku), location, pieces, place) for place, (sku, pieces) in enumerate(wanted.lines)]
    await take_pieces(store, wanted.id, lines, wanted.id, now=now)
    await _hidden(store, parent, wanted, now)
    await show(store, wanted.id, wanted.lines, _step(f"{wanted.id}\nshow", "allocate", now), INVENTORY, room)


async def _hidden(store: InventoryStore, parent: Fulfillment, wanted: Replacement, now: datetime) -> Fulfillment:
    """The replacement's fulfilment, kept hidden if there is none."""
    begun = _step(f"{wanted.id}\ntake", "create", now)
    new = await store.fulfillments.insert(Decision(_child(parent, wanted, now)), begun, INVENTORY)
    return new or await as_it_is(store, wanted.id)


async def _choose(store: InventoryStore, fulfillment: Fulfillment, at: datetime) -> list[Replacement]:
    """Where to take the missing pieces from, as sourcing says; a hold at the counter is of what lies there only."""
    if fulfillment.kind is FulfillmentKind.COUNTER_HOLD:
        return []
    places = await _candidates(store, fulfillment, at)
    skus = [sku for sku, _ in fulfillment.missing]
    levels = await store.stock.levels_at(skus, list(places))
    stock: dict[str, dict[str, int]] = {}
    for rows in levels.values():
        for level in rows:
            stock.setdefault(level.location_id, {})[level.sku] = level.quantities.available
    room = await most_picks(store, [places[id].location for id in stock], at)
    candidates = [
        Candidate(id, stock[id], distance_m=round(place.distance_km * METRES), capacity_left=room.get(id))
        for id, place in places.items()
        if id in stock
    ]
    if not candidates:
        return []
    plan = source([Demand(sku, pieces) for sku, pieces in fulfillment.missing], candidates)
    return [
        Replacement(
            id=f"{fulfillment.id}r{fulfillment.rounds + 1}{place:02d}",
            location_id=location_id,
            lines=tuple((pick.sku, pick.quantity) for pick in plan.picks if pick.location_id == location_id),
        )
        for place, location_id in enumerate(plan.location_ids)
    ]


async def _candidates(store: InventoryStore, fulfillment: Fulfillment, at: datetime) -> dict[str, NearbyLocation]:
    """The locations that ship, nearest to where the pieces are to be, but not the one that lacks them; and that place
    itself, which need not ship what it hands over."""
    wanted = fulfillment.place_id or fulfillment.source_id
    there = (await store.locations.by_id([wanted])).get(wanted)
    if there is None:
        return {}
    narrowed = Nearness(frozenset({LocationService.SHIP_FROM}), at)
    near = await store.locations.near(there.draft.point, MAX_RADIUS_KM, NEAREST, narrowed)
    found: dict[str, NearbyLocation] = {
        each.location.id: each for each in near if each.location.id != fulfillment.source_id
    }
    if wanted != fulfillment.source_id:
        found.setdefault(there.id, NearbyLocation(there, 0.0))
    return found


def _child(parent: Fulfillment, wanted: Replacement, now: datetime) -> Fulfillment:
    kind = FulfillmentKind.SHIP
    if parent.place_id is not None:
        here = wanted.location_id == parent.place_id
        kind = FulfillmentKind.PICKUP if here else FulfillmentKind.SHIP_TO_STORE
    return Fulfillment(
        id=wanted.id,
        created_at=now,
        updated_at=now,
        order_id=parent.order_id,
        reservation_id=None,
        kind=kind,
        state=FulfillmentState.ALLOCATING,
        source_id=wanted.location_id,
        place_id=parent.place_id,
        sold_at=parent.sold_at,
        customer_id=parent.customer_id,
        channel=parent.channel,
        address=parent.address,
        promised_at=parent.promised_at,
        hold_days=parent.hold_days,
        lines=tuple(FulfillmentLine(sku, pieces) for sku, pieces in wanted.lines),
        parent_id=parent.id,
    )


async def _decide(
    store: InventoryStore, fulfillment: Fulfillment, decision: Decision[Fulfillment], now: datetime
) -> Fulfillment | None:
    step = _step(f"{fulfillment.id}\n{fulfillment.version}", "resource", now, decision.after.state)
    return await store.fulfillments.decide(fulfillment, decision, step, INVENTORY)


def _step(key: str, action: str, now: datetime, state: str = FulfillmentState.ALLOCATED) -> Step:
    return Step(key, "", action, str(state), now, INVENTORY.name)
