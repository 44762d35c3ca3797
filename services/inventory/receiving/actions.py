"""What can be done with deliveries: expect, reschedule, receive, inspect, close, cancel."""

from collections.abc import Sequence
from datetime import datetime

from kit.errors import NotFound
from kit.ids import new_id
from services.inventory.paper.actions import open_paper, take_step
from services.inventory.paper.model import Command, refuse
from services.inventory.receiving import dates, model
from services.inventory.receiving.dates import NewDate
from services.inventory.receiving.model import Delivery, DeliveryDraft, Receipt, Verdict
from services.inventory.store import InventoryStore


async def expect_delivery(store: InventoryStore, draft: DeliveryDraft, command: Command) -> Delivery:
    """Announce a delivery: its lines are incoming stock from now on."""
    refuse(model.check_delivery(draft))
    if not await store.locations.by_id([draft.location_id]):
        refuse([NotFound(path=("input", "locationId"), kind="Location", id=draft.location_id)])
    decision = model.expect(new_id("dlv"), draft, command.by, command.at)
    return await open_paper(store, store.deliveries, command, decision)


async def reschedule_delivery(
    store: InventoryStore, due_at: datetime | None, own: Sequence[NewDate], command: Command
) -> Delivery:
    """It comes on another day, whole or some SKUs of it."""
    return await take_step(
        store, store.deliveries, command, lambda each: dates.reschedule(each, due_at, own, command.by)
    )


async def receive_delivery(store: InventoryStore, receipts: Sequence[Receipt], command: Command) -> Delivery:
    """Take in a part or all of it; over-receipt beyond the tolerance is refused whole."""
    return await take_step(store, store.deliveries, command, lambda each: model.receive(each, receipts, command.by))


async def inspect_delivery(store: InventoryStore, verdicts: Sequence[Verdict], command: Command) -> Delivery:
    """Release or reject pieces on quality hold."""
    return await take_step(store, store.deliveries, command, lambda each: model.inspect(each, verdicts, command.by))


async def close_delivery(store: InventoryStore, command: Command) -> Delivery:
    """Expect nothing more of it."""
    return await take_step(store, store.deliveries, command, lambda each: model.close(each, command.by))


async def cancel_delivery(store: InventoryStore, command: Command) -> Delivery:
    """It will not come."""
    return await take_step(store, store.deliveries, command, lambda each: model.cancel(each, command.by))
