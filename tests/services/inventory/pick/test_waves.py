"""Waves: gathered, in the order of the shelves, claimed by one, confirmed by line, shared out, crash by crash."""

import asyncio
from typing import Any

import pytest

from kit.errors import InvalidInput, NotFound, Refused
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import sweep_papers
from services.inventory.fulfillment import actions as fulfillments
from services.inventory.fulfillment.model import Fulfillment, FulfillmentState
from services.inventory.paper.model import QuantityExceeded, WrongLocation, WrongState
from services.inventory.pick import actions
from services.inventory.pick.model import BinOf, Confirmed, Share, Wave, WaveLine, WaveState, natural, share_out
from services.inventory.stock.model import Quantities
from services.inventory.store import InventoryStore
from tests.services.inventory.fulfillment.world import Desk
from tests.services.inventory.paper.world import BOSS, CLERK, LATER, at_location, crash_everywhere, refusal, step
from tests.services.inventory.world import MUG, Shop


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return Desk(shop)


async def create(desk: Desk, size: int = 20, **more: Any) -> Wave:
    command = step("", "plan", desk.shop.ginza, size, **more)
    return await actions.create_wave(desk.shop.store, desk.shop.ginza, size, command)


async def claimed(desk: Desk, **more: Any) -> Wave:
    wave = await create(desk, **more)
    return await actions.claim_wave(desk.shop.store, step(wave.id, "claim"))


async def confirm(desk: Desk, wave: Wave, *found: Confirmed, **more: Any) -> Wave:
    return await actions.confirm_lines(desk.shop.store, found, step(wave.id, "confirm", **more))


def test_shelves_are_walked_past_in_the_order_people_name_them() -> None:
    assert sorted(["B1", "A10", "a2", "A2-3", "A2"], key=natural) == ["a2", "A2", "A2-3", "A10", "B1"]


def test_what_was_found_goes_to_the_oldest_first() -> None:
    line = WaveLine(MUG, None, (Share("a", 2), Share("b", 2), Share("c", 1)), picked=3, damaged=1)
    shares = [(each.fulfillment_id, each.picked, each.damaged, each.short) for each in share_out(line)]
    assert shares == [("a", 2, 0, 0), ("b", 1, 1, 0), ("c", 0, 0, 1)]


async def test_one_walk_fetches_for_many(desk: Desk) -> None:
    shop = desk.shop
    await shop.stock({MUG: 9, "CUP": 9, "HAT": 9})
    bins = [BinOf(MUG, "A10"), BinOf("CUP", "A2")]
    await actions.assign_bins(shop.store, shop.ginza, bins, CLERK)
    first, second = await desk.pickup(MUG, 2), await desk.pickup(MUG, 1)
    held = await desk.reserve(("CUP", 1, shop.ginza), ("HAT", 1, shop.ginza))
    (third,) = await fulfillments.create(shop.store, desk.draft(held), step("", "create"))
    wave = await claimed(desk)
    assert [(line.sku, line.bin, line.quantity) for line in wave.lines] == [
        ("CUP", "A2", 1),
        (MUG, "A10", 3),
        ("HAT", None, 1),
    ]
    assert {(await desk.now(each.id)).state for each in (first, second, third)} == {FulfillmentState.PICKING}
    part = await confirm(desk, wave, Confirmed(MUG, 3), Confirmed("CUP", 1, place=1))
    assert (part.state, part.handing) == (WaveState.CLAIMED, ())
    assert (await desk.now(first.id)).state is FulfillmentState.PICKED
    assert (await desk.now(third.id)).state is FulfillmentState.PICKING
    done = await confirm(desk, part, Confirmed("HAT", 1))
    assert done.state is WaveState.DONE
    assert (await desk.now(third.id)).state is FulfillmentState.PICKED


async def test_a_short_line_is_short_for_the_youngest_and_looked_for_elsewhere(desk: Desk) -> None:
    shop = desk.shop
    await shop.stock({MUG: 5})
    await shop.stock({MUG: 5}, at=shop.osaka)
    first, second = await desk.pickup(MUG, 2), await desk.pickup(MUG, 2)
    wave = await claimed(desk)
    await confirm(desk, wave, Confirmed(MUG, 3))
    assert ((await desk.now(first.id)).lines[0].short, (await desk.now(second.id)).lines[0].short) == (0, 1)
    assert await shop.quantities(MUG, shop.osaka) == Quantities(5, 4, committed=1)
    assert await shop.quantities(MUG) == Quantities(4, 1, committed=3)


