"""What can be done to stock by hand: adjust, take over opening stock."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from kit.errors import IdempotencyKeyReused, NotFound, Refused, Unavailable
from kit.idempotency import check_key, fingerprint
from kit.times import utc_now
from services.inventory.model import Actor
from services.inventory.stock.model import (
    Adjustment,
    OpeningStock,
    StockLevel,
    check_adjustment,
    check_opening,
    refuse_adjustment,
    unknown_stock,
)
from services.inventory.store import InventoryStore

ADJUST_ATTEMPTS = 8
"""The level must move between the look and the write this many times in a row before we give up."""
IMPORT_BATCH = 1_000
"""Rows a bulk write takes: some megabytes, a second at most."""
IMPORTER = Actor(channel="import")


async def adjust_stock(store: InventoryStore, adjustment: Adjustment, *, actor: Actor, now: datetime) -> StockLevel:
    """Change stock once a key; the same key and input again returns the level it led to then.

    A refused adjustment has changed nothing, and its key may come again with the same input.
    """
    check_key(adjustment.key)
    problems = check_adjustment(adjustment)
    if problems:
        raise Refused(*problems)
    if not await store.locations.by_id([adjustment.location_id]):
        raise Refused(NotFound(path=("input", "locationId"), kind="Location", id=adjustment.location_id))
    content = fingerprint(adjustment.stock_id, adjustment.reason, adjustment.delta, _count(adjustment), actor.channel)
    claim = await store.stock.claim_adjustment(adjustment, content, now)
    if claim.fingerprint != content:
        raise Refused(IdempotencyKeyReused(key=adjustment.key))
    if claim.result is not None:
        return claim.result
    level = await _apply(store, adjustment, actor, now)
    await store.stock.record_adjustment(adjustment.key, level)
    return level


async def import_opening_stock(
    store: InventoryStore, rows: Iterable[OpeningStock], *, now: datetime | None = None
) -> int:
    """Take over what lay where, once a source, SKU and location; return how many rows were new."""
    imported = 0
    rest = iter(rows)
    while batch := list(islice(rest, IMPORT_BATCH)):
        problems = [problem for row in batch for problem in check_opening(row)]
        known = await store.locations.by_id(list({row.location_id for row in batch}))
        problems += [
            NotFound(path=(row.sku, "locationId"), kind="Location", id=row.location_id)
            for row in batch
            if row.location_id not in known
        ]
        if problems:
            raise Refused(*problems)
        imported += await store.stock.open_stock(batch, IMPORTER, now or utc_now())
    return imported


async def _apply(store: InventoryStore, adjustment: Adjustment, actor: Actor, now: datetime) -> StockLevel:
    for _ in range(ADJUST_ATTEMPTS):
        seen = await store.stock.see(adjustment)
        if seen is None:
            if not adjustment.opens:
                raise Refused(unknown_stock(adjustment))
            await store.stock.open_empty(adjustment, now)
            continue
        if seen.has_key:
            return seen.level
        refusal = refuse_adjustment(adjustment, seen.level)
        if refusal is not None:
            raise Refused(refusal)
        level = await store.stock.adjust(adjustment, seen, actor=actor, now=now)
        if level is not None:
            return level
    raise Unavailable(f"the stock {adjustment.stock_id!r} moves too fast; try again")


def _count(adjustment: Adjustment) -> list[int]:
    recount = adjustment.recount
    return [] if recount is None else [recount.counted, recount.expected_on_hand]
