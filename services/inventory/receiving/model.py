"""Deliveries from outside: expected with dates, received in parts, inspected, closed. No I/O.

    EXPECTED ──→ RECEIVING ──→ CLOSED
        └──→ CANCELLED

What is expected and has not arrived is incoming stock with its date. Pieces on quality hold are on hand and promised to
nobody until they are released, or rejected and sent back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from kit.errors import InvalidInput, Path, Refusal
from services.inventory.model import MAX_QUANTITY, MovementReason, StockState
from services.inventory.paper.model import (
    By,
    Count,
    Decision,
    Move,
    Paper,
    QuantityExceeded,
    Told,
    check_counts,
    need_location,
    need_state,
    no_such_line,
    refuse,
)

KIND = "Delivery"
LINES: Path = ("input", "lines")
MAX_TOLERANCE_PERCENT = 20
"""Over-receipt beyond a fifth of the order is another delivery, not a tolerance."""
MAX_NAME = 128
"""Characters of a supplier's name or an order number."""


class DeliveryState(StrEnum):
    """Where a delivery is in its life."""

    EXPECTED = "EXPECTED"
    RECEIVING = "RECEIVING"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"

    @property
    def is_open(self) -> bool:
        """Whether more may arrive."""
        return self in (DeliveryState.EXPECTED, DeliveryState.RECEIVING)


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """Pieces of one SKU: expected at a time, arrived so far, and of these not (or not yet) good."""

    sku: str
    expected: int
    due_at: datetime
    arrived: int = 0
    on_hold: int = 0
    damaged: int = 0
    rejected: int = 0

    @property
    def incoming(self) -> int:
        """Still expected."""
        return max(self.expected - self.arrived, 0)

    def most(self, tolerance_percent: int) -> int:
        """Pieces that may arrive in all: expected and the tolerance, rounded down."""
        return self.expected + self.expected * tolerance_percent // 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Paper):
    """A delivery as it is kept."""

    location_id: str
    supplier: str
    order_number: str | None
    tolerance_percent: int
    state: DeliveryState
    lines: tuple[DeliveryLine, ...]


@dataclass(frozen=True, slots=True)
class ExpectedLine:
    """Pieces of one SKU that are announced."""

    sku: str
    quantity: int
    due_at: datetime | None = None
    place: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryDraft:
    """An advance shipping notice, as somebody tells it; a line without a date is due with the delivery."""

    location_id: str
    supplier: str
    due_at: datetime
    lines: tuple[ExpectedLine, ...]
    order_number: str | None = None
    tolerance_percent: int = 0

    @property
    def content(self) -> tuple[Any, ...]:
        """What stands for it beside a key."""
        lines = [(line.sku, line.quantity, (line.due_at or self.due_at).isoformat()) for line in self.lines]
        return self.location_id, self.supplier, lines, self.order_number, self.tolerance_percent


@dataclass(frozen=True, slots=True)
class Receipt:
    """What of one SKU arrived: good, to be inspected, damaged."""

    sku: str
    quantity: int
    on_hold: int = 0
    damaged: int = 0
    place: int = 0

    @property
    def pieces(self) -> int:
        """All that arrived."""
        return self.quantity + self.on_hold + self.damaged


@dataclass(frozen=True, slots=True)
class Verdict:
    """What quality control says of pieces on hold of one SKU: good, sent back, damaged."""

    sku: str
    released: int
    rejected: int = 0
    damaged: int = 0
    place: int = 0

    @property
    def pieces(self) -> int:
        """All it speaks of."""
        return self.released + self.rejected + self.damaged


@dataclass(frozen=True, slots=True)
class Incoming:
    """Pieces expected at a location by a time."""

    sku: str
    location_id: str
    quantity: int
    due_at: datetime
    delivery_id: str


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """What to narrow a list of deliveries to; every part that is given must hold."""

    states: Sequence[str] | None = None
    location_id: str | None = None
    supplier: str | None = None
    due_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptExceedsOrder(Refusal):
    """More arrived than was ordered and the tolerance allows."""

    sku: str
    ordered: int
    arrived: int
    requested: int
    allowed: int
    code: ClassVar[str] = "RECEIPT_EXCEEDS_ORDER"

    @property
    def message(self) -> str:
        """All the figures."""
        return (
            f"{self.requested} more of {self.sku!r}: {self.ordered} ordered, {self.arrived} arrived already, "
            f"at most {self.allowed} in all"
        )