async def test_of_two_pickers_one_gets_the_list(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    await desk.pickup(MUG)
    wave = await create(desk)
    work = [actions.claim_wave(desk.shop.store, step(wave.id, "claim", by=by)) for by in (CLERK, BOSS)]
    done = await asyncio.gather(*work, return_exceptions=True)
    (lost,) = [each for each in done if isinstance(each, Refused)]
    assert isinstance(lost.refusals[0], WrongState)
    assert lost.refusals[0].current_state == "CLAIMED"


async def test_a_fulfilment_is_in_one_wave_only(desk: Desk) -> None:
    await desk.shop.stock({MUG: 9})
    for _ in range(4):
        await desk.pickup(MUG)
    done = await asyncio.gather(*(create(desk) for _ in range(3)), return_exceptions=True)
    ids = [id for wave in done if isinstance(wave, Wave) for id in wave.fulfillment_ids]
    assert (len(ids), len(set(ids))) == (4, 4)


async def test_a_wave_is_given_back_and_gone_on_with(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5, "CUP": 5})
    await desk.pickup(MUG)
    await desk.pickup("CUP")
    wave = await claimed(desk)
    await confirm(desk, wave, Confirmed(MUG, 2))
    await actions.release_wave(desk.shop.store, step(wave.id, "release"))
    nobody = await refusal(confirm(desk, wave, Confirmed("CUP", 2)))
    assert isinstance(nobody, WrongState)
    await actions.claim_wave(desk.shop.store, step(wave.id, "claim", by=BOSS))
    assert (await confirm(desk, wave, Confirmed("CUP", 2))).state is WaveState.DONE


async def test_what_is_called_off_during_the_walk_stays_called_off(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    made = await desk.pickup(MUG)
    wave = await claimed(desk)
    await fulfillments.cancel(desk.shop.store, step(made.id, "cancel"), own_only=False)
    assert (await confirm(desk, wave, Confirmed(MUG, 1))).state is WaveState.DONE
    assert ((await desk.now(made.id)).state, await desk.shop.quantities(MUG)) == (
        FulfillmentState.CANCELLED,
        Quantities(5, 5),
    )


async def test_what_cannot_be_confirmed_names_its_path(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    await desk.pickup(MUG)
    wave = await claimed(desk)
    much = await refusal(confirm(desk, wave, Confirmed(MUG, 2, 1)))
    assert isinstance(much, QuantityExceeded)
    assert (much.requested, much.allowed) == (3, 2)
    assert isinstance(await refusal(confirm(desk, wave, Confirmed("CUP", 1))), NotFound)
    assert isinstance(await refusal(confirm(desk, wave, Confirmed(MUG, -1))), InvalidInput)
    foreign = await refusal(confirm(desk, wave, Confirmed(MUG, 1), by=at_location(desk.shop.osaka)))
    assert isinstance(foreign, WrongLocation)
    await confirm(desk, wave, Confirmed(MUG, 2), key="k")
    await confirm(desk, wave, Confirmed(MUG, 2), key="k")
    for size in (0, 51):
        assert isinstance(await refusal(create(desk, size)), InvalidInput)
    assert isinstance(await refusal(create(desk)), InvalidInput), "nothing is left to fetch"


async def test_a_crash_loses_no_pick_and_counts_none_twice(desk: Desk, db: Database) -> None:
    shop = desk.shop

    async def prepare(name: str) -> tuple[Fulfillment, Fulfillment]:
        await shop.stock({name: 9})
        return await desk.pickup(name, 2), await desk.pickup(name, 2)

    async def act(store: InventoryStore, made: tuple[Fulfillment, Fulfillment]) -> object:
        wave = await actions.create_wave(store, shop.ginza, 20, step("", "plan"))
        await actions.claim_wave(store, step(wave.id, "claim"))
        return await actions.confirm_lines(store, [Confirmed(made[0].lines[0].sku, 3)], step(wave.id, "confirm"))

    async def check(made: tuple[Fulfillment, Fulfillment]) -> None:
        await sweep_papers(shop.store, now=utc_now() + LATER)
        there = [await desk.now(each.id) for each in made]
        short = sum(each.lines[0].short for each in there)
        states = {each.state for each in there}
        assert short in (0, 1)
        assert len(states) == 1, "both joined or none, both were told or none"
        taken = 4 - short
        assert await shop.quantities(made[0].lines[0].sku) == Quantities(9 - short, 5, committed=taken)
        for each in there:  # what is left of this round must not join the next one
            if each.state in (FulfillmentState.ALLOCATED, FulfillmentState.PICKING):
                await fulfillments.cancel(shop.store, step(each.id, "cancel"), own_only=False)

    assert await crash_everywhere(shop, db, prepare, act, check) > 10
