"""The auditor goes over everything slice by slice, reads each movement once, and tells what contradicts."""

import asyncio

import pytest

from kit.events import EventLog
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import audit, commit
from services.inventory.auditor import actions as auditor
from services.inventory.auditor.actions import audit_pass
from services.inventory.events import drainers
from services.inventory.store import InventoryStore
from tests.services.inventory.test_graph import STAFF, WEB, Graph
from tests.services.inventory.world import CUP, MUG, Shop, watched_store
from tests.services.inventory.world import WEB as BUYER


async def drain(store: InventoryStore, event_log: EventLog) -> None:
    for drainer in drainers(store, event_log):
        await drainer.drain()


async def test_sound_books_are_clean_pass_after_pass(
    shop: Shop, event_log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditor, "SLICE", 2)
    await shop.stock({f"S{n}": 5 for n in range(5)})
    held = await shop.hold("k", {"S1": 2, "S3": 1})
    assert (await audit_pass(shop.store)).open_findings == 0
    await drain(shop.store, event_log)
    await commit(shop.store, held.id, "c", actor=BUYER, now=utc_now())
    state = await audit_pass(shop.store)
    assert (state.passes, state.stocks, state.open_findings) == (2, 5, 0)
    await drain(shop.store, event_log)
    assert (await audit_pass(shop.store)).open_findings == 0


async def test_live_traffic_is_no_contradiction(shop: Shop, event_log: EventLog) -> None:
    await shop.stock({MUG: 60})
    stock, *_ = drainers(shop.store, event_log)
    over = asyncio.Event()

    async def sell(worker: int) -> None:
        for n in range(6):
            held = await shop.hold(f"k{worker}-{n}", {MUG: 1})
            await commit(shop.store, held.id, f"e{worker}-{n}", actor=BUYER, now=utc_now())

    async def look() -> None:
        while not over.is_set():
            await stock.drain_once()
            assert (await audit_pass(shop.store)).open_findings == 0

    looking = asyncio.create_task(look())
    await asyncio.gather(*(sell(worker) for worker in range(6)))
    over.set()
    await looking


async def test_each_movement_is_read_once(shop: Shop, event_log: EventLog) -> None:
    """What lies behind the mark is not replayed by the auditor; `noren doctor` does that."""
    await shop.stock({MUG: 5})
    await drain(shop.store, event_log)
    await audit_pass(shop.store)
    opening = await shop.store.journal.find_one_and_delete({"data.sku": MUG})
    assert opening is not None
    assert (await audit_pass(shop.store)).open_findings == 0
    assert await audit(shop.store) != []
    await shop.store.journal.insert_one(opening)


async def test_stock_that_no_movement_explains_is_told_and_forgotten_when_it_is_gone(
    shop: Shop, event_log: EventLog
) -> None:
    await shop.stock({MUG: 5, CUP: 5})
    await shop.hold("k", {CUP: 2})
    stocks = shop.store.db["stock"]
    await stocks.update_one({"sku": MUG}, {"$inc": {"on_hand": 1, "available": 1}})
    for _ in range(2):
        state = await audit_pass(shop.store)
        assert state.open_findings == 1
    (finding,) = await shop.store.auditor.newest_findings(10)
    assert "its movements add up to" in finding.problem
    await drain(shop.store, event_log)
    told = await shop.store.journal.find({"type": "noren.inventory.audit_failed.v1"}).to_list()
    assert [event["data"]["problem"] for event in told] == [finding.problem]
    await stocks.update_one({"sku": MUG}, {"$inc": {"on_hand": -1, "available": -1}})
    assert (await audit_pass(shop.store)).open_findings == 0


async def test_a_hold_without_its_reservation_and_a_reservation_without_its_hold_are_found(shop: Shop) -> None:
    await shop.stock({MUG: 5, CUP: 5})
    kept, lost = await shop.hold("k", {MUG: 2}), await shop.hold("l", {CUP: 2})
    stocks, reservations = shop.store.db["stock"], shop.store.db["reservations"]
    await stocks.update_one({"sku": CUP}, {"$set": {f"holds.{lost.id}": 0, "holds.rsv_other": 2}})
    state = await audit_pass(shop.store)
    problems = " ".join(each.problem for each in await shop.store.auditor.newest_findings(10))
    assert state.open_findings >= 2
    assert "held by rsv_other" in problems
    assert f"{lost.id}: holds None" in problems
    assert kept.id not in problems
    await stocks.update_one({"sku": CUP}, {"$set": {f"holds.{lost.id}": 2}, "$unset": {"holds.rsv_other": ""}})
    assert await reservations.count_documents({}) == 2


async def test_staff_see_how_far_the_auditor_is(shop: Shop, db: Database) -> None:
    graph = Graph(*watched_store(db))
    query = "{ stockAudit { passes stocks isClean finishedAt findings { problem } } }"
    before = (await graph.data(query, STAFF))["stockAudit"]
    assert (before["passes"], before["finishedAt"]) == (0, None)
    await shop.stock({MUG: 5})
    await audit_pass(shop.store)
    after = (await graph.data(query, STAFF))["stockAudit"]
    assert (after["passes"], after["stocks"], after["isClean"], after["findings"]) == (1, 1, True, [])
    assert (await graph.ask(query, WEB))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
