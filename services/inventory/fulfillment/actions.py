"""What can be done with fulfilments: make them from a reservation, and take them through their life.

Making: keep one for each location of the reservation, hidden (ALLOCATING); hold their picks (`picks`); commit the
reservation for later; show them (ALLOCATED). The first of them belongs to one key only, and so the reservation to one
making; where a location has a limit, it also decides whether room was found for all, or the making is given up. Whoever
finds them ALLOCATING for too long does the rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from kit.errors import IdempotencyKeyReused, NotFound, Refused, Unavailable
from kit.idempotency import fingerprint
from services.inventory.fulfillment import giving_back, life
from services.inventory.fulfillment.code import is_right
from services.inventory.fulfillment.giving_back import Inspected
from services.inventory.fulfillment.leg import hand_on, open_leg
from services.inventory.fulfillment.life import Picked
from services.inventory.fulfillment.model import (
    KIND,
    MAX_CODE_ATTEMPTS,
    CodeLocked,
    Fulfillment,
    FulfillmentDraft,
    FulfillmentKind,
    FulfillmentLine,
    FulfillmentState,
    ReservationTaken,
    WrongCode,
)
from services.inventory.fulfillment.picks import as_it_is, let_go, make_sure, room_at, show, tell_day
from services.inventory.fulfillment.resource import resource
from services.inventory.model import Actor, StockState
from services.inventory.paper.actions import check_command, content_of, post, take_step
from services.inventory.paper.model import (
    By,
    Command,
    Count,
    Decision,
    Step,
    need_any_location,
    need_location,
    need_state,
    refuse,
)
from services.inventory.reservation.actions import commit, find_reservation
from services.inventory.reservation.model import LATER, Reservation, ReservationState
from services.inventory.store import InventoryStore
from services.inventory.transfer import leg


async def create(store: InventoryStore, draft: FulfillmentDraft, command: Command) -> list[Fulfillment]:
    """Make a fulfilment for every location of a reservation; the same key and input again returns what it made."""
    check_command(command)
    refuse(life.check_draft(draft))
    places = [("pickupLocationId", draft.place_id), ("soldAtLocationId", draft.sold_at)]
    known = await store.locations.by_id([id for _, id in places if id is not None])
    refuse([NotFound(path=("input", name), kind="Location", id=id) for name, id in places if id and id not in known])
    reservation = await find_reservation(store, draft.reservation_id, command.by.actor)
    if reservation is None:
        path = ("input", "reservationId")
        raise Refused(NotFound(path=path, kind="Reservation", id=draft.reservation_id))
    _need_own_location(command.by, draft, reservation)
    step = Step(command.key, content_of(command), "create", "ALLOCATING", command.at, command.by.actor.name)
    return await allocate(store, draft, reservation, step, command.by.actor)


async def allocate(
    store: InventoryStore, draft: FulfillmentDraft, reservation: Reservation, step: Step, actor: Actor
) -> list[Fulfillment]:
    """From nothing, or from where a crash left it, to ALLOCATED; Refused where the reservation is over or another's."""
    hidden: list[Fulfillment] = []
    for place, each in enumerate(_from_reservation(draft, reservation, actor, step.at)):
        own = step if place == 0 else _derived(step, f"{place}")
        kept = await store.fulfillments.insert(Decision(each), own, actor) or await store.fulfillments.by_id(each.id)
        if kept is None:
            raise Refused(IdempotencyKeyReused(key=step.key))
        if kept.steps[0].key != own.key or kept.steps[0].fingerprint != step.fingerprint:
            raise Refused(ReservationTaken(reservation_id=reservation.id, fulfillment_id=kept.id))
        hidden.append(kept)
    room = await room_at(store, [each.source_id for each in hidden], reservation.key, step.at)
    await make_sure(store, hidden, room)
    lines = _taken(await _commit(store, reservation, step, actor))
    shown = []
    for each in hidden:
        own = _derived(step, each.id)
        shown.append(await show(store, each.id, lines.get(each.source_id, []), own, actor, room))
    await store.owed.clear([reservation.id])
    return [each for each in shown if each is not None]


async def start_picking(store: InventoryStore, command: Command, wave_id: str | None = None) -> Fulfillment:
    """Go and fetch it."""
    return await _step(store, command, lambda each: life.start_picking(each, command.by, wave_id))


async def record_picked(store: InventoryStore, picks: Sequence[Picked], command: Command) -> Fulfillment:
    """Say what was found; what was not is looked for at other locations."""
    done = await _step(store, command, lambda each: life.record_picked(each, picks, command.by))
    return await resource(store, done, now=command.at)


