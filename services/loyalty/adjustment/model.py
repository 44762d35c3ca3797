"""Adjustments: how much who may change alone, and the life of a request. No I/O, no clock.

    REQUESTED ──→ APPROVED | REJECTED      by another member of staff, for a reason
        └───────→ EXPIRED                  when nobody has decided in time

One compare-and-set on the request decides; the points of an APPROVED one follow, under the request's own key.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from kit.errors import InvalidInput, Path, Refusal
from kit.idempotency import fingerprint
from services.loyalty.model import CustomerId, EntryKind, Reference
from services.loyalty.posting.model import MAX_POINTS, MAX_TEXT, Posting, check_customer, check_texts, event_key

MAX_ROLES = 20
MAX_APPROVAL_DAYS = 90
MAX_DAY_POINTS = 1_000_000_000
"""Points of a day: what nobody changes is no limit."""
MAX_CHANGES_A_DAY = 1_000
"""Changes one person makes alone in a day: by then it is a program, and belongs under a rule."""


class AdjustmentState(StrEnum):
    """Where a request is in its life."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class RoleLimit:
    """What whoever holds `scope` may change alone: points of one change, and of all in a day (UTC), up or down."""

    scope: str
    points: int
    points_a_day: int


@dataclass(frozen=True, slots=True)
class AdjustmentPolicy:
    """A version of what is allowed alone, and how many days a request waits for somebody."""

    version: int
    roles: tuple[RoleLimit, ...]
    approval_days: int = 7

    def limit_for(self, scopes: Set[str]) -> RoleLimit:
        """The widest of the caller's roles; nothing for who has none."""
        held = [role for role in self.roles if role.scope in scopes]
        return max(held, key=lambda role: (role.points, role.points_a_day), default=RoleLimit("", 0, 0))


FIRST_POLICY = AdjustmentPolicy(0, (RoleLimit("points:write", 10_000, 100_000),))
"""In force until one is set."""


@dataclass(frozen=True, slots=True)
class AdjustmentRequest:
    """Points to be given (above zero) or taken back (below; what is not there becomes debt), by hand."""

    customer_id: CustomerId
    points: int
    reason: str
    idempotency_key: str
    actor: str
    note: str | None = None

    @property
    def fingerprint(self) -> str:
        """Of what is asked for."""
        return fingerprint(self.customer_id, self.points, self.reason, self.note, self.actor)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A request as it is kept. `decided_by` None with APPROVED: it was within what its asker may change alone."""

    id: str
    customer_id: CustomerId
    points: int
    reason: str
    note: str | None
    fingerprint: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    policy_version: int
    state: AdjustmentState
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    entry_id: str | None = None

    @property
    def posting(self) -> Posting:
        """What an approved one does to the wallet, once."""
        return Posting(
            kind=EntryKind.EARNED if self.points > 0 else EntryKind.TAKEN_BACK,
            customer_id=self.customer_id,
            points=abs(self.points),
            key=event_key(f"adjustment/{self.id}"),
            reason=self.reason,
            reference=Reference(note=self.id),
            actor=self.requested_by,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsApprovalNeeded(Refusal):
    """So large a change by hand, or so many of them on a day, needs somebody else: pointsAdjust asks for it."""

    requested: int
    maximum: int
    maximum_a_day: int
    path: Path = ("input", "points")
    code: ClassVar[str] = "POINTS_APPROVAL_NEEDED"

    @property
    def message(self) -> str:
        """All three numbers."""
        return (
            f"a change of {self.requested} points by hand: alone {self.maximum} at a time are allowed and "
            f"{self.maximum_a_day} a day; pointsAdjust asks somebody else"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentOwn(Refusal):
    """Who has asked for a change may not decide on it."""

    adjustment_id: str
    actor: str
    path: Path = ("input", "adjustmentId")
    code: ClassVar[str] = "POINTS_ADJUSTMENT_OWN"

    @property
    def message(self) -> str:
        """Who."""
        return f"{self.actor} has asked for {self.adjustment_id}; somebody else has to decide"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentDecided(Refusal):
    """The request was decided otherwise before, or its time is over."""

    adjustment_id: str
    state: AdjustmentState
    path: Path = ("input", "adjustmentId")
    code: ClassVar[str] = "POINTS_ADJUSTMENT_DECIDED"

    @property
    def message(self) -> str:
        """As what."""
        return f"{self.adjustment_id} is {self.state}"


def check_adjustment(request: AdjustmentRequest) -> list[Refusal]:
    """Every value that can never be taken."""
    problems = check_customer(request.customer_id, "customerId")
    if request.points == 0 or abs(request.points) > MAX_POINTS:
        expected = f"1 to {MAX_POINTS}, or below zero as much"
        problems.append(InvalidInput(path=("input", "points"), expected=expected, got=str(request.points)))
    return problems + check_texts(request.reason, Reference(note=request.note))


def check_policy(policy: AdjustmentPolicy) -> list[Refusal]:
    """Everything that is wrong with a policy."""
    problems: list[Refusal] = []

    def bound(path: Path, low: int, value: int, high: int) -> None:
        if not low <= value <= high:
            problems.append(InvalidInput(path=("input", *path), expected=f"{low} to {high}", got=str(value)))

    bound(("roles",), 0, len(policy.roles), MAX_ROLES)
    bound(("approvalDays",), 1, policy.approval_days, MAX_APPROVAL_DAYS)
    for place, role in enumerate(policy.roles[:MAX_ROLES]):
        at = ("roles", str(place))
        bound((*at, "scope"), 1, len(role.scope), MAX_TEXT)
        bound((*at, "points"), 0, role.points, MAX_POINTS)
        bound((*at, "pointsADay"), 0, role.points_a_day, MAX_DAY_POINTS)
    return problems
