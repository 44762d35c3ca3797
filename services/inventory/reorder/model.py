"""Reorder points: when the stock of a SKU at a location is low, told once as it becomes so. No I/O.

A point is low from the moment no more than `reorder_at` pieces are available until `recover_at` are again; between the
two nothing changes, so that a sale and a return at the edge are not an alarm each (hysteresis).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kit.errors import InvalidInput, Refusal
from services.inventory.model import MAX_QUANTITY, StockId, check_sku, stock_id


@dataclass(frozen=True, slots=True)
class ReorderDraft:
    """A point as somebody sets it; `recover_at` None: one piece above `reorder_at`."""

    sku: str
    location_id: str
    reorder_at: int
    reorder_to: int
    recover_at: int | None = None
    min_display: int = 0
    expected_version: int | None = None

    @property
    def recovers_at(self) -> int:
        """From how many pieces on it is no longer low."""
        return self.reorder_at + 1 if self.recover_at is None else self.recover_at


@dataclass(frozen=True, slots=True)
class ReorderPoint:
    """A point as it is kept; `alarms` counts how often it has become low."""

    sku: str
    location_id: str
    reorder_at: int
    reorder_to: int
    recover_at: int
    min_display: int
    is_low: bool
    alarms: int
    version: int
    updated_at: datetime

    @property
    def id(self) -> StockId:
        """`sku@locationId`."""
        return stock_id(self.sku, self.location_id)


class Turn(StrEnum):
    """What happens at an edge."""

    LOW = "LOW"
    RECOVERED = "RECOVERED"


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is at a point: pieces available, and expected from outside."""

    available: int
    incoming: int = 0


def check_point(draft: ReorderDraft) -> list[Refusal]:
    """Every reason why the point can never be kept."""
    problems = check_sku(draft.sku, ("input", "sku"))
    bounds = (
        ("reorderAt", draft.reorder_at, 0),
        ("reorderTo", draft.reorder_to, draft.reorder_at + 1),
        ("recoverAt", draft.recovers_at, draft.reorder_at + 1),
        ("minDisplay", draft.min_display, 0),
    )
    for name, value, least in bounds:
        if not least <= value <= MAX_QUANTITY:
            expected = f"{least} to {MAX_QUANTITY}"
            problems.append(InvalidInput(path=("input", name), expected=expected, got=str(value)))
    return problems


def turn_of(point: ReorderPoint, seen: Seen) -> Turn | None:
    """Whether the point becomes low, or is low no longer; None if it stays as it is."""
    if not point.is_low and seen.available <= point.reorder_at:
        return Turn.LOW
    if point.is_low and seen.available >= point.recover_at:
        return Turn.RECOVERED
    return None


def suggested(point: ReorderPoint, seen: Seen) -> int:
    """Pieces to order, beyond those that are expected already."""
    return max(point.reorder_to - seen.available - seen.incoming, 0)
