"""A bundle holds its components; its composition comes by events, and a reservation remembers it."""

from dataclasses import replace

import pytest

from kit.errors import IdempotencyKeyReused, InvalidInput, Refused
from kit.events import Event
from kit.times import utc_now
from services.inventory.actions import commit, release, reserve
from services.inventory.bundle.model import Component
from services.inventory.events import BUNDLE_CHANGED, hear_bundles
from services.inventory.model import InsufficientStock, Sku
from services.inventory.reservation.model import MAX_QUANTITY, Commitment, Line, Reservation
from services.inventory.stock.model import Quantities
from tests.services.inventory.world import CUP, LAMP, MUG, WEB, Pieces, Shop

SET = Sku("TEA-SET")


def changed(version: int, **components: int) -> Event:
    parts = [{"sku": sku, "quantity": quantity} for sku, quantity in components.items()]
    data = {"sku": SET, "version": version, "components": parts}
    return Event(f"prd_1:v{version}:bundle:{SET}", "/noren/catalog", BUNDLE_CHANGED, SET, utc_now(), data)


async def held(shop: Shop, pieces: Pieces, key: str = "k") -> Reservation:
    return await reserve(shop.store, shop.want(key, pieces), actor=WEB, now=utc_now())


@pytest.fixture
async def tea(shop: Shop) -> Shop:
    """A set is one mug and two cups."""
    await shop.stock({MUG: 10, CUP: 10, LAMP: 3})
    await hear_bundles(shop.store, [changed(1, MUG=1, CUP=2)])
    return shop


async def test_a_bundle_reserves_its_components_and_is_remembered(tea: Shop) -> None:
    reservation = await held(tea, {SET: 2, CUP: 1, LAMP: 1})
    assert {line.sku: line.quantity for line in reservation.lines} == {MUG: 2, CUP: 5, LAMP: 1}
    (bundle,) = reservation.bundles
    assert (bundle.sku, bundle.quantity, bundle.components) == (SET, 2, (Component(MUG, 1), Component(CUP, 2)))
    assert await tea.quantities(CUP) == Quantities(10, 5, 5)
    await release(tea.store, reservation.id, "r", actor=WEB, now=utc_now())
    assert await tea.quantities(CUP) == Quantities(10, 10)


async def test_a_component_that_is_short_refuses_the_bundle_at_its_line(tea: Shop) -> None:
    with pytest.raises(Refused) as caught:
        await held(tea, {LAMP: 1, SET: 6})
    (refusal,) = caught.value.refusals
    assert isinstance(refusal, InsufficientStock)
    assert (refusal.sku, refusal.requested, refusal.available) == (CUP, 12, 10)
    assert refusal.path == ("input", "lines", "1", "quantity")
    assert await tea.quantities(LAMP) == Quantities(3, 3)


async def test_the_same_key_returns_what_was_held_although_the_bundle_has_changed(tea: Shop) -> None:
    first = await held(tea, {SET: 1})
    await hear_bundles(tea.store, [changed(3, MUG=3)])
    assert (await held(tea, {SET: 1})).lines == first.lines
    assert {line.sku: line.quantity for line in (await held(tea, {SET: 1}, "new")).lines} == {MUG: 3}
    with pytest.raises(Refused) as caught:
        await held(tea, {SET: 2})
    assert caught.value.refusals == (IdempotencyKeyReused(key="k"),)


async def test_a_part_is_committed_by_the_bundle_as_it_was(tea: Shop) -> None:
    reservation = await held(tea, {SET: 3, CUP: 1})
    await hear_bundles(tea.store, [changed(2, LAMP=1)])
    part = Commitment(None, (Line(SET, tea.ginza, 2),))
    done = await commit(tea.store, reservation.id, "c", actor=WEB, now=utc_now(), how=part)
    assert {line.sku: line.taken for line in done.lines} == {MUG: 2, CUP: 4}
    assert await tea.quantities(CUP) == Quantities(6, 6)


async def test_events_in_any_order_leave_the_latest_version(tea: Shop) -> None:
    await hear_bundles(tea.store, [changed(5), changed(4, LAMP=1), changed(2, LAMP=2)])
    with pytest.raises(Refused):
        await held(tea, {SET: 1})
    assert await tea.store.bundles.of([SET]) == {}


async def test_absurd_bundles_are_refused_before_anything_is_held(tea: Shop) -> None:
    with pytest.raises(Refused) as caught:
        await held(tea, {SET: MAX_QUANTITY})
    assert all(isinstance(each, InvalidInput) for each in caught.value.refusals)
    draft = replace(tea.want("k", {SET: 1}), lines=())
    with pytest.raises(Refused):
        await reserve(tea.store, draft, actor=WEB, now=utc_now())
