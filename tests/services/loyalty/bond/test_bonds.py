"""Wallets follow their customers: whatever the order of the events, whoever dies, and as soon as nothing forbids it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import permutations

import pytest

from kit.events import Event
from kit.mongo import Database
from kit.times import utc_now
from services.loyalty.actions import at_home, audit, post
from services.loyalty.bond.actions import sweep_bonds
from services.loyalty.bond.events import CUSTOMER_MERGED, CUSTOMER_UNMERGED, hear_bonds
from services.loyalty.bond.store import BondStore
from services.loyalty.bonus.actions import grant, set_rules
from services.loyalty.bonus.model import BonusLimitReached, BonusRule, BonusTrigger, Happened
from services.loyalty.bonus.store import BonusStore
from services.loyalty.freeze.actions import set_frozen
from services.loyalty.freeze.model import FreezeRequest
from services.loyalty.gift.actions import give as give_gift
from services.loyalty.gift.model import MAX_GIFT, GiftLimitReached, GiftRequest
from services.loyalty.model import CustomerId, EntryKind, wallet_id_of
from services.loyalty.posting.model import PointsRequest, Posting
from services.loyalty.store import LoyaltyStore
from tests.services.inventory.reservation.test_crashes import dies_at
from tests.services.inventory.world import Crash, WatchedDatabase
from tests.services.loyalty.points import give, refused, wallet_of

A, B, C = (CustomerId(f"cus_{name}") for name in "abc")
NOW = utc_now()
MAX_STEPS = 44


def merged(id: str, kept: CustomerId, other: CustomerId, at: int) -> Event:
    data = {"customerId": kept, "mergedId": other, "mergeId": id, "automatic": False}
    return Event(f"{id}:m", "/noren/customer", CUSTOMER_MERGED, kept, NOW + timedelta(minutes=at), data)


def unmerged(id: str, kept: CustomerId, other: CustomerId, at: int) -> Event:
    data = {"customerId": kept, "restoredId": other, "mergeId": id}
    return Event(f"{id}:u", "/noren/customer", CUSTOMER_UNMERGED, kept, NOW + timedelta(minutes=at), data)


B_INTO_A, A_INTO_C = merged("m1", A, B, 1), merged("m2", C, A, 2)
A_FROM_C, B_FROM_A = unmerged("m2", C, A, 3), unmerged("m1", A, B, 4)


async def hear(store: LoyaltyStore, *events: Event) -> None:
    await hear_bonds(store, events, now=utc_now())


async def points(store: LoyaltyStore) -> dict[str, int]:
    """Of each wallet that stands for itself."""
    wallets = await store.wallets_by_id([wallet_id_of(who) for who in (A, B, C)])
    return {wallet.customer_id[-1]: wallet.booked for wallet in wallets.values() if wallet.merged_into is None}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([B_INTO_A, A_INTO_C], {"c": 111}),
        ([B_INTO_A, A_INTO_C, A_FROM_C], {"a": 11, "c": 100}),
        ([B_INTO_A, A_INTO_C, A_FROM_C, B_FROM_A], {"a": 1, "b": 10, "c": 100}),
    ],
    ids=["merged", "once apart", "all apart"],
)
async def test_in_any_order_wallets_are_where_their_customers_are(
    store: LoyaltyStore, events: Sequence[Event], expected: dict[str, int]
) -> None:
    for order in list(permutations(events))[:: 1 if len(events) < 4 else 5]:
        for name in ("wallets", "journal", "merges", "customer_merges"):
            await store.db[name].delete_many({})
        for who, amount in ((A, 1), (B, 10), (C, 100)):
            await give(store, who, amount)
        for event in order:
            await hear(store, event)
            await hear(store, event)
        assert await points(store) == expected, [event.id for event in order]
        assert await BondStore(store.db).pending(utc_now() + timedelta(days=1), 9) == []
    assert await audit(store) == []


async def test_a_batch_of_all_of_them_ends_where_they_end(store: LoyaltyStore) -> None:
    await give(store, B, 10)
    await hear(store, A_FROM_C, A_INTO_C, B_INTO_A)
    assert await points(store) == {"a": 10}, "a wallet that was not there is opened"
    (order,), _ = await at_home(store, [Posting(EntryKind.EARNED, B, 5, "event:o", "ORDER")])
    assert (await post(store, order)).wallet.booked == 15


async def test_debt_and_a_frozen_wallet(store: LoyaltyStore) -> None:
    await give(store, A, 100)
    await store.open({B: utc_now()})
    await post(store, Posting(EntryKind.TAKEN_BACK, B, 30, "event:t", "RETURN"))
    await set_frozen(store, FreezeRequest(A, True, "X", "f"))

    await hear(store, B_INTO_A)

    assert await points(store) == {"a": 100, "b": 0}
    (waiting,) = await BondStore(store.db).pending(utc_now() + timedelta(days=1), 9)
    assert "frozen" in (waiting.problem or "")
    assert await sweep_bonds(store, utc_now()) == 0, "it waits a while"
    await set_frozen(store, FreezeRequest(A, False, "X", "g"))
    assert await sweep_bonds(store, utc_now() + timedelta(minutes=2)) == 1
    joint = await wallet_of(store, A)
    assert (joint.booked, joint.debt, [member.customer_id for member in joint.members]) == (100, 30, [B])
    await hear(store, B_FROM_A)
    assert ((await wallet_of(store, A)).debt, (await wallet_of(store, B)).debt) == (0, 30)
    assert await audit(store) == []


async def test_who_dies_at_any_call_has_moved_everything_once_when_it_comes_again(
    db: Database, store: LoyaltyStore
) -> None:
    died = 0
    for step in range(1, MAX_STEPS, 3):
        for name in ("wallets", "journal", "merges", "customer_merges"):
            await store.db[name].delete_many({})
        for who, amount in ((A, 1), (B, 10), (C, 100)):
            await give(store, who, amount)
        crashing = LoyaltyStore(WatchedDatabase(db, dies_at(step, before=False)))  # type: ignore[arg-type]
        with suppress(Crash):
            await hear(crashing, A_INTO_C)
            await hear(crashing, B_INTO_A, A_FROM_C)
            died -= 1  # it did not, or at a call that is refused anyway
        died += 1
        await hear(store, A_INTO_C, B_INTO_A, A_FROM_C)
        assert await points(store) == {"a": 11, "c": 100}
    assert died >= 10
    assert await audit(store) == []


async def test_limits_count_what_both_had_and_part_with_whom_they_belong_to(store: LoyaltyStore) -> None:
    rules = (BonusRule("visit", BonusTrigger.VISIT, 7, times=2),)
    early = NOW - timedelta(hours=1)
    await set_rules(BonusStore(store.db), rules, "k", expected_version=0, actor="staff:ann", now=early)

    async def visit(who: CustomerId, source: str) -> object:
        return await grant(store, Happened(who, BonusTrigger.VISIT, source, utc_now()), now=utc_now())

    for who in (A, B):
        await visit(who, f"first-{who}")
    await hear(store, B_INTO_A)
    limited = await refused(visit(A, "second-a"))
    assert isinstance(limited, BonusLimitReached)
    assert limited.given == 2
    assert isinstance(await refused(visit(B, "second-b")), BonusLimitReached)
    await hear(store, B_FROM_A)
    for who in (A, B):
        await visit(who, f"second-{who}")
        assert isinstance(await refused(visit(who, f"third-{who}")), BonusLimitReached)
    assert await audit(store) == []


async def test_gifts_of_a_day_are_those_of_both(store: LoyaltyStore) -> None:
    await store.open({C: utc_now()})
    for who in (A, B):
        await give(store, who, 2 * MAX_GIFT)
        asked = PointsRequest(who, MAX_GIFT, "GIFT", f"g-{who}")
        await give_gift(store, GiftRequest(asked, C), now=utc_now())
    await hear(store, B_INTO_A)

    more = GiftRequest(PointsRequest(A, 1, "GIFT", "more"), C)
    assert isinstance(await refused(give_gift(store, more, now=utc_now())), GiftLimitReached)


async def test_two_instances_at_once_move_everything_once(store: LoyaltyStore) -> None:
    for who, amount in ((A, 1), (B, 10), (C, 100)):
        await give(store, who, amount)
    await asyncio.gather(*(hear(store, B_INTO_A, A_INTO_C) for _ in range(3)), return_exceptions=True)
    await hear(store, B_INTO_A, A_INTO_C)
    await sweep_bonds(store, utc_now() + timedelta(minutes=2))
    assert await points(store) == {"c": 111}
    assert await audit(store) == []
