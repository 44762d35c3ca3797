"""What a channel may sell before it is there, as its policy says. Pure; no I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MAX_OVERSELL_PERCENT = 100
"""Twice what is announced: beyond that nobody means a promise."""


class BackorderMode(StrEnum):
    """Whether and how pieces are sold before they are there."""

    NONE = "NONE"
    BACKORDER = "BACKORDER"
    PREORDER = "PREORDER"


@dataclass(frozen=True, slots=True)
class BackorderRule:
    """Of these SKUs at these locations: nothing, against what is announced to arrive, or before a release.

    BACKORDER: as much may wait at once as is announced, `oversell_percent` more, and never more than `limit`.
    PREORDER: until `release_at`, `limit` pieces in all, whether they are announced yet or not.
    """

    mode: BackorderMode
    sku: str = "*"
    location: str = "*"
    limit: int | None = None
    oversell_percent: int = 0
    release_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether anything is sold by it at that time."""
        if self.mode is BackorderMode.PREORDER:
            return self.release_at is not None and now < self.release_at
        return self.mode is BackorderMode.BACKORDER

    def most(self, supply: int) -> int:
        """Pieces that may wait (BACKORDER) or be sold in all (PREORDER), where so many are announced."""
        if self.mode is BackorderMode.PREORDER:
            return self.limit or 0
        sold = supply * (100 + self.oversell_percent) // 100
        return sold if self.limit is None else min(sold, self.limit)
