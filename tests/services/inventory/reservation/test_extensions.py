"""A reservation is held longer by its own key, never shorter, never for ever."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound, Refused
from kit.times import utc_now
from services.inventory.actions import commit, extend, reserve, sweep
from services.inventory.reservation.model import (
    MAX_EXTENSIONS,
    MAX_HOLD_S,
    Reservation,
    ReservationEnded,
    ReservationState,
)
from tests.services.inventory.world import MUG, WEB, Shop

NOW = utc_now().replace(microsecond=0)


@pytest.fixture
async def held(shop: Shop) -> Reservation:
    await shop.stock({MUG: 5})
    return await reserve(shop.store, shop.want("k", {MUG: 2}, hold_s=60), actor=WEB, now=NOW)


async def longer(shop: Shop, held: Reservation, key: str, hold_s: int, now: datetime = NOW) -> Reservation:
    return await extend(shop.store, held.id, key, hold_s, actor=WEB, now=now)


async def refused(shop: Shop, held: Reservation, key: str, hold_s: int, now: datetime = NOW) -> object:
    with pytest.raises(Refused) as caught:
        await longer(shop, held, key, hold_s, now)
    return caught.value.refusals[0]


async def test_it_is_held_from_now_on_and_never_shorter(shop: Shop, held: Reservation) -> None:
    later = NOW + timedelta(seconds=30)
    assert (await longer(shop, held, "e1", 300, later)).expires_at == later + timedelta(seconds=300)
    assert (await longer(shop, held, "e2", 40, later)).expires_at == later + timedelta(seconds=300)
    assert (await sweep(shop.store, now=NOW + timedelta(seconds=200))).expired == 0
    assert (await sweep(shop.store, now=NOW + timedelta(seconds=331))).expired == 1


async def test_the_same_key_extends_once(shop: Shop, held: Reservation) -> None:
    first = await longer(shop, held, "e", 100)
    much_later = NOW + timedelta(seconds=50)
    again = await asyncio.gather(*(longer(shop, held, "e", 100, much_later) for _ in range(4)))
    assert {each.expires_at for each in again} == {first.expires_at}
    assert await refused(shop, held, "e", 120) == IdempotencyKeyReused(key="e")


async def test_what_has_ended_cannot_be_held_longer(shop: Shop, held: Reservation) -> None:
    expired = await refused(shop, held, "e", 100, NOW + timedelta(seconds=60))
    assert expired == ReservationEnded(reservation_id=held.id, state=ReservationState.EXPIRED)
    await commit(shop.store, held.id, "c", actor=WEB, now=NOW)
    ended = await refused(shop, held, "e", 100)
    assert ended == ReservationEnded(reservation_id=held.id, state=ReservationState.COMMITTED)


async def test_a_foreign_reservation_does_not_exist(shop: Shop, held: Reservation) -> None:
    with pytest.raises(Refused) as caught:
        await extend(shop.store, held.id, "e", 100, actor=replace(WEB, channel="app"), now=NOW)
    assert isinstance(caught.value.refusals[0], NotFound)


@pytest.mark.parametrize("hold_s", [0, -5, 29, MAX_HOLD_S + 1])
async def test_an_absurd_time_is_refused(shop: Shop, held: Reservation, hold_s: int) -> None:
    refusal = await refused(shop, held, "e", hold_s)
    assert isinstance(refusal, InvalidInput)
    assert refusal.path == ("input", "holdSeconds")


async def test_it_is_not_held_for_ever(shop: Shop, held: Reservation) -> None:
    assert isinstance(await refused(shop, held, "e", MAX_HOLD_S, NOW + timedelta(seconds=5)), InvalidInput)
    for n in range(MAX_EXTENSIONS):
        await longer(shop, held, f"e{n}", 60)
    assert isinstance(await refused(shop, held, "one more", 60), InvalidInput)
