"""Who waits for what, and who is told when pieces are back. No I/O.

A round is one movement that lifts what a channel may promise of a stock from nothing, or what can be put together of a
bundle there. It has as many slots as there are pieces then; each slot tells the customer who has waited longest among
the channels that see so many pieces.
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
MAX_PLACES = 20
"""Locations of one wait: the shops of a large town; who would go farther goes anywhere."""
REMEMBERED = timedelta(days=90)
"""How long one that is over can be looked up."""


class WaitState(StrEnum):
    """Where a wait is in its life."""

    WAITING = "WAITING"
    NOTIFIED = "NOTIFIED"
    LEFT = "LEFT"


@dataclass(frozen=True, slots=True)
class WaitDraft:
    """What a customer waits for; at one of these locations, or at any if none is named."""

    sku: Sku
    location_ids: tuple[str, ...]
    customer: str
    channel: str

    def takes(self, location_id: str) -> bool:
        """Whether they want it there."""
        return not self.location_ids or location_id in self.location_ids


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
    if len(draft.location_ids) > MAX_PLACES:
        expected, got = f"at most {MAX_PLACES} locations", str(len(draft.location_ids))
        problems.append(InvalidInput(path=(*at, "locationIds"), expected=expected, got=got))
    return problems


def slots_of(seen: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """How many pieces every channel sees newly, of those it saw before and sees after; one that saw some sees none.

    Somebody is told where there was nothing: who looks while there is something needs no telling.
    """
    return {channel: after for channel, (before, after) in seen.items() if before <= 0 < after}
