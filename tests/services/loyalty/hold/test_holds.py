"""What is held is nobody else's; a hold ends once; what is not captured goes back to where it came from."""

import asyncio

import pytest

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound, Refused
from kit.events import Drainer
from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.actions import audit, post, redeem, sweep_once
from services.loyalty.hold.actions import HoldPosted, capture, find_hold, hold, sweep_holds, void
from services.loyalty.hold.model import HoldEnd, HoldEnded, HoldExceeded, HoldRequest, HoldState
from services.loyalty.model import MAX_HOLDS, Account, CustomerId, EntryKind, HoldId, LotKind, wallet_id_of
from services.loyalty.posting.model import InsufficientPoints, PointsRequest, Posting
from services.loyalty.store import LoyaltyStore
from tests.services.loyalty.conftest import PassTime
from tests.services.loyalty.points import DAY, give, refused, wallet_of


async def hold_points(
    store: LoyaltyStore, who: CustomerId, points: int, key: str = "", seconds: int = 600
) -> HoldPosted:
    asked = PointsRequest(who, points, "CHECKOUT", key or new_id("key"))
    return await hold(store, HoldRequest(asked, seconds), now=utc_now())


def ending(who: CustomerId, hold_id: HoldId, points: int, key: str = "") -> HoldEnd:
    return HoldEnd(who, hold_id, points, "CHECKOUT", key or new_id("key"))


async def capture_points(
    store: LoyaltyStore, who: CustomerId, hold_id: HoldId, points: int, key: str = ""
) -> HoldPosted:
    return await capture(store, ending(who, hold_id, points, key), now=utc_now())


async def void_hold(store: LoyaltyStore, who: CustomerId, hold_id: HoldId, key: str = "") -> HoldPosted:
    return await void(store, ending(who, hold_id, 0, key), now=utc_now())


async def run_out(store: LoyaltyStore) -> None:
    """Every hold's time is over, by the database's clock."""
    over = {"$subtract": ["$$this.until", 10**9]}
    holds = {"$map": {"input": "$holds", "in": {"$mergeObjects": ["$$this", {"until": over}]}}}
    await store.wallets.update_many(
        {}, [{"$set": {"holds": holds}}, {"$set": {"next_hold_end_at": {"$min": "$holds.until"}}}]
    )


async def test_a_hold_is_out_of_the_balance_and_a_capture_spends_it(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 100)
    held = await hold_points(store, member, 60)
    assert (held.hold.state, held.hold.points) == (HoldState.OPEN, 60)
    assert (held.wallet.balance(utc_now()), held.wallet.held) == (40, 60)
    assert held.entry.points == -60
    assert await refused(redeem(store, PointsRequest(member, 41, "X", "more"), now=utc_now())) == InsufficientPoints(
        path=("input", "points"), wallet_id=wallet_id_of(member), requested=41, available=40
    )

    taken = await capture_points(store, member, held.hold.id, 60)
    assert (taken.hold.state, taken.hold.captured) == (HoldState.CAPTURED, 60)
    assert (taken.wallet.balance(utc_now()), taken.wallet.held) == (40, 0)
    assert taken.entry.moved(Account.REDEMPTION) == 60
    assert taken.entry.points == 0, "what could be spent did not change by it"
    assert await audit(store) == []


async def test_a_partial_capture_burns_what_expires_first_and_gives_the_rest_back(
    store: LoyaltyStore, member: CustomerId
) -> None:
    await give(store, member, 50, days=3)
    await give(store, member, 50, days=1)
    await give(store, member, 50)
    held = await hold_points(store, member, 120)
    assert [(lot.kind, lot.points) for lot in held.wallet.holds[0].lots] == [
        (LotKind.LIMITED, 50),
        (LotKind.LIMITED, 50),
        (LotKind.REGULAR, 20),
    ]
    taken = await capture_points(store, member, held.hold.id, 70)
    assert [lot.points for lot in taken.entry.taken] == [50, 20], "the day's lot, then 20 of the three days'"
    assert [(lot.kind, lot.points) for lot in taken.wallet.lots(utc_now())] == [
        (LotKind.LIMITED, 30),
        (LotKind.REGULAR, 50),
    ]
    assert await audit(store) == []


async def test_a_void_restores_the_lots_exactly(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 50, days=1)
    await give(store, member, 50)
    before = (await wallet_of(store, member)).lots(utc_now())
    held = await hold_points(store, member, 80)
    after = await void_hold(store, member, held.hold.id)
    assert after.wallet.lots(utc_now()) == before
    assert after.hold.state is HoldState.VOIDED
    assert await audit(store) == []


async def test_a_lot_that_expires_while_held_can_be_captured_but_does_not_come_back(
    store: LoyaltyStore, member: CustomerId, pass_time: PassTime
) -> None:
    await give(store, member, 50, days=0.5)
    await give(store, member, 50)
    first, second = await hold_points(store, member, 30), await hold_points(store, member, 20)
    lot = {"$mergeObjects": ["$$this", {"expires_at": {"$subtract": ["$$this.expires_at", 86_400_000]}}]}
    lots = {"$map": {"input": "$$one.lots", "in": lot}}
    holds = {"$map": {"input": "$holds", "as": "one", "in": {"$mergeObjects": ["$$one", {"lots": lots}]}}}
    await store.wallets.update_many({}, [{"$set": {"holds": holds}}])

    taken = await capture_points(store, member, first.hold.id, 10)
    assert taken.entry.moved(Account.EXPIRY) == 20, "what was not needed had expired meanwhile"
    after = await void_hold(store, member, second.hold.id)
    assert after.entry.moved(Account.EXPIRY) == 20
    assert after.wallet.balance(utc_now()) == 50
    assert await audit(store) == []


