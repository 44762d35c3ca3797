"""A claim is a reward for its points, both or neither: whoever comes at once, and whoever dies."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kit.errors import IdempotencyKeyReused, Refused, Unavailable, VersionConflict
from kit.ids import new_id
from kit.mongo import Database
from kit.pages import PageArgs
from kit.times import utc_now
from services.loyalty.actions import audit, post
from services.loyalty.claim.actions import claim_reward
from services.loyalty.claim.audit import audit_claims
from services.loyalty.claim.ending import answered, cancel, claims_of, fulfil, sweep_claims
from services.loyalty.claim.model import ClaimRequest, ClaimState, CouponAnswer, RewardClaim, RewardClaimEnded
from services.loyalty.claim.store import ClaimStore
from services.loyalty.earning.model import FIRST
from services.loyalty.earning.store import ProgrammeStore
from services.loyalty.freeze.actions import set_frozen
from services.loyalty.freeze.model import FreezeRequest
from services.loyalty.merge.actions import merge, unmerge
from services.loyalty.merge.model import MergeRequest
from services.loyalty.model import CustomerId, LotKind, wallet_id_of
from services.loyalty.posting.model import InsufficientPoints, WalletFrozen, WalletMerged
from services.loyalty.refund.actions import finish_refunds, refund
from services.loyalty.refund.model import RefundRequest
from services.loyalty.reward.actions import change_reward, create_reward, standings
from services.loyalty.reward.model import Obstacle, Reward, RewardDraft, RewardKind, RewardNotOffered
from services.loyalty.reward.store import RewardStore
from services.loyalty.spending.model import SpendingTooFast, SpendRules
from services.loyalty.store import LoyaltyStore
from tests.services.inventory.reservation.test_crashes import dies_at
from tests.services.inventory.world import Crash, WatchedDatabase
from tests.services.loyalty.points import give, refused, wallet_of

MAX_STEPS = 40
LATER = timedelta(minutes=5)


async def reward(store: LoyaltyStore, points: int = 100, **rules: Any) -> Reward:
    """A mug, or a coupon if a promotion is named."""
    kind = RewardKind.COUPON if "promotion_id" in rules else RewardKind.ARTICLE
    if kind is RewardKind.ARTICLE:
        rules = {"sku": "MUG", **rules}
    draft = RewardDraft({"en": "Mug"}, kind, points, **rules)
    return await create_reward(store, draft, new_id("key"), actor="staff:ann", now=utc_now())


def claiming(
    store: LoyaltyStore, who: CustomerId, what: Reward, key: str, version: int | None = None
) -> Coroutine[Any, Any, RewardClaim]:
    request = ClaimRequest(who, what.id, key, f"customer:{who}", version)
    return claim_reward(store, request, now=utc_now())


async def taken(store: LoyaltyStore, what: Reward) -> int:
    return (await RewardStore(store.db).by_id([what.id]))[what.id].taken


async def balance(store: LoyaltyStore, who: CustomerId) -> int:
    return (await wallet_of(store, who)).balance(utc_now())


async def let_the_fence_pass(store: LoyaltyStore) -> None:
    """As if every attempt under way had begun a minute earlier."""
    earlier = {"$set": {"try_until": {"$subtract": ["$try_until", 60_000]}}}
    await store.db["reward_claims"].update_many({}, [earlier])


async def right(store: LoyaltyStore) -> None:
    assert await audit(store) == []
    assert await audit_claims(store) == []


async def test_a_claim_is_paid_by_what_expires_first_and_answers_the_same_again(
    store: LoyaltyStore, member: CustomerId
) -> None:
    mug = await reward(store, stock=3)
    await give(store, member, 80, days=3)
    await give(store, member, 100)

    made, again = [await claiming(store, member, mug, "k") for _ in range(2)]

    assert (made.id, made.state, again.entry_seq) == (again.id, ClaimState.CLAIMED, made.entry_seq)
    assert [lot.kind for lot in (await wallet_of(store, member)).lots(utc_now())] == [LotKind.REGULAR]
    assert (await balance(store, member), await taken(store, mug)) == (80, 1)
    other = await reward(store, points=1)
    assert isinstance(await refused(claiming(store, member, other, "k")), IdempotencyKeyReused)
    assert isinstance(await refused(claiming(store, member, other, "l", version=7)), VersionConflict)
    await right(store)


async def test_of_many_at_once_so_many_have_one_as_there_are_pieces(store: LoyaltyStore) -> None:
    mug = await reward(store, stock=5)
    members = [CustomerId(new_id("cus")) for _ in range(9)]
    for who in members:
        await give(store, who, 150)

    answers = await asyncio.gather(
        *(claiming(store, who, mug, f"k-{who}") for who in members for _ in range(2)), return_exceptions=True
    )

    made = {one.id for one in answers if isinstance(one, RewardClaim)}
    sold_out = [one for one in answers if isinstance(one, Refused)]
    assert len(made) == 5
    assert {refusal.obstacle for one in sold_out for refusal in one.refusals} == {Obstacle.SOLD_OUT}  # type: ignore[attr-defined]
    assert sorted([await balance(store, who) for who in members]) == [50] * 5 + [150] * 4
    await let_the_fence_pass(store)
    await sweep_claims(store, utc_now())
    await right(store)


async def test_one_member_at_once_has_no_more_than_the_points_and_the_limit_allow(
    store: LoyaltyStore, member: CustomerId
) -> None:
    dear, limited = await reward(store, points=100), await reward(store, points=10, per_member=2)
    await give(store, member, 250)

    answers = await asyncio.gather(*(claiming(store, member, dear, f"d{n}") for n in range(5)), return_exceptions=True)
    assert sum(isinstance(one, RewardClaim) for one in answers) == 2
    answers = await asyncio.gather(
        *(claiming(store, member, limited, f"l{n}") for n in range(5)), return_exceptions=True
    )
    assert sum(isinstance(one, RewardClaim) for one in answers) == 2

    assert await balance(store, member) == 30
    await let_the_fence_pass(store)
    await sweep_claims(store, utc_now())
    assert (await taken(store, dear), await taken(store, limited)) == (2, 2)
    await right(store)


async def test_what_a_member_may_not_have_is_refused_with_the_reason(store: LoyaltyStore, member: CustomerId) -> None:
    mug, gold = await reward(store), await reward(store, ranks=frozenset({"GOLD"}))
    await give(store, member, 99)
    few = await refused(claiming(store, member, mug, "a"))
    assert (type(few), few.path, few.available) == (InsufficientPoints, ("input", "rewardId"), 99)  # type: ignore[attr-defined]
    await give(store, member, 1)
    rank = await refused(claiming(store, member, gold, "b"))
    assert isinstance(rank, RewardNotOffered)
    assert rank.obstacle is Obstacle.RANK
    await set_frozen(store, FreezeRequest(member, True, "X", "freeze"))
    assert isinstance(await refused(claiming(store, member, mug, "c")), WalletFrozen)
    assert await taken(store, mug) == 0
    (seen,) = await standings(store, [mug], member, now=utc_now())
    assert (seen.missing, seen.obstacles) == (0, (Obstacle.FROZEN,))


async def test_a_change_makes_the_next_version_and_leaves_claims_alone(store: LoyaltyStore, member: CustomerId) -> None:
    mug = await reward(store)
    await give(store, member, 500)
    first = await claiming(store, member, mug, "a")
    draft = RewardDraft({"en": "Cup"}, RewardKind.ARTICLE, 200, sku="CUP")
    await change_reward(store, mug.id, 1, draft, actor="staff:ann", now=utc_now())

    stale = change_reward(store, mug.id, 1, draft, actor="staff:ann", now=utc_now())
    assert isinstance(await refused(stale), VersionConflict)
    second = await claiming(store, member, mug, "b")
    assert [(one.terms.version, one.terms.sku, one.terms.points) for one in (first, second)] == [
        (1, "MUG", 100),
        (2, "CUP", 200),
    ]
    assert await taken(store, mug) == 2
    await right(store)


async def test_a_cancelled_claim_gives_points_piece_and_limit_back_once(
    store: LoyaltyStore, member: CustomerId
) -> None:
    mug = await reward(store, stock=1, per_member=1)
    await give(store, member, 60, days=3)
    await give(store, member, 60)
    before = (await wallet_of(store, member)).lots(utc_now())
    made = await claiming(store, member, mug, "a")

    await asyncio.gather(*(cancel(store, made.id, actor="staff:ann", reason="X", now=utc_now()) for _ in range(4)))

    after = (await wallet_of(store, member)).lots(utc_now())
    assert [(lot.kind, lot.points) for lot in after] == [(lot.kind, lot.points) for lot in before]
    assert await taken(store, mug) == 0
    assert (await claiming(store, member, mug, "a")).state is ClaimState.CANCELLED
    assert (await claiming(store, member, mug, "b")).state is ClaimState.CLAIMED
    await right(store)


async def test_what_was_handed_out_cannot_come_back(store: LoyaltyStore, member: CustomerId) -> None:
    mug = await reward(store)
    await give(store, member, 100)
    made = await claiming(store, member, mug, "a")

    for _ in range(2):
        done = await fulfil(store, made.id, actor="staff:ann", reason="X", now=utc_now())
        assert done.state is ClaimState.FULFILLED
    refusal = await refused(cancel(store, made.id, actor="staff:ann", reason="X", now=utc_now()))
    assert refusal == RewardClaimEnded(claim_id=made.id, state=ClaimState.FULFILLED)
    assert await balance(store, member) == 0
    await right(store)


async def test_points_staff_gave_back_by_hand_come_back_no_second_time(store: LoyaltyStore, member: CustomerId) -> None:
    mug = await reward(store)
    await give(store, member, 100)
    made = await claiming(store, member, mug, "a")
    by_hand = RefundRequest(member, f"{wallet_id_of(member)}.{made.entry_seq}", 70, "X", "hand")
    await refund(store, by_hand, now=utc_now())

    for _ in range(2):
        await cancel(store, made.id, actor="staff:ann", reason="X", now=utc_now())
    assert await balance(store, member) == 100
    await right(store)


async def test_time_ends_a_claim_with_points_back_if_the_reward_says_so(
    store: LoyaltyStore, member: CustomerId
) -> None:
    keeps, returns = await reward(store, points=10), await reward(store, points=7, returns_points=True)
    await give(store, member, 20)
    for key, what in (("a", keeps), ("b", returns)):
        await claiming(store, member, what, key)

    for _ in range(2):
        await sweep_claims(store, utc_now() + timedelta(days=91))

    claims = await ClaimStore(store.db).every()
    assert {claim.state for claim in claims} == {ClaimState.EXPIRED}
    assert await balance(store, member) == 20 - 10
    await right(store)


async def test_a_coupons_claim_ends_as_the_catalog_says(store: LoyaltyStore, member: CustomerId) -> None:
    coupon = await reward(store, points=10, promotion_id="prm_1", stock=9)
    await give(store, member, 100)

    async def cancelled(key: str, answer: CouponAnswer) -> RewardClaim:
        made = await claiming(store, member, coupon, key)
        asked = await cancel(store, made.id, actor="staff:ann", reason="X", now=utc_now())
        assert (asked.state, asked.ask) == (ClaimState.ASKED, 1)
        for ask in (7, 1, 1):
            await answered(store, made.id, ask, answer, utc_now())
        return (await ClaimStore(store.db).by_id([made.id]))[made.id]

    assert (await cancelled("a", CouponAnswer.REVOKED)).state is ClaimState.CANCELLED
    assert await balance(store, member) == 100
    assert (await cancelled("b", CouponAnswer.USED)).state is ClaimState.FULFILLED
    held = await cancelled("c", CouponAnswer.HELD)
    assert (held.state, held.reason) == (ClaimState.CLAIMED, "HELD_BY_A_CHECKOUT")
    assert await balance(store, member) == 80
    await answered(store, held.id, None, CouponAnswer.REFUSED, utc_now())
    assert (await balance(store, member), await taken(store, coupon)) == (90, 1)
    await right(store)


async def test_a_claim_of_a_merged_member_is_the_joint_wallets(store: LoyaltyStore, member: CustomerId) -> None:
    mug, friend = await reward(store, per_member=1), CustomerId(new_id("cus"))
    for who in (member, friend):
        await give(store, who, 100)
    made = await claiming(store, member, mug, "a")
    joint = await merge(store, MergeRequest(member, friend, "X", "merge"), now=utc_now())

    assert isinstance(await refused(claiming(store, friend, mug, "f")), RewardNotOffered), "limits count both"
    assert isinstance(await refused(claiming(store, member, mug, "b")), WalletMerged)
    page = await claims_of(store, friend, PageArgs())
    assert [claim.id for claim in page.nodes] == [made.id]
    await cancel(store, made.id, actor="staff:ann", reason="X", now=utc_now())
    assert await balance(store, friend) == 200
    await unmerge(store, joint.id, now=utc_now())
    assert (await claiming(store, member, mug, "c")).state is ClaimState.CLAIMED, "what came back counts no longer"
    assert (await claiming(store, friend, mug, "d")).state is ClaimState.CLAIMED
    assert isinstance(await refused(claiming(store, friend, mug, "e")), RewardNotOffered)
    await right(store)


async def test_a_process_that_dies_at_any_call_leaves_both_or_neither(db: Database, store: LoyaltyStore) -> None:
    mug = await reward(store, stock=1_000)
    for step in range(1, MAX_STEPS):
        who = CustomerId(f"cus_a{step}")
        await give(store, who, 150)
        crashing = LoyaltyStore(WatchedDatabase(db, dies_at(step, before=False)))  # type: ignore[arg-type]
        try:
            await claiming(crashing, who, mug, "k")
        except Crash:
            pass
        else:
            break
        if step % 2:
            assert (await claiming(store, who, mug, "k")).state is ClaimState.CLAIMED
    assert 5 < step < MAX_STEPS - 1
    await let_the_fence_pass(store)
    await sweep_claims(store, utc_now())
    states = [claim.state for claim in await ClaimStore(store.db).every()]
    assert {ClaimState.CLAIMED, ClaimState.ABORTED} == set(states)
    assert await taken(store, mug) == states.count(ClaimState.CLAIMED)
    assert await store.db["rewards"].count_documents({"taking.0": {"$exists": True}}) == 0
    await right(store)


async def test_a_late_worker_spends_no_points_for_a_claim_that_was_given_up(
    store: LoyaltyStore, member: CustomerId
) -> None:
    mug = await reward(store, stock=1)
    await give(store, member, 100)
    made = await claiming(store, member, mug, "k")
    await store.db["reward_claims"].update_one({}, {"$set": {"state": "TRY", "attempt": 2}})
    await let_the_fence_pass(store)
    (late,) = await ClaimStore(store.db).every()

    await sweep_claims(store, utc_now())
    await give(store, member, 500)
    with pytest.raises((Refused, Unavailable)):
        await post(store, late.spending(()))

    assert (await ClaimStore(store.db).by_id([made.id]))[made.id].state is ClaimState.ABORTED
    assert (await balance(store, member), await taken(store, mug)) == (500, 0)


async def test_a_cancelling_whose_worker_died_is_finished_by_the_sweep(db: Database, store: LoyaltyStore) -> None:
    mug = await reward(store, stock=1_000)
    for step in range(1, MAX_STEPS):
        who = CustomerId(f"cus_b{step}")
        await give(store, who, 150)
        made = await claiming(store, who, mug, "k")
        crashing = LoyaltyStore(WatchedDatabase(db, dies_at(step, before=False)))  # type: ignore[arg-type]
        try:
            await cancel(crashing, made.id, actor="staff:ann", reason="X", now=utc_now())
        except Crash:
            pass
        else:
            break
        await sweep_claims(store, utc_now() + LATER)
        await finish_refunds(store, utc_now() + LATER)
        (claim,) = [one for one in await ClaimStore(store.db).every() if one.id == made.id]
        assert await balance(store, who) == (50 if claim.state is ClaimState.CLAIMED else 150)
    assert 3 < step < MAX_STEPS - 1
    await right(store)


async def test_claims_count_as_spending_where_the_programme_limits_its_pace(
    store: LoyaltyStore, member: CustomerId
) -> None:
    mug, spending = await reward(store), SpendRules(day_limit=150)
    programme = replace(FIRST, base=replace(FIRST.base, version=2), spending=spending, valid_from=utc_now() - LATER)
    await ProgrammeStore(store.db).versions.add(programme, "k", "f", "staff:ann", utc_now())
    await give(store, member, 500)
    await claiming(store, member, mug, "a")

    assert isinstance(await refused(claiming(store, member, mug, "b")), SpendingTooFast)
    assert await balance(store, member) == 400


async def test_what_came_to_nothing_may_be_asked_for_again_with_the_same_key(
    store: LoyaltyStore, member: CustomerId
) -> None:
    mug = await reward(store, stock=1)
    await give(store, member, 200)
    made = await claiming(store, member, mug, "k")
    await store.db["reward_claims"].update_one({}, {"$set": {"state": "TRY", "attempt": 2}})
    await let_the_fence_pass(store)

    again = await claiming(store, member, mug, "k", None)

    assert (again.id, again.attempt, again.state) == (made.id, 3, ClaimState.CLAIMED)
    assert await taken(store, mug) == 1
