"""A process that dies at any call to the database has done an operation once or not at all; asked again, it is done.

It dies when a call is done and nobody has heard of it; to die before the next call is the same to the database.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from kit.mongo import Database
from kit.times import utc_now
from services.loyalty.actions import audit, redeem
from services.loyalty.freeze.actions import set_frozen
from services.loyalty.freeze.model import FreezeRequest
from services.loyalty.gift.actions import give
from services.loyalty.gift.model import GiftRequest
from services.loyalty.hold.actions import capture, hold, void
from services.loyalty.hold.model import HoldEnd, HoldRequest
from services.loyalty.model import CustomerId, wallet_id_of
from services.loyalty.posting.model import PointsRequest
from services.loyalty.refund.actions import finish_refunds, refund
from services.loyalty.refund.model import RefundRequest
from services.loyalty.store import LoyaltyStore
from tests.services.inventory.reservation.test_crashes import dies_at
from tests.services.inventory.world import Crash, WatchedDatabase
from tests.services.loyalty.points import give as give_points
from tests.services.loyalty.points import wallet_of

MAX_STEPS = 25
"""More calls than any of these makes; one that needs more says so by failing."""
Act = Callable[[LoyaltyStore, CustomerId, CustomerId], Awaitable[object]]


def asked(who: CustomerId, points: int, key: str) -> PointsRequest:
    return PointsRequest(who, points, "X", key)


async def act_redeem(store: LoyaltyStore, who: CustomerId, friend: CustomerId) -> object:
    return await redeem(store, asked(who, 30, "redeem"), now=utc_now())


async def act_hold(store: LoyaltyStore, who: CustomerId, friend: CustomerId) -> object:
    return await hold(store, HoldRequest(asked(who, 30, "hold")), now=utc_now())


async def act_capture(store: LoyaltyStore, who: CustomerId, friend: CustomerId) -> object:
    made = await hold(store, HoldRequest(asked(who, 30, "hold")), now=utc_now())
    return await capture(store, HoldEnd(who, made.hold.id, 10, "X", "capture"), now=utc_now())


async def act_void(store: LoyaltyStore, who: CustomerId, friend: CustomerId) -> object:
    made = await hold(store, HoldRequest(asked(who, 30, "hold")), now=utc_now())
    return await void(store, HoldEnd(who, made.hold.id, 0, "X", "void"), now=utc_now())


async def act_refund(store: LoyaltyStore, who: CustomerId, friend: CustomerId) -> object:
    spent = (await redeem(store, asked(who, 30, "redeem"), now=utc_now())).entry
    return await refund(store, RefundRequest(who, f"{spent.wallet_id}.{spent.seq}", 20, "X", "refund"), now=utc_now())


async def act_give(store: LoyaltyStore, who: CustomerId, friend: CustomerId) -> object:
    return await give(store, GiftRequest(asked(who, 30, "gift"), friend), now=utc_now())


async def act_freeze(store: LoyaltyStore, who: CustomerId, friend: CustomerId) -> object:
    return await set_frozen(store, FreezeRequest(who, True, "X", "freeze"))


@pytest.mark.parametrize(
    ("act", "points", "held", "friends"),
    [
        (act_redeem, 70, 0, 0),
        (act_hold, 70, 30, 0),
        (act_capture, 90, 0, 0),
        (act_void, 100, 0, 0),
        (act_refund, 90, 0, 0),
        (act_give, 70, 0, 30),
        (act_freeze, 100, 0, 0),
    ],
    ids=["redeem", "hold", "capture", "void", "refund", "gift", "freeze"],
)
async def test_what_died_at_any_call_is_done_once_when_asked_again(
    db: Database, store: LoyaltyStore, act: Act, points: int, held: int, friends: int
) -> None:
    for step in range(1, MAX_STEPS):
        who, friend = CustomerId(f"cus_a{step}"), CustomerId(f"cus_b{step}")
        await store.open({friend: utc_now()})
        await give_points(store, who, 60, days=3)
        await give_points(store, who, 40)
        crashing = LoyaltyStore(WatchedDatabase(db, dies_at(step, before=False)))  # type: ignore[arg-type]
        try:
            await act(crashing, who, friend)
        except Crash:
            pass
        else:
            break
        for _ in range(2):
            await act(store, who, friend)
        wallet = await wallet_of(store, who)
        assert (wallet.booked, wallet.held, (await wallet_of(store, friend)).booked) == (points, held, friends)
    assert 1 < step < MAX_STEPS - 1  # a lone posting is one write; what it reads before, it reads by cursors
    assert await audit(store) == []


async def test_a_refund_whose_worker_died_for_good_comes_back_by_the_sweep(db: Database, store: LoyaltyStore) -> None:
    who = CustomerId("cus_a")
    await give_points(store, who, 100)
    spent = (await redeem(store, asked(who, 30, "redeem"), now=utc_now())).entry
    request = RefundRequest(who, f"{spent.wallet_id}.{spent.seq}", 20, "X", "refund")
    for step in range(1, MAX_STEPS):
        crashing = LoyaltyStore(WatchedDatabase(db, dies_at(step, before=False)))  # type: ignore[arg-type]
        with pytest.raises(Crash):
            await refund(crashing, request, now=utc_now())
        if await db["refunds"].count_documents({"unposted": {"$gt": 0}}):
            break
    assert (await store.wallets_by_id([wallet_id_of(who)]))[wallet_id_of(who)].booked == 70
    assert await finish_refunds(store, utc_now() + timedelta(minutes=5)) == 1
    assert (await wallet_of(store, who)).booked == 90
    assert await audit(store) == []
