"""Fulfilments take the pick capacity of their location's day: never beyond its limit, given back when it is over."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import LocationEdit, audit, sweep_papers, upsert_location
from services.inventory.auditor.actions import audit_pass
from services.inventory.capacity.actions import hold_picks
from services.inventory.capacity.model import PickCapacityExceeded, PickHoldState
from services.inventory.fulfillment import actions
from services.inventory.fulfillment.life import Picked
from services.inventory.fulfillment.model import Fulfillment, FulfillmentState
from services.inventory.fulfillment.picks import MAX_DAYS, pick_days
from services.inventory.location.model import Location
from services.inventory.location.operation import LocationService, Operation
from services.inventory.model import LocationId
from services.inventory.reservation.model import Reservation, ReservationState
from services.inventory.sourcing.actions import Order, reserve_sourced
from services.inventory.store import InventoryStore
from tests.services.inventory.fulfillment.world import Desk
from tests.services.inventory.paper.world import crash_everywhere, refusal, step
from tests.services.inventory.sourcing.test_actions import POLICY, wish
from tests.services.inventory.world import MUG, STAFF, Shop

State = FulfillmentState


async def picks_a_day(shop: Shop, limit: int | None, at: LocationId | None = None) -> Location:
    """A location that ships, open day and night, and picks so much."""
    row = (await shop.store.locations.by_id([at or shop.ginza]))[at or shop.ginza]
    ships = Operation(services=frozenset({LocationService.SHIP_FROM}), daily_picks=limit)
    return await upsert_location(
        shop.store, replace(row.draft, operation=ships), LocationEdit(row.id, row.version), now=utc_now()
    )


async def load(shop: Shop, location: Location) -> list[tuple[int, int]]:
    """What is held and used on each of its days."""
    days = pick_days(location, utc_now())
    found = await shop.store.capacity.days([(location.id, day) for day in days])
    return [(found[location.id, day].held, found[location.id, day].used) for day in days]


async def test_picks_are_held_then_used_and_what_was_not_found_is_given_back(desk: Desk) -> None:
    ginza = await picks_a_day(desk.shop, 10)
    await desk.shop.stock({MUG: 9})
    made = await desk.pickup(MUG, 4)
    assert made.picks is not None
    assert (made.picks.day, (await load(desk.shop, ginza))[0]) == (pick_days(ginza, utc_now())[0], (4, 0))
    await actions.start_picking(desk.shop.store, step(made.id, "start"))
    picked = step(made.id, "pick")
    for _ in range(2):
        await actions.record_picked(desk.shop.store, [Picked(MUG, 3, 1)], picked)
    assert (await load(desk.shop, ginza))[0] == (0, 3)
    await actions.cancel(desk.shop.store, step(made.id, "cancel"), own_only=False)
    assert (await load(desk.shop, ginza))[0] == (0, 3), "fetched is fetched"


async def test_picks_are_given_back_when_it_is_called_off_before_they_are_made(desk: Desk) -> None:
    ginza = await picks_a_day(desk.shop, 10)
    await desk.shop.stock({MUG: 9})
    one, other = await desk.pickup(MUG, 4), await desk.pickup(MUG, 3)
    await actions.start_picking(desk.shop.store, step(other.id, "start"))
    assert (await load(desk.shop, ginza))[0] == (7, 0)
    for made in (one, other):
        await actions.cancel(desk.shop.store, step(made.id, "cancel"), own_only=False)
    assert (await load(desk.shop, ginza))[0] == (0, 0)


async def test_a_full_day_leaves_it_to_the_next_and_a_large_one_fills_one(desk: Desk) -> None:
    ginza = await picks_a_day(desk.shop, 5)
    await desk.shop.stock({MUG: 30})
    days = [made.picks.day for made in [await desk.pickup(MUG, each) for each in (3, 3, 2, 8)] if made.picks]
    first, second, third, *_ = pick_days(ginza, utc_now())
    assert days == [first, second, first, third]
    assert (await load(desk.shop, ginza))[:4] == [(5, 0), (3, 0), (5, 0), (0, 0)]


async def test_without_room_in_a_fortnight_it_is_refused_and_nothing_is_half_done(desk: Desk) -> None:
    shop = desk.shop
    ginza = await picks_a_day(shop, 3)
    await shop.stock({MUG: 5})
    await shop.stock({MUG: 5}, at=shop.osaka)
    for day in pick_days(ginza, utc_now()):
        await hold_picks(shop.store, ginza, day, 2, "others", now=utc_now())
    osaka = await picks_a_day(shop, 9, shop.osaka)
    held = await desk.reserve((MUG, 2, shop.ginza), (MUG, 2, shop.osaka))
    draft = desk.draft(held)
    again = step("", "create", *draft.content)
    refused = await refusal(actions.create(shop.store, draft, again))
    assert isinstance(refused, PickCapacityExceeded)
    assert (refused.location_id, refused.requested, refused.left) == (shop.ginza, 2, 1)
    assert await shop.store.fulfillments.of_reservation(held.id) == []
    assert (await load(shop, osaka))[0] == (0, 0)
    there = await shop.store.reservations.by_id(held.id)
    assert there is not None
    assert there.state is ReservationState.HELD
    await picks_a_day(shop, 4)
    made = await actions.create(shop.store, draft, again)
    assert [each.state for each in made] == [State.ALLOCATED] * 2
    assert (await load(shop, osaka))[0] == (2, 0)


async def test_many_at_once_never_take_more_than_a_day_has(desk: Desk) -> None:
    ginza = await picks_a_day(desk.shop, 5)
    await desk.shop.stock({MUG: 60})
    made = await asyncio.gather(*[desk.pickup(MUG, 1 + number % 3) for number in range(18)])
    taken: Counter[object] = Counter()
    for each in made:
        assert each.picks is not None
        taken[each.picks.day] += each.picks.pieces
    assert max(taken.values()) <= 5
    assert [held for held, _ in await load(desk.shop, ginza) if held] == [taken[day] for day in sorted(taken)]  # type: ignore[type-var]


async def test_the_same_key_at_once_holds_once(desk: Desk) -> None:
    ginza = await picks_a_day(desk.shop, 5)
    await desk.shop.stock({MUG: 9})
    held = await desk.reserve((MUG, 2, desk.shop.ginza))
    draft = desk.draft(held)
    command = step("", "create", *draft.content)
    made = await asyncio.gather(*[actions.create(desk.shop.store, draft, command) for _ in range(8)])
    assert {each.id for (each,) in made} == {made[0][0].id}
    assert await load(desk.shop, ginza) == [(2, 0)] + [(0, 0)] * (MAX_DAYS - 1)


async def test_what_sourcing_held_gives_way_to_the_fulfilment(desk: Desk) -> None:
    shop = desk.shop
    ginza = await picks_a_day(shop, 3)
    await shop.stock({MUG: 9})
    order = Order("basket", wish({MUG: 3}))
    sourced = await reserve_sourced(shop.store, order, POLICY, actor=STAFF, now=utc_now())
    assert (await load(shop, ginza))[0] == (3, 0)
    (made,) = await actions.create(shop.store, desk.draft(sourced.reservation), step("", "create"))
    assert made.picks is not None
    assert (made.picks.day, await load(shop, ginza)) == (
        pick_days(ginza, utc_now())[0],
        [(3, 0)] + [(0, 0)] * (MAX_DAYS - 1),
    )


async def test_a_re_sourced_part_takes_picks_where_there_is_room(desk: Desk) -> None:
    shop = desk.shop
    shibuya, osaka = await picks_a_day(shop, 4, shop.shibuya), await picks_a_day(shop, 4, shop.osaka)
    for at in (shop.ginza, shop.shibuya, shop.osaka):
        await shop.stock({MUG: 5}, at=at)
    for day in pick_days(shibuya, utc_now()):
        await hold_picks(shop.store, shibuya, day, 4, "full", now=utc_now())
    made = await desk.pickup(MUG, 2)
    await actions.start_picking(shop.store, step(made.id, "start"))
    short = await actions.record_picked(shop.store, [Picked(MUG, 0, 2)], step(made.id, "pick"))
    (replacement,) = short.replacements
    assert replacement.location_id == shop.osaka, "Shibuya is nearer and full"
    assert (await load(shop, osaka))[0] == (2, 0)
    await actions.cancel(shop.store, step(replacement.id, "cancel"), own_only=False)
    assert (await load(shop, osaka))[0] == (0, 0)


async def test_wherever_making_it_dies_its_picks_are_held_once_or_not_at_all(desk: Desk, db: Database) -> None:
    shop = desk.shop
    ginza = await picks_a_day(shop, 500)
    before = [0]

    async def prepare(sku: str) -> Reservation:
        await shop.stock({sku: 2})
        return await desk.reserve((sku, 2, shop.ginza))

    async def act(store: InventoryStore, held: Reservation) -> None:
        await actions.create(store, desk.draft(held), step("", "create", key=held.id))

    async def check(held: Reservation) -> None:
        made = await shop.store.fulfillments.of_reservation(held.id)
        assert {each.state for each in made} <= {State.ALLOCATED}
        picks, _ = (await load(shop, ginza))[0]
        assert picks - before[0] == (2 if made else 0)
        before[0] = picks

    assert await crash_everywhere(shop, db, prepare, act, check) > 12


async def test_wherever_calling_it_off_dies_its_picks_are_given_back(desk: Desk, db: Database) -> None:
    shop = desk.shop
    ginza = await picks_a_day(shop, 500)

    async def prepare(sku: str) -> Fulfillment:
        await shop.stock({sku: 2})
        return await desk.pickup(sku, 2)

    async def act(store: InventoryStore, made: Fulfillment) -> None:
        await actions.cancel(store, step(made.id, "cancel"), own_only=False)

    async def check(made: Fulfillment) -> None:
        if (await desk.now(made.id)).state is State.ALLOCATED:
            await actions.cancel(shop.store, step(made.id, "again"), own_only=False)
        assert (await load(shop, ginza))[0] == (0, 0)

    assert await crash_everywhere(shop, db, prepare, act, check) > 5


async def test_one_nobody_collects_has_used_its_picks(desk: Desk) -> None:
    ginza = await picks_a_day(desk.shop, 5)
    await desk.shop.stock({MUG: 5})
    made = await desk.ready(await desk.pickup(MUG, 2))
    await sweep_papers(desk.shop.store, now=utc_now() + timedelta(days=8))
    assert (await desk.now(made.id)).state is State.NO_SHOW
    assert (await load(desk.shop, ginza))[0] == (0, 2)


async def test_the_audit_sees_picks_that_are_gone(desk: Desk, db: Database) -> None:
    ginza = await picks_a_day(desk.shop, 5)
    await desk.shop.stock({MUG: 5})
    made = await desk.pickup(MUG, 2)
    assert made.picks is not None
    hold = await desk.shop.store.capacity.find(ginza.id, made.picks.day, made.picks.key)
    assert hold is not None
    assert await desk.shop.store.capacity.end(hold, PickHoldState.RELEASED)
    assert [problem.split(": ")[0] for problem in await audit(desk.shop.store)] == [made.id]
    assert (await audit_pass(desk.shop.store)).open_findings == 1
    await db["pick_days"].update_one({}, {"$inc": {"held": 2}})
    assert len(await audit(desk.shop.store)) == 2
    await db["pick_days"].update_one({}, {"$set": {"holds.0.state": "HELD", "holds.0.pieces": 2}})
