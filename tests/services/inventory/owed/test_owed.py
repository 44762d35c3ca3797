"""Pieces committed for later: nobody moves them from under who paid, nor takes them for somebody else."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from kit.errors import IdempotencyKeyReused, NotFound, Refused
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import audit, commit, extend, find_reservation, release
from services.inventory.auditor.actions import audit_pass
from services.inventory.backorder.actions import cancel, place, sweep_backorders
from services.inventory.backorder.model import KEPT, Backorder, BackorderDraft, BackorderState
from services.inventory.fulfillment import actions as fulfillments
from services.inventory.fulfillment.model import FulfillmentDraft
from services.inventory.model import MovementReason, StockState
from services.inventory.owed.model import committed, owing
from services.inventory.paper.hand import move_by_hand
from services.inventory.paper.model import By, Claim, CommittedToPapers
from services.inventory.reservation.model import LATER, Commitment, Line, Reservation
from services.inventory.stock.model import StockMove
from tests.services.inventory.backorder.test_backorders import POLICY, arrive, expect, order
from tests.services.inventory.paper.world import refusal, step
from tests.services.inventory.transfer.test_actions import approved
from tests.services.inventory.world import CUP, MUG, STAFF, WEB, Crash, Shop, watched_store


def hand(shop: Shop, key: str, pieces: int, target: StockState | None = StockState.AVAILABLE) -> StockMove:
    return StockMove(key, MUG, shop.ginza, StockState.COMMITTED, target, pieces, MovementReason.CORRECTED)


def pickup(shop: Shop, reservation_id: str) -> FulfillmentDraft:
    return FulfillmentDraft(reservation_id=reservation_id, order_id="ord_1", place_id=shop.ginza)


async def paid(shop: Shop, pieces: int, key: str = "paid") -> Reservation:
    held = await shop.hold(key, {MUG: pieces})
    return await commit(shop.store, held.id, key, actor=WEB, now=utc_now(), how=LATER)


async def allocated(shop: Shop, pieces: int = 2) -> Backorder:
    delivery = await expect(shop, pieces)
    placed = await order(shop, "bo", pieces)
    await arrive(shop, delivery, pieces)
    await sweep_backorders(shop.store, utc_now())
    there = await shop.store.backorders.by_id(placed.id)
    assert there is not None
    assert there.state is BackorderState.ALLOCATED
    return there


async def test_nobody_moves_what_is_paid_and_not_yet_fulfilled_by_hand(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    sold = await paid(shop, 2)
    for target in (StockState.AVAILABLE, None):
        refused = await refusal(move_by_hand(shop.store, hand(shop, "a", 1, target), actor=STAFF, now=utc_now()))
        assert refused == CommittedToPapers(sku=MUG, location_id=shop.ginza, requested=1, free=0, paper_ids=(sold.id,))
    (made,) = await fulfillments.create(shop.store, pickup(shop, sold.id), step("", "create", by=By(WEB)))
    again = await refusal(move_by_hand(shop.store, hand(shop, "b", 1), actor=STAFF, now=utc_now()))
    assert isinstance(again, CommittedToPapers)
    assert again.paper_ids == (made.id,)
    await fulfillments.cancel(shop.store, step(made.id, "cancel"), own_only=False)
    assert (await shop.quantities(MUG)).available == 5


async def test_nobody_moves_what_was_allocated_to_a_back_order_by_hand(shop: Shop) -> None:
    one = await allocated(shop)
    refused = await refusal(move_by_hand(shop.store, hand(shop, "a", 1), actor=STAFF, now=utc_now()))
    assert isinstance(refused, CommittedToPapers)
    assert refused.paper_ids == (one.reservation_id,)


async def test_the_audit_misses_pieces_that_were_committed_for_later(shop: Shop, db: Database) -> None:
    await shop.stock({MUG: 5})
    await paid(shop, 2)
    await db["stock"].update_one({"sku": MUG}, {"$inc": {"committed": -1, "available": 1}})
    assert f"{MUG}@{shop.ginza}: papers have committed 2, the stock only 1" in await audit(shop.store)
    await audit_pass(shop.store)
    found = [each.problem for each in await shop.store.auditor.newest_findings(9)]
    assert f"{MUG}@{shop.ginza}: papers have committed 2, the stock only 1" in found
    await db["stock"].update_one({"sku": MUG}, {"$inc": {"committed": 1, "available": -1}})


@pytest.mark.parametrize("after", ["in its line", "out of its line"])
async def test_the_audit_sees_an_allocated_order_whose_reservation_is_not_committed(
    shop: Shop, db: Database, after: str
) -> None:
    one = await allocated(shop)
    if after == "out of its line":
        await sweep_backorders(shop.store, utc_now() + KEPT * 2)
    assert (await audit_pass(shop.store)).open_findings == 0
    for change, mended in (({"state": "RELEASED"}, {"state": "COMMITTED"}), ({"into": None}, {"into": "COMMITTED"})):
        await db["reservations"].update_one({"_id": one.reservation_id}, {"$set": change})
        problems = await audit(shop.store)
        assert any(problem.startswith(f"{one.id}: is ALLOCATED, but {one.reservation_id}") for problem in problems)
        assert (await audit_pass(shop.store)).open_findings
        await db["reservations"].update_one({"_id": one.reservation_id}, {"$set": mended})


async def test_what_a_transfer_holds_is_nobodys_to_take(shop: Shop, db: Database) -> None:
    await shop.stock({MUG: 5})
    await approved(shop, (MUG, 2))
    inner = (await db["reservations"].find_one({"onward": {"$exists": True}})) or {}
    assert inner["state"] == "COMMITTED"
    id, now = inner["_id"], utc_now()
    assert await find_reservation(shop.store, id, STAFF) is None
    for work in (
        fulfillments.create(shop.store, pickup(shop, id), step("", "create")),
        commit(shop.store, id, "k1", actor=STAFF, now=now),
        release(shop.store, id, "k2", actor=STAFF, now=now),
        extend(shop.store, id, "k3", 60, actor=STAFF, now=now),
    ):
        refused = await refusal(work)
        assert isinstance(refused, NotFound)
        assert refused.kind == "Reservation"
    assert (await shop.quantities(MUG)).committed == 2


async def test_what_is_held_for_a_back_order_is_nobodys_to_end(shop: Shop, db: Database) -> None:
    """The server dies between HELD and ALLOCATED; who reads the reservation's id meanwhile cannot end it."""
    delivery = await expect(shop, 3)
    placed = await order(shop, "bo", 3)
    await arrive(shop, delivery, 3)

    async def hook(name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        result = await call()
        there = await db["backlogs"].find_one({"orders.state": "HELD"})
        if there is not None:
            raise Crash
        return result

    dying, _ = watched_store(db, hook)
    with pytest.raises(Crash):
        await sweep_backorders(dying, utc_now())
    held = await shop.store.backorders.by_id(placed.id)
    assert held is not None
    assert held.state is BackorderState.HELD
    id = str(held.reservation_id)
    few = Commitment(StockState.COMMITTED, (Line(MUG, shop.ginza, 1),))
    for work in (
        commit(shop.store, id, "k1", actor=STAFF, now=utc_now(), how=few),
        release(shop.store, id, "k2", actor=STAFF, now=utc_now()),
        fulfillments.create(shop.store, pickup(shop, id), step("", "create")),
    ):
        assert isinstance(await refusal(work), NotFound)
    await sweep_backorders(shop.store, utc_now())
    there = await shop.store.backorders.by_id(placed.id)
    assert there is not None
    assert there.state is BackorderState.ALLOCATED
    (made,) = await fulfillments.create(shop.store, pickup(shop, id), step("", "create"))
    assert made.lines[0].quantity == 3


async def test_a_key_that_looks_like_a_back_orders_does_not_stand_in_its_way(shop: Shop) -> None:
    await shop.stock({CUP: 1})
    delivery = await expect(shop, 1)
    placed = await place(shop.store, BackorderDraft("bo", MUG, shop.ginza, 1), POLICY, actor=WEB, now=utc_now())
    await shop.hold(placed.reservation_key, {CUP: 1})
    await arrive(shop, delivery, 1)
    await sweep_backorders(shop.store, utc_now())
    there = await shop.store.backorders.by_id(placed.id)
    assert there is not None
    assert there.state is BackorderState.ALLOCATED


async def test_a_key_cancels_one_back_order_once(shop: Shop) -> None:
    await expect(shop, 2)
    first, second = await order(shop, "a"), await order(shop, "b")
    for _ in range(2):
        ended = await cancel(shop.store, first.id, "c", actor=WEB, now=utc_now())
        assert ended.state is BackorderState.CANCELLED
    assert await refusal(cancel(shop.store, second.id, "c", actor=WEB, now=utc_now())) == IdempotencyKeyReused(key="c")
    with pytest.raises(Refused, match="is cancelled"):
        await cancel(shop.store, first.id, "d", actor=WEB, now=utc_now())


async def test_what_is_owed_is_counted_where_no_fulfilment_has_it_yet(shop: Shop) -> None:
    await shop.stock({MUG: 2})
    sold = replace(await paid(shop, 2), settled=True)
    (waiting,) = owing([sold], {})
    assert committed(waiting) == [Claim(sold.id, f"{MUG}@{shop.ginza}", 2)]
    (over,) = owing([sold], {sold.id: {shop.ginza}})
    assert (over.is_over, committed(over)) == (True, [])
    (moving,) = owing([replace(sold, settled=False)], {})
    assert committed(moving)[0].quantity is None
