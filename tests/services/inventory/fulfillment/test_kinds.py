"""Sent home, sent to the shop, sold from another shop's shelf, held at the counter; and what comes back."""

import asyncio
from typing import Any

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound, Refused
from kit.mongo import Database
from kit.pages import PageArgs
from kit.times import utc_now
from services.inventory.actions import audit
from services.inventory.fulfillment import actions
from services.inventory.fulfillment.giving_back import Inspected
from services.inventory.fulfillment.model import Fulfillment, FulfillmentKind, FulfillmentState
from services.inventory.model import MovementReason, StockState
from services.inventory.paper.hand import move_by_hand
from services.inventory.paper.model import CommittedToPapers, Count, QuantityExceeded, WrongLocation, WrongState
from services.inventory.stock.model import Quantities, StockMove
from services.inventory.store import InventoryStore
from services.inventory.transfer import actions as transfers
from services.inventory.transfer.model import Arrival, Transfer, TransferFilter
from tests.services.inventory.fulfillment.world import Desk
from tests.services.inventory.paper.world import CLERK, at_location, crash_everywhere, refusal, step
from tests.services.inventory.world import MUG, Shop

State, Kind = FulfillmentState, FulfillmentKind
HOME = "1-1 Chiyoda, Tokyo"


async def ship(shop: Shop, made: Fulfillment) -> Fulfillment:
    return await actions.ship(shop.store, "Yamato", "TRK-1", step(made.id, "ship"))


