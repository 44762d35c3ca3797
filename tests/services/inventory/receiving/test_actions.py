"""Deliveries: incoming with dates, received in parts, over-receipt refused, quality hold released or rejected."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kit.errors import InvalidInput, NotFound, Refusal, Refused
from kit.mongo import Database
from services.inventory.paper.model import By, QuantityExceeded, WrongLocation, WrongState
from services.inventory.receiving import actions
from services.inventory.receiving.dates import NewDate
from services.inventory.receiving.model import (
    Delivery,
    DeliveryDraft,
    DeliveryState,
    ExpectedLine,
    Receipt,
    ReceiptExceedsOrder,
    Verdict,
)
from services.inventory.stock.model import Quantities
from services.inventory.store import InventoryStore
from tests.services.inventory.paper.world import at_location, crash_everywhere, refusal, step
from tests.services.inventory.world import MUG, Shop

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)


def draft(shop: Shop, *lines: tuple[str, int], tolerance: int = 0) -> DeliveryDraft:
    expected = tuple(ExpectedLine(sku, pieces, None, place) for place, (sku, pieces) in enumerate(lines))
    return DeliveryDraft(shop.ginza, "Potter", MONDAY, expected, "PO-1", tolerance)


async def expect(shop: Shop, *lines: tuple[str, int], tolerance: int = 0) -> Delivery:
    return await actions.expect_delivery(shop.store, draft(shop, *lines, tolerance=tolerance), step("", "expect"))


async def test_what_is_expected_is_incoming_until_it_arrives(shop: Shop) -> None:
    due = await expect(shop, (MUG, 10), ("CUP", 4))
    (mug,) = await shop.store.deliveries.incoming([MUG])
    assert (mug.quantity, mug.location_id, mug.due_at, mug.delivery_id) == (10, shop.ginza, MONDAY, due.id)
    part = await actions.receive_delivery(shop.store, [Receipt(MUG, 6, 1, 1)], step(due.id, "receive"))
    assert part.state is DeliveryState.RECEIVING
    assert [each.quantity for each in await shop.store.deliveries.incoming([MUG, "CUP"])] == [2, 4]
    assert await shop.store.deliveries.incoming([MUG], [shop.osaka]) == []
    assert await shop.quantities(MUG) == Quantities(8, 6, quality_hold=1, damaged=1)
    rest = [Receipt(MUG, 2, place=0), Receipt("CUP", 4, place=1)]
    whole = await actions.receive_delivery(shop.store, rest, step(due.id, "receive"))
    assert whole.state is DeliveryState.CLOSED
    assert await shop.store.deliveries.incoming([MUG, "CUP"]) == []


async def test_a_line_may_be_due_on_a_day_of_its_own(shop: Shop) -> None:
    later = MONDAY + timedelta(days=7)
    lines = (ExpectedLine(MUG, 1, later, 0), ExpectedLine("CUP", 1, None, 1))
    wanted = DeliveryDraft(shop.ginza, "Potter", MONDAY, lines)
    await actions.expect_delivery(shop.store, wanted, step("", "expect"))
    rows = await shop.store.deliveries.incoming([MUG, "CUP"])
    assert [(row.sku, row.due_at) for row in rows] == [("CUP", MONDAY), (MUG, later)]


async def test_what_is_still_to_come_may_come_on_another_day(shop: Shop) -> None:
    due = await expect(shop, (MUG, 3), ("CUP", 1), ("JUG", 1))
    await actions.receive_delivery(shop.store, [Receipt("JUG", 1), Receipt(MUG, 1, place=1)], step(due.id, "receive"))
    later, latest = MONDAY + timedelta(days=7), MONDAY + timedelta(days=9)
    own = [NewDate("CUP", latest)]
    for _ in range(2):
        command = step(due.id, "reschedule", later.isoformat(), key="same")
        moved = await actions.reschedule_delivery(shop.store, later, own, command)
    assert [line.due_at for line in moved.lines] == [later, latest, MONDAY]
    assert [(row.sku, row.quantity, row.due_at) for row in await shop.store.deliveries.incoming([MUG, "CUP"])] == [
        (MUG, 2, later),
        ("CUP", 1, latest),
    ]
    assert [each.action for each in moved.steps] == ["expect", "receive", "reschedule"]


async def test_a_date_that_says_nothing_is_refused_and_so_is_a_step_too_late(shop: Shop) -> None:
    due = await expect(shop, (MUG, 1), ("CUP", 1))
    await actions.receive_delivery(shop.store, [Receipt(MUG, 1)], step(due.id, "receive"))

    async def moved(*own: NewDate, at: datetime | None = None, **who: By) -> Refusal:
        return await refusal(actions.reschedule_delivery(shop.store, at, own, step(due.id, "reschedule", **who)))

    assert isinstance(await moved(), InvalidInput)
    for sku, kind in ((MUG, InvalidInput), ("LAMP", NotFound)):
        wrong = await moved(NewDate("CUP", MONDAY), NewDate(sku, MONDAY, 1))
        assert isinstance(wrong, kind)
        assert wrong.path == ("input", "lines", "1", "sku")
    assert isinstance(await moved(NewDate("CUP", MONDAY), NewDate("CUP", MONDAY, 1)), InvalidInput)
    assert isinstance(await moved(at=MONDAY, by=at_location(shop.osaka)), WrongLocation)
    await actions.close_delivery(shop.store, step(due.id, "close"))
    assert isinstance(await moved(at=MONDAY), WrongState)


async def test_over_receipt_is_tolerated_as_agreed_and_refused_beyond_with_the_facts(shop: Shop) -> None:
    due = await expect(shop, (MUG, 10), ("CUP", 10), tolerance=10)
    await actions.receive_delivery(shop.store, [Receipt(MUG, 8)], step(due.id, "receive"))
    lines = [Receipt("CUP", 5, place=0), Receipt(MUG, 3, 1, place=1)]
    refused = await refusal(actions.receive_delivery(shop.store, lines, step(due.id, "receive")))
    assert isinstance(refused, ReceiptExceedsOrder)
    assert (refused.ordered, refused.arrived, refused.requested, refused.allowed) == (10, 8, 4, 11)
    assert refused.path == ("input", "lines", "1")
    assert await shop.store.stock.levels_at(["CUP"], [shop.ginza]) == {"CUP": []}
    await actions.receive_delivery(shop.store, [Receipt(MUG, 3)], step(due.id, "receive"))
    assert (await shop.quantities(MUG)).on_hand == 11


async def test_quality_hold_is_released_rejected_or_written_down_never_more_than_is_held(shop: Shop) -> None:
    due = await expect(shop, (MUG, 10))
    await actions.receive_delivery(shop.store, [Receipt(MUG, 0, 10)], step(due.id, "receive"))
    assert await shop.quantities(MUG) == Quantities(10, quality_hold=10)
    done = await actions.inspect_delivery(shop.store, [Verdict(MUG, 5, 2, 1)], step(due.id, "inspect"))
    line = done.lines[0]
    assert (line.on_hold, line.rejected, line.damaged) == (2, 2, 1)
    assert await shop.quantities(MUG) == Quantities(8, 5, quality_hold=2, damaged=1)
    too_many = await refusal(actions.inspect_delivery(shop.store, [Verdict(MUG, 3)], step(due.id, "inspect")))
    assert isinstance(too_many, QuantityExceeded)
    assert (too_many.requested, too_many.allowed) == (3, 2)


async def test_closing_expects_nothing_more_and_cancelling_needs_an_untouched_delivery(shop: Shop) -> None:
    due = await expect(shop, (MUG, 10))
    await actions.receive_delivery(shop.store, [Receipt(MUG, 1)], step(due.id, "receive"))
    started = await refusal(actions.cancel_delivery(shop.store, step(due.id, "cancel")))
    assert isinstance(started, WrongState)
    await actions.close_delivery(shop.store, step(due.id, "close"))
    assert await shop.store.deliveries.incoming([MUG]) == []
    late = await refusal(actions.receive_delivery(shop.store, [Receipt(MUG, 1)], step(due.id, "receive")))
    assert isinstance(late, WrongState)
    assert (late.current_state, late.allowed_states) == ("CLOSED", ("EXPECTED", "RECEIVING"))
    other = await expect(shop, (MUG, 10))
    cancelled = await actions.cancel_delivery(shop.store, step(other.id, "cancel"))
    assert cancelled.state is DeliveryState.CANCELLED


@pytest.mark.parametrize(
    ("receipt", "path"),
    [
        (Receipt(MUG, -1), ("input", "lines", "0", "quantity")),
        (Receipt(MUG, 2, -1), ("input", "lines", "0", "onHold")),
        (Receipt(MUG, 10**9), ("input", "lines", "0", "quantity")),
        (Receipt("LAMP", 1), ("input", "lines", "0", "sku")),
    ],
)
async def test_a_receipt_that_cannot_be_names_its_path(shop: Shop, receipt: Receipt, path: tuple[str, ...]) -> None:
    due = await expect(shop, (MUG, 10))
    with pytest.raises(Refused) as caught:
        await actions.receive_delivery(shop.store, [receipt], step(due.id, "receive"))
    assert caught.value.refusals[0].path == path


async def test_a_delivery_that_cannot_be_is_refused(shop: Shop) -> None:
    good = draft(shop, (MUG, 1))
    for wrong, path in (
        (replace(good, location_id="loc_none"), ("input", "locationId")),
        (replace(good, supplier=" "), ("input", "supplier")),
        (replace(good, tolerance_percent=21), ("input", "tolerancePercent")),
    ):
        refused = await refusal(actions.expect_delivery(shop.store, wrong, step("", "expect")))
        assert refused.path == path
        assert not isinstance(refused, NotFound) or refused.kind == "Location"
    osaka = at_location(shop.osaka)
    foreign = await refusal(actions.expect_delivery(shop.store, good, step("", "expect", by=osaka)))
    assert isinstance(foreign, WrongLocation)


async def test_two_docks_at_once_never_take_in_more_than_was_ordered(shop: Shop) -> None:
    due = await expect(shop, (MUG, 5))

    async def receive() -> bool:
        try:
            await actions.receive_delivery(shop.store, [Receipt(MUG, 1)], step(due.id, "receive"))
        except Refused:
            return False
        return True

    assert (await asyncio.gather(*(receive() for _ in range(8)))).count(True) == 5
    assert (await shop.quantities(MUG)).on_hand == 5


async def test_a_crash_while_receiving_takes_in_every_piece_once(shop: Shop, db: Database) -> None:
    async def prepare(name: str) -> Delivery:
        return await expect(shop, (name, 3))

    async def act(store: InventoryStore, due: Delivery) -> object:
        sku = due.lines[0].sku
        return await actions.receive_delivery(store, [Receipt(sku, 2, 1)], step(due.id, "receive"))

    async def check(due: Delivery) -> None:
        there = await shop.store.deliveries.by_id(due.id)
        assert there is not None
        line = there.lines[0]
        levels = (await shop.store.stock.levels_at([line.sku], [shop.ginza]))[line.sku]
        assert sum(level.quantities.on_hand for level in levels) == line.arrived
        assert line.arrived in (0, 3)

    assert await crash_everywhere(shop, db, prepare, act, check) > 5
