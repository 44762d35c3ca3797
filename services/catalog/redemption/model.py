"""Redemptions: their life and what they take. No I/O, no clock.

    TRY ──→ HELD ──→ REDEEMED | RELEASED | EXPIRED
     └────→ ABORTED ──→ TRY (the next attempt)

Every arrow is one compare-and-set on the redemption, whose id is its quote's: a quote is redeemed once. What follows on
the counters (`settled`) is done by whoever decided, and again by the sweeper until it is done.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.catalog.quote.token import Promise

HOLD = timedelta(minutes=30)
"""How long a checkout may hold what it reserved: twice a quote's life."""
TRY_S = 10
"""A worker that has not decided by then has crashed or stalled: its late takes no longer match."""


class RedemptionState(StrEnum):
    """Where a redemption is in its life."""

    TRY = "TRY"
    HELD = "HELD"
    REDEEMED = "REDEEMED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    ABORTED = "ABORTED"


class Counter(StrEnum):
    """What is counted: a promotion's budget and uses, a customer's uses of it, a coupon's uses."""

    PROMOTION = "PROMOTION"
    CUSTOMER = "CUSTOMER"
    COUPON = "COUPON"


@dataclass(frozen=True, slots=True)
class Take:
    """One use of a counter, and its discount; `limit` is a coupon's or a customer's, a promotion knows its own."""

    counter: Counter
    id: str
    amount_minor: int = 0
    limit: int = 0
    promotion_id: str = ""


@dataclass(frozen=True, slots=True)
class Redemption:
    """A redemption as it is kept. `attempt` tells the holds of a retry from those of an attempt that failed;
    `take_until` is the database's time from which on nothing more can be taken."""

    id: str
    state: RedemptionState
    attempt: int
    takes: tuple[Take, ...]
    reserve_key: str
    expires_at: datetime
    take_until: datetime
    settled: bool
    redeem_key: str | None = None
    release_key: str | None = None

    @property
    def hold_id(self) -> str:
        """Under which this attempt stands in the counters."""
        return self.hold_of(self.attempt)

    def hold_of(self, attempt: int) -> str:
        """The same of any attempt."""
        return f"{self.id}-{attempt}"


def ordered(takes: list[Take]) -> tuple[Take, ...]:
    """In the one order in which every worker takes, each counter once."""
    unique = {(take.counter, take.id): take for take in takes}
    return tuple(unique[key] for key in sorted(unique))


def may_redeem(promise: Promise, customer: str | None, *, is_staff: bool) -> bool:
    """A quote for a customer is the customer's and staff's; one for nobody is whose token it is."""
    return promise.customer is None or promise.customer == customer or is_staff
