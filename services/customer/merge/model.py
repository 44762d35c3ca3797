"""Merges and candidates for them, what speaks for one, and what is refused. No I/O, no clock."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import prod
from typing import ClassVar

from kit.errors import Refusal
from services.customer.identity import IdentityType
from services.customer.model import MAX_IDENTITIES, MAX_IDENTITIES_OF_TYPE

MAX_NOTE = 500
MAX_EVIDENCE = 20
"""Facts kept of one pair: no reviewer reads more."""


class MergeState(StrEnum):
    """How a merge stands."""

    DONE = "DONE"
    UNDONE = "UNDONE"


class CandidateState(StrEnum):
    """How a candidate stands. A rejected pair is never merged by itself again."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"


class EvidenceKind(StrEnum):
    """What speaks for two profiles being one person's."""

    UNVERIFIED_EMAIL = "UNVERIFIED_EMAIL"
    UNVERIFIED_PHONE = "UNVERIFIED_PHONE"
    VERIFIED_IDENTITY = "VERIFIED_IDENTITY"
    LINKAGE = "LINKAGE"


WEIGHTS = {
    EvidenceKind.UNVERIFIED_EMAIL: 0.6,
    EvidenceKind.UNVERIFIED_PHONE: 0.5,
    EvidenceKind.VERIFIED_IDENTITY: 0.95,
}
"""How likely one fact alone makes it; families share phones more often than mailboxes. A linkage brings its own."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact, without the value it is about. `reference` tells facts of a kind apart: a claim, a linkage run."""

    kind: EvidenceKind
    reference: str
    weight: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two profiles that may be one person's; `pair` in the order of ids."""

    id: str
    pair: tuple[str, str]
    evidence: tuple[Evidence, ...]
    score: float
    state: CandidateState
    since: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    merge_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """That `merged` hangs under `kept`, since when, on whose word; by itself if `automatic`."""

    id: str
    kept: str
    merged: str
    at: datetime
    actor: str
    automatic: bool
    note: str | None = None
    key: str | None = None
    fingerprint: str | None = None
    state: MergeState = MergeState.DONE
    undone_at: datetime | None = None
    undone_by: str | None = None


def candidate_id(one: str, other: str) -> str:
    """The same for both orders."""
    return ":".join(sorted((one, other)))


def score(weights: Iterable[float]) -> float:
    """How likely facts that are taken as independent make it together: 1 - Π(1 - w)."""
    return round(1 - prod(1 - weight for weight in weights), 4)


def over_limit(types: Iterable[IdentityType]) -> tuple[IdentityType | None, int] | None:
    """The limit that these identities of one person would break: of a type, or of all (None); None if none."""
    counts = Counter(types)
    for type, count in counts.items():
        if count > MAX_IDENTITIES_OF_TYPE[type]:
            return type, MAX_IDENTITIES_OF_TYPE[type]
    return (None, MAX_IDENTITIES) if counts.total() > MAX_IDENTITIES else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SameCustomer(Refusal):
    """Both ids are one customer's already."""

    customer_id: str
    code: ClassVar[str] = "SAME_CUSTOMER"

    @property
    def message(self) -> str:
        """Which one."""
        return f"both are {self.customer_id} already"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerIsAnonymous(Refusal):
    """A profile of which only a device is known follows whoever logs in there; nobody merges it."""

    customer_id: str
    code: ClassVar[str] = "CUSTOMER_IS_ANONYMOUS"

    @property
    def message(self) -> str:
        """Which one."""
        return f"{self.customer_id} is anonymous: it is joined by a login on its device"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeBuried(Refusal):
    """The customer that was kept was merged on; that merge has to be undone first."""

    later_merge_id: str
    code: ClassVar[str] = "MERGE_BURIED"

    @property
    def message(self) -> str:
        """By which merge."""
        return f"undo {self.later_merge_id} first, by which the kept customer was merged into another"


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateDecided(Refusal):
    """Somebody has decided on it before."""

    state: CandidateState
    code: ClassVar[str] = "CANDIDATE_DECIDED"

    @property
    def message(self) -> str:
        """How."""
        return f"the candidate is {self.state.value}"
