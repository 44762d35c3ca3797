"""An adjustment that two people answer for: one asks, another approves, and then the pieces move, all or none. No I/O.

    REQUESTED ──→ APPROVING ──→ APPROVED
        └──→ REJECTED

APPROVING takes what is to go out of what is available, and falls back to REQUESTED where that is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from kit.errors import InvalidInput, Path, Refusal, Refused
from services.inventory.model import MAX_QUANTITY, MovementReason, StockState, check_sku
from services.inventory.paper.model import (
    ApprovalNeedsAnother,
    By,
    Decision,
    Move,
    Paper,
    Told,
    need_location,
    need_state,
    refuse,
)
from services.inventory.stock.model import AdjustmentReason

KIND = "AdjustmentRequest"
LINES: Path = ("input", "lines")
ALONE_PIECES = 1_000
"""A change of more pieces by hand needs two people: above what a shop breaks, finds or miscounts in one go."""
MAX_ADJUSTMENT_LINES = 100
"""What one reservation takes: what goes out goes all at once."""


class AdjustmentState(StrEnum):
    """Where a request is in its life."""

    REQUESTED = "REQUESTED"
    APPROVING = "APPROVING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class AdjustmentLine:
    """Pieces of one SKU more, or fewer below zero; `place` is where the input named it."""

    sku: str
    delta: int
    place: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentRequest(Paper):
    """A request as it is kept."""

    location_id: str
    reason: AdjustmentReason
    state: AdjustmentState
    lines: tuple[AdjustmentLine, ...]
    attempt: str | None = None

    @property
    def requester(self) -> str:
        """Who asked."""
        return self.steps[0].actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalNeeded(Refusal):
    """So large a change by hand needs two people: adjustmentRequest, and somebody else's adjustmentApprove."""

    requested: int
    limit: int
    code: ClassVar[str] = "APPROVAL_NEEDED"

    @property
    def message(self) -> str:
        """Both figures."""
        return f"a change of {self.requested} pieces, but more than {self.limit} need somebody else's approval"


def check_alone(change: int) -> None:
    """Refused where one person may not change so much."""
    if abs(change) > ALONE_PIECES:
        raise Refused(ApprovalNeeded(requested=abs(change), limit=ALONE_PIECES))


def check_lines(lines: Sequence[AdjustmentLine]) -> list[Refusal]:
    """Every reason why these lines can never be taken."""
    if not 1 <= len(lines) <= MAX_ADJUSTMENT_LINES:
        return [InvalidInput(path=LINES, expected=f"1 to {MAX_ADJUSTMENT_LINES} lines", got=str(len(lines)))]
    problems: list[Refusal] = []
    for line in lines:
        path = (*LINES, str(line.place))
        problems += check_sku(line.sku, (*path, "sku"))
        if not 1 <= abs(line.delta) <= MAX_QUANTITY:
            expected = f"-{MAX_QUANTITY} to {MAX_QUANTITY} and not 0"
            problems.append(InvalidInput(path=(*path, "delta"), expected=expected, got=str(line.delta)))
    if len({line.sku for line in lines}) < len(lines):
        problems.append(InvalidInput(path=LINES, expected="every SKU once", got="some twice"))
    return problems


def request(
    id: str, location_id: str, reason: AdjustmentReason, lines: Sequence[AdjustmentLine], by: By, at: datetime
) -> Decision[AdjustmentRequest]:
    """A new request."""
    need_location(by, location_id, ("input", "locationId"))
    refuse(check_lines(lines))
    asked = AdjustmentRequest(
        id=id,
        created_at=at,
        updated_at=at,
        location_id=location_id,
        reason=reason,
        state=AdjustmentState.REQUESTED,
        lines=tuple(lines),
    )
    return _told(asked, "adjustment_requested")


def begin_approval(asked: AdjustmentRequest, by: By) -> Decision[AdjustmentRequest]:
    """To APPROVING, by another person than who asked."""
    need_location(by, asked.location_id)
    need_state(KIND, asked, asked.state, AdjustmentState.REQUESTED)
    if by.actor.name == asked.requester:
        raise Refused(ApprovalNeedsAnother(actor=asked.requester))
    attempt = f"{asked.id}:{asked.version + 1}"
    return Decision(replace(asked, state=AdjustmentState.APPROVING, attempt=attempt))


def end_approval(asked: AdjustmentRequest) -> Decision[AdjustmentRequest]:
    """To APPROVED: what goes out is out, what comes in follows."""
    need_state(KIND, asked, asked.state, AdjustmentState.APPROVING)
    reason = MovementReason(asked.reason.value)
    moves = [
        Move(line.sku, asked.location_id, line.delta, None, StockState.AVAILABLE, reason)
        for line in asked.lines
        if line.delta > 0
    ]
    return _told(replace(asked, state=AdjustmentState.APPROVED), "adjustment_approved", moves)


def fail_approval(asked: AdjustmentRequest) -> Decision[AdjustmentRequest]:
    """Back to REQUESTED: what was to go out was not there."""
    need_state(KIND, asked, asked.state, AdjustmentState.APPROVING)
    return Decision(replace(asked, state=AdjustmentState.REQUESTED, attempt=None))


def reject(asked: AdjustmentRequest, by: By) -> Decision[AdjustmentRequest]:
    """Somebody says no; who asked may take it back so."""
    need_location(by, asked.location_id)
    need_state(KIND, asked, asked.state, AdjustmentState.REQUESTED)
    return _told(replace(asked, state=AdjustmentState.REJECTED), "adjustment_rejected")


def _told(asked: AdjustmentRequest, name: str, moves: Sequence[Move] = ()) -> Decision[AdjustmentRequest]:
    data: dict[str, Any] = {
        "adjustmentId": asked.id,
        "locationId": asked.location_id,
        "reason": asked.reason.value,
        "state": asked.state.value,
        "lines": [{"sku": line.sku, "delta": line.delta} for line in asked.lines],
    }
    return Decision(asked, moves, [Told(name, data)])
