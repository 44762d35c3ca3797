"""Claims of rewards: their life, and what they post. No I/O, no clock.

    TRY ──→ CLAIMED ──→ FULFILLED | CANCELLED | EXPIRED
     │        └─→ ASKED ──→ FULFILLED | CANCELLED | EXPIRED | CLAIMED   (coupons: the catalog is asked about it)
     └────→ ABORTED ──→ TRY (the next attempt)

A claim is CLAIMED exactly if its points are spent: the wallet's document decides, by a posting that can only be made
until `try_until` of the database's clock. Whether a coupon is still unused is decided by the coupon's document alone.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NewType

from kit.errors import Path, Refusal
from kit.idempotency import fingerprint
from services.loyalty.model import CustomerId, EntryKind, Reference
from services.loyalty.posting.model import Posting, Tally, event_key
from services.loyalty.refund.model import RefundRequest
from services.loyalty.reward.model import RewardId, RewardKind

ClaimId = NewType("ClaimId", str)

TRY_S = 10
"""A worker that has not spent the points by then has crashed or stalled: its late posting no longer matches."""
FENCE_MARGIN_S = 5
"""How far the clocks of two primaries may differ."""
REASON = "REWARD"


class ClaimState(StrEnum):
    """Where a claim is in its life."""

    TRY = "TRY"
    ABORTED = "ABORTED"
    CLAIMED = "CLAIMED"
    ASKED = "ASKED"
    FULFILLED = "FULFILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


ENDED = frozenset({ClaimState.FULFILLED, ClaimState.CANCELLED, ClaimState.EXPIRED})
UNDECIDED = frozenset({ClaimState.TRY, ClaimState.ABORTED})
"""Of these the member has nothing, and paid nothing; lists leave them out."""


class CouponAnswer(StrEnum):
    """What the catalog says of a claim's coupon: taken away, used, held by a checkout under way, or never made."""

    REVOKED = "REVOKED"
    USED = "USED"
    HELD = "HELD"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """A reward for a member. `expected_version`: only by the terms of this version; None: by those in force."""

    customer_id: CustomerId
    reward_id: str
    idempotency_key: str
    actor: str
    expected_version: int | None = None

    @property
    def fingerprint(self) -> str:
        """Of what is asked for."""
        return fingerprint(self.reward_id, self.expected_version)


@dataclass(frozen=True, slots=True)
class ClaimTerms:
    """What of the reward's version a claim is made by; they never change for it."""

    reward_id: RewardId
    version: int
    kind: RewardKind
    points: int
    promotion_id: str | None
    sku: str | None
    valid_until: datetime
    returns_points: bool
    per_member: int | None

    @property
    def tally(self) -> str | None:
        """Under which name the wallet counts it; None: it is not counted."""
        return None if self.per_member is None else f"reward:{self.reward_id}"


@dataclass(frozen=True, slots=True)
class RewardClaim:
    """A claim as it is kept. `attempt` tells the postings of a retry apart; `ask` counts how often catalog was asked.

    `ends_as`: what an ASKED one becomes if its coupon is taken away. `entry_seq`: the entry that spent the points.
    """

    id: ClaimId
    customer_id: CustomerId
    terms: ClaimTerms
    state: ClaimState
    attempt: int
    key: str
    fingerprint: str
    actor: str
    created_at: datetime
    try_until: datetime
    settled: bool
    entry_seq: int | None = None
    ends_as: ClaimState | None = None
    ask: int = 0
    ended_at: datetime | None = None
    ended_by: str | None = None
    reason: str | None = None

    def spending(self, tallies: tuple[Tally, ...]) -> Posting:
        """The posting that decides it; `tallies` bound the member's pace, the reward's own limit is added."""
        name = self.terms.tally
        limit = () if name is None else (Tally(name, 1, self.terms.per_member or 0),)
        return Posting(
            kind=EntryKind.REDEEMED,
            customer_id=self.customer_id,
            points=self.terms.points,
            key=event_key(f"reward/{self.id}/{self.attempt}"),
            reason=REASON,
            reference=Reference(note=self.id),
            rule_version=self.terms.version,
            actor=self.actor,
            tallies=(*limit, *tallies),
            before=self.try_until,
            asked=fingerprint("reward", self.id, self.terms.points),
        )

    def refund(self, head: CustomerId, wallet_id: str, points: int) -> RefundRequest:
        """What gives its points back, once: to the wallet that spent them, or the one that stands for it (`head`)."""
        assert self.entry_seq is not None, "it was claimed"
        return RefundRequest(
            customer_id=head,
            entry_id=f"{wallet_id}.{self.entry_seq}",
            points=points,
            reason=f"{REASON}_{self.state}",
            idempotency_key=f"\x1f{self.id}",  # no client's key: those are printable
            reference=Reference(note=self.id),
            actor=self.ended_by,
            tally=self.terms.tally,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardClaimEnded(Refusal):
    """What was asked for is not possible any more."""

    claim_id: str
    state: ClaimState
    path: Path = ("input", "claimId")
    code: ClassVar[str] = "REWARD_CLAIM_ENDED"

    @property
    def message(self) -> str:
        """As what it ended."""
        return f"claim {self.claim_id} is {self.state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTooLate(Refusal):
    """A worker that was too slow for its own claim; it looks again, nobody is told."""

    code: ClassVar[str] = "CLAIM_TOO_LATE"

    @property
    def message(self) -> str:
        """Never shown."""
        return "the time to spend the claim's points is over"
