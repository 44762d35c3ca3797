"""Spent points come back to the lots they came from, and never more than were spent."""

import asyncio
from datetime import timedelta

import pytest

from kit.errors import IdempotencyKeyReused, NotFound, Refused
from kit.events import Drainer
from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.actions import audit
from services.loyalty.hold.actions import capture, hold
from services.loyalty.hold.model import HoldEnd, HoldRequest
from services.loyalty.model import CustomerId, Entry, EntryKind, Lot, LotKind, wallet_id_of
from services.loyalty.posting.model import PointsRequest
from services.loyalty.posting.pipelines import REFUND_GRACE
from services.loyalty.refund import actions
from services.loyalty.refund.actions import ABANDONED_AFTER, finish_refunds, refund
from services.loyalty.refund.model import RefundExceedsSpent, RefundRequest, lots_of
from services.loyalty.store import LoyaltyStore, Posted
from tests.services.loyalty.points import DAY, give, refused, spend, wallet_of


async def back(store: LoyaltyStore, who: CustomerId, spent: Entry, points: int, key: str = "") -> Posted:
    entry_id = f"{spent.wallet_id}.{spent.seq}"
    return await refund(store, RefundRequest(who, entry_id, points, "RETURN", key or new_id("key")), now=utc_now())


@pytest.mark.parametrize("drained", [False, True])
async def test_points_come_back_to_their_lots_the_longest_lived_first(
    store: LoyaltyStore, drainer: Drainer, member: CustomerId, drained: bool
) -> None:
    await give(store, member, 50, days=1)
    await give(store, member, 50, days=2)
    before = (await wallet_of(store, member)).lots(utc_now())
    spent = (await spend(store, member, 80)).entry
    if drained:
        await drainer.drain()
    part = await back(store, member, spent, 30)
    assert [lot.points for lot in part.wallet.lots(utc_now())] == [50], "20 were left of the later lot"
    whole = await back(store, member, spent, 50)
    assert whole.wallet.lots(utc_now()) == before
    assert await audit(store) == []


async def test_what_has_expired_meanwhile_gets_a_grace(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 50, days=1)
    spent = (await spend(store, member, 50)).entry
    past = {"outbox.$[one].data.taken.0.expiresAt": utc_now() - DAY}
    await store.wallets.update_one(
        {"_id": spent.wallet_id}, {"$set": past}, array_filters=[{"one.data.kind": "REDEEMED"}]
    )
    posted = await back(store, member, spent, 50)
    (lot,) = posted.wallet.lots(utc_now())
    assert lot.kind is LotKind.LIMITED
    assert abs(lot.expires_at - utc_now() - REFUND_GRACE) < timedelta(minutes=5)
    assert await audit(store) == []


async def test_refunds_at_once_never_give_more_than_was_spent(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 500)
    spent = (await spend(store, member, 500)).entry
    tries = [back(store, member, spent, 70, key=f"r{number % 24}") for number in range(48)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    made = {one.entry.seq for one in outcomes if isinstance(one, Posted)}
    refusals = [one.refusals[0] for one in outcomes if isinstance(one, Refused)]
    assert len(made) == 500 // 70
    assert {type(one) for one in refusals} == {RefundExceedsSpent}
    wallet = await wallet_of(store, member)
    assert wallet.booked == 70 * (500 // 70)
    assert await audit(store) == []


async def test_a_capture_is_refunded_as_a_redemption_is(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 100)
    asked = PointsRequest(member, 60, "CHECKOUT", "h")
    held = await hold(store, HoldRequest(asked), now=utc_now())
    taken = await capture(store, HoldEnd(member, held.hold.id, 40, "CHECKOUT", "c"), now=utc_now())
    excess = await refused(back(store, member, taken.entry, 41))
    assert isinstance(excess, RefundExceedsSpent)
    assert excess.refundable == 40
    assert (await back(store, member, taken.entry, 40)).wallet.booked == 100
    assert await audit(store) == []


async def test_keys_are_bound_and_only_spendings_are_refunded(store: LoyaltyStore, member: CustomerId) -> None:
    await give(store, member, 100)
    spent = (await spend(store, member, 60)).entry
    first = await back(store, member, spent, 10, key="r")
    assert (await back(store, member, spent, 10, key="r")).entry == first.entry
    assert isinstance(await refused(back(store, member, spent, 11, key="r")), IdempotencyKeyReused)
    assert isinstance(await refused(back(store, member, first.entry, 1)), NotFound), "a refund is no spending"
    stranger = CustomerId(new_id("cus"))
    await give(store, stranger, 5)
    assert isinstance(await refused(back(store, stranger, spent, 1)), NotFound), "another's spending"


async def test_a_claim_whose_worker_died_is_given_back_by_the_sweep(
    store: LoyaltyStore, member: CustomerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    await give(store, member, 100)
    spent = (await spend(store, member, 60)).entry

    async def die(*_: object) -> Posted:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(actions, "_give_back", die)
        with pytest.raises(RuntimeError):
            await back(store, member, spent, 25, key="r")
    assert await finish_refunds(store, utc_now()) == 0, "it may still be at work"
    later = utc_now() + 2 * ABANDONED_AFTER
    assert await finish_refunds(store, later) == 1
    assert await finish_refunds(store, later) == 0
    again = await back(store, member, spent, 25, key="r")
    assert (again.entry.kind, again.wallet.booked) == (EntryKind.REFUNDED, 65)
    assert await audit(store) == []


def test_the_parts_of_a_refund_are_the_whole() -> None:
    now = utc_now()
    lots = (Lot(LotKind.LIMITED, 10, now), Lot(LotKind.LIMITED, 20, now + DAY), Lot(LotKind.REGULAR, 5, now + 2 * DAY))
    spent = Entry(
        "x",
        wallet_id_of("cus_1"),
        2,
        EntryKind.REDEEMED,
        now,
        -35,
        0,
        0,
        (),
        "X",
        None,
        None,
        "",
        taken=lots,  # type: ignore[arg-type]
    )
    for cut in range(36):
        first, rest = list(lots_of(spent, 0, cut)), list(lots_of(spent, cut, 35 - cut))
        assert sum(lot.points for lot in first) == cut
        for lot in lots:
            assert sum(one.points for one in first + rest if one.expires_at == lot.expires_at) == lot.points
