"""Postings of one moment go to the database together, and each is still made or left by itself."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from kit.errors import IdempotencyKeyReused, Refused
from kit.mongo import Database
from kit.times import utc_now
from services.loyalty.actions import audit, earn, redeem
from services.loyalty.model import CustomerId, EntryKind, LotKind, wallet_id_of
from services.loyalty.posting.asked import rounds
from services.loyalty.posting.model import InsufficientPoints, PointsRequest
from services.loyalty.store import LoyaltyStore, Posted
from tests.services.inventory.world import WatchedDatabase
from tests.services.loyalty.points import give, wallet_of

MEMBERS = [CustomerId(f"cus_{number:02}") for number in range(48)]


def asked(who: CustomerId, points: int, key: str) -> PointsRequest:
    return PointsRequest(who, points, "X", key)


def test_a_group_has_one_shape_and_each_wallet_once_in_its_order() -> None:
    earning = [
        asked(who, points, f"{who}{points}").posting(EntryKind.EARNED) for who in MEMBERS[:2] for points in (1, 2)
    ]
    made = [[(posting.customer_id, posting.points) for posting in group] for group in rounds(earning)]
    assert made == [[(who, points) for who in MEMBERS[:2]] for points in (1, 2)]


async def test_many_members_of_one_moment_share_the_calls(db: Database, store: LoyaltyStore) -> None:
    await store.open(dict.fromkeys(MEMBERS, utc_now()))
    watched = WatchedDatabase(db)
    together = LoyaltyStore(watched)  # type: ignore[arg-type]
    made = await asyncio.gather(*(earn(together, asked(who, 10, "k"), now=utc_now()) for who in MEMBERS))
    assert {one.entry.wallet_id for one in made} == {wallet_id_of(who) for who in MEMBERS}
    assert {(one.entry.points, one.entry.balance_after, one.wallet.booked) for one in made} == {(10, 10, 10)}
    assert len(watched.calls) < len(MEMBERS), "one by one it is three calls each"
    assert await audit(store) == []


async def test_one_refused_posting_refuses_no_other_of_its_group(store: LoyaltyStore) -> None:
    poor, rich = MEMBERS[:2]
    await give(store, poor, 3)
    await give(store, rich, 100)
    asks = [redeem(store, asked(who, 2, f"{who}{n}"), now=utc_now()) for n in range(8) for who in (poor, rich)]
    outcomes = await asyncio.gather(*asks, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, Refused)]
    assert [type(one.refusals[0]) for one in refused] == [InsufficientPoints] * 7
    assert [(await wallet_of(store, who)).booked for who in (poor, rich)] == [1, 84]
    assert await audit(store) == []


async def test_one_key_of_one_moment_is_one_posting_and_other_content_is_refused(store: LoyaltyStore) -> None:
    who = MEMBERS[0]
    await give(store, who, 100)
    asks = [redeem(store, asked(who, 5 + n % 2, "k"), now=utc_now()) for n in range(12)]
    outcomes = await asyncio.gather(*asks, return_exceptions=True)
    made = {one.entry.points for one in outcomes if isinstance(one, Posted)}
    assert len(made) == 1
    assert sum(isinstance(one, Posted) for one in outcomes) == 6
    assert [one.refusals for one in outcomes if isinstance(one, Refused)] == [(IdempotencyKeyReused(key="k"),)] * 6
    assert (await wallet_of(store, who)).booked == 100 + made.pop()


@pytest.mark.parametrize("before", [True, False])
async def test_a_group_whose_connection_broke_is_made_once_each(
    db: Database, store: LoyaltyStore, before: bool
) -> None:
    await store.open(dict.fromkeys(MEMBERS, utc_now()))
    broken: Counter[str] = Counter()

    async def breaks(name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        breaks = name == "wallets.bulk_write" and not broken[name]
        broken[name] += breaks
        done = None if breaks and before else await call()
        if breaks:
            raise AutoReconnect("the answer was lost, or the question")
        return done

    breaking = LoyaltyStore(WatchedDatabase(db, breaks))  # type: ignore[arg-type]
    made = await asyncio.gather(*(earn(breaking, asked(who, 10, "k"), now=utc_now()) for who in MEMBERS))
    assert broken["wallets.bulk_write"] == 1
    assert {one.entry.seq for one in made} == {1}
    assert sum([wallet["booked"] async for wallet in store.wallets.find({})]) == 10 * len(MEMBERS)
    assert await audit(store) == []


async def test_what_a_group_burns_is_each_wallets_own(store: LoyaltyStore) -> None:
    for number, who in enumerate(MEMBERS[:5]):
        await give(store, who, number + 1, days=number + 1)
        await give(store, who, 10)
    made = await asyncio.gather(*(redeem(store, asked(who, 6, "k"), now=utc_now()) for who in MEMBERS[:5]))
    taken = [[(lot.kind, lot.points) for lot in one.entry.taken] for one in made]
    assert taken == [[(LotKind.LIMITED, n), (LotKind.REGULAR, 6 - n)] for n in range(1, 6)]
    assert await audit(store) == []
