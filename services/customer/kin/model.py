"""A person is every profile that is a member of one customer at this moment. No I/O."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Person:
    """All ids of one person, and when the last of them was merged; None: nobody was."""

    ids: frozenset[str]
    joined_at: datetime | None = None
