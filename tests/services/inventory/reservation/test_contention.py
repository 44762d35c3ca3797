"""Many at once: never more than there is, never half a basket, never two endings."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from kit.errors import Refused
from kit.times import utc_now
from services.inventory.actions import audit, commit, find_reservation, release, reserve, sweep
from services.inventory.model import Actor, InsufficientStock
from services.inventory.reservation.model import Reservation, ReservationEnded
from services.inventory.reservation.model import ReservationState as State
from services.inventory.stock.model import Quantities
from tests.services.inventory.world import CUP, LAMP, MUG, STAFF, WEB, Pieces, Shop

ROUNDS = 12
"""Races of two endings; each takes some milliseconds."""


async def attempt(shop: Shop, key: str, pieces: Pieces) -> Reservation | InsufficientStock:
    try:
        return await shop.hold(key, pieces)
    except Refused as refused:
        refusal = refused.refusals[0]
        assert isinstance(refusal, InsufficientStock)
        return refusal


async def test_64_buyers_of_20_pieces_get_exactly_20(shop: Shop) -> None:
    await shop.stock({MUG: 20})
    results = await asyncio.gather(*(attempt(shop, f"k{n}", {MUG: 1}) for n in range(64)))
    assert Counter(type(result) for result in results) == {Reservation: 20, InsufficientStock: 44}
    assert await shop.quantities(MUG) == Quantities(20, 0, 20)


async def test_baskets_in_opposite_order_are_held_whole_or_not_at_all(shop: Shop) -> None:
    await shop.stock({MUG: 10, CUP: 10, LAMP: 10})
    orders = [{MUG: 1, CUP: 1, LAMP: 1}, {LAMP: 1, CUP: 1, MUG: 1}]
    results = await asyncio.gather(*(attempt(shop, f"k{n}", orders[n % 2]) for n in range(32)))
    held = sum(isinstance(result, Reservation) for result in results)
    for sku in (MUG, CUP, LAMP):
        assert await shop.quantities(sku) == Quantities(10, 10 - held, held)
    for n in range(10 - held):  # a basket refused while another was given back may be tried again
        assert isinstance(await attempt(shop, f"k{n}-again", orders[0]), Reservation)
    assert await shop.quantities(MUG) == Quantities(10, 0, 10)


async def test_baskets_that_overlap_leak_nothing(shop: Shop) -> None:
    await shop.stock({MUG: 6, CUP: 3, LAMP: 9})
    wants = [{MUG: 2, CUP: 1}, {CUP: 1, LAMP: 4}, {LAMP: 2, MUG: 1}]
    results = await asyncio.gather(*(attempt(shop, f"k{n}", wants[n % 3]) for n in range(30)))
    reserved: Counter[str] = Counter()
    for result in results:
        if isinstance(result, Reservation):
            reserved.update({line.sku: line.quantity for line in result.lines})
    for sku, there in ((MUG, 6), (CUP, 3), (LAMP, 9)):
        assert await shop.quantities(sku) == Quantities(there, there - reserved[sku], reserved[sku])


async def test_the_same_key_at_once_makes_one_reservation(shop: Shop) -> None:
    await shop.stock({MUG: 20, CUP: 20})
    results = await asyncio.gather(*(shop.hold("same", {MUG: 2, CUP: 3}) for _ in range(8)))
    assert len({result.id for result in results}) == 1
    assert {result.state for result in results} == {State.HELD}
    assert await shop.quantities(CUP) == Quantities(20, 17, 3)


@pytest.mark.parametrize("rival", ["expiry", "release", "commit"])
async def test_of_two_endings_at_the_same_moment_exactly_one_wins(shop: Shop, rival: str) -> None:
    await shop.stock({MUG: ROUNDS})
    now = utc_now()

    async def end_otherwise(held: Reservation) -> object:
        if rival == "expiry":
            return await sweep(shop.store, now=held.expires_at)
        end = release if rival == "release" else commit
        return await end(shop.store, held.id, f"rival-{held.id}", actor=WEB, now=now)

    committed = 0
    for n in range(ROUNDS):
        held = await reserve(shop.store, shop.want(f"k{n}", {MUG: 1}), actor=WEB, now=now)
        last_moment = held.expires_at - timedelta(milliseconds=1)
        first, second = await asyncio.gather(
            commit(shop.store, held.id, f"c{n}", actor=WEB, now=last_moment),
            end_otherwise(held),
            return_exceptions=True,
        )
        ended = await shop.store.reservations.by_id(held.id)
        assert ended is not None
        committed += ended.state is State.COMMITTED
        lost = [each.refusals[0] for each in (first, second) if isinstance(each, Refused)]
        assert all(refusal == ReservationEnded(reservation_id=held.id, state=ended.state) for refusal in lost)
        assert isinstance(first, Reservation) == (ended.ended_key == f"COMMITTED:c{n}")
    assert await shop.quantities(MUG) == Quantities(ROUNDS - committed, ROUNDS - committed, 0)


async def test_the_audit_is_right_while_stock_moves(shop: Shop) -> None:
    await shop.stock({MUG: 50})

    async def sell(worker: int) -> None:
        for n in range(4):
            held = await shop.hold(f"k{worker}-{n}", {MUG: 1})
            end = commit if n % 2 else release
            await end(shop.store, held.id, f"e{worker}-{n}", actor=WEB, now=utc_now())

    audits = [audit(shop.store) for _ in range(6)]
    *_, found = await asyncio.gather(*(sell(worker) for worker in range(6)), *audits, audit(shop.store))
    assert found == []
    assert await shop.quantities(MUG) == Quantities(38, 38, 0)


@pytest.mark.parametrize(("buyers", "pieces"), [(200, 50), (224, 20)])
async def test_exactly_as_many_are_sold_on_all_channels_at_once_as_there_are(
    shop: Shop, buyers: int, pieces: int
) -> None:
    await shop.stock({MUG: pieces})

    async def buy(n: int) -> Reservation | InsufficientStock:
        channel = Actor(channel=("web", "app", "pos", "kiosk")[n % 4])
        try:
            return await shop.hold(f"k{n}", {MUG: 1}, channel)
        except Refused as refused:
            (refusal,) = refused.refusals
            assert isinstance(refusal, InsufficientStock)
            assert (refusal.requested, refusal.sku, refusal.location_id) == (1, MUG, shop.ginza)
            assert refusal.available == 0
            return refusal

    told = await asyncio.gather(*(buy(n) for n in range(buyers)))
    assert Counter(type(each) for each in told) == {Reservation: pieces, InsufficientStock: buyers - pieces}
    assert await shop.quantities(MUG) == Quantities(pieces, 0, pieces)


async def test_a_read_after_an_acknowledged_write_sees_it(shop: Shop) -> None:
    await shop.stock({MUG: 30})

    async def buy_and_look(n: int) -> None:
        held = await shop.hold(f"k{n}", {MUG: 1})
        there = await find_reservation(shop.store, held.id, STAFF)
        assert there is not None
        assert there.state is State.HELD
        assert (await shop.quantities(MUG)).reserved >= 1

    await asyncio.gather(*(buy_and_look(n) for n in range(30)))
    assert (await shop.quantities(MUG)).available == 0
