"""When a delivery is due, by what is known now: the supplier tells another day. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kit.errors import InvalidInput, Refusal
from services.inventory.paper.model import (
    MAX_LINES,
    By,
    Decision,
    need_location,
    need_state,
    no_such_line,
    refuse,
)
from services.inventory.receiving.model import KIND, LINES, Delivery, DeliveryState, told


@dataclass(frozen=True, slots=True)
class NewDate:
    """When one SKU of it is due."""

    sku: str
    due_at: datetime
    place: int = 0


def reschedule(delivery: Delivery, due_at: datetime | None, dates: Sequence[NewDate], by: By) -> Decision[Delivery]:
    """What is still to come is due at `due_at`, the SKUs in `dates` each at its own time; what has arrived is left.

    Who was promised pieces by the old date is told by back-orders' own reckoning, which reads the new one.
    """
    need_location(by, delivery.location_id)
    need_state(KIND, delivery, delivery.state, DeliveryState.EXPECTED, DeliveryState.RECEIVING)
    refuse(_check(delivery, due_at, dates))
    own = {each.sku: each.due_at for each in dates}
    lines = tuple(
        replace(line, due_at=own.get(line.sku, due_at or line.due_at)) if line.incoming else line
        for line in delivery.lines
    )
    return told(replace(delivery, lines=lines), "delivery_rescheduled")


def _check(delivery: Delivery, due_at: datetime | None, dates: Sequence[NewDate]) -> list[Refusal]:
    if due_at is None and not dates:
        return [InvalidInput(expected="dueAt, or lines with their own", got="neither")]
    if len(dates) > MAX_LINES:
        return [InvalidInput(path=LINES, expected=f"at most {MAX_LINES} lines", got=str(len(dates)))]
    incoming = {line.sku: line.incoming for line in delivery.lines}
    problems: list[Refusal] = []
    seen: set[str] = set()
    for each in dates:
        path = (*LINES, str(each.place), "sku")
        if each.sku not in incoming:
            problems.append(no_such_line(each.sku, path))
        elif each.sku in seen:
            problems.append(InvalidInput(path=path, expected="every SKU once", got=repr(each.sku)))
        elif not incoming[each.sku]:
            problems.append(InvalidInput(path=path, expected="a SKU of which pieces are still to come", got=each.sku))
        seen.add(each.sku)
    return problems
