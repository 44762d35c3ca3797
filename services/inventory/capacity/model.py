"""The picks of one location on one business day: how many there may be, are held, and are used. No I/O.

HELD ──→ USED | RELEASED | EXPIRED
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from kit.errors import InvalidInput, Refusal
from services.inventory.model import MAX_QUANTITY

MIN_HOLD_S = 30
DEFAULT_HOLD_S = 15 * 60
MAX_HOLD_S = 14 * 24 * 60 * 60
"""A hold may wait for the day it is for, two weeks ahead."""
MAX_HOLDS = 20_000
"""Holds one day keeps, ended ones included, so that its document stays below three megabytes."""


class PickHoldState(StrEnum):
    """Where a hold is in its life."""

    HELD = "HELD"
    USED = "USED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class PickHold:
    """So many picks held under a key, which is unique for its location and day."""

    location_id: str
    day: date
    key: str
    pieces: int
    state: PickHoldState
    until: datetime


@dataclass(frozen=True, slots=True)
class PickDay:
    """A day's picks in all; nothing is known of a day without any."""

    location_id: str
    day: date
    held: int = 0
    used: int = 0

    @property
    def taken(self) -> int:
        """Held or used."""
        return self.held + self.used

    def left(self, limit: int | None) -> int | None:
        """How many more there may be; None without a limit. An edit may have put the limit below what is taken."""
        return None if limit is None else max(0, limit - self.taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class PickCapacityExceeded(Refusal):
    """More picks were asked for than the day has left."""

    location_id: str
    day: date
    requested: int
    left: int
    code: ClassVar[str] = "PICK_CAPACITY_EXCEEDED"

    @property
    def message(self) -> str:
        """Both figures, where and when."""
        return f"{self.requested} picks at {self.location_id!r} on {self.day} requested, {self.left} left"


@dataclass(frozen=True, slots=True, kw_only=True)
class PickHoldEnded(Refusal):
    """The hold is over, otherwise than was asked for."""

    key: str
    state: PickHoldState
    code: ClassVar[str] = "PICK_HOLD_ENDED"

    @property
    def message(self) -> str:
        """How it ended."""
        return f"the hold {self.key!r} has ended: {self.state.value}"


def audit_day(day: PickDay, holds: Sequence[PickHold]) -> list[str]:
    """What a day says of its holds that is not so."""
    sums = {state: sum(hold.pieces for hold in holds if hold.state is state) for state in PickHoldState}
    held, used = sums[PickHoldState.HELD], sums[PickHoldState.USED]
    if (held, used) == (day.held, day.used):
        return []
    return [
        f"{day.location_id}@{day.day}: {day.held} picks are said to be held and {day.used} used, "
        f"the holds have {held} and {used}"
    ]


def check_hold(pieces: int, hold_s: int) -> list[Refusal]:
    """What can be no hold."""
    problems: list[Refusal] = []
    if not 1 <= pieces <= MAX_QUANTITY:
        problems.append(InvalidInput(path=("input", "pieces"), expected=f"1 to {MAX_QUANTITY}", got=str(pieces)))
    if not MIN_HOLD_S <= hold_s <= MAX_HOLD_S:
        expected = f"{MIN_HOLD_S} to {MAX_HOLD_S} seconds"
        problems.append(InvalidInput(path=("input", "holdSeconds"), expected=expected, got=str(hold_s)))
    return problems
