"""Two wallets become one and two again; nothing is lost, doubled or moved to somebody else."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from kit.errors import IdempotencyKeyReused, NotFound, Refusal, Refused
from kit.events import Drainer
from kit.ids import new_id
from kit.mongo import Database
from kit.times import utc_now
from services.loyalty.accrual.actions import hear
from services.loyalty.accrual.model import Heard, Trade
from services.loyalty.actions import audit, post
from services.loyalty.freeze.actions import set_frozen
from services.loyalty.freeze.model import FreezeRequest
from services.loyalty.hold.actions import capture, hold, void
from services.loyalty.hold.model import HoldEnd, HoldRequest
from services.loyalty.merge.actions import finish_merges, merge, unmerge
from services.loyalty.merge.model import Merge, MergedPointsHeld, MergeRequest, MergeState
from services.loyalty.model import CustomerId, EntryKind, HoldId, Wallet, wallet_id_of
from services.loyalty.posting.model import PointsRequest, Posting, WalletFrozen, WalletMerged
from services.loyalty.rank.actions import requalify, set_scheme
from services.loyalty.rank.model import Measure, RankScheme, Tier, Window
from services.loyalty.refund.actions import refund
from services.loyalty.refund.model import RefundRequest
from services.loyalty.store import LoyaltyStore
from tests.services.inventory.reservation.test_crashes import dies_at
from tests.services.inventory.world import Crash, WatchedDatabase
from tests.services.loyalty.conftest import Ask, PassTime
from tests.services.loyalty.points import DAY, give, refused, spend, wallet_of

MAX_STEPS = 30
"""More calls than a merge makes; a test that needs more says so by failing."""


@pytest.fixture
async def twin(store: LoyaltyStore) -> CustomerId:
    id = CustomerId(new_id("cus"))
    await store.open({id: utc_now()})
    return id


def asked(source: CustomerId, into: CustomerId, key: str = "merge-1") -> MergeRequest:
    return MergeRequest(source, into, "DUPLICATE", key, actor="staff:sta_1")


async def join(store: LoyaltyStore, source: CustomerId, into: CustomerId, key: str = "") -> Merge:
    return await merge(store, asked(source, into, key or new_id("key")), now=utc_now())


async def owe(store: LoyaltyStore, who: CustomerId, points: int) -> None:
    await post(store, Posting(EntryKind.TAKEN_BACK, who, points, f"event:{new_id('e')}", "RETURN"))


async def set_aside(store: LoyaltyStore, who: CustomerId, points: int) -> HoldId:
    request = HoldRequest(PointsRequest(who, points, "CHECKOUT", new_id("key")))
    return (await hold(store, request, now=utc_now())).hold.id


async def end(store: LoyaltyStore, who: CustomerId, hold_id: HoldId, points: int) -> None:
    what = HoldEnd(who, hold_id, points, "CHECKOUT", new_id("key"))
    await (capture if points else void)(store, what, now=utc_now())


def alike(before: Wallet, after: Wallet) -> bool:
    """The same but for the entries that came, and the merge they tell."""
    return replace(before, seq=0, left_by=None) == replace(after, seq=0, left_by=None)


async def rich(store: LoyaltyStore, who: CustomerId) -> Wallet:
    """Regular and limited points, a hold and a debt."""
    await store.open({who: utc_now()})
    await owe(store, who, 10)
    await give(store, who, 40)
    await give(store, who, 50, days=20)
    await set_aside(store, who, 25)
    await store.wallets.update_one({"_id": wallet_id_of(who)}, {"$set": {"regular_expires_at": utc_now() + 200 * DAY}})
    return await wallet_of(store, who)


async def test_everything_follows_and_comes_back_as_it_was(
    store: LoyaltyStore, drainer: Drainer, member: CustomerId, twin: CustomerId
) -> None:
    before, twins = await rich(store, member), await rich(store, twin)
    await owe(store, twin, 500)
    twins = await wallet_of(store, twin)
    made = await join(store, member, twin)
    source, into = await wallet_of(store, member), await wallet_of(store, twin)
    assert made.moved == (before.booked, before.held, before.debt)
    assert (source.booked, source.held, source.debt, source.merged_into) == (0, 0, 0, into.id)
    assert into.booked == before.booked + twins.booked
    assert (into.held, into.debt) == (before.held + twins.held, before.debt + twins.debt)
    assert [one.customer_id for one in into.members] == [member]
    await drainer.drain()
    assert await audit(store) == []
    undone = await unmerge(store, made.id, now=utc_now())
    assert (undone.state, undone.returned) == (MergeState.UNMERGED, made.moved)
    assert alike(before, await wallet_of(store, member))
    assert alike(twins, await wallet_of(store, twin))
    assert await audit(store) == []


async def test_what_was_spent_is_out_of_the_lots_it_came_from(
    store: LoyaltyStore, member: CustomerId, twin: CustomerId
) -> None:
    await give(store, member, 50, days=5)
    await give(store, member, 100)
    await give(store, twin, 30)
    made = await join(store, member, twin)
    await spend(store, twin, 60)  # the member's 50, which expire first, and 10 of the twin's own regular ones
    await spend(store, twin, 25)  # the twin's last 20, and 5 of the member's
    await give(store, twin, 7)
    undone = await unmerge(store, made.id, now=utc_now())
    assert undone.returned == (95, 0, 0)
    assert ((await wallet_of(store, member)).booked, (await wallet_of(store, twin)).booked) == (95, 7)
    await spend(store, member, 95)
    assert await audit(store) == []


async def test_a_merged_wallet_refuses_and_answers_what_was_asked_before(
    store: LoyaltyStore, member: CustomerId, twin: CustomerId
) -> None:
    request = PointsRequest(member, 10, "CHECKOUT", "before")
    await give(store, member, 50)
    posting = request.posting(EntryKind.REDEEMED)
    first = await post(store, posting)
    await join(store, member, twin)
    assert (await post(store, posting)).entry == first.entry
    away = WalletMerged(wallet_id=wallet_id_of(member), into=wallet_id_of(twin))
    for kind in (EntryKind.REDEEMED, EntryKind.EARNED):
        again = PointsRequest(member, 10, "X", new_id("key")).posting(kind)
        assert await refused(post(store, again)) == away
    onward = await refused(join(store, member, twin))
    assert isinstance(onward, WalletMerged)


async def test_a_hold_that_came_along_is_captured_or_goes_back(
    store: LoyaltyStore, member: CustomerId, twin: CustomerId
) -> None:
    await give(store, member, 100)
    first, second = await set_aside(store, member, 30), await set_aside(store, member, 20)
    made = await join(store, member, twin)
    await end(store, twin, first, 10)
    begun_since = await set_aside(store, twin, 5)
    assert isinstance(await refused(unmerge(store, made.id, now=utc_now())), MergedPointsHeld)
    await end(store, twin, begun_since, 0)
    undone = await unmerge(store, made.id, now=utc_now())
    assert undone.returned == (70, 20, 0)
    await end(store, member, second, 0)
    assert (await wallet_of(store, member)).booked == 90
    assert await audit(store) == []


async def test_a_merge_of_merges_is_undone_from_the_last(
    store: LoyaltyStore, member: CustomerId, twin: CustomerId
) -> None:
    third = CustomerId(new_id("cus"))
    for who, points in ((member, 10), (twin, 20), (third, 30)):
        await give(store, who, points)
    inner = await join(store, member, twin)
    outer = await join(store, twin, third)
    assert {one.customer_id for one in (await wallet_of(store, third)).members} == {member, twin}
    assert isinstance(await refused(unmerge(store, inner.id, now=utc_now())), WalletMerged)
    await spend(store, third, 35)  # its own 30, then 5 of the 20 that are the twin's
    await unmerge(store, outer.id, now=utc_now())
    assert (await wallet_of(store, twin)).booked == 25
    await unmerge(store, inner.id, now=utc_now())
    assert [(await wallet_of(store, who)).booked for who in (member, twin, third)] == [10, 15, 0]
    assert await audit(store) == []


def order(who: CustomerId, trade: Trade, gross: int, order_id: str = "ord_1") -> Heard:
    return Heard(new_id("evt"), trade, order_id, who, gross, "JPY", utc_now())


async def test_orders_of_a_merged_customer_follow_and_are_theirs_again_afterwards(
    store: LoyaltyStore, drainer: Drainer, member: CustomerId, twin: CustomerId
) -> None:
    await store.open({member: utc_now()})
    await give(store, twin, 40)
    made = await join(store, member, twin)
    bought = order(member, Trade.ORDER, 10_000)
    for _ in range(2):
        await hear(store, [bought], now=utc_now())
    assert (await wallet_of(store, twin)).booked == 140
    back = order(member, Trade.RETURN, 2_000)
    await hear(store, [back], now=utc_now())
    undone = await unmerge(store, made.id, now=utc_now())
    assert undone.returned == (80, 0, 0)
    await hear(store, [bought, back], now=utc_now())  # from the twin's outbox
    await drainer.drain()
    await hear(store, [bought, back], now=utc_now())  # from the journal
    assert ((await wallet_of(store, member)).booked, (await wallet_of(store, twin)).booked) == (80, 40)
    assert await audit(store) == []


async def test_debt_of_a_merged_customers_return_goes_back_with_them(
    store: LoyaltyStore, member: CustomerId, twin: CustomerId
) -> None:
    await hear(store, [order(member, Trade.ORDER, 10_000)], now=utc_now())
    made = await join(store, member, twin)
    await spend(store, twin, 100)
    await hear(store, [order(member, Trade.RETURN, 3_000)], now=utc_now())
    undone = await unmerge(store, made.id, now=utc_now())
    assert (undone.returned, (await wallet_of(store, twin)).debt) == ((0, 0, 30), 0)
    assert await audit(store) == []


async def test_what_was_spent_before_is_refunded_to_the_joint_wallet_and_goes_back_with_it(
    store: LoyaltyStore, member: CustomerId, twin: CustomerId
) -> None:
    await give(store, member, 50)
    spent = (await spend(store, member, 30)).entry
    made = await join(store, member, twin)

    def back(who: CustomerId, points: int) -> RefundRequest:
        return RefundRequest(who, f"{spent.wallet_id}.{spent.seq}", points, "RETURN", new_id("key"))

    assert isinstance(await refused(refund(store, back(member, 5), now=utc_now())), WalletMerged)
    await refund(store, back(twin, 10), now=utc_now())
    await spend(store, twin, 12)
    twins = (await spend(store, twin, 8)).entry
    await refund(store, RefundRequest(twin, f"{twins.wallet_id}.{twins.seq}", 8, "R", "k"), now=utc_now())
    undone = await unmerge(store, made.id, now=utc_now())
    assert undone.returned == (18, 0, 0)
    later = RefundRequest(twin, f"{twins.wallet_id}.{twins.seq - 1}", 12, "R", "late")
    await refund(store, later, now=utc_now())
    assert [(await wallet_of(store, who)).booked for who in (member, twin)] == [18, 12]  # it was spent by the twin
    assert await audit(store) == []


async def test_expired_points_of_a_merge_do_not_come_back(
    store: LoyaltyStore, member: CustomerId, twin: CustomerId, pass_time: PassTime
) -> None:
    await give(store, member, 50, days=5)
    await give(store, member, 100)
    made = await join(store, member, twin)
    await store.wallets.update_one(
        {"_id": wallet_id_of(twin), "limited.points": 50},
        {"$set": {"limited.$.expires_at": utc_now() - DAY, "next_expiry_at": utc_now() - DAY}},
    )
    assert (await unmerge(store, made.id, now=utc_now())).returned == (100, 0, 0)
    assert await audit(store) == []


async def test_the_same_request_has_the_same_merge_and_another_is_refused(
    store: LoyaltyStore, member: CustomerId, twin: CustomerId
) -> None:
    await give(store, member, 50)
    made = await asyncio.gather(*(merge(store, asked(member, twin), now=utc_now()) for _ in range(8)))
    assert len({one.id for one in made}) == 1
    other = replace(asked(member, twin), reason="ANOTHER")
    assert isinstance(await refused(merge(store, other, now=utc_now())), IdempotencyKeyReused)
    undone = await asyncio.gather(*(unmerge(store, made[0].id, now=utc_now()) for _ in range(8)))
    assert {one.returned for one in undone} == {(50, 0, 0)}
    assert isinstance(await refused(unmerge(store, "mrg_none", now=utc_now())), NotFound)


async def test_two_merges_against_each_other_do_not_make_a_ring(
    store: LoyaltyStore, member: CustomerId, twin: CustomerId
) -> None:
    await give(store, member, 50)
    ways = [(member, twin), (twin, member)] * 3
    made = await asyncio.gather(*(join(store, *way) for way in ways), return_exceptions=True)
    assert sum(isinstance(one, Merge) for one in made) == 1
    assert all(isinstance(one, Merge | Refused) for one in made)
    wallets = [await wallet_of(store, who) for who in (member, twin)]
    assert sorted(wallet.booked for wallet in wallets) == [0, 50]
    assert sum(wallet.merged_into is None for wallet in wallets) == 1


async def test_spenders_of_both_wallets_go_on_while_they_are_merged_and_parted(
    store: LoyaltyStore, member: CustomerId, twin: CustomerId
) -> None:
    await give(store, member, 1_000)
    await give(store, twin, 1_000)
    spent = 0
    refusals: list[Refusal] = []

    async def spender(who: CustomerId) -> None:
        nonlocal spent
        for _ in range(6):
            try:
                await spend(store, who, 3)
            except Refused as refusal:
                refusals.append(refusal.refusals[0])
            else:
                spent += 3

    async def merger() -> None:
        for _ in range(3):
            made = await join(store, member, twin)
            await unmerge(store, made.id, now=utc_now())

    await asyncio.gather(merger(), *(spender(who) for who in (member, twin) * 8))
    assert all(isinstance(one, WalletMerged) for one in refusals)
    left = [(await wallet_of(store, who)).booked for who in (member, twin)]
    assert sum(left) == 2_000 - spent
    assert left[0] <= 1_000
    assert await audit(store) == []


async def test_a_frozen_wallet_stays_where_it_is(store: LoyaltyStore, member: CustomerId, twin: CustomerId) -> None:
    await give(store, member, 10)
    made = await join(store, member, twin)
    await set_frozen(store, FreezeRequest(twin, True, "FRAUD", "f"))
    assert isinstance(await refused(unmerge(store, made.id, now=utc_now())), WalletFrozen)
    third = CustomerId(new_id("cus"))
    await give(store, third, 10)
    assert isinstance(await refused(join(store, third, twin)), WalletFrozen)
    assert isinstance(await refused(join(store, third, CustomerId("cus_none"))), NotFound)


async def test_the_joint_wallet_has_the_higher_rank_and_gives_it_back(
    store: LoyaltyStore, member: CustomerId, twin: CustomerId
) -> None:
    tiers = (Tier("SILVER", 10_000), Tier("GOLD", 30_000))
    scheme = RankScheme(0, tiers, Measure.SPEND, "JPY", Window.ROLLING, 365, "Asia/Tokyo", 0)
    await set_scheme(store.ranks, scheme, "k", expected_version=0, actor="staff:x", now=utc_now())
    await hear(store, [order(member, Trade.ORDER, 31_000), order(twin, Trade.ORDER, 12_000, "ord_2")], now=utc_now())
    made = await join(store, member, twin)
    ranks = await store.ranks.of([member, twin])
    assert [ranks[who].rank for who in (member, twin)] == ["GOLD", "GOLD"]
    await unmerge(store, made.id, now=utc_now())
    ranks = await store.ranks.of([member, twin])
    assert [ranks[who].rank for who in (member, twin)] == ["GOLD", "SILVER"]
    await join(store, twin, member)
    did = await store.ranks.activity([member], "JPY", utc_now() - 9 * DAY, utc_now() + DAY)
    assert did[member].spend_minor == 43_000
    await requalify(store.ranks, [twin], now=utc_now())


async def test_a_crash_at_any_call_leaves_all_or_nothing_and_again_finishes_it(
    db: Database, store: LoyaltyStore
) -> None:
    died = 0
    for step in range(1, MAX_STEPS):
        member, twin = CustomerId(new_id("cus")), CustomerId(new_id("cus"))
        await give(store, member, 40)
        await give(store, twin, 2)
        crashing = LoyaltyStore(WatchedDatabase(db, dies_at(step, before=False)))  # type: ignore[arg-type]
        request = asked(member, twin, f"merge-{step}")
        try:
            made = await merge(crashing, request, now=utc_now())
            await unmerge(crashing, made.id, now=utc_now())
        except Crash:
            died += 1
        else:
            break
        wallets = [await wallet_of(store, who) for who in (member, twin)]
        assert sum(wallet.booked for wallet in wallets) == 42
        made = await merge(store, request, now=utc_now())
        await unmerge(store, made.id, now=utc_now())
        assert [(await wallet_of(store, who)).booked for who in (member, twin)] == [40, 2]
    assert died >= 8
    await finish_merges(store, utc_now() + timedelta(minutes=5))
    assert await store.db["merges"].count_documents({"ranks_due": {"$exists": True}}) == 0
    assert await audit(store) == []


MERGE = """
    mutation($input: WalletMergeInput!) { walletMerge(input: $input) {
      merge { id state moved { points held debt } source { mergedInto balance } into { balance members { id } } }
      userErrors { code ... on WalletMerged { into } } } }
