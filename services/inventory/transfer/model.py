"""Transfers: requested, approved, shipped, received in parts, and what was lost or found on the way. No I/O.

    REQUESTED ──→ APPROVING ──→ APPROVED ──→ SHIPPED ──→ COMPLETED
        └─→ REJECTED     └──→ CANCELLED ←──┘

APPROVING takes the pieces out of what is available at the origin, all lines or none, and falls back to REQUESTED where
they are not there. From APPROVED on they are committed at the origin; SHIPPED takes them out of its stock, and what has
neither arrived nor been given up is in transit, counted here and nowhere else.

A transfer may be the way of a fulfilment's pieces to the shop where they are picked up: see `leg`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from kit.errors import InvalidInput, Path, Refusal, Refused
from services.inventory.model import MovementReason, StockState, stock_id
from services.inventory.paper.model import (
    By,
    Claim,
    Count,
    Decision,
    Move,
    Paper,
    QuantityExceeded,
    Told,
    check_counts,
    moving,
    need_any_location,
    need_location,
    need_state,
    no_such_line,
    refuse,
)

KIND = "Transfer"
LINES: Path = ("input", "lines")
MAX_TRANSFER_LINES = 100
"""What one reservation takes: its pieces are committed all at once."""


class TransferState(StrEnum):
    """Where a transfer is in its life."""

    REQUESTED = "REQUESTED"
    APPROVING = "APPROVING"
    APPROVED = "APPROVED"
    SHIPPED = "SHIPPED"
    COMPLETED = "COMPLETED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class TransferLine:
    """Pieces of one SKU: asked for, sent, and what became of them."""

    sku: str
    requested: int
    shipped: int = 0
    received: int = 0
    damaged: int = 0
    lost: int = 0

    @property
    def in_transit(self) -> int:
        """Sent and neither arrived nor given up."""
        return self.shipped - self.received - self.damaged - self.lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Paper):
    """A transfer as it is kept."""

    origin_id: str
    destination_id: str
    state: TransferState
    lines: tuple[TransferLine, ...]
    due_at: datetime | None = None
    tracking: str | None = None
    reservation_key: str | None = None
    fulfillment_id: str | None = None
    handing: bool = False

    @property
    def is_open(self) -> bool:
        """Whether anything can still move by it."""
        return self.state in (
            TransferState.REQUESTED,
            TransferState.APPROVING,
            TransferState.APPROVED,
            TransferState.SHIPPED,
        )


@dataclass(frozen=True, slots=True)
class TransferDraft:
    """What somebody wants moved."""

    origin_id: str
    destination_id: str
    lines: tuple[Count, ...]
    due_at: datetime | None = None

    @property
    def content(self) -> tuple[Any, ...]:
        """What stands for it beside a key."""
        due = None if self.due_at is None else self.due_at.isoformat()
        return self.origin_id, self.destination_id, content_of(self.lines), due


@dataclass(frozen=True, slots=True)
class Arrival:
    """What of one SKU arrived: whole, and damaged on the way."""

    sku: str
    quantity: int
    damaged: int = 0
    place: int = 0


@dataclass(frozen=True, slots=True)
class TransferFilter:
    """What to narrow a list of transfers to; every part that is given must hold."""

    states: Sequence[str] | None = None
    origin_id: str | None = None
    destination_id: str | None = None
    due_before: datetime | None = None
    touching: str | None = None
    """A location that must be one of the two ends."""


def check_transfer(draft: TransferDraft) -> list[Refusal]:
    """Every reason why the input can never be taken."""
    problems = check_counts(draft.lines, LINES)
    if len(draft.lines) > MAX_TRANSFER_LINES:
        problems.append(
            InvalidInput(path=LINES, expected=f"at most {MAX_TRANSFER_LINES} lines", got=str(len(draft.lines)))
        )
    if draft.origin_id == draft.destination_id:
        path = ("input", "destinationId")
        problems.append(InvalidInput(path=path, expected="another location than the origin", got="the same"))
    return problems


def content_of(counts: Sequence[Count] | None) -> list[tuple[str, int]] | None:
    """What stands for lines beside a key."""
    return None if counts is None else [(count.sku, count.quantity) for count in counts]


def concerns(transfer: Transfer, location_id: str | None) -> bool:
    """Whether who is bound to this location (None: to none) may see it."""
    return location_id is None or location_id in (transfer.origin_id, transfer.destination_id)


def committed(transfer: Transfer) -> list[Claim]:
    """What it has committed at its origin, and where it is moving pieces."""
    mine = transfer.lines if transfer.state is TransferState.APPROVED else ()
    claims = [Claim(transfer.id, stock_id(line.sku, transfer.origin_id), line.requested) for line in mine]
    return claims + moving(transfer)


def request(id: str, draft: TransferDraft, by: By, at: datetime) -> Decision[Transfer]:
    """A new transfer, asked for by either end."""
    need_any_location(by, (draft.origin_id, draft.destination_id), ("input", "originId"))
    transfer = Transfer(
        id=id,
        created_at=at,
        updated_at=at,
        origin_id=draft.origin_id,
        destination_id=draft.destination_id,
        state=TransferState.REQUESTED,
        lines=tuple(TransferLine(line.sku, line.quantity) for line in draft.lines),
        due_at=draft.due_at,
    )
    return told(transfer, "transfer_requested")


def begin_approval(transfer: Transfer, by: By) -> Decision[Transfer]:
    """To APPROVING: from here the pieces are sought under a reservation key of this attempt's own."""
    need_location(by, transfer.origin_id)
    need_state(KIND, transfer, transfer.state, TransferState.REQUESTED)
    attempt = f"{transfer.id}:{transfer.version + 1}"
    return Decision(replace(transfer, state=TransferState.APPROVING, reservation_key=attempt))


