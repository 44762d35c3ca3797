"""Batches of one request: every loader asks the store once, or twice, for all keys of a moment."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from aiodataloader import DataLoader

from kit.loaders import by_key
from services.inventory.fulfillment.model import Fulfillment
from services.inventory.location.model import GeoPoint, Location
from services.inventory.stock.model import LevelNear, StockLevel
from services.inventory.store import InventoryStore

NEAREST = 200
"""Locations looked at around a point: more than anybody scrolls through, and one small query."""


@dataclass(frozen=True, slots=True)
class Around:
    """A circle on the map."""

    point: GeoPoint
    radius_km: float


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
        self.levels_near: DataLoader[tuple[str, Around], list[LevelNear]] = DataLoader(self._levels_near)
        self.first_levels: DataLoader[tuple[str, Slice], list[StockLevel]] = DataLoader(self._first_levels)

    async def _levels_near(self, keys: Sequence[tuple[str, Around]]) -> list[list[LevelNear]]:
        """For each circle one search for locations and one query for all SKUs, nearest first."""
        skus: dict[Around, list[str]] = defaultdict(list)
        for sku, around in keys:
            skus[around].append(sku)
        found: dict[tuple[str, Around], list[LevelNear]] = {}
        for around, wanted in skus.items():
            nearby = await self._store.locations.near(around.point, around.radius_km, NEAREST)
            places = {place.location.id: place for place in nearby}
            levels = await self._store.stock.levels_at(wanted, list(places))
            for sku in wanted:
                rows = [LevelNear(level, places[level.location_id]) for level in levels[sku]]
                found[sku, around] = sorted(rows, key=lambda row: row.order)
        return [found[key] for key in keys]

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
