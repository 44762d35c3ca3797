"""Points go from one member to another once, keep their expiry, and never multiply."""

import asyncio

import pytest

from kit.errors import InvalidInput, NotFound, Refused
from kit.events import Drainer, EventLog
from kit.events.log import Position
from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.actions import audit
from services.loyalty.events import GIFT_SENT, handle_events
from services.loyalty.freeze.actions import set_frozen
from services.loyalty.freeze.model import FreezeRequest
from services.loyalty.gift import actions
from services.loyalty.gift.actions import give
from services.loyalty.gift.model import (
    MAX_GIFT,
    MAX_GIFTED_A_DAY,
    MAX_GIFTS_AN_HOUR,
    MAX_GIFTS_RECEIVED_A_DAY,
    GiftLimitReached,
    GiftRequest,
    GiftsTooFast,
)
from services.loyalty.model import Account, CustomerId, EntryKind, LotKind, wallet_id_of
from services.loyalty.posting.model import InsufficientPoints, PointsRequest, WalletFrozen
from services.loyalty.spending.model import Pace
from services.loyalty.store import LoyaltyStore, Posted
from tests.services.loyalty.points import DAY, refused, wallet_of
from tests.services.loyalty.points import give as give_points


@pytest.fixture
async def friend(store: LoyaltyStore) -> CustomerId:
    id = CustomerId(new_id("cus"))
    await store.open({id: utc_now()})
    return id


async def gift(store: LoyaltyStore, giver: CustomerId, to: CustomerId, points: int, key: str = "") -> Posted:
    asked = PointsRequest(giver, points, "GIFT", key or new_id("key"))
    return await give(store, GiftRequest(asked, to), now=utc_now())


async def test_of_twenty_gifts_of_all_points_one_is_given(
    store: LoyaltyStore, member: CustomerId, friend: CustomerId
) -> None:
    await give_points(store, member, 100)
    outcomes = await asyncio.gather(*(gift(store, member, friend, 100) for _ in range(20)), return_exceptions=True)
    refusals = [one.refusals[0] for one in outcomes if isinstance(one, Refused)]
    assert len(refusals) == 19
    assert {type(one) for one in refusals} == {InsufficientPoints}
    giver, receiver = await wallet_of(store, member), await wallet_of(store, friend)
    assert (giver.booked, receiver.booked) == (0, 100)
    assert await audit(store) == []


async def test_points_keep_the_expiry_they_had(store: LoyaltyStore, member: CustomerId, friend: CustomerId) -> None:
    await give_points(store, member, 30, days=3)
    await give_points(store, member, 30)
    before = await wallet_of(store, member)
    sent = await gift(store, member, friend, 50)
    assert (sent.entry.kind, sent.entry.points, sent.entry.moved(Account.TRANSFER)) == (EntryKind.GIFT_SENT, -50, 50)
    receiver = await wallet_of(store, friend)
    lots = receiver.lots(utc_now())
    assert [(lot.kind, lot.points) for lot in lots] == [(LotKind.LIMITED, 30), (LotKind.LIMITED, 20)]
    assert [lot.expires_at for lot in lots] == [lot.expires_at for lot in before.lots(utc_now())]


