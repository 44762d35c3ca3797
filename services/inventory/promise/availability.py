"""How much may be promised where, for many variants at once: a few queries, however many variants and locations.

Around a point the nearest locations are asked first; only variants that are at too few of them are asked for further
ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter

from kit.errors import BadUserInput
from kit.pages import NOT_OURS, Cursors, Page, PageArgs
from services.inventory.location.model import NearbyLocation
from services.inventory.model import LocationId
from services.inventory.policy.model import Policy
from services.inventory.promise.assembled import Pieces, first_pieces, pieces_at
from services.inventory.store import InventoryStore

ROWS_AHEAD = 4
"""Locations asked for each row wanted: most variants are at a good part of the shops around."""
CHUNK = 24
"""Locations asked at least."""
CHUNK_GROWTH = 4


@dataclass(frozen=True, slots=True)
class Available:
    """Pieces a channel may promise of one SKU at one location; `place` where the location was looked for on the map."""

    location_id: LocationId
    pieces: int
    place: NearbyLocation | None = None

    @property
    def key(self) -> tuple[float, str] | tuple[str]:
        """What the row is sorted by."""
        return (self.location_id,) if self.place is None else self.place.order


KEY = attrgetter("key")


@dataclass(frozen=True, slots=True)
class Shelf:
    """One question about many SKUs: under which policy, and whether places without a piece to sell are left out."""

    policy: Policy
    page: PageArgs
    in_stock: bool = False


async def available_near(
    store: InventoryStore, skus: Sequence[str], places: Sequence[NearbyLocation], shelf: Shelf
) -> list[Page[Available]]:
    """One page a SKU, of the places given nearest first."""
    match shelf.page.after:
        case None:
            ahead = list(places)
        case (float() | int(), str()) as after:
            ahead = [place for place in places if place.order > after]
        case _:
            raise BadUserInput(NOT_OURS)
    wanted = shelf.page.first + 1
    rows: dict[str, list[Available]] = {sku: [] for sku in skus}
    open_skus = list(rows)
    size = max(CHUNK, ROWS_AHEAD * wanted)
    at = 0
    while open_skus and at < len(ahead):
        chunk: dict[str, NearbyLocation] = {place.location.id: place for place in ahead[at : at + size]}
        levels = await pieces_at(store, open_skus, list(chunk), shelf.policy)
        for sku in open_skus:
            _fill(rows[sku], sku, levels[sku], chunk, shelf)
        open_skus = [sku for sku in open_skus if len(rows[sku]) < wanted]
        at += size
        size *= CHUNK_GROWTH
    whole = set(open_skus) if shelf.page.after is None else set()
    return [_page(store, sku, rows[sku], places, shelf, sku in whole) for sku in skus]


async def available_anywhere(store: InventoryStore, skus: Sequence[str], shelf: Shelf) -> list[Page[Available]]:
    """One page a SKU, by location id."""
    match shelf.page.after:
        case None:
            after = None
        case (str() as after,):
            pass
        case _:
            raise BadUserInput(NOT_OURS)
    found = await first_pieces(store, list(dict.fromkeys(skus)), after, shelf.page.first + 1, shelf.policy)
    return [_anywhere(store, sku, found[sku], shelf) for sku in skus]


def _anywhere(store: InventoryStore, sku: str, found: Sequence[Pieces], shelf: Shelf) -> Page[Available]:
    rows = [Available(row.location_id, row.pieces) for row in found[: shelf.page.first]]
    return Page(
        nodes=rows,
        cursors=Cursors(rows, KEY),
        has_next=len(found) > shelf.page.first,
        has_previous=shelf.page.after is not None,
        count=partial(_count, store, sku),
    )


async def _count(store: InventoryStore, sku: str) -> int:
    parts = (await store.bundles.of([sku])).get(sku)
    return await store.stock.count([sku] if parts is None else [part.sku for part in parts])


def _fill(
    rows: list[Available],
    sku: str,
    levels: Mapping[str, int],
    chunk: Mapping[str, NearbyLocation],
    shelf: Shelf,
) -> None:
    """Up to one row more than the page has; `chunk` is nearest first."""
    wanted = shelf.page.first + 1
    for id, place in chunk.items():
        pieces = levels.get(id)
        if pieces or (pieces == 0 and not shelf.in_stock):
            rows.append(Available(place.location.id, pieces, place))
            if len(rows) == wanted:
                return


def _page(
    store: InventoryStore,
    sku: str,
    rows: Sequence[Available],
    places: Sequence[NearbyLocation],
    shelf: Shelf,
    is_all: bool,
) -> Page[Available]:
    kept = rows[: shelf.page.first]

    async def count() -> int:
        if is_all:
            return len(rows)
        ids = [place.location.id for place in places]
        if not shelf.in_stock and not await store.bundles.of([sku]):
            return await store.stock.count_at(sku, ids)
        levels = (await pieces_at(store, [sku], ids, shelf.policy))[sku]
        return sum(pieces > 0 or not shelf.in_stock for pieces in levels.values())

    return Page(
        nodes=kept,
        cursors=Cursors(kept, KEY),
        has_next=len(rows) > shelf.page.first,
        has_previous=shelf.page.after is not None,
        count=count,
    )
