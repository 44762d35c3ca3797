"""Freezing: what may be asked. No I/O, no clock."""

from dataclasses import dataclass, field

from kit.errors import Refusal
from services.loyalty.model import CustomerId, EntryKind, Reference
from services.loyalty.posting.model import Posting, check_customer, check_texts, request_key


@dataclass(frozen=True, slots=True)
class FreezeRequest:
    """A wallet to be frozen, or let go, by somebody and for a reason; both stand in the journal."""

    customer_id: CustomerId
    frozen: bool
    reason: str
    idempotency_key: str
    reference: Reference = field(default_factory=Reference)
    actor: str | None = None

    @property
    def posting(self) -> Posting:
        """An entry that moves no points."""
        return Posting(
            kind=EntryKind.FROZEN if self.frozen else EntryKind.UNFROZEN,
            customer_id=self.customer_id,
            points=0,
            key=request_key(self.idempotency_key),
            reason=self.reason,
            reference=Reference(note=self.reference.note),
            actor=self.actor,
        )


def check_freeze(request: FreezeRequest) -> list[Refusal]:
    """Every value that can never be taken."""
    return check_customer(request.customer_id, "customerId") + check_texts(request.reason, request.reference)