"""
UNMERGE = """
    mutation($input: WalletUnmergeInput!) { walletUnmerge(input: $input) {
      merge { state returned { points } source { balance statement { nodes { kind points balanceAfter } } } }
      userErrors { code } } }
"""


async def test_the_graph_merges_and_parts(store: LoyaltyStore, ask: Ask, member: CustomerId, twin: CustomerId) -> None:
    await give(store, member, 50)
    staff = {"scopes": ["points:write", "points:read"], "staff": "sta_1"}
    input = {"fromCustomerId": member, "intoCustomerId": twin, "reason": "DUPLICATE", "idempotencyKey": "k"}
    forbidden = await ask(MERGE, {"input": input}, customer=member, scopes=["points:redeem"])
    assert forbidden["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    made = (await ask(MERGE, {"input": input}, **staff))["data"]["walletMerge"]["merge"]
    assert (made["moved"], made["source"]) == (
        {"points": 50, "held": 0, "debt": 0},
        {"mergedInto": wallet_id_of(twin), "balance": 0},
    )
    assert made["into"] == {"balance": 50, "members": [{"id": member}]}
    again = {**input, "idempotencyKey": "k2"}
    refusals = (await ask(MERGE, {"input": again}, **staff))["data"]["walletMerge"]["userErrors"]
    assert refusals == [{"code": "WALLET_MERGED", "into": wallet_id_of(twin)}]
    undone = (await ask(UNMERGE, {"input": {"mergeId": made["id"]}}, **staff))["data"]["walletUnmerge"]["merge"]
    assert (undone["state"], undone["returned"], undone["source"]["balance"]) == ("UNMERGED", {"points": 50}, 50)
    assert undone["source"]["statement"]["nodes"][:2] == [
        {"kind": "UNMERGED_IN", "points": 50, "balanceAfter": 50},
        {"kind": "MERGED_OUT", "points": -50, "balanceAfter": 0},
    ]