def end_approval(transfer: Transfer) -> Decision[Transfer]:
    """To APPROVED: the pieces are committed."""
    need_state(KIND, transfer, transfer.state, TransferState.APPROVING)
    return told(replace(transfer, state=TransferState.APPROVED), "transfer_approved")


def fail_approval(transfer: Transfer) -> Decision[Transfer]:
    """Back to REQUESTED: the pieces were not there."""
    need_state(KIND, transfer, transfer.state, TransferState.APPROVING)
    return Decision(replace(transfer, state=TransferState.REQUESTED, reservation_key=None))


def reject(transfer: Transfer, by: By) -> Decision[Transfer]:
    """The origin says no."""
    need_location(by, transfer.origin_id)
    need_state(KIND, transfer, transfer.state, TransferState.REQUESTED)
    return told(replace(transfer, state=TransferState.REJECTED), "transfer_rejected")


def cancel(transfer: Transfer, by: By) -> Decision[Transfer]:
    """Either end calls it off before it is sent; committed pieces are available again."""
    need_any_location(by, (transfer.origin_id, transfer.destination_id))
    need_state(KIND, transfer, transfer.state, TransferState.REQUESTED, TransferState.APPROVED)
    back = transfer.lines if transfer.state is TransferState.APPROVED else ()
    moves = [
        _at_origin(transfer, line.sku, line.requested, StockState.AVAILABLE, MovementReason.CANCELLED) for line in back
    ]
    return told(replace(transfer, state=TransferState.CANCELLED), "transfer_cancelled", moves)


def ship(transfer: Transfer, counts: Sequence[Count] | None, tracking: str | None, by: By) -> Decision[Transfer]:
    """Send it: all that was approved, or fewer pieces of some lines; what stays is available again."""
    need_location(by, transfer.origin_id)
    need_state(KIND, transfer, transfer.state, TransferState.APPROVED)
    sent = {line.sku: line.requested for line in transfer.lines}
    if counts is not None:
        refuse(check_counts(counts, LINES, least=0))
        refuse(beyond(counts, sent, "were approved"))
        sent = dict.fromkeys(sent, 0) | {count.sku: count.quantity for count in counts}
        if not any(sent.values()):
            raise Refused(InvalidInput(path=LINES, expected="at least one piece", got="none"))
    moves = []
    for line in transfer.lines:
        moves.append(_at_origin(transfer, line.sku, sent[line.sku], None, MovementReason.TRANSFERRED))
        kept = line.requested - sent[line.sku]
        moves.append(_at_origin(transfer, line.sku, kept, StockState.AVAILABLE, MovementReason.CANCELLED))
    lines = tuple(replace(line, shipped=sent[line.sku]) for line in transfer.lines)
    after = replace(transfer, state=TransferState.SHIPPED, lines=lines, tracking=tracking)
    return told(after, "transfer_shipped", moves)


def receive(transfer: Transfer, arrivals: Sequence[Arrival], by: By) -> Decision[Transfer]:
    """A part or all of it arrives, never more than is on the way; the last piece completes it."""
    need_location(by, transfer.destination_id)
    need_state(KIND, transfer, transfer.state, TransferState.SHIPPED)
    counts = [Count(each.sku, each.quantity + each.damaged, each.place) for each in arrivals]
    refuse(check_counts(counts, LINES))
    refuse(_negative(arrivals))
    refuse(beyond(counts, {line.sku: line.in_transit for line in transfer.lines}, "are on the way"))
    by_sku = {each.sku: each for each in arrivals}
    moves = []
    for each in arrivals:
        moves.append(whole(transfer, each.sku, each.quantity))
        moves.append(_at_destination(transfer, each.sku, each.damaged, StockState.DAMAGED))
    lines = tuple(
        replace(
            line, received=line.received + by_sku[line.sku].quantity, damaged=line.damaged + by_sku[line.sku].damaged
        )
        if line.sku in by_sku
        else line
        for line in transfer.lines
    )
    done = not any(line.in_transit for line in lines)
    after = replace(transfer, lines=lines, state=TransferState.COMPLETED if done else TransferState.SHIPPED)
    return told(after, "transfer_completed" if done else "transfer_received", moves)


