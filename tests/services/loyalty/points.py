"""Short words for what loyalty's tests do over and over."""

from collections.abc import Awaitable
from datetime import timedelta

import pytest

from kit.errors import Refusal, Refused
from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.actions import earn, redeem
from services.loyalty.model import CustomerId, Wallet, wallet_id_of
from services.loyalty.posting.model import PointsRequest
from services.loyalty.store import LoyaltyStore, Posted

DAY = timedelta(days=1)


async def give(store: LoyaltyStore, who: CustomerId, points: int, days: float | None = None) -> Posted:
    """Regular points, or some that live so many days."""
    now = utc_now()
    expires_at = None if days is None else now + days * DAY
    return await earn(store, PointsRequest(who, points, "GIFT", new_id("key"), expires_at=expires_at), now=now)


async def spend(store: LoyaltyStore, who: CustomerId, points: int) -> Posted:
    return await redeem(store, PointsRequest(who, points, "CHECKOUT", new_id("key")), now=utc_now())


async def wallet_of(store: LoyaltyStore, who: CustomerId) -> Wallet:
    return (await store.wallets_by_id([wallet_id_of(who)]))[wallet_id_of(who)]


async def refused(work: Awaitable[object]) -> Refusal:
    """Why it was refused; fails if it was not."""
    with pytest.raises(Refused) as caught:
        await work
    return caught.value.refusals[0]