async def test_points_that_come_back_repay_debt(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 100)
    held = await hold_points(store, member, 100)
    await post(store, Posting(EntryKind.TAKEN_BACK, member, 30, "event:r", "RETURN"))
    after = await void_hold(store, member, held.hold.id)
    assert (after.wallet.booked, after.wallet.debt) == (70, 0)
    assert after.entry.points == 100
    assert await audit(store) == []


async def test_a_hold_ends_once_however_many_try(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 100)
    held = await hold_points(store, member, 60)
    tries = [capture_points(store, member, held.hold.id, points) for points in range(1, 17)]
    tries += [void_hold(store, member, held.hold.id) for _ in range(16)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    made = [one for one in outcomes if isinstance(one, HoldPosted)]
    refusals = [one.refusals[0] for one in outcomes if isinstance(one, Refused)]
    assert len(made) == 1
    assert len(refusals) == 31
    assert {type(one) for one in refusals} == {HoldEnded}
    assert (await wallet_of(store, member)).booked == 100 - made[0].hold.captured
    assert await audit(store) == []


async def test_holds_in_many_places_never_hold_more_than_there_is(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 500)
    holds = [hold_points(store, member, 70, key=f"h{number % 32}") for number in range(64)]
    outcomes = await asyncio.gather(*holds, return_exceptions=True)
    made = {one.hold.id for one in outcomes if isinstance(one, HoldPosted)}
    assert len(made) == 500 // 70
    assert (await wallet_of(store, member)).held == 70 * (500 // 70)
    assert await audit(store) == []


@pytest.mark.parametrize("drained", [False, True])
async def test_retries_are_answered_alike_and_keys_are_bound(
    store: LoyaltyStore, drainer: Drainer, member: CustomerId, drained: bool
) -> None:
    await give(store, member, 100)
    first = await hold_points(store, member, 60, key="h")
    taken = await capture_points(store, member, first.hold.id, 50, key="c")
    if drained:
        await drainer.drain()
    again = await hold_points(store, member, 60, key="h")
    assert again.entry == first.entry
    assert again.hold.state is HoldState.CAPTURED, "the same hold, as it is by now"
    assert (await capture_points(store, member, first.hold.id, 50, key="c")).entry == taken.entry
    assert isinstance(await refused(capture_points(store, member, first.hold.id, 49, key="c")), IdempotencyKeyReused)
    assert isinstance(await refused(hold_points(store, member, 60, key="h", seconds=601)), IdempotencyKeyReused)
    ended = await refused(void_hold(store, member, first.hold.id))
    assert isinstance(ended, HoldEnded)
    assert ended.state == "CAPTURED"


async def test_a_hold_past_its_time_is_not_captured_and_goes_back(
    store: LoyaltyStore, drainer: Drainer, member: CustomerId
) -> None:
    await give(store, member, 100)
    held = await hold_points(store, member, 60)
    assert await sweep_holds(store, utc_now()) == 0, "its time is not over"
    await run_out(store)
    late = await refused(capture_points(store, member, held.hold.id, 60))
    assert isinstance(late, HoldEnded)
    assert late.state == "EXPIRED"
    assert await sweep_holds(store, utc_now()) == 1
    assert await sweep_holds(store, utc_now()) == 0
    await drainer.drain()
    wallet = await wallet_of(store, member)
    assert (wallet.booked, wallet.held) == (100, 0)
    standing = await find_hold(store, wallet, held.hold.id, utc_now())
    assert standing is not None
    assert standing.state is HoldState.EXPIRED
    assert isinstance(await refused(void_hold(store, member, held.hold.id)), HoldEnded)
    assert await audit(store) == []


async def test_expired_points_are_not_held(store: LoyaltyStore, member: CustomerId, pass_time: PassTime) -> None:
    await give(store, member, 50, days=1)
    await pass_time(2 * DAY)
    assert isinstance(await refused(hold_points(store, member, 1)), InsufficientPoints)
    await sweep_once(store, utc_now())
    assert await audit(store) == []


async def test_more_than_is_held_a_hold_that_never_was_and_bad_input_are_refused(
    store: LoyaltyStore, member: CustomerId
) -> None:
    await give(store, member, 100)
    held = await hold_points(store, member, 60)
    more = await refused(capture_points(store, member, held.hold.id, 61))
    assert more == HoldExceeded(hold_id=held.hold.id, requested=61, held=60)
    assert isinstance(await refused(capture_points(store, member, HoldId("hld_none"), 1)), NotFound)
    assert isinstance(await refused(hold_points(store, member, 10, seconds=1)), InvalidInput)
    assert isinstance(await refused(hold_points(store, member, -5)), InvalidInput)
    stranger = CustomerId(new_id("cus"))
    await give(store, stranger, 5)
    assert isinstance(await refused(capture_points(store, stranger, held.hold.id, 1)), NotFound), "another's hold"


async def test_a_wallet_has_so_many_holds_and_no_more(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 1_000)
    for _ in range(MAX_HOLDS):
        await hold_points(store, member, 1)
    assert isinstance(await refused(hold_points(store, member, 1)), InvalidInput)
