"""What the access log holds. No I/O, no clock."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AccessKind(StrEnum):
    """How a customer was seen."""

    READ = "READ"
    LOOKUP = "LOOKUP"
    SEARCH = "SEARCH"
    LIST = "LIST"
    REFERENCE = "REFERENCE"
    REVIEW = "REVIEW"
    EXPORT = "EXPORT"
    ERASURE = "ERASURE"


@dataclass(frozen=True, slots=True)
class Access:
    """That `actor` saw these customers, and how. Holds ids only."""

    id: str
    kind: AccessKind
    actor: str
    channel: str
    location: str | None
    trace_id: str
    customers: tuple[str, ...]
    at: datetime
