"""Gifts: what may be asked, and its limits. No I/O, no clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from kit.errors import InvalidInput, Path, Refusal
from services.loyalty.model import CustomerId, Entry, EntryKind, Reference, wallet_id_of
from services.loyalty.posting.model import (
    MAX_POINTS,
    PointsRequest,
    Posting,
    Tally,
    check_customer,
    check_request,
    event_key,
    request_key,
)
from services.loyalty.spending.model import Pace

MAX_GIFT = 100_000
"""Points of one gift: a present, not a sale of points."""
MAX_GIFTED_A_DAY = 200_000
"""Points one member gives away a day (UTC), so that a stolen account is not emptied into others in one night."""
MAX_GIFTS_AN_HOUR = 20
"""Gifts one wallet gives in an hour: a family has fewer members, and a thief's program is stopped early."""
MAX_GIFTS_RECEIVED_A_DAY = 50
"""Gifts after which nobody gives to a wallet on this day: it collects what others were robbed of, or sell."""
GIFTS_AN_HOUR = Tally("gifts", 1, MAX_GIFTS_AN_HOUR, unit="hour")
GIFTS_RECEIVED = Tally("gifts_received", 1, MAX_POINTS, unit="day")
"""Counted only: what was sent arrives. Senders are refused by what is counted when they send."""


@dataclass(frozen=True, slots=True)
class GiftRequest:
    """Points of one member for another."""

    asked: PointsRequest
    to_customer_id: CustomerId

    @property
    def sending(self) -> Posting:
        """What the sender's wallet takes out."""
        asked = self.asked
        return Posting(
            kind=EntryKind.GIFT_SENT,
            customer_id=asked.customer_id,
            points=asked.points,
            key=request_key(asked.idempotency_key),
            reason=asked.reason,
            reference=Reference(note=asked.reference.note, counterparty=self.to_customer_id),
            actor=asked.actor,
            day_limit=MAX_GIFTED_A_DAY,
            tallies=(GIFTS_AN_HOUR,),
        )


def arrival(sent: Entry, sender: CustomerId) -> Posting:
    """What the receiver's wallet takes in for an entry of the sender's: the same lots, once."""
    to = sent.reference.counterparty
    assert to is not None, "a gift says to whom"
    return Posting(
        kind=EntryKind.GIFT_RECEIVED,
        customer_id=CustomerId(to),
        points=sum(lot.points for lot in sent.taken),
        key=event_key(sent.id),
        reason=sent.reason,
        reference=Reference(note=sent.reference.note, counterparty=sender),
        lots=sent.taken,
        tallies=(GIFTS_RECEIVED,),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftsTooFast(Refusal):
    """The giver has given as often as an hour allows, or the receiver was given to as often as a day does."""

    counted: int
    limit: int
    pace: Pace
    path: Path = ("input", "customerId")
    code: ClassVar[str] = "GIFTS_TOO_FAST"

    @property
    def message(self) -> str:
        """How many, and whose."""
        return f"{self.path[-1]}: {self.counted} gifts of {self.limit} in this {self.pace}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftLimitReached(Refusal):
    """The sender has given as much as a day allows."""

    requested: int
    given_today: int
    limit: int
    path: Path = ("input", "points")
    code: ClassVar[str] = "GIFT_LIMIT_REACHED"

    @property
    def message(self) -> str:
        """All three numbers."""
        return f"{self.given_today} of {self.limit} points a day are given, {self.requested} more were asked for"


def check_gift(request: GiftRequest, now: datetime) -> list[Refusal]:
    """Every value of a gift that can never be taken."""
    asked = request.asked
    problems = check_request(asked, now) + check_customer(request.to_customer_id, "toCustomerId")
    if asked.points > MAX_GIFT:
        problems.append(InvalidInput(path=("input", "points"), expected=f"1 to {MAX_GIFT}", got=str(asked.points)))
    if wallet_id_of(asked.customer_id) == wallet_id_of(request.to_customer_id):
        problems.append(InvalidInput(path=("input", "toCustomerId"), expected="another customer", got="the giver"))
    return problems