async def make_ready(store: InventoryStore, command: Command) -> Fulfillment:
    """Put it behind the counter, under a code."""

    def decide(each: Fulfillment) -> Decision[Fulfillment]:
        return life.ready(each, store.pickup_codes.issue(each.id, 1), command.by, command.at)

    return await _step(store, command, decide)


async def renew_code(store: InventoryStore, command: Command) -> Fulfillment:
    """Make a new code in place of one that is locked or lost."""

    def decide(each: Fulfillment) -> Decision[Fulfillment]:
        issue = 1 if each.code is None else each.code.issue + 1
        return life.renew_code(each, store.pickup_codes.issue(each.id, issue), command.by)

    return await _step(store, command, decide)


async def collect(store: InventoryStore, code: str, command: Command) -> Fulfillment:
    """Hand it over to who has the code. An attempt is used up before the code is looked at, so that none is free."""
    check_command(command)
    there = await store.fulfillments.by_id(command.id)
    if there is not None and there.step_of(command.key) is None and there.state is FulfillmentState.READY:
        need_location(command.by, there.place_id or there.source_id)
        await _check_code(store, there, code)
    return await _step(store, command, lambda each: life.collect(each, command.by))


async def ship(store: InventoryStore, carrier: str | None, tracking: str | None, command: Command) -> Fulfillment:
    """Hand it to the carrier; what goes to a shop becomes a transfer."""
    done = await _step(store, command, lambda each: life.ship(each, carrier, tracking, command.by))
    return await open_leg(store, done)


async def arrive(store: InventoryStore, counts: Sequence[Count] | None, command: Command) -> Fulfillment:
    """Take in at the shop all that is still on the way; or so much of it, what did not come being looked for elsewhere.

    As receiving and closing its transfer in one.
    """
    check_command(command)
    there = await store.fulfillments.by_id(command.id)
    if there is None:
        raise Refused(NotFound(path=("input", "id"), kind=KIND, id=command.id))
    content = content_of(command)
    known = there.step_of(command.key)
    if known is not None and known.fingerprint == content:
        return await resource(store, await post(store, store.fulfillments, there), now=command.at)
    if known is not None or await store.fulfillments.by_key(command.key) is not None:
        raise Refused(IdempotencyKeyReused(key=command.key))
    need_location(command.by, str(there.place_id))
    need_state(KIND, there, there.state, FulfillmentState.IN_TRANSIT)
    await open_leg(store, there)
    own = replace(command, id=life.leg_id(there), key=fingerprint("arrive", there.id, command.key))
    came = await take_step(store, store.transfers, own, lambda each: leg.arrive(each, counts, own.by))
    step = Step(command.key, content, "arrive", FulfillmentState.ARRIVED, command.at, command.by.actor.name)
    await hand_on(store, came, command.at, step)
    return await as_it_is(store, command.id)


async def deliver(store: InventoryStore, command: Command) -> Fulfillment:
    """The carrier has delivered it."""
    return await _step(store, command, life.deliver)


async def cancel(store: InventoryStore, command: Command, *, own_only: bool) -> Fulfillment:
    """Call it off. `own_only`: by a customer, who may while nobody has begun to pick, and only what is theirs."""

    def decide(each: Fulfillment) -> Decision[Fulfillment]:
        if own_only and each.customer_id != command.by.actor.customer:
            raise Refused(NotFound(path=("input", "id"), kind=KIND, id=each.id))
        return life.cancel(each, command.by, only_untouched=own_only)

    return await _step(store, command, decide)


async def give_back(store: InventoryStore, counts: Sequence[Count], location_id: str, command: Command) -> Fulfillment:
    """Take pieces back at any location; they wait there for inspection."""
    if not await store.locations.by_id([location_id]):
        raise Refused(NotFound(path=("input", "locationId"), kind="Location", id=location_id))

    def decide(each: Fulfillment) -> Decision[Fulfillment]:
        return giving_back.give_back(each, counts, location_id, command.by, command.at)

    return await _step(store, command, decide)


async def inspect(
    store: InventoryStore, return_id: str, verdicts: Sequence[Inspected], command: Command
) -> Fulfillment:
    """Say what becomes of pieces that came back."""
    return await _step(store, command, lambda each: giving_back.inspect(each, return_id, verdicts, command.by))


