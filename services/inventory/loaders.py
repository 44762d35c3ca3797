"""Batches of one request: every loader asks the store once, or twice, for all keys of a moment."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from aiodataloader import DataLoader

from kit.loaders import by_key
from services.inventory.capacity.model import PickDay
from services.inventory.fulfillment.model import Fulfillment
from services.inventory.location.model import GeoPoint, Location, NearbyLocation, Nearness
from services.inventory.location.operation import LocationService
from services.inventory.stock.model import StockLevel
from services.inventory.store import InventoryStore

NEAREST = 200
"""Locations looked at around a point: more than anybody scrolls through, and one small query."""


@dataclass(frozen=True, slots=True)
class Around:
    """A circle on the map, and what a location in it must be: in business and open then, offering these services."""

    point: GeoPoint
    radius_km: float
    active_at: datetime | None = None
    services: frozenset[LocationService] = frozenset()
    open_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """The first `limit` levels behind the location `after`."""

    after: str | None
    limit: int


class Loaders:
    """Inventory's loaders; they live one request long."""

    def __init__(self, store: InventoryStore) -> None:
        self._store = store
        self.location: DataLoader[str, Location | None] = by_key(store.locations.by_id)
        self.fulfillments: DataLoader[str, list[Fulfillment] | None] = by_key(store.fulfillments.of_orders)
        self.pick_day: DataLoader[tuple[str, date], PickDay] = DataLoader(self._pick_days)
        self.nearby: DataLoader[Around, list[NearbyLocation]] = DataLoader(self._nearby)
        self.first_levels: DataLoader[tuple[str, Slice], list[StockLevel]] = DataLoader(self._first_levels)

    async def _pick_days(self, keys: Sequence[tuple[str, date]]) -> list[PickDay]:
        found = await self._store.capacity.days(keys)
        return [found[key] for key in keys]

    async def _nearby(self, circles: Sequence[Around]) -> list[list[NearbyLocation]]:
        """One search a circle, nearest first; nearly always there is one circle."""
        return [await self._search(around) for around in circles]

    async def _search(self, around: Around) -> list[NearbyLocation]:
        narrowed = Nearness(around.services, around.active_at)
        found = await self._store.locations.near(around.point, around.radius_km, NEAREST, narrowed)
        opens = around.open_at
        return [row for row in found if opens is None or row.location.is_open(opens)]

    async def _first_levels(self, keys: Sequence[tuple[str, Slice]]) -> list[list[StockLevel]]:
        """For each slice one query for all SKUs; nearly always there is one slice."""
        skus: dict[Slice, list[str]] = defaultdict(list)
        for sku, wanted in keys:
            skus[wanted].append(sku)
        found: dict[tuple[str, Slice], list[StockLevel]] = {}
        for wanted, of in skus.items():
            levels = await self._store.stock.first_levels(of, wanted.after, wanted.limit)
            found |= {(sku, wanted): levels.get(sku, []) for sku in of}
        return [found[key] for key in keys]
