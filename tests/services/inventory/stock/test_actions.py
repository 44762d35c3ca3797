"""Adjusting stock and taking over opening stock."""

import asyncio
from dataclasses import replace

import pytest

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound, Refused
from kit.events import EventLog
from kit.times import utc_now
from services.inventory.actions import adjust_stock, audit, import_opening_stock
from services.inventory.events import drainers
from services.inventory.model import InsufficientStock, LocationId, Sku
from services.inventory.stock.model import (
    Adjustment,
    AdjustmentReason,
    OnHandChanged,
    OpeningStock,
    Quantities,
    Recount,
    StockLevel,
)
from services.inventory.stock.store import KEYS_KEPT
from services.inventory.store import InventoryStore
from tests.services.inventory.world import LAMP, MUG, STAFF, Shop


def change(shop: Shop, key: str, delta: int, sku: Sku = MUG) -> Adjustment:
    return Adjustment(key, sku, shop.ginza, AdjustmentReason.RECEIVED, delta)


async def adjust(shop: Shop, adjustment: Adjustment) -> StockLevel:
    return await adjust_stock(shop.store, adjustment, actor=STAFF, now=utc_now())


async def refused(shop: Shop, adjustment: Adjustment) -> object:
    with pytest.raises(Refused) as caught:
        await adjust(shop, adjustment)
    (refusal,) = caught.value.refusals
    return refusal


async def test_the_first_delivery_begins_the_stock(shop: Shop) -> None:
    level = await adjust(shop, change(shop, "k1", 12, LAMP))
    assert (level.quantities, level.version) == (Quantities(12, 12, 0), 1)


async def test_the_same_key_again_returns_the_first_level(shop: Shop) -> None:
    first = await adjust(shop, change(shop, "k1", 12))
    await adjust(shop, change(shop, "k2", -5))
    assert await adjust(shop, change(shop, "k1", 12)) == first
    assert (await shop.quantities(MUG)).on_hand == 7


async def test_the_same_key_with_other_input_is_refused(shop: Shop) -> None:
    await adjust(shop, change(shop, "k1", 12))
    assert await refused(shop, change(shop, "k1", 13)) == IdempotencyKeyReused(key="k1")
    elsewhere = replace(change(shop, "k1", 12), location_id=shop.osaka)
    assert await refused(shop, elsewhere) == IdempotencyKeyReused(key="k1")


async def test_the_same_key_at_the_same_time_applies_once(shop: Shop) -> None:
    levels = await asyncio.gather(*(adjust(shop, change(shop, "k1", 12)) for _ in range(8)))
    assert {level.quantities for level in levels} == {Quantities(12, 12, 0)}