async def test_a_gift_whose_worker_died_arrives_by_its_event(
    store: LoyaltyStore,
    drainer: Drainer,
    event_log: EventLog,
    member: CustomerId,
    friend: CustomerId,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await give_points(store, member, 100)
    real = actions.post

    async def die_on_arrival(store: LoyaltyStore, posting: object, *rest: object, **more: object) -> Posted:
        if getattr(posting, "kind", None) is EntryKind.GIFT_RECEIVED:
            raise RuntimeError("killed")
        return await real(store, posting, *rest, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(actions, "post", die_on_arrival)
        with pytest.raises(RuntimeError):
            await gift(store, member, friend, 60, key="g")
    giver, receiver = await wallet_of(store, member), await wallet_of(store, friend)
    assert (giver.booked, receiver.booked) == (40, 0)
    await drainer.drain()
    events = [event async for event, _ in event_log.backlog([GIFT_SENT], Position())]
    for _ in range(2):
        await handle_events(store, events)
    await gift(store, member, friend, 60, key="g")
    giver, receiver = await wallet_of(store, member), await wallet_of(store, friend)
    assert (giver.booked, receiver.booked) == (40, 60)
    assert await audit(store) == []


async def test_a_day_has_a_limit_also_at_once(store: LoyaltyStore, member: CustomerId, friend: CustomerId) -> None:
    await give_points(store, member, 1_000_000)
    outcomes = await asyncio.gather(*(gift(store, member, friend, 50_000) for _ in range(12)), return_exceptions=True)
    assert sum(isinstance(one, Posted) for one in outcomes) == MAX_GIFTED_A_DAY // 50_000
    refusal = await refused(gift(store, member, friend, 1))
    assert refusal == GiftLimitReached(requested=1, given_today=MAX_GIFTED_A_DAY, limit=MAX_GIFTED_A_DAY)
    yesterday = {"$set": {"gifted.day": utc_now() - DAY}}
    await store.wallets.update_one({"_id": wallet_id_of(member)}, yesterday)
    assert (await gift(store, member, friend, 1)).entry.points == -1


async def test_nobody_gives_to_nobody_to_oneself_too_much_or_from_a_frozen_wallet(
    store: LoyaltyStore, member: CustomerId, friend: CustomerId
) -> None:
    await give_points(store, member, 1_000_000)
    assert isinstance(await refused(gift(store, member, CustomerId("cus_nobody"), 1)), NotFound)
    assert isinstance(await refused(gift(store, member, member, 1)), InvalidInput)
    assert isinstance(await refused(gift(store, member, friend, MAX_GIFT + 1)), InvalidInput)
    await set_frozen(store, FreezeRequest(member, True, "STOLEN", "f", actor="staff:ann"))
    assert isinstance(await refused(gift(store, member, friend, 1)), WalletFrozen)
    again = await refused(set_frozen(store, FreezeRequest(member, True, "STOLEN", "f2", actor="staff:ann")))
    assert isinstance(again, WalletFrozen)
    await set_frozen(store, FreezeRequest(friend, True, "STOLEN", "f", actor="staff:ann"))
    released = await set_frozen(store, FreezeRequest(member, False, "CLEARED", "u", actor="staff:ben"))
    assert (released.entry.kind, released.entry.actor, released.entry.points) == (EntryKind.UNFROZEN, "staff:ben", 0)
    await gift(store, member, friend, 10)
    assert (await wallet_of(store, friend)).booked == 10, "a frozen wallet may still be given to"
    assert isinstance(
        await refused(set_frozen(store, FreezeRequest(member, False, "CLEARED", "u2", actor="staff:ben"))), InvalidInput
    )
    assert await audit(store) == []


async def test_so_many_gifts_an_hour_and_no_more(store: LoyaltyStore, member: CustomerId) -> None:
    friend = CustomerId(new_id("cus"))
    await store.open({friend: utc_now()})
    await give_points(store, member, 1_000)

    answers = await asyncio.gather(
        *(
            give(store, GiftRequest(PointsRequest(member, 1, "GIFT", f"g{n}"), friend), now=utc_now())
            for n in range(MAX_GIFTS_AN_HOUR + 4)
        ),
        return_exceptions=True,
    )

    lost = [refusal for one in answers if isinstance(one, Refused) for refusal in one.refusals]
    assert lost == [GiftsTooFast(counted=MAX_GIFTS_AN_HOUR, limit=MAX_GIFTS_AN_HOUR, pace=Pace.HOUR)] * 4
    assert (await wallet_of(store, friend)).booked == MAX_GIFTS_AN_HOUR


async def test_nobody_gives_to_a_wallet_that_was_given_to_too_often(store: LoyaltyStore, member: CustomerId) -> None:
    friend = CustomerId(new_id("cus"))
    await store.open({friend: utc_now()})
    await give_points(store, member, 10)
    asked = GiftRequest(PointsRequest(member, 1, "GIFT", "a"), friend)
    await give(store, asked, now=utc_now())
    much = {"$set": {"tallies.0.n": MAX_GIFTS_RECEIVED_A_DAY}}
    await store.wallets.update_one({"_id": wallet_id_of(friend)}, much)

    other = GiftRequest(PointsRequest(member, 1, "GIFT", "b"), friend)
    refusal = await refused(give(store, other, now=utc_now()))
    assert (type(refusal), refusal.path) == (GiftsTooFast, ("input", "toCustomerId"))
    assert (await give(store, asked, now=utc_now())).entry.points == -1, "what was given answers as it did"
