"""Holds: what may be asked, what a hold is by now, and why its end is refused. No I/O, no clock."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from kit.errors import InvalidInput, Path, Refusal
from services.loyalty.model import Account, CustomerId, Entry, EntryKind, Hold, HoldId, Reference, Wallet
from services.loyalty.posting.model import (
    PointsRequest,
    Posting,
    check_customer,
    check_request,
    check_texts,
    request_key,
)

MIN_HOLD_S = 30
"""Shorter, and a customer who types a card number loses the points while typing."""
MAX_HOLD_S = 7 * 24 * 3600
"""A week covers a payment by bank transfer; whoever needs longer has not sold yet."""
DEFAULT_HOLD_S = 15 * 60
"""A checkout's time, the same as for stock."""
EXPIRED_REASON = "HOLD_EXPIRED"
"""What the statement says where nobody ended a hold in time."""


class HoldState(StrEnum):
    """What became of a hold."""

    OPEN = "OPEN"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """Points to set aside for `hold_s` seconds."""

    asked: PointsRequest
    hold_s: int = DEFAULT_HOLD_S

    def posting(self, hold_id: HoldId) -> Posting:
        """The posting asked for; of two with one key, the first one's `hold_id` is the hold's."""
        asked = self.asked
        return Posting(
            kind=EntryKind.HELD,
            customer_id=asked.customer_id,
            points=asked.points,
            key=request_key(asked.idempotency_key),
            reason=asked.reason,
            reference=Reference(order_id=asked.reference.order_id, note=asked.reference.note, hold_id=hold_id),
            actor=asked.actor,
            hold_s=self.hold_s,
            basket=None if asked.basket is None else asked.basket.fingerprint,
        )


@dataclass(frozen=True, slots=True)
class HoldEnd:
    """A capture of `points`, which gives the rest back, or, with `points` 0, a void."""

    customer_id: CustomerId
    hold_id: HoldId
    points: int
    reason: str
    idempotency_key: str
    reference: Reference = field(default_factory=Reference)
    actor: str | None = None

    @property
    def posting(self) -> Posting:
        """The posting asked for."""
        about = self.reference
        return Posting(
            kind=EntryKind.CAPTURED if self.points else EntryKind.VOIDED,
            customer_id=self.customer_id,
            points=self.points,
            key=request_key(self.idempotency_key),
            reason=self.reason,
            reference=Reference(order_id=about.order_id, note=about.note, hold_id=self.hold_id),
            actor=self.actor,
        )


@dataclass(frozen=True, slots=True)
class HoldStanding:
    """A hold as it is by now. `ended_at` and `captured` are of the entry that ended it."""

    id: HoldId
    points: int
    state: HoldState
    until: datetime | None = None
    ended_at: datetime | None = None
    captured: int = 0

    @classmethod
    def of_open(cls, hold: Hold, now: datetime) -> "HoldStanding":
        """From the wallet; past its end it cannot be captured, whether or not it is swept."""
        state = HoldState.OPEN if now < hold.until else HoldState.EXPIRED
        return cls(hold.id, hold.points, state, hold.until, None if now < hold.until else hold.until)

    @classmethod
    def of_ended(cls, hold_id: HoldId, ending: Entry) -> "HoldStanding":
        """From the entry that ended it."""
        held = -ending.moved(Account.HELD)
        state = HoldState(ending.kind.value)
        if ending.reason == EXPIRED_REASON and ending.actor is None:
            state = HoldState.EXPIRED
        captured = sum(lot.points for lot in ending.taken)
        return cls(hold_id, held, state, ended_at=ending.at, captured=captured)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldEnded(Refusal):
    """The hold has ended before, and ends once only."""

    hold_id: str
    state: str
    ended_at: datetime
    path: Path = ("input", "holdId")
    code: ClassVar[str] = "HOLD_ENDED"

    @property
    def message(self) -> str:
        """How and when."""
        return f"hold {self.hold_id} was {self.state} at {self.ended_at.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldExceeded(Refusal):
    """A capture of more than the hold has."""

    hold_id: str
    requested: int
    held: int
    path: Path = ("input", "points")
    code: ClassVar[str] = "HOLD_EXCEEDED"

    @property
    def message(self) -> str:
        """Both numbers."""
        return f"hold {self.hold_id} has {self.held} points, {self.requested} were to be captured"


def check_hold(request: HoldRequest, now: datetime) -> list[Refusal]:
    """Every value of a hold that no wallet could take."""
    problems = check_request(request.asked, now)
    if not MIN_HOLD_S <= request.hold_s <= MAX_HOLD_S:
        expected = f"{MIN_HOLD_S} to {MAX_HOLD_S}"
        problems.append(InvalidInput(path=("input", "holdSeconds"), expected=expected, got=str(request.hold_s)))
    return problems


def check_end(end: HoldEnd, is_capture: bool) -> list[Refusal]:
    """Every value of a capture or void that no wallet could take."""
    problems = check_customer(end.customer_id, "customerId") + check_texts(end.reason, end.reference)
    if is_capture and end.points < 1:
        problems.append(InvalidInput(path=("input", "points"), expected="1 or more", got=str(end.points)))
    return problems


def open_hold(wallet: Wallet, hold_id: str) -> Hold | None:
    """The hold in the wallet; None if it has ended or there never was one."""
    return next((hold for hold in wallet.holds if hold.id == hold_id), None)
