"""An observation of somebody, sorted by what it proves. No I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kit.times import whole_ms
from services.customer.identity import SHARED
from services.customer.model import Customer, CustomerDraft, Identity

HINT_ORDER = ("EMAIL", "PHONE", "APP", "DEVICE")
"""Where nothing is proven, what is said is kept with the first of these: a mailbox is more of a person than a tab."""


class Outcome(StrEnum):
    """What an observation did."""

    CREATED = "CREATED"
    FOUND = "FOUND"
    MERGED = "MERGED"


@dataclass(frozen=True, slots=True)
class Observation:
    """What `source` saw at a time: identities in any spelling, and values, as a draft holds them."""

    draft: CustomerDraft
    at: datetime | None

    def moment(self, now: datetime) -> datetime:
        """When it was, or now."""
        return now if self.at is None else whole_ms(self.at)


@dataclass(frozen=True, slots=True)
class Sorted:
    """The identities of an observation by what they prove, each in the order of `HINT_ORDER` and value."""

    proof: tuple[Identity, ...]
    hints: tuple[Identity, ...]

    @classmethod
    def of(cls, identities: Sequence[Identity]) -> "Sorted":
        """In an order of their own, whatever order they came in."""
        proof = [one for one in identities if one.verified and one.type not in SHARED]
        hints = [one for one in identities if not one.verified or one.type in SHARED]
        return cls(
            tuple(sorted(proof, key=lambda one: (one.type, one.value))),
            tuple(sorted(hints, key=lambda one: (HINT_ORDER.index(one.type), one.value))),
        )


@dataclass(frozen=True, slots=True)
class Identified:
    """Who it was."""

    customer: Customer
    outcome: Outcome
    merge_ids: tuple[str, ...] = ()


def has_proof(customer: Customer) -> bool:
    """Whether anything of theirs was ever proven."""
    return any(identity.verified and identity.type not in SHARED for identity in customer.identities)
