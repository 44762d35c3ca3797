"""A level as it is told live, and where a subscriber stands. No I/O.

A subscriber sees the versions of each stock rise, each once. One for which more than `MAX_WAITING` levels wait gets the
newest of each stock instead, so that what waits for it is bounded by what it watches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kit.errors import InvalidInput, Refusal
from services.inventory.model import StockId, check_sku
from services.inventory.stock.model import StockLevel

MAX_SKUS = 100
"""Watched by one subscription: more than any page shows."""
MAX_LOCATIONS = 50
MAX_WAITING = 1_000
"""Levels that may wait for a subscriber: some hundred kilobytes, and seconds of a busy stock."""
MAX_CURSOR = 1_000
"""Characters; MongoDB's resume tokens have some two hundred."""

Position = tuple[int, int]
"""When something was logged: seconds and a counter within them, as MongoDB's cluster time has it."""


@dataclass(frozen=True, slots=True)
class LiveLevel:
    """A level right after a movement. `cursor` is where to go on from; None where only a snapshot can be begun from."""

    level: StockLevel
    position: Position
    cursor: str | None = None
    is_snapshot: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """What a subscriber wants to hear of; `locations` None is everywhere."""

    skus: frozenset[str]
    locations: frozenset[str] | None = None

    def wants(self, level: StockLevel) -> bool:
        """Whether this level is among it."""
        return level.sku in self.skus and (self.locations is None or level.location_id in self.locations)


@dataclass(slots=True)
class Inbox:
    """What waits for one subscriber: every level while it keeps up, else the newest of each stock."""

    watch: Watch
    seen: dict[StockId, int] = field(default_factory=dict)
    waiting: list[LiveLevel] = field(default_factory=list)
    limit: int = MAX_WAITING

    def put(self, told: LiveLevel) -> bool:
        """Take a level in, unless it or a later one of this stock was there before; whether it was taken."""
        id, version = told.level.id, told.level.version
        if not self.watch.wants(told.level) or version <= self.seen.get(id, 0):
            return False
        self.seen[id] = version
        self.waiting.append(told)
        if len(self.waiting) > self.limit:
            self.waiting = list({each.level.id: each for each in self.waiting}.values())
            self.limit = max(MAX_WAITING, 2 * len(self.waiting))
        return True

    def skip(self, versions: Mapping[StockId, int]) -> None:
        """These have been shown already, and all before them."""
        for id, version in versions.items():
            self.seen[id] = max(version, self.seen.get(id, 0))
        self.waiting = [each for each in self.waiting if each.level.version > versions.get(each.level.id, 0)]

    def take(self) -> list[LiveLevel]:
        """All that waits, in the order in which it was logged, so that every cursor has all before it behind it."""
        taken = sorted(self.waiting, key=lambda each: each.position)
        self.waiting = []
        return taken


def check_watch(skus: Sequence[str], locations: Sequence[str] | None, after: str | None) -> list[Refusal]:
    """What is wrong with the arguments of a subscription."""
    problems: list[Refusal] = []
    if not 1 <= len(skus) <= MAX_SKUS:
        problems.append(InvalidInput(path=("skus",), expected=f"1 to {MAX_SKUS}", got=str(len(skus))))
    for place, sku in enumerate(skus[:MAX_SKUS]):
        problems += check_sku(sku, ("skus", str(place)))
    if locations is not None and not 1 <= len(locations) <= MAX_LOCATIONS:
        problems.append(InvalidInput(path=("locationIds",), expected=f"1 to {MAX_LOCATIONS}", got=str(len(locations))))
    if after is not None and not (after.isalnum() and len(after) <= MAX_CURSOR):
        problems.append(InvalidInput(path=("after",), expected="a cursor of this subscription", got=repr(after[:40])))
    return problems
