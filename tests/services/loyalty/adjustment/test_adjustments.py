"""Large changes by hand take two people and happen once; small ones end where the day's limit is."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from kit.errors import IdempotencyKeyReused, NotFound, Refused
from kit.mongo import Database
from kit.times import utc_now
from services.loyalty.actions import audit
from services.loyalty.adjustment.actions import ask, decide, set_policy, sweep_adjustments
from services.loyalty.adjustment.model import (
    Adjustment,
    AdjustmentDecided,
    AdjustmentOwn,
    AdjustmentPolicy,
    AdjustmentRequest,
    AdjustmentState,
    RoleLimit,
)
from services.loyalty.adjustment.store import AdjustmentStore
from services.loyalty.freeze.actions import set_frozen
from services.loyalty.freeze.model import FreezeRequest
from services.loyalty.merge.actions import merge
from services.loyalty.merge.model import MergeRequest
from services.loyalty.model import CustomerId
from services.loyalty.posting.model import WalletMerged
from services.loyalty.store import LoyaltyStore
from tests.services.inventory.reservation.test_crashes import dies_at
from tests.services.inventory.world import Crash, WatchedDatabase
from tests.services.loyalty.conftest import Ask
from tests.services.loyalty.points import give, refused, wallet_of

ANN, BOB = "staff:ann", "staff:bob"
CLERK = frozenset({"points:write"})
APPROVED, REJECTED = AdjustmentState.APPROVED, AdjustmentState.REJECTED


@pytest.fixture(autouse=True)
async def policy(store: LoyaltyStore) -> None:
    """A clerk changes 100 points alone, 250 a day."""
    wanted = AdjustmentPolicy(0, (RoleLimit("points:write", 100, 250),))
    await set_policy(store, wanted, "p", expected_version=0, actor=BOB, now=utc_now())


def asking(
    store: LoyaltyStore, who: CustomerId, points: int, key: str, actor: str = ANN
) -> Coroutine[Any, Any, Adjustment]:
    return ask(store, AdjustmentRequest(who, points, "SORRY", key, actor), CLERK, now=utc_now())


def deciding(
    store: LoyaltyStore, id: str, actor: str = BOB, state: AdjustmentState = APPROVED
) -> Coroutine[Any, Any, Adjustment]:
    return decide(store, id, state, actor=actor, reason="SEEN", now=utc_now())


async def has(store: LoyaltyStore, who: CustomerId) -> tuple[int, int]:
    wallet = await wallet_of(store, who)
    return wallet.booked, wallet.debt


async def test_small_changes_are_made_at_once_until_the_day_is_full(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 1)
    answers = await asyncio.gather(*(asking(store, member, 100, f"k{n}") for n in range(5) for _ in range(2)))

    states = {one.id: one.state for one in answers}
    assert sorted(states.values()) == [APPROVED, APPROVED] + [AdjustmentState.REQUESTED] * 3
    assert await has(store, member) == (201, 0)
    assert (await asking(store, member, 100, "other", actor=BOB)).state is APPROVED, "a day is one person's"
    assert (await asking(store, member, -50, "less")).state is APPROVED, "and 50 of it were left"
    assert (await asking(store, member, -1, "even less")).state is AdjustmentState.REQUESTED
    assert await has(store, member) == (251, 0)


async def test_large_ones_wait_for_somebody_else_and_move_once(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 1)
    asked = await asking(store, member, 5_000, "k")
    assert (asked.state, asked.entry_id, await has(store, member)) == (AdjustmentState.REQUESTED, None, (1, 0))
    own = await refused(deciding(store, asked.id, actor=ANN))
    assert own == AdjustmentOwn(adjustment_id=asked.id, actor=ANN)

    answers = await asyncio.gather(
        *(deciding(store, asked.id) for _ in range(4)),
        *(deciding(store, asked.id, "staff:cid", REJECTED) for _ in range(4)),
        return_exceptions=True,
    )

    decided = {(one.state, one.decided_by) for one in answers if isinstance(one, Adjustment)}
    assert decided in ({(APPROVED, BOB)}, {(REJECTED, "staff:cid")})
    lost = [refusal for one in answers if isinstance(one, Refused) for refusal in one.refusals]
    assert {type(one) for one in lost} == {AdjustmentDecided}
    assert len(lost) == 4
    moved = 5_000 if decided == {(APPROVED, BOB)} else 0
    assert await has(store, member) == (1 + moved, 0)
    assert (await asking(store, member, 5_000, "k")).id == asked.id
    assert isinstance(await refused(asking(store, member, 5_001, "k")), IdempotencyKeyReused)
    assert isinstance(await refused(deciding(store, "adj_1")), NotFound)
    assert await audit(store) == []


async def test_what_nobody_decides_is_over(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 1)
    asked = await asking(store, member, 5_000, "k")
    later = utc_now() + timedelta(days=8)

    late = decide(store, asked.id, APPROVED, actor=BOB, reason="SEEN", now=later)
    expected = AdjustmentDecided(adjustment_id=asked.id, state=AdjustmentState.EXPIRED)
    assert await refused(late) == expected
    assert await sweep_adjustments(store, later) == 1
    assert await refused(deciding(store, asked.id)) == expected
    assert await has(store, member) == (1, 0)


async def test_points_that_are_taken_back_become_debt_where_they_are_not_there(
    store: LoyaltyStore, member: CustomerId
) -> None:
    await give(store, member, 60)
    asked = await asking(store, member, -500, "k")
    await set_frozen(store, FreezeRequest(member, True, "X", "f"))
    await deciding(store, asked.id)
    assert await has(store, member) == (0, 440)


async def test_a_wallet_merged_meanwhile_is_changed_where_its_points_are(
    store: LoyaltyStore, member: CustomerId
) -> None:
    friend = CustomerId("cus_friend")
    for who in (member, friend):
        await give(store, who, 10)
    asked = await asking(store, member, 500, "k")
    await merge(store, MergeRequest(member, friend, "X", "m"), now=utc_now())
    await deciding(store, asked.id)
    assert await has(store, friend) == (520, 0)
    assert isinstance(await refused(asking(store, member, 1, "l")), WalletMerged)
    assert isinstance(await refused(asking(store, CustomerId("cus_none"), 1, "m")), NotFound)


async def test_who_dies_at_any_call_has_changed_it_once_when_asked_again_or_by_the_sweep(
    db: Database, store: LoyaltyStore
) -> None:
    for step in range(1, 30):
        who = CustomerId(f"cus_a{step}")
        await give(store, who, 1)
        crashing = LoyaltyStore(WatchedDatabase(db, dies_at(step, before=False)))  # type: ignore[arg-type]
        try:
            asked = await asking(crashing, who, 500, f"k{step}")
            await deciding(crashing, asked.id)
        except Crash:
            pass
        else:
            break
        asked = await asking(store, who, 500, f"k{step}")
        if step % 2 or asked.state is AdjustmentState.REQUESTED:
            await deciding(store, asked.id)
        await sweep_adjustments(store, utc_now() + timedelta(minutes=5))
        assert await has(store, who) == (501, 0)
    assert 4 < step < 29
    assert await AdjustmentStore(store.db).unposted(utc_now() + timedelta(days=1), 9) == []
    assert await audit(store) == []


EARN = """mutation ($input: PointsEarnInput!) { pointsEarn(input: $input) {
  entry { points } userErrors { code ... on PointsApprovalNeeded { requested maximum maximumADay } } } }"""
ADJUST = """mutation ($input: PointsAdjustInput!) { pointsAdjust(input: $input) {
  adjustment { id state requestedBy decidedBy } userErrors { code path } } }"""
DECIDE = """mutation ($id: ID!) { pointsAdjustmentApprove(input: { adjustmentId: $id, reason: "SEEN" }) {
  adjustment { state decidedBy decisionReason entryId } userErrors { code } } }"""
LIST = """{ pointsAdjustments(state: APPROVED, first: 5) { nodes {
    points reason requestedBy decidedBy customer { id } } }
  pointsAdjustmentPolicy { version roles { scope points pointsADay } } }"""


async def test_staff_sees_who_asked_and_who_decided(ask: Ask, store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 1)
    clerk, chief = {"staff": "ann", "scopes": ["points:write"]}, {"staff": "bob", "scopes": ["points:approve"]}
    given = {"customerId": member, "reason": "SORRY"}
    earned = await ask(EARN, {"input": {**given, "points": 101, "idempotencyKey": "a"}}, **clerk)
    assert earned["data"]["pointsEarn"]["userErrors"] == [
        {"code": "POINTS_APPROVAL_NEEDED", "requested": 101, "maximum": 100, "maximumADay": 250}
    ]
    for _ in range(2):
        earned = await ask(EARN, {"input": {**given, "points": 100, "idempotencyKey": "b"}}, **clerk)
        assert earned["data"]["pointsEarn"]["entry"] == {"points": 100}
    system = await ask(EARN, {"input": {**given, "points": 900, "idempotencyKey": "c"}}, scopes=["points:write"])
    assert system["data"]["pointsEarn"]["entry"] == {"points": 900}, "a system's own rules bound it"

    wanted = {"input": {**given, "points": 700, "idempotencyKey": "d"}}
    asked = (await ask(ADJUST, wanted, **clerk))["data"]["pointsAdjust"]["adjustment"]
    assert (asked["state"], asked["requestedBy"], asked["decidedBy"]) == ("REQUESTED", ANN, None)
    done = (await ask(DECIDE, {"id": asked["id"]}, **chief))["data"]["pointsAdjustmentApprove"]["adjustment"]
    assert (done["state"], done["decidedBy"], done["decisionReason"]) == ("APPROVED", BOB, "SEEN")
    seen = (await ask(LIST, scopes=["points:read"]))["data"]
    row = {"points": 700, "reason": "SORRY", "requestedBy": ANN, "decidedBy": BOB, "customer": {"id": member}}
    assert seen["pointsAdjustments"]["nodes"] == [row]
    assert seen["pointsAdjustmentPolicy"]["roles"] == [{"scope": "points:write", "points": 100, "pointsADay": 250}]

    nobody = [
        await ask(ADJUST, wanted, scopes=["points:write"]),
        await ask(ADJUST, wanted, staff="ann", scopes=["points:read"]),
        await ask(DECIDE, {"id": asked["id"]}, scopes=["points:approve"]),
        await ask(DECIDE, {"id": asked["id"]}, **clerk),
        await ask(LIST, **clerk),
    ]
    assert [answer["errors"][0]["extensions"]["code"] for answer in nobody] == ["FORBIDDEN"] * 5