async def test_nothing_held_can_be_taken_away(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    await shop.hold("h", {MUG: 4})
    refusal = await refused(shop, change(shop, "k1", -7))
    assert isinstance(refusal, InsufficientStock)
    assert (refusal.requested, refusal.available, refusal.path) == (7, 6, ("input", "delta"))
    assert (await adjust(shop, change(shop, "k2", -6))).quantities == Quantities(4, 0, 4)


async def test_a_refused_key_may_come_again_when_stock_is_there(shop: Shop) -> None:
    await shop.stock({MUG: 1})
    await refused(shop, change(shop, "k1", -2))
    await adjust(shop, change(shop, "k2", 5))
    assert (await adjust(shop, change(shop, "k1", -2))).quantities.on_hand == 4


async def test_unknown_locations_and_stocks_are_refused(shop: Shop) -> None:
    nowhere = replace(change(shop, "k1", 1), location_id=LocationId("loc_none"))
    assert await refused(shop, nowhere) == NotFound(path=("input", "locationId"), kind="Location", id="loc_none")
    assert isinstance(await refused(shop, change(shop, "k2", -1)), NotFound)
    count = Adjustment("k3", MUG, shop.ginza, AdjustmentReason.CORRECTED, recount=Recount(5, 2))
    assert isinstance(await refused(shop, count), OnHandChanged)


async def test_an_unprintable_key_is_refused(shop: Shop) -> None:
    assert isinstance(await refused(shop, change(shop, "", 1)), InvalidInput)


async def test_a_count_sets_only_what_it_was_made_against(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    counted = Adjustment("k1", MUG, shop.ginza, AdjustmentReason.CORRECTED, recount=Recount(8, 10))
    assert (await adjust(shop, counted)).quantities == Quantities(8, 8, 0)
    late = Adjustment("k2", MUG, shop.ginza, AdjustmentReason.CORRECTED, recount=Recount(8, 10))
    refusal = await refused(shop, late)
    assert isinstance(refusal, OnHandChanged)
    assert refusal.actual_on_hand == 8


async def test_many_at_once_lose_no_update(shop: Shop) -> None:
    await shop.stock({MUG: 100})
    await asyncio.gather(*(adjust(shop, change(shop, f"k{n}", 1 if n % 2 else -1)) for n in range(20)))
    assert (await shop.quantities(MUG)).on_hand == 100


async def test_a_key_outlives_the_documents_window(shop: Shop, event_log: EventLog) -> None:
    """Crashed before its result was kept, then pushed out by later keys: outbox and journal still know it."""
    first = change(shop, "first", 7)
    await adjust(shop, first)
    await shop.store.db["adjustments"].update_one({"_id": "first"}, {"$set": {"result": None}})
    for n in range(KEYS_KEPT + 1):
        await adjust(shop, change(shop, f"later{n}", 1))
    assert (await adjust(shop, first)).quantities.on_hand == 7 + KEYS_KEPT + 1
    for drainer in drainers(shop.store, event_log):
        await drainer.drain()
    await shop.store.db["adjustments"].update_one({"_id": "first"}, {"$set": {"result": None}})
    assert (await adjust(shop, first)).quantities.on_hand == 7 + KEYS_KEPT + 1


async def test_a_worker_that_looked_too_long_ago_is_sent_back(shop: Shop) -> None:
    await shop.stock({MUG: 1})
    stalled = change(shop, "stalled", 5)
    seen = await shop.store.stock.see(stalled.to_change())
    assert seen is not None
    for n in range(KEYS_KEPT):
        await adjust(shop, change(shop, f"later{n}", 1))
    assert await shop.store.stock.change(stalled.to_change(), seen, actor=STAFF, now=utc_now()) is None


async def test_opening_stock_is_taken_over_once_a_source(shop: Shop) -> None:
    rows = [OpeningStock(Sku(f"SKU-{n}"), shop.ginza, n, "till") for n in range(50)]
    assert await import_opening_stock(shop.store, rows) == 50
    assert await import_opening_stock(shop.store, rows) == 0
    other = [replace(rows[7], source="web", on_hand=3), rows[8]]
    assert await import_opening_stock(shop.store, other) == 1
    assert await shop.quantities("SKU-7") == Quantities(10, 10, 0)


async def test_opening_stock_refuses_negative_rows_and_unknown_places(shop: Shop) -> None:
    rows = [OpeningStock(MUG, shop.ginza, -1, "till"), OpeningStock(MUG, LocationId("loc_none"), 1, "till")]
    with pytest.raises(Refused) as caught:
        await import_opening_stock(shop.store, rows)
    assert [refusal.code for refusal in caught.value.refusals] == ["INVALID_INPUT", "NOT_FOUND"]


async def test_drained_movements_tell_deltas_and_figures(shop: Shop, event_log: EventLog) -> None:
    await adjust(shop, change(shop, "k1", 12, LAMP))
    await adjust(shop, change(shop, "k2", -2, LAMP))
    stock, *_ = drainers(shop.store, event_log)
    assert await stock.drain() == 2
    event = await shop.store.journal.find_one({"_id": "adjust:k2"})
    assert event is not None
    assert (event["type"], event["subject"]) == ("noren.inventory.stock_changed.v1", f"$LAMP@{shop.ginza}")
    assert event["data"] == {
        "sku": "$LAMP",
        "locationId": shop.ginza,
        "reason": "RECEIVED",
        "reservationId": None,
        "actor": "staff:stf_1",
        "channel": "pos",
        "onHandDelta": -2,
        "availableDelta": -2,
        "reservedDelta": 0,
        "onHand": 10,
        "available": 10,
        "reserved": 0,
        "version": 2,
        "reference": None,
        **dict.fromkeys(("committed", "safety", "qualityHold", "damaged"), 0),
        **dict.fromkeys(("committedDelta", "safetyDelta", "qualityHoldDelta", "damagedDelta"), 0),
    }


async def test_the_audit_sees_stock_that_no_movement_explains(store: InventoryStore, shop: Shop) -> None:
    await shop.stock({MUG: 5})
    tampered = {"$inc": {"on_hand": 1, "available": 1}}
    await store.db["stock"].update_one({"sku": MUG}, tampered)
    (problem,) = await audit(store)
    assert "its movements add up to" in problem
    await store.db["stock"].update_one({"sku": MUG}, {"$inc": {"on_hand": -1, "available": -1}})
