"""Click and collect: from the reservation to the counter, with the code, the short pick and the no-show."""

import asyncio
from datetime import timedelta

from kit.errors import IdempotencyKeyReused, NotFound, Refused
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import commit, release, sweep_papers
from services.inventory.fulfillment import actions
from services.inventory.fulfillment.code import PickupCodes, grouped, is_right, qr_picture, qr_text, tidy
from services.inventory.fulfillment.life import Picked
from services.inventory.fulfillment.model import (
    CodeLocked,
    Fulfillment,
    FulfillmentKind,
    FulfillmentState,
    ReservationTaken,
    WrongCode,
)
from services.inventory.paper.model import QuantityExceeded, WrongLocation, WrongState
from services.inventory.reservation.model import LATER, ReservationEnded
from services.inventory.stock.model import Quantities
from services.inventory.store import InventoryStore
from tests.services.inventory.fulfillment.world import Desk
from tests.services.inventory.paper.world import at_location, crash_everywhere, refusal, step
from tests.services.inventory.world import MUG, STAFF

State = FulfillmentState


async def test_pieces_go_from_the_shelf_into_the_shoppers_hands(desk: Desk) -> None:
    shop = desk.shop
    await shop.stock({MUG: 5})
    made = await desk.pickup(MUG)
    assert (made.state, made.kind, await shop.quantities(MUG)) == (
        State.ALLOCATED,
        FulfillmentKind.PICKUP,
        Quantities(5, 3, committed=2),
    )
    waiting = await desk.ready(made)
    assert waiting.collect_by is not None
    collected = await desk.collect(waiting)
    assert collected.state is State.COLLECTED
    assert await shop.quantities(MUG) == Quantities(3, 3)
    assert [each.action for each in collected.steps] == ["create", "allocate", "start", "pick", "ready", "collect"]