def check_delivery(draft: DeliveryDraft) -> list[Refusal]:
    """Every reason why the input can never be taken."""
    problems = check_counts([Count(line.sku, line.quantity, line.place) for line in draft.lines], LINES)
    for name, text in (("supplier", draft.supplier), ("orderNumber", draft.order_number)):
        if text is not None and not (1 <= len(text) <= MAX_NAME and text.isprintable() and text.strip()):
            expected = f"1 to {MAX_NAME} printable characters"
            problems.append(InvalidInput(path=("input", name), expected=expected, got=repr(text[:MAX_NAME])))
    if not 0 <= draft.tolerance_percent <= MAX_TOLERANCE_PERCENT:
        expected = f"0 to {MAX_TOLERANCE_PERCENT}"
        path = ("input", "tolerancePercent")
        problems.append(InvalidInput(path=path, expected=expected, got=str(draft.tolerance_percent)))
    return problems


def expect(id: str, draft: DeliveryDraft, by: By, at: datetime) -> Decision[Delivery]:
    """A new delivery."""
    need_location(by, draft.location_id, ("input", "locationId"))
    delivery = Delivery(
        id=id,
        created_at=at,
        updated_at=at,
        location_id=draft.location_id,
        supplier=draft.supplier,
        order_number=draft.order_number,
        tolerance_percent=draft.tolerance_percent,
        state=DeliveryState.EXPECTED,
        lines=tuple(DeliveryLine(line.sku, line.quantity, line.due_at or draft.due_at) for line in draft.lines),
    )
    return told(delivery, "delivery_expected")


def receive(delivery: Delivery, receipts: Sequence[Receipt], by: By) -> Decision[Delivery]:
    """A part or all of it arrives; never more than ordered and tolerated."""
    need_location(by, delivery.location_id)
    need_state(KIND, delivery, delivery.state, DeliveryState.EXPECTED, DeliveryState.RECEIVING)
    parts = [
        (each.place, {"quantity": each.quantity, "onHold": each.on_hold, "damaged": each.damaged}) for each in receipts
    ]
    refuse(_check_parts(parts) + check_counts([Count(each.sku, each.pieces, each.place) for each in receipts], LINES))
    refuse(_too_many(delivery, receipts))
    by_sku = {each.sku: each for each in receipts}
    moves = [
        Move(each.sku, delivery.location_id, pieces, None, target, MovementReason.RECEIVED)
        for each in receipts
        for pieces, target in (
            (each.quantity, StockState.AVAILABLE),
            (each.on_hold, StockState.QUALITY_HOLD),
            (each.damaged, StockState.DAMAGED),
        )
    ]
    lines = tuple(_arrived(line, by_sku.get(line.sku)) for line in delivery.lines)
    done = not any(line.incoming for line in lines)
    after = replace(delivery, lines=lines, state=DeliveryState.CLOSED if done else DeliveryState.RECEIVING)
    return told(after, "delivery_closed" if done else "delivery_received", moves)


