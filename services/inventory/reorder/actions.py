"""What can be done with reorder points, and which proposals the books of these days give."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kit.errors import NotFound, Refused, VersionConflict
from services.inventory.model import StockId, stock_id
from services.inventory.paper.model import By, need_location, refuse
from services.inventory.reorder.model import ReorderDraft, ReorderPoint, Seen, check_point, turn_of
from services.inventory.reorder.redistribution import Cover, Proposal, Shelf, redistribute
from services.inventory.store import InventoryStore


async def set_reorder_point(store: InventoryStore, draft: ReorderDraft, by: By, now: datetime) -> ReorderPoint:
    """Keep a point, or replace the version somebody saw; if the stock is low by it, that is told at once."""
    refuse(check_point(draft))
    if not await store.locations.by_id([draft.location_id]):
        raise Refused(NotFound(path=("input", "locationId"), kind="Location", id=draft.location_id))
    need_location(by, draft.location_id, ("input", "locationId"))
    kept = await store.reorder.keep(draft, now)
    id = stock_id(draft.sku, draft.location_id)
    if kept is None:
        there = (await store.reorder.by_ids([id])).get(id)
        if there is None:
            raise Refused(NotFound(path=("input", "sku"), kind="ReorderPoint", id=id))
        raise Refused(VersionConflict(expected_version=draft.expected_version or 0, actual_version=there.version))
    await watch(store, [id], now)
    return (await store.reorder.by_ids([id]))[id]


async def watch(store: InventoryStore, stock_ids: Sequence[str], now: datetime) -> None:
    """Look at the points of these stocks, and tell which became low or recovered. As often as one likes: it looks at
    what there is now, and an edge is told once."""
    points = await store.reorder.by_ids(list(dict.fromkeys(stock_ids)))
    if not points:
        return
    levels = await store.stock.levels([StockId(id) for id in points])
    available = {id: levels[StockId(id)].quantities.available if id in levels else 0 for id in points}
    turning = [point for id, point in points.items() if turn_of(point, Seen(available[id])) is not None]
    if not turning:
        return
    expected: dict[str, int] = {}
    for row in await store.deliveries.incoming([point.sku for point in turning]):
        id = stock_id(row.sku, row.location_id)
        expected[id] = expected.get(id, 0) + row.quantity
    for point in turning:
        seen = Seen(available[point.id], expected.get(point.id, 0))
        turn = turn_of(point, seen)
        if turn is not None:
            await store.reorder.turn(point, turn, seen, now)


async def propose(
    store: InventoryStore, skus: Sequence[str], location_ids: Sequence[str], cover: Cover, now: datetime
) -> list[Proposal]:
    """What these locations could send each other of these SKUs."""
    places = await store.locations.by_id(location_ids)
    points = {id: place.draft.point for id, place in places.items()}
    levels = await store.stock.levels_at(skus, list(places))
    sold = await store.reorder.sold(skus, list(places), now - timedelta(days=cover.window_days))
    ids = [stock_id(sku, location_id) for sku in skus for location_id in places]
    displays = await store.reorder.by_ids(ids)
    incoming: dict[str, int] = {}
    for row in await store.deliveries.incoming(skus, list(places)):
        id = stock_id(row.sku, row.location_id)
        incoming[id] = incoming.get(id, 0) + row.quantity
    proposals: list[Proposal] = []
    for sku in skus:
        available = {str(level.location_id): level.quantities.available for level in levels[sku]}
        shelves = []
        for location_id in sorted(places):
            id = stock_id(sku, location_id)
            if location_id in available or id in displays:
                display = displays[id].min_display if id in displays else 0
                shelf = Shelf(location_id, available.get(location_id, 0), sold.get(id, 0), incoming.get(id, 0), display)
                shelves.append(shelf)
        proposals += redistribute(sku, shelves, points, cover)
    return proposals
