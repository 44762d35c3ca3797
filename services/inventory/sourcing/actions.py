"""Reserve by sourcing: choose where from, hold it by the fenced reservation, choose again where it was gone by then.

A  claim: the key is bound to its input, and to the reservation it will make.
B  plan: written by compare-and-set, so that all workers with the key follow one plan.
C  hold the picks of locations that have a limit; a crash leaves holds that lapse by themselves.
D  reserve; where a line is gone by now, the plan is given up and the next one begins at B, `ATTEMPTS` times.
E  see that the picks are still held: another worker with the key may have met a refusal and let them go meanwhile.

Stock is what is promised: where E finds no room any more, the reservation stands and the answer shows fewer picks.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from kit.errors import IdempotencyKeyReused, NotFound, Refusal, Refused, Unavailable
from kit.idempotency import check_key, fingerprint
from services.inventory.capacity.actions import end_picks, hold_picks
from services.inventory.capacity.model import PickCapacityExceeded, PickHold, PickHoldState
from services.inventory.model import Actor, InsufficientStock, LocationId, Sku
from services.inventory.policy.model import Policy
from services.inventory.promise.model import dispatch_day
from services.inventory.reservation.actions import reserve
from services.inventory.reservation.model import (
    DEFAULT_HOLD_S,
    Line,
    Reservation,
    ReservationDraft,
    ReservationState,
    check_hold_s,
)
from services.inventory.sourcing.gathering import Proposal, Wish, check_wish, propose
from services.inventory.sourcing.model import Pick, SourcingShort
from services.inventory.sourcing.store import Sourced
from services.inventory.store import InventoryStore

ATTEMPTS = 5
"""Plans that may fail in a row because others were faster, before the last refusal is given back."""
STEPS = 3 * ATTEMPTS
"""Turns of the loop, those included in which another worker with the same key was faster."""
GONE = (InsufficientStock, NotFound, PickCapacityExceeded)
"""Refusals after which another plan may help."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted, under which key, for how long."""

    key: str
    wish: Wish
    hold_s: int = DEFAULT_HOLD_S


@dataclass(frozen=True, slots=True)
class SourcedReservation:
    """The reservation; the plan it follows and the picks it holds, where this very call made them."""

    reservation: Reservation
    proposal: Proposal | None = None
    picks: tuple[PickHold, ...] = ()


async def reserve_sourced(
    store: InventoryStore, order: Order, policy: Policy, *, actor: Actor, now: datetime
) -> SourcedReservation:
    """Hold everything, from wherever it is best; the same key and input again returns the same reservation.

    Refused with `SourcingShort` for each SKU that cannot be had in full; then nothing is held, and the same key and
    input may come again.
    """
    check_key(order.key)
    check_wish(order.wish, check_hold_s(order.hold_s))
    id = fingerprint("sourced", actor.channel, actor.customer, order.key)
    content = fingerprint(_content(order), actor.channel, actor.customer)
    proposal: Proposal | None = None
    last: Refused | None = None
    for _ in range(STEPS):
        known = await store.sourced.claim(id, content, now)  # A
        if known.fingerprint != content:
            raise Refused(IdempotencyKeyReused(key=order.key))
        there = await store.reservations.by_key(id)
        if there is not None and there.state is not ReservationState.TRY:
            return SourcedReservation(there, proposal)
        if known.picks is None:
            if known.attempt >= ATTEMPTS and last is not None:
                raise last
            proposal = await propose(store, order.wish, policy, now=now)
            if proposal.plan.short:
                if await store.sourced.claim(id, content, now) != known:
                    continue  # the same key at the same moment: what is missing may be held by it
                _refuse_short(proposal)
            following = await store.sourced.follow(known, proposal.plan.picks)  # B
            if following is None:
                continue
            known = following
        try:
            return await _hold(store, order, known, proposal, actor, now)
        except Refused as refused:
            last = refused
            if not all(isinstance(one, (*GONE, IdempotencyKeyReused)) for one in refused.refusals):
                raise
            await store.sourced.give_up(known)
    raise last or Unavailable("the stock moves too fast; try again with the same key")


async def _hold(
    store: InventoryStore, order: Order, known: Sourced, proposal: Proposal | None, actor: Actor, now: datetime
) -> SourcedReservation:
    assert known.picks is not None, "a plan is followed"
    draft = ReservationDraft(
        known.id,
        tuple(Line(Sku(pick.sku), LocationId(pick.location_id), pick.quantity) for pick in known.picks),
        order.hold_s,
    )
    try:
        held = await _hold_picks(store, order, known.picks, _pick_key(known), now)  # C
        reservation = await reserve(store, draft, actor=actor, now=now)  # D
    except Refused:
        for hold in await _picks_of(store, known, now):
            with suppress(Refused):  # ended by somebody else just now
                await end_picks(store, hold.location_id, hold.day, hold.key, PickHoldState.RELEASED)
        raise
    there = {hold.location_id for hold in await _picks_of(store, known, now)}  # E
    lost = tuple(pick for pick in known.picks if pick.location_id not in there)
    if held and lost:
        with suppress(Refused):
            again = await _hold_picks(store, order, lost, f"{_pick_key(known)}:again", now)
            held = [hold for hold in held if hold.location_id in there] + again
    still = (hold for hold in held if hold.state is PickHoldState.HELD)
    return SourcedReservation(reservation, proposal, tuple(still))


async def _hold_picks(
    store: InventoryStore, order: Order, picks: tuple[Pick, ...], key: str, now: datetime
) -> list[PickHold]:
    pieces: dict[str, int] = {}
    for pick in picks:
        pieces[pick.location_id] = pieces.get(pick.location_id, 0) + pick.quantity
    locations = await store.locations.by_id(list(pieces))
    held = []
    for id, location in sorted(locations.items()):
        day = dispatch_day(location, now)
        if day is not None and location.operation.daily_picks is not None:
            held.append(await hold_picks(store, location, day, pieces[id], key, now=now, hold_s=order.hold_s))
    return held


async def _picks_of(store: InventoryStore, known: Sourced, now: datetime) -> list[PickHold]:
    """The picks this attempt holds, whoever took them."""
    locations = await store.locations.by_id(list({pick.location_id for pick in known.picks or ()}))
    found = []
    for id, location in locations.items():
        day = dispatch_day(location, now)
        hold = None if day is None else await store.capacity.find(id, day, _pick_key(known))
        if hold is not None and hold.state is PickHoldState.HELD:
            found.append(hold)
    return found


def _pick_key(known: Sourced) -> str:
    return f"{known.id}:{known.attempt}"


def _refuse_short(proposal: Proposal) -> NoReturn:
    places = {demand.sku: place for place, demand in enumerate(proposal.demands)}
    short: list[Refusal] = [
        SourcingShort(
            path=("input", "lines", str(places[sku]), "quantity"),
            sku=sku,
            requested=proposal.demands[places[sku]].quantity,
            available=proposal.demands[places[sku]].quantity - missing,
        )
        for sku, missing in proposal.plan.short.items()
    ]
    raise Refused(*short)


def _content(order: Order) -> list[object]:
    """The input as far as it says what is to be held; the rules of the day are not part of it."""
    wish = order.wish
    to, point = wish.target.destination, wish.target.point
    return [
        sorted((demand.sku, demand.quantity) for demand in wish.demands),
        wish.target.pickup_location_id,
        None if to is None else [to.country, to.postal_code],
        None if point is None else [point.latitude, point.longitude],
        order.hold_s,
    ]