async def test_a_shop_sends_home_what_was_bought_online(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    made = await desk.pickup(MUG, address=HOME)
    assert (made.kind, made.place_id) == (Kind.SHIP, None)
    await desk.picked(made)
    wrong = await refusal(actions.make_ready(desk.shop.store, step(made.id, "ready")))
    assert isinstance(wrong, WrongState)
    sent = await ship(desk.shop, made)
    assert (sent.state, sent.carrier, sent.tracking) == (State.SHIPPED, "Yamato", "TRK-1")
    assert await desk.shop.quantities(MUG) == Quantities(3, 3)
    assert (await actions.deliver(desk.shop.store, step(made.id, "deliver"))).state is State.DELIVERED
    late = await refusal(actions.cancel(desk.shop.store, step(made.id, "cancel"), own_only=False))
    assert isinstance(late, WrongState)


async def test_a_clerk_sells_what_lies_elsewhere(desk: Desk) -> None:
    """Endless aisle: sold in Ginza, from Osaka's shelf, to the shopper's home; each sees it, Shibuya does not."""
    shop = desk.shop
    await shop.stock({MUG: 5}, at=shop.osaka)
    held = await desk.reserve((MUG, 1, shop.osaka))
    draft = desk.draft(held, address=HOME, sold_at=shop.ginza)
    foreign = await refusal(
        actions.create(shop.store, draft, step("", "create", *draft.content, by=at_location(shop.shibuya)))
    )
    assert isinstance(foreign, WrongLocation)
    by = at_location(shop.ginza)
    (made,) = await actions.create(shop.store, draft, step("", "create", *draft.content, by=by))
    assert (made.kind, made.source_id, made.sold_at) == (Kind.SHIP, shop.osaka, shop.ginza)
    not_here = await refusal(actions.start_picking(shop.store, step(made.id, "start", by=by)))
    assert isinstance(not_here, WrongLocation)
    await desk.picked(made)
    assert (await ship(shop, made)).state is State.SHIPPED
    assert await shop.quantities(MUG, shop.osaka) == Quantities(4, 4)


async def test_pieces_are_sent_to_the_shop_and_picked_up_there(desk: Desk) -> None:
    shop = desk.shop
    await shop.stock({MUG: 5}, at=shop.osaka)
    made = await desk.from_osaka(MUG, 2)
    assert (made.kind, made.place_id) == (Kind.SHIP_TO_STORE, shop.ginza)
    await desk.picked(made)
    early = await refusal(actions.make_ready(shop.store, step(made.id, "ready")))
    assert isinstance(early, WrongState)
    assert early.allowed_states == ("ARRIVED",)
    sent = await ship(shop, made)
    assert (sent.state, await shop.quantities(MUG, shop.osaka)) == (State.IN_TRANSIT, Quantities(3, 3))
    on_the_way = await refusal(actions.cancel(shop.store, step(made.id, "cancel"), own_only=False))
    assert isinstance(on_the_way, WrongState)
    await actions.arrive(shop.store, None, step(made.id, "arrive"))
    assert await shop.quantities(MUG) == Quantities(2, committed=2)
    waiting = await actions.make_ready(shop.store, step(made.id, "ready"))
    assert (await desk.collect(waiting)).state is State.COLLECTED
    assert await shop.quantities(MUG) == Quantities()


async def test_what_is_lost_on_the_way_to_the_shop_is_taken_from_elsewhere(desk: Desk) -> None:
    shop = desk.shop
    await shop.stock({MUG: 5}, at=shop.osaka)
    await shop.stock({MUG: 1})
    made = await desk.from_osaka(MUG, 3)
    await desk.picked(made)
    await ship(shop, made)
    arrived = await actions.arrive(shop.store, [Count(MUG, 2)], step(made.id, "arrive"))
    assert (arrived.state, arrived.lines[0].short) == (State.ARRIVED, 1)
    (replacement,) = arrived.replacements
    child = await desk.now(replacement.id)
    assert (child.source_id, child.kind, child.place_id) == (shop.ginza, Kind.PICKUP, shop.ginza)
    assert await shop.quantities(MUG) == Quantities(3, committed=3)


async def leg_of(desk: Desk, made: Fulfillment) -> Transfer:
    (leg,) = (await desk.shop.store.transfers.list_page(TransferFilter(), PageArgs.parse(9, None))).nodes
    assert leg.fulfillment_id == made.id
    return leg


async def test_the_way_to_the_shop_is_a_transfer_that_is_received_in_parts(desk: Desk) -> None:
    shop = desk.shop
    await shop.stock({MUG: 5}, at=shop.osaka)
    await shop.stock({MUG: 1})
    made = await desk.picked(await desk.from_osaka(MUG, 4))
    await ship(shop, made)
    leg = await leg_of(desk, made)
    assert (leg.state, leg.tracking, leg.origin_id, leg.destination_id, leg.lines[0].in_transit) == (
        *("SHIPPED", "TRK-1", shop.osaka, shop.ginza),
        4,
    )
    stopped = await refusal(transfers.cancel_transfer(shop.store, step(leg.id, "cancel")))
    assert isinstance(stopped, WrongState)
    await transfers.receive_transfer(shop.store, [Arrival(MUG, 2, 1)], step(leg.id, "receive"))
    assert await shop.quantities(MUG) == Quantities(4, 1, committed=2, damaged=1)
    assert (await desk.now(made.id)).state is State.IN_TRANSIT
    away = StockMove("away", MUG, shop.ginza, StockState.COMMITTED, None, 1, MovementReason.CORRECTED)
    taken = await refusal(move_by_hand(shop.store, away, actor=CLERK.actor, now=utc_now()))
    assert isinstance(taken, CommittedToPapers)
    assert taken.paper_ids == (leg.id,)
    assert await audit(shop.store) == []
    await transfers.receive_transfer(shop.store, [Arrival(MUG, 1)], step(leg.id, "receive"))
    there = await desk.now(made.id)
    assert (there.state, there.lines[0].picked, there.lines[0].short) == (State.ARRIVED, 3, 1)
    assert [each.location_id for each in there.replacements] == [shop.ginza]
    waiting = await actions.make_ready(shop.store, step(made.id, "ready"))
    assert (await desk.collect(waiting)).state is State.COLLECTED
    assert await shop.quantities(MUG) == Quantities(2, committed=1, damaged=1)


async def test_what_its_transfer_gives_up_is_short_and_may_be_found(desk: Desk) -> None:
    shop = desk.shop
    await shop.stock({MUG: 2}, at=shop.osaka)
    made = await desk.picked(await desk.from_osaka(MUG, 2))
    await ship(shop, made)
    leg = await leg_of(desk, made)
    await transfers.close_transfer(shop.store, step(leg.id, "close"))
    assert (await desk.now(made.id)).state is State.SHORT
    await transfers.find_lost(shop.store, [Count(MUG, 1)], shop.ginza, step(leg.id, "find"))
    assert await shop.quantities(MUG) == Quantities(1, 1)


async def test_received_by_one_and_arrived_by_another_at_once_each_piece_comes_once(desk: Desk) -> None:
    shop = desk.shop
    for turn in range(4):
        sku = f"T{turn}"
        await shop.stock({sku: 3}, at=shop.osaka)
        made = await desk.picked(await desk.from_osaka(sku, 3))
        await ship(shop, made)
        leg = f"trf_{made.id.partition('_')[2]}"
        done = await asyncio.gather(
            transfers.receive_transfer(shop.store, [Arrival(sku, 3)], step(leg, "receive")),
            actions.arrive(shop.store, None, step(made.id, "arrive")),
            return_exceptions=True,
        )
        assert all(isinstance(one, Fulfillment | Transfer | Refused) for one in done)
        there = await desk.now(made.id)
        assert (there.state, there.lines[0].picked, there.missing) == (State.ARRIVED, 3, ())
        assert await shop.quantities(sku) == Quantities(3, committed=3)


async def test_the_key_of_an_arrival_is_its_own(desk: Desk) -> None:
    shop = desk.shop
    await shop.stock({MUG: 5}, at=shop.osaka)
    made = await desk.picked(await desk.from_osaka(MUG, 2))
    await ship(shop, made)
    foreign = await refusal(actions.arrive(shop.store, None, step(made.id, "arrive", by=at_location(shop.osaka))))
    assert isinstance(foreign, WrongLocation)
    with_key = step(made.id, "arrive", "all", key="arrived")
    done = await asyncio.gather(*[actions.arrive(shop.store, None, with_key) for _ in range(4)])
    assert {(each.state, each.version) for each in done} == {(State.ARRIVED, done[0].version)}
    other = await refusal(actions.arrive(shop.store, [Count(MUG, 1)], step(made.id, "arrive", "one", key="arrived")))
    assert other == IdempotencyKeyReused(key="arrived")
    late = await refusal(actions.arrive(shop.store, None, step(made.id, "arrive")))
    assert isinstance(late, WrongState)
    reused = await refusal(actions.make_ready(shop.store, step(made.id, "ready", key="arrived")))
    assert reused == IdempotencyKeyReused(key="arrived")


async def test_one_order_from_two_places_is_two_fulfilments(desk: Desk) -> None:
    shop = desk.shop
    await shop.stock({MUG: 5})
    await shop.stock({MUG: 5, "CUP": 5}, at=shop.osaka)
    held = await desk.reserve((MUG, 1, shop.ginza), (MUG, 1, shop.osaka), ("CUP", 2, shop.osaka))
    made = await actions.create(shop.store, desk.draft(held), step("", "create"))
    assert sorted((each.kind.value, len(each.lines)) for each in made) == [("PICKUP", 1), ("SHIP_TO_STORE", 2)]
    assert len({each.order_id for each in made}) == 1


async def test_a_hold_at_the_counter_needs_no_order_and_is_of_what_lies_there(desk: Desk) -> None:
    shop = desk.shop
    await shop.stock({MUG: 5})
    await shop.stock({MUG: 5}, at=shop.osaka)
    held = await desk.reserve((MUG, 1, shop.osaka))
    draft = desk.draft(held, counter_hold=True)
    elsewhere = await refusal(actions.create(shop.store, draft, step("", "create")))
    assert isinstance(elsewhere, InvalidInput)
    assert elsewhere.path == ("input", "pickupLocationId")
    made = await desk.pickup(MUG, 1, counter_hold=True)
    assert made.kind is Kind.COUNTER_HOLD
    waiting = await desk.ready(made)
    assert (await desk.collect(waiting)).state is State.COLLECTED


async def handed_over(desk: Desk, pieces: int = 3) -> Fulfillment:
    await desk.shop.stock({MUG: 5})
    return await desk.collect(await desk.ready(await desk.pickup(MUG, pieces)))


async def give_back(desk: Desk, id: str, pieces: int, where: str, **more: Any) -> Fulfillment:
    counts = [Count(MUG, pieces)]
    return await actions.give_back(desk.shop.store, counts, where, step(id, "return", pieces, where, **more))


async def test_pieces_come_back_anywhere_and_are_looked_at_first(desk: Desk) -> None:
    shop = desk.shop
    done = await handed_over(desk)
    first = await give_back(desk, done.id, 2, shop.shibuya)
    assert await shop.quantities(MUG, shop.shibuya) == Quantities(2, quality_hold=2)
    (back,) = first.returns
    verdict = [Inspected(MUG, 1, 0, 1)]
    seen = await actions.inspect(shop.store, back.id, verdict, step(done.id, "inspect"))
    assert (seen.returns[0].lines[0].waiting, seen.lines[0].returned) == (0, 2)
    assert await shop.quantities(MUG, shop.shibuya) == Quantities(1, 1)
    again = await refusal(actions.inspect(shop.store, back.id, [Inspected(MUG, 1)], step(done.id, "inspect")))
    assert isinstance(again, QuantityExceeded)
    assert (again.requested, again.allowed, again.what) == (1, 0, "wait for inspection")


async def test_no_more_comes_back_than_was_handed_over(desk: Desk) -> None:
    shop = desk.shop
    done = await handed_over(desk)
    await give_back(desk, done.id, 2, shop.ginza, key="k")
    await give_back(desk, done.id, 2, shop.ginza, key="k")
    much = await refusal(give_back(desk, done.id, 2, shop.osaka))
    assert isinstance(much, QuantityExceeded)
    assert (much.requested, much.allowed, much.what) == (2, 1, "are out")
    nowhere = await refusal(give_back(desk, done.id, 1, "loc_none"))
    assert isinstance(nowhere, NotFound)
    waiting = await desk.pickup(MUG, 1)
    early = await refusal(give_back(desk, waiting.id, 1, shop.ginza))
    assert isinstance(early, WrongState)
    unknown = await refusal(actions.inspect(shop.store, "x", [Inspected(MUG, 1)], step(done.id, "inspect")))
    assert isinstance(unknown, NotFound)


async def test_a_crash_on_the_way_to_the_shop_leaves_no_piece_in_two_places_or_none(desk: Desk, db: Database) -> None:
    shop = desk.shop

    async def prepare(name: str) -> Fulfillment:
        await shop.stock({name: 5}, at=shop.osaka)
        return await desk.picked(await desk.from_osaka(name, 2))

    async def act(store: InventoryStore, made: Fulfillment) -> object:
        await actions.ship(store, None, None, step(made.id, "ship"))
        return await actions.arrive(store, None, step(made.id, "arrive"))

    async def check(made: Fulfillment) -> None:
        there, sku = await desk.now(made.id), made.lines[0].sku
        on_the_way = 2 if there.state is State.IN_TRANSIT else 0
        levels = (await shop.store.stock.levels_at([sku], [shop.ginza, shop.osaka]))[sku]
        assert sum(level.quantities.on_hand for level in levels) + on_the_way == 5
        assert sum(level.quantities.committed for level in levels) == 2 - on_the_way

    assert await crash_everywhere(shop, db, prepare, act, check) > 8
