"""Bonds: which customers are one by now, and what their wallets have to do. No I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.loyalty.merge.model import MergeRequest
from services.loyalty.model import CustomerId

REASON = "CUSTOMER_MERGED"


@dataclass(frozen=True, slots=True)
class Bond:
    """A merge of customers: `merged` is a part of `kept` since `at`, until `undone_at`; either may be heard first.

    `wallet_merge`: the merge of wallets that stands for it, None: none does. `attempt`: how many stood before; it tells
    their keys apart. `pending`: its wallets have not followed yet; `problem` says why.
    """

    id: str
    kept: CustomerId
    merged: CustomerId
    at: datetime
    undone_at: datetime | None = None
    wallet_merge: str | None = None
    attempt: int = 0
    pending: bool = True
    problem: str | None = None

    @property
    def stands(self) -> bool:
        """Whether it was not undone."""
        return self.undone_at is None

    @property
    def key(self) -> str:
        """Of the merge of wallets that follows it; no client's key, since those are printable."""
        return f"\x1f{self.id}/{self.attempt}"

    def request(self, into: CustomerId) -> MergeRequest:
        """The merge of wallets that follows it."""
        return MergeRequest(self.merged, into, REASON, self.key, note=self.id)


def in_turn(bonds: Sequence[Bond]) -> list[Bond]:
    """The turns of wallets: first what was undone, the last one first; then what stands, the oldest first."""
    undone = sorted((bond for bond in bonds if not bond.stands), key=lambda bond: (bond.at, bond.id), reverse=True)
    return [*undone, *sorted((bond for bond in bonds if bond.stands), key=lambda bond: (bond.at, bond.id))]
