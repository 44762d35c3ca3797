"""Reserving, releasing, committing, expiring: one after the other."""

from datetime import timedelta

import pytest

from kit.errors import IdempotencyKeyReused, NotFound, Refused
from kit.events import EventLog
from kit.times import utc_now
from services.inventory.actions import Swept, commit, find_reservation, release, reserve, sweep
from services.inventory.events import drainers
from services.inventory.model import Actor, InsufficientStock, Sku
from services.inventory.reservation.model import DEFAULT_HOLD_S, Line, ReservationDraft, ReservationEnded
from services.inventory.reservation.model import ReservationState as State
from services.inventory.stock.model import Quantities
from tests.services.inventory.world import CUP, LAMP, MUG, STAFF, WEB, Shop

LATER = timedelta(seconds=DEFAULT_HOLD_S)
ANNA, BERT = Actor("web", customer="cus_a"), Actor("web", customer="cus_b")


async def test_every_line_is_held(shop: Shop) -> None:
    await shop.stock({MUG: 5, LAMP: 5})
    held = await shop.hold("k", {MUG: 2, LAMP: 3})
    assert held.state is State.HELD
    assert await shop.quantities(MUG) == Quantities(5, 3, 2)
    assert await shop.quantities(LAMP) == Quantities(5, 2, 3)


