"""What claims hear: what the catalog says of their coupons.

`noren.catalog.reward_coupon_answered.v1` {claimId, ask, answer}: `ask` is null where it answers the claim itself.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kit.events import Event
from services.loyalty.claim.ending import answered
from services.loyalty.claim.model import CouponAnswer
from services.loyalty.store import LoyaltyStore

COUPON_ANSWERED: Final = "noren.catalog.reward_coupon_answered.v1"


async def hear_answers(store: LoyaltyStore, events: Sequence[Event], *, now: datetime) -> None:
    """Each in turn; the same again changes nothing."""
    for event in events:
        data = event.data
        ask = data.get("ask")
        await answered(store, str(data["claimId"]), ask, CouponAnswer(data["answer"]), now)
