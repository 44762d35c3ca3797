"""A leaky bucket: what is spent fills it, and it leaks at a fixed rate; pure.

A request is taken while there is room for its points. Over any time `t` a caller spends at most
`capacity + per_s × t` points.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

SHARE = 0.1
"""What of a bucket one process may spend before it has told the others: ten processes at once go 90 % past it at most,
once, and that is held against the caller afterwards."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Points that a second gives back, and points that may be spent at once."""

    per_s: float
    capacity: int


@dataclass(frozen=True, slots=True)
class Rates:
    """What each key and each customer may spend; None: without limit. `by_name` is for keys of that name."""

    key: Rate | None = None
    customer: Rate | None = None
    by_name: Mapping[str, Rate | None] = field(default_factory=dict)

    def of_key(self, name: str) -> Rate | None:
        """Of one key."""
        return self.by_name.get(name, self.key)


@dataclass(slots=True)
class Bucket:
    """One bucket as one process knows it; times are in its own seconds.

    `level` is what was known at `at`, what was spent here since included; `unsettled` is what others do not know yet.
    """

    id: str
    rate: Rate
    at: float
    level: float = 0.0
    unsettled: float = 0.0

    def leak(self, now: float) -> float:
        """The level now."""
        if now > self.at:
            self.level = max(0.0, self.level - self.rate.per_s * (now - self.at))
            self.at = now
        return self.level

    def wait_s(self, points: float, now: float) -> float:
        """How long until there is room for `points`; 0 if there is. More than the whole bucket never has any."""
        over = self.leak(now) + points - self.rate.capacity
        if over <= 0:
            return 0.0
        return over / self.rate.per_s if self.rate.per_s else float("inf")

    def exceeds_share(self, points: float) -> bool:
        """Whether spending them needs the others to know first; an operation larger than a share is one by itself."""
        return self.unsettled > 0 and self.unsettled + points > self.rate.capacity * SHARE

    def spend(self, points: float, now: float) -> None:
        """Spend points, or with a negative number give them back."""
        self.level = max(0.0, self.leak(now) + points)
        self.unsettled += points

    def settled(self, spent: float, level: float, now: float) -> None:
        """Take over what all processes have spent together, `spent` of ours included."""
        self.unsettled -= spent
        self.level = max(0.0, level + self.unsettled)
        self.at = now
