"""Locations around a point, narrowed by what they do, what they have and when they are open; in keyset pages.

Opening hours are data that MongoDB cannot judge, so rows are read in batches and judged here until a page is full.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from kit.errors import BadUserInput
from kit.pages import COUNT_CAP, NOT_OURS, Page, PageArgs, encode_cursor
from services.inventory.location.model import GeoPoint, NearbyLocation, Nearness
from services.inventory.location.operation import LocationService
from services.inventory.store import InventoryStore

BATCH = 200
"""Locations read at a time."""


@dataclass(frozen=True, slots=True)
class NearSearch:
    """A circle and what a location in it must be: offer these services, have a piece of the SKU, be open then.

    `now` is when it must be in business, unless `open_at` says another time.
    """

    point: GeoPoint
    radius_km: float
    now: datetime
    services: frozenset[LocationService] = frozenset()
    stocked: frozenset[str] | None = None
    open_at: datetime | None = None

    @property
    def nearness(self) -> Nearness:
        """The part MongoDB can judge."""
        return Nearness(self.services, self.open_at or self.now, self.stocked)


async def page_near(store: InventoryStore, search: NearSearch, page: PageArgs) -> Page[NearbyLocation]:
    """One page, nearest first; a cursor is distance in kilometres and id."""
    match page.after:
        case None:
            after = (0.0, "")
        case (float() | int() as distance, str() as id) if 0 <= distance <= search.radius_km:
            after = (float(distance), id)
        case _:
            raise BadUserInput(NOT_OURS)
    rows: list[NearbyLocation] = []
    async for row in _walk(store, search, after):
        rows.append(row)
        if len(rows) > page.first:
            break
    kept = rows[: page.first]

    async def count() -> int:
        total = 0
        async for _ in _walk(store, search, (0.0, "")):
            total += 1
            if total == COUNT_CAP:
                break
        return total

    return Page(
        nodes=kept,
        cursors=[encode_cursor(row.order) for row in kept],
        has_next=len(rows) > page.first,
        has_previous=page.after is not None,
        count=count,
    )


async def _walk(store: InventoryStore, search: NearSearch, after: tuple[float, str]) -> AsyncIterator[NearbyLocation]:
    """Every location behind `after`, in order; a batch too full of one spot to get past it is read larger."""
    size = BATCH
    while True:
        batch = await store.locations.near(search.point, search.radius_km, size, search.nearness, after[0])
        fresh = [row for row in batch if row.order > after]
        for row in fresh:
            if search.open_at is None or row.location.is_open(search.open_at):
                yield row
        if len(batch) < size:
            return
        if fresh:
            after = fresh[-1].order
        else:
            size *= 2
