"""A balance of another system, and what it moves here. No I/O, no clock."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.loyalty.model import CustomerId, EntryKind, Reference
from services.loyalty.posting.model import Posting

REASON = "IMPORT"


@dataclass(frozen=True, slots=True)
class Balance:
    """Points, already converted, that `source` says an account has; `lot` tells several of one account apart.

    `expires_at` None: regular points.
    """

    source: str
    account: str
    customer_id: CustomerId
    points: int
    expires_at: datetime | None = None
    lot: str = ""

    @property
    def id(self) -> str:
        """Of what is kept about it."""
        return f"{self.source}|{self.account}|{self.lot}"


@dataclass(frozen=True, slots=True)
class Kept:
    """What an account's balance was brought to, by how many steps; `moved` is the last one's, until it is posted."""

    balance: Balance
    version: int = 0
    moved: int = 0
    is_posted: bool = True

    def brought_to(self, balance: Balance) -> "Kept":
        """With the difference to be posted; the same if there is none."""
        if self.version and balance.points == self.balance.points:
            return self
        before = self.balance.points if self.version else 0
        return replace(self, balance=balance, version=self.version + 1, moved=balance.points - before, is_posted=False)

    @property
    def posting(self) -> Posting | None:
        """What the last step moves, under a key of its own; None if nothing."""
        if self.moved == 0:
            return None
        about = self.balance
        return Posting(
            kind=EntryKind.EARNED if self.moved > 0 else EntryKind.TAKEN_BACK,
            customer_id=about.customer_id,
            points=abs(self.moved),
            key=f"import:{about.id}:{self.version}",
            reason=REASON,
            reference=Reference(note=about.source),
            expires_at=about.expires_at if self.moved > 0 else None,
        )
