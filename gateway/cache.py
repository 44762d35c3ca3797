"""A bounded cache of prepared operations, least recently used out first."""

import heapq
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(slots=True)
class CacheCounts:
    """How a cache has served so far."""

    hits: int = 0
    misses: int = 0
    evicted: int = 0


@dataclass(slots=True)
class _Held(Generic[Value]):
    value: Value
    weight: int
    uses: int = 0


class BoundedCache(Generic[Value]):
    """Holds at most `entries` values of at most `weight` together. Not for threads: one event loop owns it."""

    def __init__(self, entries: int, weight: int) -> None:
        self._entries = entries
        self._weight = weight
        self._held: OrderedDict[Hashable, _Held[Value]] = OrderedDict()
        self._carried = 0
        self.counts = CacheCounts()

    def get(self, key: Hashable) -> Value | None:
        """Return a value and keep it young."""
        held = self._held.get(key)
        if held is None:
            self.counts.misses += 1
            return None
        self.counts.hits += 1
        held.uses += 1
        self._held.move_to_end(key)
        return held.value

    def peek(self, key: Hashable) -> Value | None:
        """Return a value that has been asked for already; counts nothing."""
        held = self._held.get(key)
        return None if held is None else held.value

    def put(self, key: Hashable, value: Value, weight: int) -> None:
        """Keep a value as long as there is room; one too heavy for the whole cache is not kept."""
        if weight > self._weight:
            return
        before = self._held.pop(key, None)
        self._carried += weight - (before.weight if before else 0)
        self._held[key] = _Held(value, weight)
        while len(self._held) > self._entries or self._carried > self._weight:
            _, freed = self._held.popitem(last=False)
            self._carried -= freed.weight
            self.counts.evicted += 1

    def busiest(self, count: int) -> list[Hashable]:
        """Keys by how often they were asked for, the busiest first."""
        return heapq.nlargest(count, self._held, key=lambda key: self._held[key].uses)

    def __len__(self) -> int:
        return len(self._held)
