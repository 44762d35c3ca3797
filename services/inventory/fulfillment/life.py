"""What can be done with a fulfilment in which state, what moves by it, and what is told. No I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kit.errors import InvalidInput, Path, Refusal, Refused
from services.inventory.fulfillment.model import (
    AT_PLACE,
    AT_SOURCE,
    KIND,
    MAX_ADDRESS,
    MAX_HOLD_DAYS,
    MAX_ID,
    MIN_HOLD_DAYS,
    Code,
    Fulfillment,
    FulfillmentDraft,
    FulfillmentKind,
    FulfillmentLine,
    FulfillmentState,
    Picks,
    Replacement,
    told,
)
from services.inventory.model import MAX_QUANTITY, MovementReason, StockState
from services.inventory.paper.model import (
    By,
    Count,
    Decision,
    Move,
    QuantityExceeded,
    check_counts,
    need_location,
    need_state,
    no_such_line,
    refuse,
)

State = FulfillmentState
Kind = FulfillmentKind
LINES: Path = ("input", "lines")
MAX_ROUNDS = 3
"""How often missing pieces are looked for elsewhere before the shopper is told that they are not to be had."""


@dataclass(frozen=True, slots=True)
class Picked:
    """What a picker says of one SKU: in the box, not there, there but damaged."""

    sku: str
    quantity: int
    short: int = 0
    damaged: int = 0
    place: int = 0

    @property
    def pieces(self) -> int:
        """All it speaks of."""
        return self.quantity + self.short + self.damaged


def check_draft(draft: FulfillmentDraft) -> list[Refusal]:
    """Every reason why the input can never be taken."""
    problems: list[Refusal] = []
    if (draft.place_id is None) == (draft.address is None):
        problems.append(InvalidInput(expected="either pickupLocationId or address", got="both or neither"))
    if draft.counter_hold and draft.place_id is None:
        path = ("input", "pickupLocationId")
        problems.append(InvalidInput(path=path, expected="the shop that holds it", got="null"))
    if draft.address is not None and not (1 <= len(draft.address) <= MAX_ADDRESS and draft.address.strip()):
        expected = f"1 to {MAX_ADDRESS} characters"
        problems.append(InvalidInput(path=("input", "address"), expected=expected, got=str(len(draft.address))))
    if not MIN_HOLD_DAYS <= draft.hold_days <= MAX_HOLD_DAYS:
        expected = f"{MIN_HOLD_DAYS} to {MAX_HOLD_DAYS} days"
        problems.append(InvalidInput(path=("input", "holdDays"), expected=expected, got=str(draft.hold_days)))
    if draft.order_id is None and not draft.counter_hold:
        problems.append(InvalidInput(path=("input", "orderId"), expected="the order's id", got="null"))
    return problems + check_names(orderId=draft.order_id, customerId=draft.customer_id)


def check_names(**names: str | None) -> list[Refusal]:
    """What is wrong with ids and names that others have given."""
    expected = f"1 to {MAX_ID} printable characters"
    return [
        InvalidInput(path=("input", name), expected=expected, got=repr(text[:MAX_ID]))
        for name, text in names.items()
        if text is not None and not (1 <= len(text) <= MAX_ID and text.isprintable())
    ]


def kind_at(draft: FulfillmentDraft, source_id: str) -> FulfillmentKind:
    """How pieces at this location are handed over as the draft wants it; refused for a hold of what is not there."""
    if draft.place_id is None:
        return Kind.SHIP
    if draft.counter_hold:
        if draft.place_id != source_id:
            path = ("input", "pickupLocationId")
            raise Refused(InvalidInput(path=path, expected=f"{source_id!r}, where the pieces are", got=draft.place_id))
        return Kind.COUNTER_HOLD
    return Kind.PICKUP if draft.place_id == source_id else Kind.SHIP_TO_STORE


def allocate(fulfillment: Fulfillment, lines: Sequence[tuple[str, int]]) -> Decision[Fulfillment]:
    """These pieces are committed to it: it can be picked."""
    need_state(KIND, fulfillment, fulfillment.state, State.ALLOCATING)
    taken = tuple(FulfillmentLine(sku, pieces) for sku, pieces in lines)
    return told(replace(fulfillment, state=State.ALLOCATED, lines=taken), "allocated")


def start_picking(fulfillment: Fulfillment, by: By, wave_id: str | None = None) -> Decision[Fulfillment]:
    """Somebody goes to fetch it, alone or in a wave."""
    need_location(by, fulfillment.source_id)
    need_state(KIND, fulfillment, fulfillment.state, State.ALLOCATED)
    return told(replace(fulfillment, state=State.PICKING, picker=by.actor.name, wave_id=wave_id), "picking")


def record_picked(fulfillment: Fulfillment, picks: Sequence[Picked], by: By) -> Decision[Fulfillment]:
    """What the picker found. Missing pieces leave the books, damaged ones are set aside; both are sought elsewhere."""
    need_location(by, fulfillment.source_id)
    need_state(KIND, fulfillment, fulfillment.state, State.PICKING)
    refuse(_negative(picks) + check_counts([Count(each.sku, each.pieces, each.place) for each in picks], LINES))
    refuse(_beyond(picks, {line.sku: line.unpicked for line in fulfillment.lines}))
    by_sku = {each.sku: each for each in picks}
    moves = []
    for each in picks:
        moves.append(_move(fulfillment, each.sku, each.short, None, MovementReason.LOST))
        moves.append(_move(fulfillment, each.sku, each.damaged, StockState.DAMAGED, MovementReason.DAMAGED))
    lines = tuple(_after_pick(line, by_sku.get(line.sku)) for line in fulfillment.lines)
    missing = _added(fulfillment.missing, [(each.sku, each.short + each.damaged) for each in picks])
    after = replace(fulfillment, lines=lines, missing=missing, resourcing=bool(missing))
    if any(line.unpicked for line in lines):
        return told(after, "picking", moves)
    after = replace(after, picks=_end_picks(after))
    if not any(line.picked for line in lines):
        return told(replace(after, state=State.SHORT), "short", moves)
    return told(replace(after, state=State.PICKED), "picked", moves)


def ready(fulfillment: Fulfillment, code: Code, by: By, at: datetime) -> Decision[Fulfillment]:
    """It waits at the counter, under a code, until its days are over."""
    need_location(by, fulfillment.place_id or fulfillment.source_id)
    needed = (State.ARRIVED,) if fulfillment.kind is Kind.SHIP_TO_STORE else (State.PICKED,)
    need_state(KIND, fulfillment, fulfillment.state, *(() if fulfillment.kind is Kind.SHIP else needed))
    until = at + timedelta(days=fulfillment.hold_days)
    return told(replace(fulfillment, state=State.READY, code=code, collect_by=until), "ready")


def renew_code(fulfillment: Fulfillment, code: Code, by: By) -> Decision[Fulfillment]:
    """A new code; the old one no longer opens anything."""
    need_location(by, fulfillment.place_id or fulfillment.source_id)
    need_state(KIND, fulfillment, fulfillment.state, State.READY)
    return told(replace(fulfillment, code=code), "code_renewed")


def collect(fulfillment: Fulfillment, by: By) -> Decision[Fulfillment]:
    """Handed over at the counter; whether the code is right has been decided before."""
    need_location(by, fulfillment.place_id or fulfillment.source_id)
    need_state(KIND, fulfillment, fulfillment.state, State.READY)
    return told(
        replace(fulfillment, state=State.COLLECTED), "collected", _all(fulfillment, None, MovementReason.HANDED_OVER)
    )


def expire(fulfillment: Fulfillment, at: datetime) -> Decision[Fulfillment]:
    """Nobody came: its pieces are available again where they lie."""
    need_state(KIND, fulfillment, fulfillment.state, State.READY)
    if fulfillment.collect_by is None or fulfillment.collect_by > at:
        raise Refused(InvalidInput(expected="a hold whose days are over", got=str(fulfillment.collect_by)))
    back = _all(fulfillment, StockState.AVAILABLE, MovementReason.EXPIRED)
    return told(replace(fulfillment, state=State.NO_SHOW, code=None), "no_show", back)


def ship(fulfillment: Fulfillment, carrier: str | None, tracking: str | None, by: By) -> Decision[Fulfillment]:
    """Handed to the carrier: home, or to the shop where it will be picked up."""
    need_location(by, fulfillment.source_id)
    refuse(check_names(carrier=carrier, tracking=tracking))
    sent = fulfillment.kind in (Kind.SHIP, Kind.SHIP_TO_STORE)
    need_state(KIND, fulfillment, fulfillment.state, *((State.PICKED,) if sent else ()))
    home = fulfillment.kind is Kind.SHIP
    reason = MovementReason.HANDED_OVER if home else MovementReason.TRANSFERRED
    state = State.SHIPPED if home else State.IN_TRANSIT
    after = replace(fulfillment, state=state, carrier=carrier, tracking=tracking, unsent=not home)
    return told(after, "shipped" if home else "in_transit", _all(fulfillment, None, reason))


def leg_id(fulfillment: Fulfillment) -> str:
    """The id of the transfer that brings it to the shop."""
    return f"trf_{fulfillment.id.partition('_')[2]}"


def arrive(fulfillment: Fulfillment, came: Mapping[str, int]) -> Decision[Fulfillment]:
    """Its transfer has brought it to the shop, whole or with fewer pieces: those are looked for elsewhere."""
    need_state(KIND, fulfillment, fulfillment.state, State.IN_TRANSIT)
    missing = _added(fulfillment.missing, [(line.sku, line.left - came.get(line.sku, 0)) for line in fulfillment.lines])
    lines = tuple(
        replace(line, picked=came.get(line.sku, 0), short=line.quantity - came.get(line.sku, 0))
        for line in fulfillment.lines
    )
    there = any(came.values())
    state = State.ARRIVED if there else State.SHORT
    after = replace(fulfillment, lines=lines, missing=missing, resourcing=bool(missing), state=state, unsent=False)
    return told(after, "arrived" if there else "short")


def deliver(fulfillment: Fulfillment) -> Decision[Fulfillment]:
    """The carrier says that it is there."""
    need_state(KIND, fulfillment, fulfillment.state, State.SHIPPED)
    return told(replace(fulfillment, state=State.DELIVERED), "delivered")


def cancel(fulfillment: Fulfillment, by: By, *, only_untouched: bool = False) -> Decision[Fulfillment]:
    """Called off: its pieces are available again where they lie; never while they are on the way."""
    allowed = (State.ALLOCATED,) if only_untouched else (*AT_SOURCE, *AT_PLACE)
    need_state(KIND, fulfillment, fulfillment.state, *allowed)
    if not only_untouched:
        need_location(by, str(fulfillment.held_at))
    back = _all(fulfillment, StockState.AVAILABLE, MovementReason.CANCELLED)
    after = replace(fulfillment, state=State.CANCELLED, code=None, missing=(), picks=_end_picks(fulfillment))
    return told(after, "cancelled", back)


def plan_replacements(fulfillment: Fulfillment, plan: Sequence[Replacement]) -> Decision[Fulfillment]:
    """Where the missing pieces are to be taken from; what no location has is given up, and the shopper is told."""
    found: dict[str, int] = {}
    for each in plan:
        for sku, pieces in each.lines:
            found[sku] = found.get(sku, 0) + pieces
    gone = [(sku, pieces - found.get(sku, 0)) for sku, pieces in fulfillment.missing if pieces > found.get(sku, 0)]
    after = replace(
        fulfillment, missing=(), replacements=(*fulfillment.replacements, *plan), rounds=fulfillment.rounds + 1
    )
    facts: dict[str, Any] = {
        "replacements": [
            {
                "fulfillmentId": each.id,
                "locationId": each.location_id,
                "lines": [{"sku": sku, "quantity": pieces} for sku, pieces in each.lines],
            }
            for each in plan
        ],
        "unavailable": [{"sku": sku, "quantity": pieces} for sku, pieces in gone],
    }
    return told(after, "resourced" if plan else "unavailable", **facts)


def end_resourcing(fulfillment: Fulfillment) -> Decision[Fulfillment]:
    """Every replacement stands."""
    return Decision(replace(fulfillment, resourcing=False))


def drop_replacement(fulfillment: Fulfillment, id: str) -> Decision[Fulfillment]:
    """Its pieces were gone when they were to be taken: they are missing again, and looked for once more."""
    dropped = next((each for each in fulfillment.replacements if each.id == id), None)
    if dropped is None:
        return Decision(fulfillment)
    rest = tuple(each for each in fulfillment.replacements if each.id != id)
    return Decision(replace(fulfillment, replacements=rest, missing=_added(fulfillment.missing, dropped.lines)))


def _end_picks(fulfillment: Fulfillment) -> Picks | None:
    """Its picks when nothing more is fetched: those that found their piece are used, the others given back."""
    picks = fulfillment.picks
    if picks is None or picks.used is not None:
        return picks
    used = min(sum(line.picked for line in fulfillment.lines), picks.pieces)
    return replace(picks, used=used, untold=True)


def _after_pick(line: FulfillmentLine, picked: Picked | None) -> FulfillmentLine:
    if picked is None:
        return line
    return replace(line, picked=line.picked + picked.quantity, short=line.short + picked.short + picked.damaged)


def _added(missing: Sequence[tuple[str, int]], more: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    total = dict(missing)
    for sku, pieces in more:
        total[sku] = total.get(sku, 0) + pieces
    return tuple((sku, pieces) for sku, pieces in total.items() if pieces)


def _move(fulfillment: Fulfillment, sku: str, pieces: int, target: StockState | None, reason: MovementReason) -> Move:
    return Move(sku, str(fulfillment.held_at), pieces, StockState.COMMITTED, target, reason)


def _all(fulfillment: Fulfillment, target: StockState | None, reason: MovementReason) -> list[Move]:
    return [_move(fulfillment, line.sku, line.left, target, reason) for line in fulfillment.lines]


def _beyond(picks: Sequence[Picked], most: dict[str, int]) -> list[Refusal]:
    problems: list[Refusal] = []
    for each in picks:
        path = (*LINES, str(each.place))
        if each.sku not in most:
            problems.append(no_such_line(each.sku, (*path, "sku")))
        elif each.pieces > (allowed := most[each.sku]):
            problems.append(
                QuantityExceeded(
                    path=path, sku=each.sku, requested=each.pieces, allowed=allowed, what="are to be fetched"
                )
            )
    return problems


def _negative(picks: Sequence[Picked]) -> list[Refusal]:
    return [
        InvalidInput(path=(*LINES, str(each.place), name), expected=f"0 to {MAX_QUANTITY}", got=str(value))
        for each in picks
        for name, value in (("quantity", each.quantity), ("short", each.short), ("damaged", each.damaged))
        if not 0 <= value <= MAX_QUANTITY
    ]
