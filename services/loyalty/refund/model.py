"""Refunds: which lots come back, and how much may. No I/O, no clock."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from kit.errors import InvalidInput, Path, Refusal
from kit.idempotency import fingerprint
from services.loyalty.model import CustomerId, Entry, EntryKind, Lot, LotKind, Reference
from services.loyalty.posting.model import MAX_POINTS, Posting, Tally, check_customer, check_texts, request_key

MAX_CLAIMS = 200
"""Refunds of one spending: as many as an order may have returns."""
REFUNDABLE = frozenset({EntryKind.REDEEMED, EntryKind.CAPTURED})

_ENTRY_ID = re.compile(r"(wal_[0-9A-Za-z]{1,64})\.([1-9][0-9]{0,9})")


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Points of one spending, named by its statement entry's id `wal_….7`, to be given back.

    `tally`: what the spending counted once in its wallet, and counts no longer.
    """

    customer_id: CustomerId
    entry_id: str
    points: int
    reason: str
    idempotency_key: str
    reference: Reference = field(default_factory=Reference)
    actor: str | None = None
    tally: str | None = None

    @property
    def seq(self) -> int:
        """The entry's number in its wallet."""
        found = _ENTRY_ID.fullmatch(self.entry_id)
        return 0 if found is None else int(found.group(2))

    @property
    def fingerprint(self) -> str:
        """Of what is asked for."""
        return fingerprint(self.entry_id, self.points, self.reason, self.reference.return_id, self.reference.note)


@dataclass(frozen=True, slots=True)
class Claim:
    """A part of a spending that one refund gives back, behind the first `offset` refunded points."""

    entry_id: str
    customer_id: CustomerId
    offset: int
    points: int
    key: str
    reason: str
    fingerprint: str
    reference: Reference = field(default_factory=Reference)
    actor: str | None = None
    tally: str | None = None

    def posting(self, spent: Entry) -> Posting:
        """The posting that gives it back."""
        about = self.reference
        return Posting(
            kind=EntryKind.REFUNDED,
            customer_id=self.customer_id,
            points=self.points,
            key=request_key(self.key),
            reason=self.reason,
            reference=Reference(
                order_id=spent.reference.order_id, return_id=about.return_id, note=about.note, refunds=self.entry_id
            ),
            actor=self.actor,
            lots=tuple(lots_of(spent, self.offset, self.points)),
            tallies=() if self.tally is None else (Tally(self.tally, -1, MAX_POINTS),),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundExceedsSpent(Refusal):
    """More would come back than was spent."""

    entry_id: str
    requested: int
    refundable: int
    path: Path = ("input", "points")
    code: ClassVar[str] = "REFUND_EXCEEDS_SPENT"

    @property
    def message(self) -> str:
        """Both numbers."""
        return f"of {self.entry_id} {self.refundable} points can still be refunded, {self.requested} were asked for"


def spent_of(entry: Entry) -> tuple[Lot, ...]:
    """The lots a spending burned; one regular lot for entries made before lots were written into them."""
    if entry.taken or entry.kind is not EntryKind.REDEEMED:
        return entry.taken
    return (Lot(LotKind.REGULAR, -entry.points, entry.at),)


def lots_of(spent: Entry, offset: int, points: int) -> Iterator[Lot]:
    """`points` of what was spent, behind the first `offset` of them; what lives longest comes back first."""
    for lot in reversed(spent_of(spent)):
        skipped = min(offset, lot.points)
        given = min(points, lot.points - skipped)
        offset, points = offset - skipped, points - given
        if given:
            yield Lot(lot.kind, given, lot.expires_at, lot.origin)


def check_refund(request: RefundRequest) -> list[Refusal]:
    """Every value of a refund that can never be taken."""
    problems = check_customer(request.customer_id, "customerId") + check_texts(request.reason, request.reference)
    if not 1 <= request.points <= MAX_POINTS:
        expected = f"1 to {MAX_POINTS}"
        problems.append(InvalidInput(path=("input", "points"), expected=expected, got=str(request.points)))
    if not request.seq:
        expected = "a statement entry's id, wal_….7"
        problems.append(InvalidInput(path=("input", "entryId"), expected=expected, got=repr(request.entry_id[:80])))
    return problems
