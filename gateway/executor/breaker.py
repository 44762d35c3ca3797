"""Spares a service that fails, and requests that would wait for it: after many failures it is not asked for a while.

Closed, every call goes through. When of the last `WINDOW` calls half or more failed, by being away or too slow, it
opens for `FIRST_PAUSE_S`; then one call tries, and closes it or opens it for twice as long. Pure but for its clock.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW = 20
"""Calls that are remembered; fewer prove nothing."""
FAILING = 0.5
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
MEMORY_S = 10.0
"""What was longer ago says nothing about now."""
SLOW_S = 1.0
"""A call that was given less time and did not answer in it says nothing about the service."""


@dataclass(slots=True)
class Breaker:
    """Of one service."""

    clock: Callable[[], float]
    opened: int = 0
    """How often it has opened."""
    _calls: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _open_until: float | None = None
    _pause_s: float = FIRST_PAUSE_S
    _trying: bool = False

    @property
    def is_open(self) -> bool:
        """Whether calls are kept back now."""
        return self._open_until is not None

    def lets_through(self) -> bool:
        """Whether a call may be made now; `note` how it ended."""
        if self._open_until is None:
            return True
        if self._trying or self.clock() < self._open_until:
            return False
        self._trying = True
        return True

    def note(self, failed: bool | None) -> None:
        """How a call ended; None: nobody can say."""
        if self._open_until is not None:
            if not self._trying:
                return  # began before it opened
            self._trying = False
            if failed:
                self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)
                self._open()
            elif failed is False:
                self._open_until, self._pause_s = None, FIRST_PAUSE_S
            return
        if failed is None:
            return
        now = self.clock()
        self._calls.append((now, failed))
        recent = len(self._calls) == WINDOW and self._calls[0][0] > now - MEMORY_S
        if failed and recent and sum(bad for _, bad in self._calls) >= WINDOW * FAILING:
            self._open()

    def _open(self) -> None:
        self.opened += 1
        self._calls.clear()
        self._open_until = self.clock() + self._pause_s
