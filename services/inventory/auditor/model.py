"""What the auditor has found, and how far it is. No I/O."""

import hashlib
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """A contradiction in the books; the same one found again keeps its id and its first moment."""

    id: str
    problem: str
    found_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class AuditState:
    """How far the auditor is: the last whole pass over everything, and what was found and not seen to be gone since."""

    passes: int
    stocks: int
    finished_at: datetime | None
    open_findings: int


def finding_id(problem: str) -> str:
    """The same for the same words."""
    return f"aud_{hashlib.blake2b(problem.encode(), digest_size=10).hexdigest()}"
