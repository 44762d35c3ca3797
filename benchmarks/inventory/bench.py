"""What the benchmarks of the inventory share: a MongoDB of their own, a shop, many writers, and how figures print."""

import asyncio
import platform
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from tempfile import TemporaryDirectory

from kit.events import EventLog
from kit.ids import new_id
from kit.mongo import connect, database, ensure_indexes
from kit.mongod import EmbeddedMongo
from kit.tasks import background
from services.inventory.actions import import_locations, import_opening_stock
from services.inventory.events import drainers
from services.inventory.location.model import ExternalRef, GeoPoint, LocationDraft, LocationKind
from services.inventory.model import LocationId, Sku
from services.inventory.stock.model import OpeningStock
from services.inventory.store import INDEXES, InventoryStore

WRITERS = 64


@dataclass(frozen=True, slots=True)
class Rate:
    """What one measurement came to."""

    name: str
    done: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """How many were done."""
        return self.done / self.seconds

    def __str__(self) -> str:
        return f"{self.name:<44}{self.per_second:>9,.0f}/s   p50 {self.p50_ms:>7.1f} ms   p99 {self.p99_ms:>8.1f} ms"


def machine() -> str:
    """The line that goes with every figure."""
    return f"{platform.machine()}, {cpu_count()} cores, Python {platform.python_version()}, MongoDB embedded"


@contextmanager
def own_mongodb() -> Iterator[str]:
    """A MongoDB of this run's own."""
    with TemporaryDirectory() as directory:
        mongo = EmbeddedMongo.start(Path(directory))
        try:
            yield mongo.url
        finally:
            mongo.close()


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


async def measure(name: str, work: Callable[[int], Awaitable[object]], seconds: float, writers: int = WRITERS) -> Rate:
    """Run `work` with a running number from so many writers for so long."""
    took: list[float] = []
    number = 0
    start = time.perf_counter()
    end = start + seconds

    async def writer() -> None:
        nonlocal number
        while (began := time.perf_counter()) < end:
            number += 1
            await work(number)
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(writer() for _ in range(writers)))
    elapsed = time.perf_counter() - start
    cuts = statistics.quantiles(took, n=100)
    return Rate(name, len(took), elapsed, 1000 * cuts[49], 1000 * cuts[98])
