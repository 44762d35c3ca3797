"""What the benchmarks of the inventory share: a shop with stock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kit.events import EventLog
from kit.ids import new_id
from kit.mongo import connect, database, ensure_indexes
from kit.tasks import background
from services.inventory.actions import import_locations, import_opening_stock
from services.inventory.events import drainers
from services.inventory.location.model import ExternalRef, GeoPoint, LocationDraft, LocationKind
from services.inventory.model import LocationId, Sku
from services.inventory.stock.model import OpeningStock
from services.inventory.store import INDEXES, InventoryStore


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[InventoryStore, LocationId]]:
    """A fresh store with one location, its drainers running as they do in the service; dropped afterwards."""
    async with opened_at(url, f"b{new_id('x')[2:].lower()}") as there:
        yield there


@asynccontextmanager
async def opened_at(url: str, prefix: str, drains: bool = True) -> AsyncIterator[tuple[InventoryStore, LocationId]]:
    """The same under a known prefix; without drainers where a service of its own process has them."""
    async with connect(url) as client:
        db = database(client, f"{prefix}_inventory")
        await ensure_indexes(db, INDEXES)
        store = InventoryStore(db)
        log = EventLog(database(client, f"{prefix}_events"))
        await log.prepare()
        place = LocationDraft(
            "Ginza", LocationKind.STORE, GeoPoint(35.67, 139.76), "Asia/Tokyo", external_ids=(ExternalRef("b", "1"),)
        )
        (location,) = (await import_locations(store, [place])).values()
        draining = {f"drain_{n}": each.run() for n, each in enumerate(drainers(store, log) if drains else ())}
        async with background(**draining):
            yield store, location
        for each in (db.name, f"{prefix}_events"):
            await client.drop_database(each)


async def fill(store: InventoryStore, location: LocationId, skus: list[str], pieces: int) -> None:
    """So many pieces of each."""
    await import_opening_stock(store, [OpeningStock(Sku(sku), location, pieces, "bench") for sku in skus])
