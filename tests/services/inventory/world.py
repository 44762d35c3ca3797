"""What the tests of inventory share: a small shop, and a database whose calls can be counted, broken or held up."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kit.ids import new_id
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import (
    LocationEdit,
    adjust_stock,
    import_locations,
    import_opening_stock,
    reserve,
    upsert_location,
)
from services.inventory.location.model import ExternalRef, GeoPoint, LocationDraft, LocationKind
from services.inventory.location.operation import LocationService, Operation
from services.inventory.model import Actor, LocationId, Sku, stock_id
from services.inventory.reservation.model import DEFAULT_HOLD_S, Line, Reservation, ReservationDraft
from services.inventory.stock.model import Adjustment, AdjustmentReason, OpeningStock, Quantities
from services.inventory.store import InventoryStore

WEB = Actor(channel="web")
STAFF = Actor(channel="pos", staff="stf_1")
GINZA = GeoPoint(35.6717, 139.7650)
SHIBUYA = GeoPoint(35.6590, 139.7006)
OSAKA = GeoPoint(34.7025, 135.4959)
MUG, CUP, LAMP = Sku("MUG"), Sku("CUP"), Sku("$LAMP")
Pieces = Mapping[Sku, int] | Mapping[str, int]


def place(name: str, point: GeoPoint, kind: LocationKind = LocationKind.STORE) -> LocationDraft:
    """A location that its name makes known again."""
    return LocationDraft(name, kind, point, "Asia/Tokyo", external_ids=(ExternalRef("test", name),))


@dataclass(slots=True)
class Shop:
    """A store with three locations."""

    store: InventoryStore
    ginza: LocationId
    shibuya: LocationId
    osaka: LocationId

    @classmethod
    async def open(cls, store: InventoryStore) -> "Shop":
        """Its locations, without stock."""
        drafts = [place("Ginza", GINZA), place("Shibuya", SHIBUYA), place("Osaka", OSAKA, LocationKind.WAREHOUSE)]
        ids = {ref.value: id for ref, id in (await import_locations(store, drafts)).items()}
        return cls(store, ids["Ginza"], ids["Shibuya"], ids["Osaka"])

    async def ships(self) -> None:
        """Let every location send pieces on."""
        ships = Operation(services=frozenset({LocationService.SHIP_FROM}))
        for id, row in (await self.store.locations.by_id([self.ginza, self.shibuya, self.osaka])).items():
            draft = replace(row.draft, operation=ships)
            await upsert_location(self.store, draft, LocationEdit(id, row.version), now=utc_now())

    async def stock(self, pieces: Pieces, at: LocationId | None = None) -> None:
        """Opening stock by SKU, in Ginza unless another location is named."""
        rows = [OpeningStock(Sku(sku), at or self.ginza, count, "test") for sku, count in pieces.items()]
        await import_opening_stock(self.store, rows)

    async def stock_more(self, sku: str, pieces: int, at: LocationId | None = None) -> None:
        """Further pieces, found just now."""
        found = Adjustment(new_id("key"), Sku(sku), at or self.ginza, AdjustmentReason.FOUND, delta=pieces)
        await adjust_stock(self.store, found, actor=STAFF, now=utc_now())

    async def quantities(self, sku: str, at: LocationId | None = None) -> Quantities:
        """What lies there."""
        id = stock_id(sku, at or self.ginza)
        return (await self.store.stock.levels([id]))[id].quantities

    def want(self, key: str, pieces: Pieces, hold_s: int = DEFAULT_HOLD_S) -> ReservationDraft:
        """A draft over SKUs in Ginza, its lines in the order given."""
        lines = tuple(Line(Sku(sku), self.ginza, count) for sku, count in pieces.items())
        return ReservationDraft(key, lines, hold_s)

    async def hold(self, key: str, pieces: Pieces, actor: Actor = WEB) -> Reservation:
        """Reserve now, by default for the web channel."""
        return await reserve(self.store, self.want(key, pieces), actor=actor, now=utc_now())


class Crash(Exception):
    """Our process died here."""


Hook = Callable[[str, Callable[[], Awaitable[Any]]], Awaitable[Any]]
"""Gets the call's name (`stock.bulk_write`) and what does it; decides whether, and what happens around it."""


@dataclass(slots=True)
class WatchedDatabase:
    """A real database every call of which passes a hook and is written down."""

    db: Database
    hook: Hook | None = None
    calls: list[str] = field(default_factory=list)

    @property
    def client(self) -> Any:
        """The real client."""
        return self.db.client

    @property
    def write_concern(self) -> Any:
        """The real database's."""
        return self.db.write_concern

    def __getitem__(self, name: str) -> "WatchedCalls":
        return WatchedCalls(self, name, self.db[name])

    async def aggregate(self, *args: Any, **kwargs: Any) -> Any:
        """Watched like a collection's."""
        self.calls.append("db.aggregate")
        return await self.db.aggregate(*args, **kwargs)


@dataclass(slots=True)
class WatchedCalls:
    """One collection of a watched database."""

    database: WatchedDatabase
    name: str
    collection: Any

    def __getattr__(self, method: str) -> Any:
        real = getattr(self.collection, method)
        call = f"{self.name}.{method}"
        if not callable(real):
            return real

        def watched(*args: Any, **kwargs: Any) -> Any:
            self.database.calls.append(call)
            hook = self.database.hook
            if hook is None or not inspect.iscoroutinefunction(real):
                return real(*args, **kwargs)
            return hook(call, lambda: real(*args, **kwargs))

        return watched


def watched_store(db: Database, hook: Hook | None = None) -> tuple[InventoryStore, WatchedDatabase]:
    """A store over the real database, all of whose calls pass the hook."""
    watched = WatchedDatabase(db, hook)
    return InventoryStore(watched), watched  # type: ignore[arg-type]
