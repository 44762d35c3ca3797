"""A reward's coupon: its code and its terms, both following from the claim. No I/O, no clock.

The code is drawn by the claim's id and this service's key, as a batch's codes are: it is kept nowhere, no event has it,
and whoever knows the claim's id alone cannot tell it.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from services.catalog.coupon.model import Batch, Terms, code_at

SOURCE = "reward"
_LABEL = b"reward claim:"
_SALT_BYTES = 16


class Answer(StrEnum):
    """What is said of a claim's coupon: taken away, used, held by a checkout under way, or never made."""

    REVOKED = "REVOKED"
    USED = "USED"
    HELD = "HELD"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A coupon somebody has paid for with points."""

    claim_id: str
    customer_id: str
    promotion_id: str
    valid_until: datetime
    claimed_at: datetime

    @property
    def terms(self) -> Terms:
        """Once, by this customer, on every channel."""
        return Terms(self.promotion_id, customer=self.customer_id, source=SOURCE, valid_until=self.valid_until)


def batch_of(claim_id: str, key: bytes, terms: Terms, at: datetime) -> Batch:
    """The batch of one code that the claim's coupon is; `key` draws codes."""
    salt = hmac.new(key, _LABEL + claim_id.encode(), hashlib.sha256).digest()[:_SALT_BYTES]
    return Batch(f"cbt_{claim_id.partition('_')[2]}", terms, salt, 1, at)


def code_of(claim_id: str, key: bytes) -> str:
    """The code of a claim's coupon, whether or not it has been made."""
    return code_at(key, batch_of(claim_id, key, Terms(""), datetime.fromtimestamp(0, UTC)), 0)
