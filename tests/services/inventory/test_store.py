"""The store as a whole: every index is there, and everyday work never reads a whole collection."""

from datetime import timedelta

from kit.events import EventLog
from kit.mongo import missing_indexes
from kit.pages import PageArgs
from kit.times import utc_now
from services.inventory.actions import adjust_stock, commit, sweep
from services.inventory.events import drainers
from services.inventory.loaders import Around, Loaders, Slice
from services.inventory.location.model import ExternalRef
from services.inventory.location.operation import LocationService
from services.inventory.model import Sku
from services.inventory.policy.model import DEFAULT
from services.inventory.promise.availability import Shelf, available_near
from services.inventory.stock.model import Adjustment, AdjustmentReason
from services.inventory.store import INDEXES, InventoryStore
from tests.services.inventory.world import GINZA, MUG, WEB, Shop


async def test_every_declared_index_is_there(store: InventoryStore) -> None:
    assert await missing_indexes(store.db, INDEXES) == []


async def test_everyday_work_reads_by_index_only(shop: Shop, event_log: EventLog) -> None:
    await shop.stock({MUG: 50, **{f"SKU-{n}": 1 for n in range(50)}})
    db = shop.store.db
    await db.command("profile", 2)
    first = await shop.hold("k1", {MUG: 2})
    await shop.hold("k2", {MUG: 2})
    await commit(shop.store, first.id, "c", actor=WEB, now=utc_now())
    change = Adjustment("a", Sku(MUG), shop.ginza, AdjustmentReason.LOST, -1)
    await adjust_stock(shop.store, change, actor=WEB, now=utc_now())
    await sweep(shop.store, now=utc_now() + timedelta(hours=1))
    loaders = Loaders(shop.store)
    places = await loaders.nearby.load(Around(GINZA, 20, utc_now(), frozenset({LocationService.PICKUP})))
    assert places == []
    places = await loaders.nearby.load(Around(GINZA, 20))
    (page,) = await available_near(shop.store, [MUG], places, Shelf(DEFAULT, PageArgs()))
    assert await page.count() == 1
    assert await shop.store.stock.locations_having(MUG)
    assert await loaders.first_levels.load((MUG, Slice(None, 5)))
    assert await shop.store.locations.by_external_id([ExternalRef("test", "Osaka")])
    for drainer in drainers(shop.store, event_log):
        await drainer.drain()
    await db.command("profile", 0)
    plans = await db["system.profile"].find({"planSummary": {"$exists": True}}).to_list()
    scans = [plan["command"] for plan in plans if "COLLSCAN" in plan["planSummary"]]
    assert len(plans) > 20
    assert scans == []
