"""Pieces that come back: to any location, never more than were handed over, and looked at before anybody sells them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kit.errors import InvalidInput, NotFound, Path, Refusal, Refused
from services.inventory.fulfillment.model import (
    HANDED_OVER,
    KIND,
    Fulfillment,
    GivenBack,
    GivenBackLine,
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

LINES: Path = ("input", "lines")
MAX_RETURNS = 50
"""Returns of one fulfilment: a basket that comes back piece by piece."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What inspection makes of pieces of one SKU: sold again, damaged, thrown away."""

    sku: str
    restocked: int
    damaged: int = 0
    written_off: int = 0
    place: int = 0

    @property
    def pieces(self) -> int:
        """All it speaks of."""
        return self.restocked + self.damaged + self.written_off


def give_back(
    fulfillment: Fulfillment, counts: Sequence[Count], location_id: str, by: By, at: datetime
) -> Decision[Fulfillment]:
    """Pieces come back to a location and wait there for inspection, on quality hold."""
    need_location(by, location_id, ("input", "locationId"))
    need_state(KIND, fulfillment, fulfillment.state, *HANDED_OVER)
    if len(fulfillment.returns) >= MAX_RETURNS:
        raise Refused(InvalidInput(expected=f"at most {MAX_RETURNS} returns", got=str(MAX_RETURNS + 1)))
    refuse(check_counts(counts, LINES))
    out = {line.sku: line.left - line.returned for line in fulfillment.lines}
    refuse(_beyond([(each.sku, each.quantity, each.place) for each in counts], out, "are out"))
    came = {count.sku: count.quantity for count in counts}
    back = GivenBack(
        id=f"{fulfillment.id}b{len(fulfillment.returns) + 1:02d}",
        location_id=location_id,
        at=at,
        lines=tuple(GivenBackLine(sku, pieces) for sku, pieces in came.items()),
    )
    lines = tuple(replace(line, returned=line.returned + came.get(line.sku, 0)) for line in fulfillment.lines)
    moves = [
        Move(sku, location_id, pieces, None, StockState.QUALITY_HOLD, MovementReason.RETURNED)
        for sku, pieces in came.items()
    ]
    after = replace(fulfillment, lines=lines, returns=(*fulfillment.returns, back))
    return told(after, "returned", moves, **_facts(back))


def inspect(fulfillment: Fulfillment, return_id: str, verdicts: Sequence[Inspected], by: By) -> Decision[Fulfillment]:
    """Pieces of a return are sold again, kept as damaged, or thrown away; never more than wait."""
    back = next((each for each in fulfillment.returns if each.id == return_id), None)
    if back is None:
        raise Refused(NotFound(path=("input", "returnId"), kind="FulfillmentReturn", id=return_id))
    need_location(by, back.location_id, ("input", "returnId"))
    refuse(_negative(verdicts) + check_counts([Count(each.sku, each.pieces, each.place) for each in verdicts], LINES))
    waiting = {line.sku: line.waiting for line in back.lines}
    refuse(_beyond([(each.sku, each.pieces, each.place) for each in verdicts], waiting, "wait for inspection"))
    by_sku = {each.sku: each for each in verdicts}
    seen = replace(back, lines=tuple(_judged(line, by_sku.get(line.sku)) for line in back.lines))
    moves = [
        Move(each.sku, back.location_id, pieces, StockState.QUALITY_HOLD, target, reason)
        for each in verdicts
        for pieces, target, reason in (
            (each.restocked, StockState.AVAILABLE, MovementReason.INSPECTED),
            (each.damaged, StockState.DAMAGED, MovementReason.INSPECTED),
            (each.written_off, None, MovementReason.WRITTEN_OFF),
        )
    ]
    returns = tuple(seen if each.id == return_id else each for each in fulfillment.returns)
    return told(replace(fulfillment, returns=returns), "inspected", moves, **_facts(seen))


def _judged(line: GivenBackLine, verdict: Inspected | None) -> GivenBackLine:
    if verdict is None:
        return line
    return replace(
        line,
        restocked=line.restocked + verdict.restocked,
        damaged=line.damaged + verdict.damaged,
        written_off=line.written_off + verdict.written_off,
    )


def _facts(back: GivenBack) -> dict[str, Any]:
    lines = [
        {
            "sku": line.sku,
            "quantity": line.quantity,
            "restocked": line.restocked,
            "damaged": line.damaged,
            "writtenOff": line.written_off,
        }
        for line in back.lines
    ]
    return {"returned": {"id": back.id, "locationId": back.location_id, "lines": lines}}


def _beyond(pieces: Sequence[tuple[str, int, int]], most: dict[str, int], what: str) -> list[Refusal]:
    problems: list[Refusal] = []
    for sku, quantity, place in pieces:
        path = (*LINES, str(place))
        if sku not in most:
            problems.append(no_such_line(sku, (*path, "sku")))
        elif quantity > most[sku]:
            problems.append(QuantityExceeded(path=path, sku=sku, requested=quantity, allowed=most[sku], what=what))
    return problems


def _negative(verdicts: Sequence[Inspected]) -> list[Refusal]:
    return [
        InvalidInput(path=(*LINES, str(each.place), name), expected=f"0 to {MAX_QUANTITY}", got=str(value))
        for each in verdicts
        for name, value in (
            ("restocked", each.restocked),
            ("damaged", each.damaged),
            ("writtenOff", each.written_off),
        )
        if not 0 <= value <= MAX_QUANTITY
    ]