async def test_lines_of_the_same_stock_are_added_up(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    twice = ReservationDraft("k", (Line(MUG, shop.ginza, 2), Line(MUG, shop.ginza, 3)))
    held = await reserve(shop.store, twice, actor=WEB, now=utc_now())
    assert [line.quantity for line in held.lines] == [5]
    assert await shop.quantities(MUG) == Quantities(5, 0, 5)


async def test_more_than_is_available_is_refused_and_nothing_is_held(shop: Shop) -> None:
    await shop.stock({MUG: 5, CUP: 1})
    with pytest.raises(Refused) as caught:
        await shop.hold("k", {MUG: 1, CUP: 2})
    (refusal,) = caught.value.refusals
    path = ("input", "lines", "1", "quantity")
    assert refusal == InsufficientStock(path=path, sku=CUP, location_id=shop.ginza, requested=2, available=1)
    assert await shop.quantities(MUG) == Quantities(5, 5, 0)


async def test_what_was_never_stocked_is_refused(shop: Shop) -> None:
    with pytest.raises(Refused) as caught:
        await shop.hold("k", {Sku("NONE"): 1})
    assert isinstance(caught.value.refusals[0], NotFound)


async def test_the_same_key_returns_the_same_reservation_even_when_it_has_ended(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    first = await shop.hold("k", {MUG: 5})
    assert (await shop.hold("k", {MUG: 5})).id == first.id
    await release(shop.store, first.id, "r", actor=WEB, now=utc_now())
    again = await shop.hold("k", {MUG: 5})
    assert (again.id, again.state) == (first.id, State.RELEASED)


async def test_the_same_key_with_other_input_or_another_customer_is_refused(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    await shop.hold("k", {MUG: 1}, ANNA)
    for count, actor in ((2, ANNA), (1, BERT)):
        with pytest.raises(Refused) as caught:
            await shop.hold("k", {MUG: count}, actor)
        assert caught.value.refusals == (IdempotencyKeyReused(key="k"),)


async def test_a_refused_key_may_come_again_when_stock_is_back(shop: Shop) -> None:
    await shop.stock({MUG: 1})
    other = await shop.hold("other", {MUG: 1})
    with pytest.raises(Refused):
        await shop.hold("k", {MUG: 1})
    await release(shop.store, other.id, "r", actor=WEB, now=utc_now())
    assert (await shop.hold("k", {MUG: 1})).state is State.HELD


async def test_a_commit_takes_the_pieces_out_once(shop: Shop) -> None:
    await shop.stock({MUG: 5, CUP: 5})
    held = await shop.hold("k", {MUG: 2, CUP: 1})
    for _ in range(2):
        done = await commit(shop.store, held.id, "c", actor=STAFF, now=utc_now())
        assert done.state is State.COMMITTED
    assert await shop.quantities(MUG) == Quantities(3, 3, 0)
    assert await shop.quantities(CUP) == Quantities(4, 4, 0)


async def test_a_release_gives_the_pieces_back_once(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    held = await shop.hold("k", {MUG: 2})
    for _ in range(2):
        assert (await release(shop.store, held.id, "r", actor=WEB, now=utc_now())).state is State.RELEASED
    assert await shop.quantities(MUG) == Quantities(5, 5, 0)


async def test_what_has_ended_is_refused_under_another_key(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    held = await shop.hold("k", {MUG: 2})
    await commit(shop.store, held.id, "c", actor=WEB, now=utc_now())
    for end in (commit, release):
        with pytest.raises(Refused) as caught:
            await end(shop.store, held.id, "other", actor=WEB, now=utc_now())
        assert caught.value.refusals == (ReservationEnded(reservation_id=held.id, state=State.COMMITTED),)


async def test_a_key_ends_one_reservation_only(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    first, second = await shop.hold("k1", {MUG: 1}), await shop.hold("k2", {MUG: 1})
    await commit(shop.store, first.id, "c", actor=WEB, now=utc_now())
    with pytest.raises(Refused) as caught:
        await commit(shop.store, second.id, "c", actor=WEB, now=utc_now())
    assert caught.value.refusals == (IdempotencyKeyReused(key="c"),)
    assert await shop.quantities(MUG) == Quantities(4, 3, 1)


async def test_a_foreign_reservation_does_not_exist_for_others(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    held = await shop.hold("k", {MUG: 1}, ANNA)
    assert await find_reservation(shop.store, held.id, BERT) is None
    for end in (commit, release):
        with pytest.raises(Refused) as caught:
            await end(shop.store, held.id, "x", actor=BERT, now=utc_now())
        assert isinstance(caught.value.refusals[0], NotFound)
    assert await find_reservation(shop.store, held.id, ANNA) == held


async def test_an_expired_hold_comes_back_with_the_sweep_and_cannot_be_committed_before_it(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    held = await shop.hold("k", {MUG: 2})
    with pytest.raises(Refused) as caught:
        await commit(shop.store, held.id, "c", actor=WEB, now=held.expires_at)
    assert caught.value.refusals == (ReservationEnded(reservation_id=held.id, state=State.EXPIRED),)
    assert await sweep(shop.store, now=held.expires_at - timedelta(seconds=1)) == Swept()
    assert await sweep(shop.store, now=held.expires_at) == Swept(expired=1, settled=1)
    assert await shop.quantities(MUG) == Quantities(5, 5, 0)


async def test_tombstones_go_when_no_late_hold_can_match_any_more(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    held = await shop.hold("k", {MUG: 2})
    await release(shop.store, held.id, "r", actor=WEB, now=utc_now())
    stock, reservations = shop.store.outboxes
    assert (await stock.find_one({"sku": MUG}) or {})["holds"] == {held.id: 0}
    assert (await sweep(shop.store, now=utc_now() + LATER)).unfenced == 0
    long_ago = utc_now() - timedelta(minutes=1)
    await reservations.update_one({"_id": held.id}, {"$set": {"hold_until": long_ago}})
    assert (await sweep(shop.store, now=utc_now())).unfenced == 1
    assert (await stock.find_one({"sku": MUG}) or {})["holds"] == {}
    stale = await shop.store.reservations.by_id(held.id)
    assert stale is not None
    assert not await shop.store.reservations.hold(stale, now=utc_now())
    await shop.store.reservations.settle([stale])
    assert (await stock.find_one({"sku": MUG}) or {})["holds"] == {}


async def test_a_sweep_takes_more_than_one_batch(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    now = utc_now()
    held = [await reserve(shop.store, shop.want(f"k{n}", {MUG: 1}), actor=WEB, now=now) for n in range(3)]
    reservations = shop.store.outboxes[1]
    template = await reservations.find_one({"_id": held[0].id})
    assert template is not None
    done = {"state": "ABORTED", "settled": False, "ended_at": now, "ended_by": template["actor"], "outbox": []}
    await reservations.insert_many(
        [{**{k: v for k, v in template.items() if k != "key"}, **done, "_id": f"rsv_old{n}"} for n in range(450)]
    )
    swept = await sweep(shop.store, now=now + LATER)
    assert (swept.expired, swept.settled) == (3, 453)
    assert await shop.quantities(MUG) == Quantities(5, 5, 0)


async def test_the_events_of_a_life_are_told_in_order(shop: Shop, event_log: EventLog) -> None:
    await shop.stock({MUG: 5})
    held = await shop.hold("k", {MUG: 2}, ANNA)
    await commit(shop.store, held.id, "c", actor=STAFF, now=utc_now())
    for drainer in drainers(shop.store, event_log):
        await drainer.drain()
    told = await shop.store.journal.find({"subject": held.id}).sort("_id", -1).to_list()
    assert [event["type"].split(".")[2] for event in told] == ["reservation_held", "reservation_committed"]
    assert told[0]["data"] == {
        "reservationId": held.id,
        "customerId": "cus_a",
        "channel": "web",
        "expiresAt": held.expires_at.isoformat(),
        "reference": None,
        "lines": [{"sku": MUG, "locationId": shop.ginza, "quantity": 2}],
    }
    moved = await shop.store.journal.find({"data.reservationId": held.id, "data.sku": MUG}).sort("_id", -1).to_list()
    assert [(event["data"]["reason"], event["data"]["actor"]) for event in moved] == [
        ("HELD", "customer:cus_a"),
        ("COMMITTED", "staff:stf_1"),
    ]