def close(transfer: Transfer, by: By) -> Decision[Transfer]:
    """What is still on the way is given up as lost: a discrepancy that the event tells."""
    need_any_location(by, (transfer.origin_id, transfer.destination_id))
    need_state(KIND, transfer, transfer.state, TransferState.SHIPPED)
    lines = tuple(replace(line, lost=line.lost + line.in_transit) for line in transfer.lines)
    return told(replace(transfer, lines=lines, state=TransferState.COMPLETED), "transfer_completed")


def find(transfer: Transfer, counts: Sequence[Count], location_id: str, by: By) -> Decision[Transfer]:
    """Pieces given up as lost turn up at either end, and are available there."""
    need_location(by, location_id, ("input", "locationId"))
    need_state(KIND, transfer, transfer.state, TransferState.COMPLETED)
    if location_id not in (transfer.origin_id, transfer.destination_id):
        path = ("input", "locationId")
        raise Refused(InvalidInput(path=path, expected="the origin or the destination", got=repr(location_id)))
    refuse(check_counts(counts, LINES))
    refuse(beyond(counts, {line.sku: line.lost for line in transfer.lines}, "were lost"))
    found = {count.sku: count.quantity for count in counts}
    here = location_id == transfer.destination_id
    lines = tuple(
        replace(
            line,
            lost=line.lost - found.get(line.sku, 0),
            received=line.received + (found.get(line.sku, 0) if here else 0),
            shipped=line.shipped - (0 if here else found.get(line.sku, 0)),
        )
        for line in transfer.lines
    )
    moves = [
        Move(sku, location_id, pieces, None, StockState.AVAILABLE, MovementReason.FOUND)
        for sku, pieces in found.items()
    ]
    return told(replace(transfer, lines=lines), "transfer_found", moves)


def beyond(counts: Sequence[Count], most: Mapping[str, int], what: str) -> list[Refusal]:
    """What is wrong with pieces of SKUs of which there are at most so many."""
    problems: list[Refusal] = []
    for count in counts:
        path = (*LINES, str(count.place))
        if count.sku not in most:
            problems.append(no_such_line(count.sku, (*path, "sku")))
        elif count.quantity > most[count.sku]:
            problems.append(
                QuantityExceeded(
                    path=(*path, "quantity"),
                    sku=count.sku,
                    requested=count.quantity,
                    allowed=most[count.sku],
                    what=what,
                )
            )
    return problems


def _negative(arrivals: Sequence[Arrival]) -> list[Refusal]:
    return [
        InvalidInput(path=(*LINES, str(each.place), name), expected="0 or more", got=str(value))
        for each in arrivals
        for name, value in (("quantity", each.quantity), ("damaged", each.damaged))
        if value < 0
    ]


def _at_origin(transfer: Transfer, sku: str, pieces: int, target: StockState | None, reason: MovementReason) -> Move:
    return Move(sku, transfer.origin_id, pieces, StockState.COMMITTED, target, reason)


def whole(transfer: Transfer, sku: str, pieces: int) -> Move:
    """Whole pieces that arrive: anybody's, or their fulfilment's."""
    target = StockState.AVAILABLE if transfer.fulfillment_id is None else StockState.COMMITTED
    return _at_destination(transfer, sku, pieces, target)


def _at_destination(transfer: Transfer, sku: str, pieces: int, target: StockState) -> Move:
    return Move(sku, transfer.destination_id, pieces, None, target, MovementReason.TRANSFERRED)


def told(transfer: Transfer, name: str, moves: Sequence[Move] = ()) -> Decision[Transfer]:
    """The decision for this transfer, with its event."""
    lines: list[dict[str, Any]] = [
        {
            "sku": line.sku,
            "requested": line.requested,
            "shipped": line.shipped,
            "received": line.received,
            "damaged": line.damaged,
            "lost": line.lost,
        }
        for line in transfer.lines
    ]
    data = {
        "transferId": transfer.id,
        "originId": transfer.origin_id,
        "destinationId": transfer.destination_id,
        "fulfillmentId": transfer.fulfillment_id,
        "state": transfer.state.value,
        "lines": lines,
    }
    return Decision(transfer, [move for move in moves if move.quantity], [Told(name, data)])