async def test_what_the_payment_committed_for_later_is_fulfilled_as_it_was_committed(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    held = await desk.reserve((MUG, 3, desk.shop.ginza))
    await commit(desk.shop.store, held.id, "paid", actor=STAFF, now=utc_now(), how=LATER)
    (made,) = await actions.create(desk.shop.store, desk.draft(held), step("", "create"))
    assert (made.state, made.lines[0].quantity) == (State.ALLOCATED, 3)


async def test_a_reservation_that_is_over_makes_nothing(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    held = await desk.reserve((MUG, 3, desk.shop.ginza))
    await release(desk.shop.store, held.id, "gone", actor=STAFF, now=utc_now())
    refused = await refusal(actions.create(desk.shop.store, desk.draft(held), step("", "create")))
    assert isinstance(refused, ReservationEnded)
    assert await desk.shop.store.fulfillments.of_reservation(held.id) == []
    assert await desk.shop.quantities(MUG) == Quantities(5, 5)


async def test_one_reservation_is_fulfilled_once(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    held = await desk.reserve((MUG, 3, desk.shop.ginza))
    draft = desk.draft(held)
    first = await actions.create(desk.shop.store, draft, step("", "create", *draft.content, key="k"))
    again = await actions.create(desk.shop.store, draft, step("", "create", *draft.content, key="k"))
    assert [each.id for each in first] == [each.id for each in again]
    other = await refusal(actions.create(desk.shop.store, draft, step("", "create", *draft.content)))
    assert isinstance(other, ReservationTaken)
    assert other.fulfillment_id == first[0].id
    next_one = await desk.reserve((MUG, 1, desk.shop.ginza))
    reused = desk.draft(next_one)
    refused = await refusal(actions.create(desk.shop.store, reused, step("", "create", *reused.content, key="k")))
    assert isinstance(refused, IdempotencyKeyReused)


async def test_of_two_clerks_with_one_code_one_wins(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    waiting = await desk.ready(await desk.pickup(MUG))
    done = await asyncio.gather(*(desk.collect(waiting) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(each, Fulfillment) for each in done) == 1
    late = [each for each in done if isinstance(each, Refused)]
    assert {refusal.code for each in late for refusal in each.refusals} == {"WRONG_STATE"}
    assert (await desk.shop.quantities(MUG)).on_hand == 3


async def test_wrong_codes_are_counted_and_lock_until_a_new_one_is_made(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    waiting = await desk.ready(await desk.pickup(MUG))
    for left in (4, 3, 2, 1, 0):
        wrong = await refusal(desk.collect(waiting, "0000-0000-0000-0000"))
        assert isinstance(wrong, WrongCode)
        assert wrong.attempts_left == left
    locked = await refusal(desk.collect(waiting))
    assert isinstance(locked, CodeLocked)
    renewed = await actions.renew_code(desk.shop.store, step(waiting.id, "renew"))
    assert isinstance(await refusal(desk.collect(renewed, desk.code(waiting))), WrongCode)
    assert (await desk.collect(renewed)).state is State.COLLECTED


async def test_many_guesses_at_once_are_no_more_than_the_attempts_there_are(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    waiting = await desk.ready(await desk.pickup(MUG))
    guesses = [desk.collect(waiting, f"{n:016d}") for n in range(20)]
    done = await asyncio.gather(*guesses, return_exceptions=True)
    codes = [refusal.code for each in done if isinstance(each, Refused) for refusal in each.refusals]
    assert (codes.count("WRONG_CODE"), codes.count("CODE_LOCKED")) == (5, 15)


def test_a_code_is_read_however_it_is_typed_and_kept_as_a_digest_only() -> None:
    codes = PickupCodes(b"a secret")
    code = codes.issue("ful_1", 1)
    shown = codes.reveal("ful_1", code)
    assert shown is not None
    assert len(tidy(shown)) == 16
    assert tidy(shown) not in str(code)
    assert is_right("ful_1", code, shown.lower().replace("-", " ").replace("0", "o").replace("1", "l"))
    assert not is_right("ful_2", code, shown)
    assert codes.reveal("ful_1", codes.issue("ful_1", 2)) != shown
    assert PickupCodes(b"another secret").reveal("ful_1", code) is None
    assert grouped("ABCDEFGHJKMNPQRS") == "ABCD-EFGH-JKMN-PQRS"
    assert qr_text("ful_1", "AB-CD") == "noren:pickup:ful_1:ABCD"
    assert qr_picture("noren:pickup").startswith("data:image/png;base64,iVBOR")


async def test_a_code_lies_nowhere_in_the_database(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    waiting = await desk.ready(await desk.pickup(MUG))
    document = await desk.shop.store.fulfillments.collection.find_one({"_id": waiting.id})
    assert tidy(desk.code(waiting)) not in str(document)


async def test_nobody_comes_and_the_pieces_are_sold_again(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    waiting = await desk.ready(await desk.pickup(MUG, hold_days=1))
    await sweep_papers(desk.shop.store, now=utc_now() + timedelta(hours=23))
    assert (await desk.now(waiting.id)).state is State.READY
    await sweep_papers(desk.shop.store, now=utc_now() + timedelta(hours=25))
    gone = await desk.now(waiting.id)
    assert (gone.state, await desk.shop.quantities(MUG)) == (State.NO_SHOW, Quantities(5, 5))
    late = await refusal(desk.collect(waiting))
    assert isinstance(late, WrongState)
    assert late.current_state == "NO_SHOW"


async def test_missing_pieces_come_from_another_location(desk: Desk) -> None:
    shop = desk.shop
    await shop.stock({MUG: 5})
    await shop.stock({MUG: 5}, at=shop.osaka)
    await shop.stock({MUG: 5}, at=shop.shibuya)
    made = await desk.pickup(MUG, 3)
    await actions.start_picking(shop.store, step(made.id, "start"))
    done = await actions.record_picked(shop.store, [Picked(MUG, 1, 1, 1)], step(made.id, "pick"))
    assert (done.state, done.lines[0].short, done.missing) == (State.PICKED, 2, ())
    assert await shop.quantities(MUG) == Quantities(4, 2, committed=1, damaged=1)
    (replacement,) = done.replacements
    assert (replacement.location_id, replacement.lines) == (shop.shibuya, ((MUG, 2),))
    child = await desk.now(replacement.id)
    assert (child.state, child.kind, child.parent_id) == (State.ALLOCATED, FulfillmentKind.SHIP_TO_STORE, made.id)
    assert (child.place_id, child.order_id) == (shop.ginza, made.order_id)
    assert await shop.quantities(MUG, shop.shibuya) == Quantities(5, 3, committed=2)


async def test_pieces_that_nobody_has_are_given_up_and_the_shopper_is_told(desk: Desk) -> None:
    await desk.shop.stock({MUG: 2})
    made = await desk.pickup(MUG, 2)
    await actions.start_picking(desk.shop.store, step(made.id, "start"))
    done = await actions.record_picked(desk.shop.store, [Picked(MUG, 0, 2)], step(made.id, "pick"))
    assert (done.state, done.replacements, done.resourcing) == (State.SHORT, (), False)
    document = await desk.shop.store.fulfillments.collection.find_one({"_id": made.id})
    assert document is not None
    event = document["outbox"][-1]
    assert event["type"] == "noren.inventory.fulfillment_unavailable.v1"
    assert event["data"]["unavailable"] == [{"sku": MUG, "quantity": 2}]
    assert await desk.shop.quantities(MUG) == Quantities()


async def test_cancelling_gives_the_pieces_back_in_every_state(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    for walk in (None, desk.picked, desk.ready):
        made = await desk.pickup(MUG)
        if walk is not None:
            await walk(made)
        await actions.cancel(desk.shop.store, step(made.id, "cancel"), own_only=False)
        assert await desk.shop.quantities(MUG) == Quantities(5, 5)
    collected = await desk.collect(await desk.ready(await desk.pickup(MUG)))
    late = await refusal(actions.cancel(desk.shop.store, step(collected.id, "cancel"), own_only=False))
    assert isinstance(late, WrongState)


async def test_a_picker_cannot_put_more_in_the_box_than_was_sold(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    made = await desk.pickup(MUG, 2)
    early = await refusal(actions.record_picked(desk.shop.store, [Picked(MUG, 1)], step(made.id, "pick")))
    assert isinstance(early, WrongState)
    await actions.start_picking(desk.shop.store, step(made.id, "start"))
    await actions.record_picked(desk.shop.store, [Picked(MUG, 1)], step(made.id, "pick"))
    much = await refusal(actions.record_picked(desk.shop.store, [Picked(MUG, 1, 1)], step(made.id, "pick")))
    assert isinstance(much, QuantityExceeded)
    assert (much.requested, much.allowed) == (2, 1)
    unknown = await refusal(actions.record_picked(desk.shop.store, [Picked("CUP", 1)], step(made.id, "pick")))
    assert isinstance(unknown, NotFound)


async def test_another_shops_till_is_refused_and_spends_no_attempt(desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    waiting = await desk.ready(await desk.pickup(MUG))
    foreign = await refusal(desk.collect(waiting, "0", by=at_location(desk.shop.shibuya)))
    assert isinstance(foreign, WrongLocation)
    there = await desk.now(waiting.id)
    assert there.code is not None
    assert there.code.attempts == 0
    own = await desk.collect(waiting, by=at_location(desk.shop.ginza))
    assert own.state is State.COLLECTED


async def test_a_crash_while_it_is_made_leaves_it_whole_or_not_at_all(desk: Desk, db: Database) -> None:
    shop = desk.shop

    async def prepare(name: str) -> str:
        await shop.stock({name: 3})
        await shop.stock({name: 3}, at=shop.osaka)
        return (await desk.reserve((name, 1, shop.ginza), (name, 1, shop.osaka))).id

    async def act(store: InventoryStore, id: str) -> object:
        reservation = await shop.store.reservations.by_id(id)
        assert reservation is not None
        return await actions.create(store, desk.draft(reservation), step("", "create"))

    async def check(id: str) -> None:
        made = await shop.store.fulfillments.of_reservation(id)
        reservation = await shop.store.reservations.by_id(id)
        assert reservation is not None
        sku = reservation.lines[0].sku
        assert [each.state for each in made] in ([], [State.ALLOCATED] * 2)
        taken = 1 if made else 0
        for location in (shop.ginza, shop.osaka):
            there = await shop.quantities(sku, location)
            assert (there.on_hand, there.committed) == (3, taken)

    assert await crash_everywhere(shop, db, prepare, act, check) > 8


async def test_a_crash_in_a_short_pick_neither_loses_nor_doubles_the_replacement(desk: Desk, db: Database) -> None:
    shop = desk.shop

    async def prepare(name: str) -> Fulfillment:
        await shop.stock({name: 3})
        await shop.stock({name: 3}, at=shop.osaka)
        made = await desk.pickup(name, 2)
        return await actions.start_picking(shop.store, step(made.id, "start"))

    async def act(store: InventoryStore, made: Fulfillment) -> object:
        return await actions.record_picked(store, [Picked(made.lines[0].sku, 1, 1)], step(made.id, "pick"))

    async def check(made: Fulfillment) -> None:
        there, sku = await desk.now(made.id), made.lines[0].sku
        short = there.lines[0].short
        assert (there.resourcing, len(there.replacements)) == (False, short)
        for each in there.replacements:
            assert (await desk.now(each.id)).state is State.ALLOCATED
        assert await shop.quantities(sku) == Quantities(3 - short, 1, committed=2 - short)
        assert await shop.quantities(sku, shop.osaka) == Quantities(3, 3 - short, committed=short)

    assert await crash_everywhere(shop, db, prepare, act, check) > 10


async def test_a_crash_at_the_counter_hands_over_once(desk: Desk, db: Database) -> None:
    shop = desk.shop

    async def prepare(name: str) -> Fulfillment:
        await shop.stock({name: 3})
        return await desk.ready(await desk.pickup(name, 2))

    async def act(store: InventoryStore, waiting: Fulfillment) -> object:
        code = desk.code(waiting)
        return await actions.collect(store, code, step(waiting.id, "collect"))

    async def check(waiting: Fulfillment) -> None:
        there = await desk.now(waiting.id)
        assert there.state in (State.READY, State.COLLECTED)
        left = 3 if there.state is State.READY else 1
        assert (await shop.quantities(waiting.lines[0].sku)).on_hand == left

    assert await crash_everywhere(shop, db, prepare, act, check) > 5