async def _step(
    store: InventoryStore, command: Command, decide: Callable[[Fulfillment], Decision[Fulfillment]]
) -> Fulfillment:
    """Take a step, and tell its day where its picks are over by it."""
    return await tell_day(store, await take_step(store, store.fulfillments, command, decide), command.at)


async def _check_code(store: InventoryStore, there: Fulfillment, code: str) -> None:
    tried = await store.fulfillments.spend_attempt(there.id, MAX_CODE_ATTEMPTS)
    if tried is None or tried.code is None:
        there = await store.fulfillments.by_id(there.id) or there
        if there.state is FulfillmentState.READY:
            raise Refused(CodeLocked(attempts=MAX_CODE_ATTEMPTS))
    elif not is_right(tried.id, tried.code, code):
        raise Refused(WrongCode(attempts_left=MAX_CODE_ATTEMPTS - tried.code.attempts))


async def _commit(store: InventoryStore, reservation: Reservation, step: Step, actor: Actor) -> Reservation:
    """The reservation, committed for later: by us, or by who took the payment."""
    try:
        done = await commit(store, reservation.id, f"fulfil:{reservation.id}", actor=actor, now=step.at, how=LATER)
    except Refused:
        there = await store.reservations.by_id(reservation.id)
        if there is not None and there.state is ReservationState.HELD:
            raise Unavailable("the reservation is just running out; try again") from None
        if there is None or there.state is not ReservationState.COMMITTED or there.into is not StockState.COMMITTED:
            made = await store.fulfillments.of_reservation(reservation.id)
            await let_go(store, made, step.at)
            await store.fulfillments.drop_allocating([each.id for each in made])
            raise
        done = there
    return done


def _derived(step: Step, name: str) -> Step:
    """A further step under the same key: with a line break, which no key of a client has."""
    return Step(f"{step.key}\n{name}", step.fingerprint, "allocate", "ALLOCATED", step.at, step.actor)


def _taken(reservation: Reservation) -> dict[str, list[tuple[str, int]]]:
    """The pieces a reservation has committed, by location."""
    found: dict[str, list[tuple[str, int]]] = {}
    for line in reservation.lines:
        pieces = line.quantity if line.taken is None else line.taken
        if pieces:
            found.setdefault(line.location_id, []).append((line.sku, pieces))
    return found


def _from_reservation(
    draft: FulfillmentDraft, reservation: Reservation, actor: Actor, at: datetime
) -> list[Fulfillment]:
    """One hidden fulfilment a location, in the order of the locations' ids."""
    by_location: dict[str, list[FulfillmentLine]] = {}
    for line in reservation.lines:
        by_location.setdefault(line.location_id, []).append(FulfillmentLine(line.sku, line.quantity))
    body = reservation.id.partition("_")[2]
    return [
        Fulfillment(
            id=f"ful_{body}{place:02d}",
            created_at=at,
            updated_at=at,
            order_id=draft.order_id,
            reservation_id=reservation.id,
            kind=life.kind_at(draft, location_id),
            state=FulfillmentState.ALLOCATING,
            source_id=location_id,
            place_id=draft.place_id,
            sold_at=draft.sold_at,
            customer_id=draft.customer_id or reservation.actor.customer,
            channel=reservation.actor.channel,
            address=draft.address,
            promised_at=draft.promised_at,
            hold_days=draft.hold_days,
            lines=tuple(by_location[location_id]),
        )
        for place, location_id in enumerate(sorted(by_location))
    ]


def draft_of(fulfillment: Fulfillment) -> FulfillmentDraft:
    """What it was made from, for whoever finishes the making."""
    return FulfillmentDraft(
        reservation_id=str(fulfillment.reservation_id),
        order_id=fulfillment.order_id,
        place_id=fulfillment.place_id,
        address=fulfillment.address,
        counter_hold=fulfillment.kind is FulfillmentKind.COUNTER_HOLD,
        customer_id=fulfillment.customer_id,
        sold_at=fulfillment.sold_at,
        promised_at=fulfillment.promised_at,
        hold_days=fulfillment.hold_days,
    )


def _need_own_location(by: By, draft: FulfillmentDraft, reservation: Reservation) -> None:
    """A till sells from anywhere, but for itself: it hands over, holds, or is where it was sold."""
    sources = {str(line.location_id) for line in reservation.lines}
    ends = [each for each in (draft.place_id, draft.sold_at) if each is not None]
    need_any_location(by, [*ends, *sorted(sources)], ("input", "reservationId"))
