"""After an erasure nobody waits, and an address goes as soon as nothing is sent to it."""

from datetime import datetime

from kit.events import Event, EventLog
from kit.times import utc_now
from services.inventory.erasure.events import CUSTOMER_ERASED
from services.inventory.events import consumers
from services.inventory.fulfillment import actions
from services.inventory.model import Sku
from services.inventory.store import InventoryStore
from services.inventory.waiting.actions import join
from services.inventory.waiting.model import WaitDraft
from tests.services.inventory.fulfillment.world import Desk
from tests.services.inventory.paper.world import step
from tests.services.inventory.world import MUG, Shop

THEM, OTHER = "cus_hanako", "cus_taro"
HOME = "1-1 Chiyoda"


async def told(event_log: EventLog, id: str, type: str, now: datetime) -> None:
    await event_log.append([Event(id, "/noren/test", type, THEM, now, {"customerId": THEM})])


async def addresses(store: InventoryStore) -> list[str | None]:
    return [one["address"] async for one in store.fulfillments.collection.find().sort("_id")]


async def test_waits_go_at_once_and_addresses_when_they_are_not_needed(
    store: InventoryStore, event_log: EventLog
) -> None:
    shop, now = await Shop.open(store), utc_now()
    await shop.ships()
    await shop.stock({MUG: 5}, at=shop.osaka)
    desk = Desk(shop)
    for customer in (THEM, OTHER):
        await join(store, WaitDraft(Sku(MUG), (), customer, "web"), now=now)
    over, open_one, others = [await desk.from_osaka(MUG, 1, address=HOME) for _ in range(3)]
    for made, customer in ((over, THEM), (open_one, THEM), (others, OTHER)):
        await store.fulfillments.collection.update_one({"_id": made.id}, {"$set": {"customer_id": customer}})
    for made in (over, others):
        await actions.cancel(store, step(made.id, "cancel"), own_only=False)
    erasures = next(one for one in consumers(store, event_log) if one._name == "inventory-erasures")

    await told(event_log, "evt_1", CUSTOMER_ERASED, now)
    for _ in range(2):
        await erasures.catch_up()
        assert [one["customer"] async for one in store.waiting.collection.find()] == [OTHER]
        assert await addresses(store) == [None, HOME, HOME]

    await actions.cancel(store, step(open_one.id, "cancel"), own_only=False)
    await told(event_log, "evt_2", "noren.inventory.fulfillment_cancelled.v1", now)
    await erasures.catch_up()
    assert await addresses(store) == [None, None, HOME]