def inspect(delivery: Delivery, verdicts: Sequence[Verdict], by: By) -> Decision[Delivery]:
    """Release, reject or write down pieces on hold; never more than are on hold."""
    need_location(by, delivery.location_id)
    need_state(KIND, delivery, delivery.state, DeliveryState.RECEIVING, DeliveryState.CLOSED)
    parts = [
        (each.place, {"released": each.released, "rejected": each.rejected, "damaged": each.damaged})
        for each in verdicts
    ]
    refuse(_check_parts(parts) + check_counts([Count(each.sku, each.pieces, each.place) for each in verdicts], LINES))
    held = {line.sku: line.on_hold for line in delivery.lines}
    refuse(
        [
            no_such_line(each.sku, (*LINES, str(each.place), "sku"))
            if each.sku not in held
            else QuantityExceeded(
                path=(*LINES, str(each.place)),
                sku=each.sku,
                requested=each.pieces,
                allowed=held[each.sku],
                what="are on quality hold",
            )
            for each in verdicts
            if each.pieces > held.get(each.sku, -1)
        ]
    )
    by_sku = {each.sku: each for each in verdicts}
    moves = [
        Move(each.sku, delivery.location_id, pieces, StockState.QUALITY_HOLD, target, MovementReason.INSPECTED)
        for each in verdicts
        for pieces, target in (
            (each.released, StockState.AVAILABLE),
            (each.rejected, None),
            (each.damaged, StockState.DAMAGED),
        )
    ]
    after = replace(delivery, lines=tuple(_judged(line, by_sku.get(line.sku)) for line in delivery.lines))
    return told(after, "delivery_inspected", moves)


def close(delivery: Delivery, by: By) -> Decision[Delivery]:
    """Nothing more is expected; what is missing the event tells."""
    need_location(by, delivery.location_id)
    need_state(KIND, delivery, delivery.state, DeliveryState.RECEIVING)
    return told(replace(delivery, state=DeliveryState.CLOSED), "delivery_closed")


def cancel(delivery: Delivery, by: By) -> Decision[Delivery]:
    """It will not come; possible while nothing has arrived."""
    need_location(by, delivery.location_id)
    need_state(KIND, delivery, delivery.state, DeliveryState.EXPECTED)
    return told(replace(delivery, state=DeliveryState.CANCELLED), "delivery_cancelled")


def _arrived(line: DeliveryLine, receipt: Receipt | None) -> DeliveryLine:
    if receipt is None:
        return line
    return replace(
        line,
        arrived=line.arrived + receipt.pieces,
        on_hold=line.on_hold + receipt.on_hold,
        damaged=line.damaged + receipt.damaged,
    )


def _judged(line: DeliveryLine, verdict: Verdict | None) -> DeliveryLine:
    if verdict is None:
        return line
    return replace(
        line,
        on_hold=line.on_hold - verdict.pieces,
        damaged=line.damaged + verdict.damaged,
        rejected=line.rejected + verdict.rejected,
    )


def _too_many(delivery: Delivery, receipts: Sequence[Receipt]) -> list[Refusal]:
    lines = {line.sku: line for line in delivery.lines}
    problems: list[Refusal] = []
    for each in receipts:
        path = (*LINES, str(each.place))
        line = lines.get(each.sku)
        if line is None:
            problems.append(no_such_line(each.sku, (*path, "sku")))
        elif line.arrived + each.pieces > (most := line.most(delivery.tolerance_percent)):
            problems.append(
                ReceiptExceedsOrder(
                    path=path,
                    sku=each.sku,
                    ordered=line.expected,
                    arrived=line.arrived,
                    requested=each.pieces,
                    allowed=most,
                )
            )
    return problems


def _check_parts(parts: Sequence[tuple[int, dict[str, int]]]) -> list[Refusal]:
    return [
        InvalidInput(path=(*LINES, str(place), name), expected=f"0 to {MAX_QUANTITY}", got=str(value))
        for place, values in parts
        for name, value in values.items()
        if not 0 <= value <= MAX_QUANTITY
    ]


def told(delivery: Delivery, name: str, moves: Sequence[Move] = ()) -> Decision[Delivery]:
    """The decision for this delivery, with its event."""
    data = {
        "deliveryId": delivery.id,
        "locationId": delivery.location_id,
        "supplier": delivery.supplier,
        "orderNumber": delivery.order_number,
        "state": delivery.state.value,
        "lines": [
            {
                "sku": line.sku,
                "expected": line.expected,
                "dueAt": line.due_at.isoformat(),
                "arrived": line.arrived,
                "onHold": line.on_hold,
                "damaged": line.damaged,
                "rejected": line.rejected,
            }
            for line in delivery.lines
        ],
    }
    return Decision(delivery, [move for move in moves if move.quantity], [Told(name, data)])
