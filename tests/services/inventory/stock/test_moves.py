"""Pieces on hand are in exactly one state; they move between states once a key, and never more than there are."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound, Refused
from kit.events import EventLog
from kit.times import utc_now
from services.inventory.actions import audit, move
from services.inventory.events import drainers
from services.inventory.model import InsufficientStock, LocationId, MovementReason, StockState
from services.inventory.stock.model import Quantities, StockLevel, StockMove
from tests.services.inventory.world import MUG, STAFF, Shop

AVAILABLE, COMMITTED, SAFETY, DAMAGED = (
    StockState.AVAILABLE,
    StockState.COMMITTED,
    StockState.SAFETY,
    StockState.DAMAGED,
)
states = st.sampled_from([None, *StockState])


def moving(
    shop: Shop, source: StockState | None, target: StockState | None, quantity: int, key: str = "k"
) -> StockMove:
    return StockMove(key, MUG, shop.ginza, source, target, quantity, MovementReason.INSPECTED, "claim-7")


async def done(shop: Shop, wanted: StockMove) -> StockLevel:
    return await move(shop.store, wanted, actor=STAFF, now=utc_now())


async def refused(shop: Shop, wanted: StockMove) -> object:
    with pytest.raises(Refused) as caught:
        await done(shop, wanted)
    (refusal,) = caught.value.refusals
    return refusal


@given(st.integers(1, 100), states, states)
def test_a_move_keeps_on_hand_the_sum_of_its_states(
    pieces: int, source: StockState | None, target: StockState | None
) -> None:
    change = Quantities.of_move(pieces, source, target)
    assert change.on_hand == change.sum_of_states
    assert change.on_hand == pieces * ((source is None) - (target is None))


async def test_pieces_pass_through_every_state(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    await done(shop, moving(shop, AVAILABLE, SAFETY, 2, "1"))
    await done(shop, moving(shop, AVAILABLE, COMMITTED, 3, "2"))
    await done(shop, moving(shop, None, StockState.QUALITY_HOLD, 4, "3"))
    await done(shop, moving(shop, StockState.QUALITY_HOLD, DAMAGED, 1, "4"))
    level = await done(shop, moving(shop, COMMITTED, None, 1, "5"))
    assert level.quantities == Quantities(
        on_hand=13, available=5, reserved=0, committed=2, safety=2, quality_hold=3, damaged=1
    )


async def test_more_than_a_state_has_is_refused_with_the_facts(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    await done(shop, moving(shop, AVAILABLE, DAMAGED, 2, "1"))
    refusal = await refused(shop, moving(shop, DAMAGED, None, 3, "2"))
    assert isinstance(refusal, InsufficientStock)
    assert (refusal.requested, refusal.available, refusal.state) == (3, 2, DAMAGED)
    assert (await shop.quantities(MUG)).damaged == 2


async def test_the_same_key_moves_once_and_other_input_is_refused(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    wanted = moving(shop, AVAILABLE, SAFETY, 2)
    levels = await asyncio.gather(*(done(shop, wanted) for _ in range(6)))
    assert {level.quantities.safety for level in levels} == {2}
    assert await refused(shop, replace(wanted, quantity=3)) == IdempotencyKeyReused(key="k")


@pytest.mark.parametrize(
    ("source", "target", "quantity", "path"),
    [
        (AVAILABLE, SAFETY, 0, "input.quantity"),
        (AVAILABLE, SAFETY, -3, "input.quantity"),
        (AVAILABLE, AVAILABLE, 1, "input.target"),
        (None, None, 1, "input.target"),
        (StockState.RESERVED, None, 1, "input.source"),
        (None, StockState.RESERVED, 1, "input.source"),
    ],
)
async def test_an_absurd_move_is_refused_by_its_path(
    shop: Shop, source: StockState | None, target: StockState | None, quantity: int, path: str
) -> None:
    refusal = await refused(shop, moving(shop, source, target, quantity))
    assert isinstance(refusal, InvalidInput)
    assert ".".join(refusal.path) == path


async def test_unknown_places_and_stocks_are_refused(shop: Shop) -> None:
    nowhere = replace(moving(shop, None, AVAILABLE, 1), location_id=LocationId("loc_none"))
    assert isinstance(await refused(shop, nowhere), NotFound)
    assert isinstance(await refused(shop, moving(shop, AVAILABLE, SAFETY, 1, "2")), NotFound)


async def test_a_movement_tells_every_delta_and_figure(shop: Shop, event_log: EventLog) -> None:
    await shop.stock({MUG: 10})
    await done(shop, moving(shop, AVAILABLE, SAFETY, 2, "1"))
    await done(shop, moving(shop, AVAILABLE, None, 3, "2"))
    stock, *_ = drainers(shop.store, event_log)
    assert await stock.drain() == 3
    event = await shop.store.journal.find_one({"_id": "move:1"})
    assert event is not None
    data = event["data"]
    assert (data["availableDelta"], data["safetyDelta"], data["onHandDelta"]) == (-2, 2, 0)
    assert (data["onHand"], data["available"], data["safety"], data["version"]) == (10, 8, 2, 2)
    assert (data["reference"], data["reason"]) == ("claim-7", "INSPECTED")


async def test_stock_from_before_the_states_moves_and_is_told_as_it_was_written(
    shop: Shop, event_log: EventLog
) -> None:
    await shop.stock({MUG: 10})
    stock, *_ = drainers(shop.store, event_log)
    await stock.drain()
    known = await shop.store.journal.find_one({"data.sku": MUG})
    assert known is not None
    newer = ("committed", "safety", "qualityHold", "damaged", "reference")
    old = {k: v for k, v in known["data"].items() if not k.startswith(newer)}
    entry = {"id": known["_id"], "type": known["type"], "subject": known["subject"], "time": known["time"], "data": old}
    await shop.store.journal.delete_one({"_id": known["_id"]})
    await event_log._events.delete_one({"_id": known["_id"]})
    unknown = dict.fromkeys(("committed", "safety", "quality_hold", "damaged"), "")
    await shop.store.db["stock"].update_one({"sku": MUG}, {"$unset": unknown, "$set": {"outbox": [entry]}})
    assert await audit(shop.store) == []
    assert isinstance(await refused(shop, moving(shop, DAMAGED, None, 1)), InsufficientStock)
    assert (await done(shop, moving(shop, AVAILABLE, DAMAGED, 4, "2"))).quantities == Quantities(10, 6, damaged=4)
    await stock.drain()
    told = await shop.store.journal.find_one({"_id": known["_id"]})
    assert told is not None
    assert told["data"] == old
    assert await audit(shop.store) == []
