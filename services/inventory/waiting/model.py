"""Who waits for what, and who is told when pieces are back. No I/O.

A round is one movement that lifts what a channel may promise of a stock from nothing. It has as many slots as there are
pieces then; each slot tells the customer who has waited longest among the channels that see so many pieces.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from kit.errors import InvalidInput, Path, Refusal
from services.inventory.model import Sku, check_sku

MAX_WAITS = 100
"""SKUs and places one customer waits for at once: more is no customer."""
WAITS_AT_MOST = timedelta(days=365)
"""Nobody still wants after a year what they wanted then; the wait is forgotten."""
REMEMBERED = timedelta(days=90)
"""How long one that is over can be looked up."""


class WaitState(StrEnum):
    """Where a wait is in its life."""

    WAITING = "WAITING"
    NOTIFIED = "NOTIFIED"
    LEFT = "LEFT"


@dataclass(frozen=True, slots=True)
class WaitDraft:
    """What a customer waits for; at this location, or at any."""

    sku: Sku
    location_id: str | None
    customer: str
    channel: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A place in a waiting list; `found_at` is where the SKU was back when its customer was told."""

    id: str
    draft: WaitDraft
    state: WaitState
    joined_at: datetime
    ended_at: datetime | None = None
    found_at: str | None = None


@dataclass(frozen=True, slots=True)
class Rise:
    """A movement of a stock: `id` is its event's, and what was available before and after it."""

    id: str
    sku: Sku
    location_id: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyWaits(Refusal):
    """The customer waits for as much as one may already."""

    waiting: int
    allowed: int
    code: ClassVar[str] = "TOO_MANY_WAITS"

    @property
    def message(self) -> str:
        """Both numbers."""
        return f"you wait for {self.waiting} already, and at most {self.allowed} are kept"


def check_wait(draft: WaitDraft, at: Path = ("input",)) -> list[Refusal]:
    """What is wrong with what somebody wants to wait for."""
    problems = check_sku(draft.sku, (*at, "sku"))
    if draft.location_id is not None and not draft.location_id:
        problems.append(InvalidInput(path=(*at, "locationId"), expected="a location, or none", got="''"))
    return problems


def slots_of(rise: Rise, kept_back: Mapping[str, int]) -> dict[str, int]:
    """How many pieces every channel sees newly, of `kept_back` pieces by channel; one that saw some before sees none.

    Somebody is told where there was nothing: who looks while there is something needs no telling.
    """
    return {
        channel: rise.after - kept for channel, kept in kept_back.items() if rise.before - kept <= 0 < rise.after - kept
    }
