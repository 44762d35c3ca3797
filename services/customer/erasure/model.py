"""The certificate of an erasure. No I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ErasureState(StrEnum):
    """How far an erasure is."""

    RUNNING = "RUNNING"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a person was erased: which profiles, on whose word, how many of what went. `removed` counts by room."""

    id: str
    customer: str
    profiles: tuple[str, ...]
    actor: str
    begun_at: datetime
    state: ErasureState = ErasureState.RUNNING
    done_at: datetime | None = None
    removed: Mapping[str, int] = field(default_factory=dict)
