"""Sessions: what somebody did without pausing for half an hour, on whatever device and channel. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.customer.behaviour.model import BehaviourKind, Step

GAP: Final = timedelta(minutes=30)
"""A pause longer than this ends a session: the convention of web analytics, by which figures can be compared."""


@dataclass(frozen=True, slots=True)
class Session:
    """A run of events with no pause above `GAP`. `key`: the oldest event's. `is_whole`: its beginning is in it."""

    key: bytes
    started_at: datetime
    ended_at: datetime
    kinds: tuple[tuple[BehaviourKind, int], ...]
    channels: tuple[str, ...]
    is_whole: bool = True

    @property
    def events(self) -> int:
        """How many there were."""
        return sum(count for _, count in self.kinds)


def sessions_of(steps: Sequence[Step], *, all_read: bool) -> list[Session]:
    """The sessions of events that are sorted newest first. Unless all were read, the oldest may begin further back."""
    runs: list[list[Step]] = []
    for step in steps:
        if runs and runs[-1][-1].at - step.at <= GAP:
            runs[-1].append(step)
        else:
            runs.append([step])
    return [_session(run, is_whole=all_read or run is not runs[-1]) for run in runs]


def _session(run: Sequence[Step], *, is_whole: bool) -> Session:
    counts: dict[BehaviourKind, int] = {}
    channels: dict[str, None] = {}
    for step in run:
        counts[step.kind] = counts.get(step.kind, 0) + 1
        channels[step.channel] = None
    kinds = tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].value)))
    return Session(run[-1].key, run[-1].at, run[0].at, kinds, tuple(channels), is_whole)
