"""What can be done to one stock: adjust it, move pieces between its states, take over opening stock."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice

from kit.errors import IdempotencyKeyReused, NotFound, Refusal, Refused, Unavailable
from kit.idempotency import check_key, fingerprint
from kit.times import utc_now
from services.inventory.model import Actor
from services.inventory.stock.model import (
    Adjustment,
    Change,
    OpeningStock,
    StockLevel,
    StockMove,
    change_of,
    check_adjustment,
    check_move,
    check_opening,
    refuse_adjustment,
    refuse_move,
    unknown_stock,
)
from services.inventory.store import InventoryStore

CHANGE_ATTEMPTS = 8
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
    level = await _apply(
        store,
        adjustment.to_change(),
        actor,
        now,
        opens=adjustment.opens,
        unknown=lambda: unknown_stock(adjustment),
        refuse=lambda level: refuse_adjustment(adjustment, level),
    )
    await store.stock.record_adjustment(adjustment.key, level)
    return level


async def move(store: InventoryStore, wanted: StockMove, *, actor: Actor, now: datetime) -> StockLevel:
    """Move pieces between the states of one stock, in or out, once a key; return the level it led to then.

    Guarded: refused with `InsufficientStock` and the facts where the source state has less, having changed nothing; the
    key may then come again with the same input. Pieces that reservations hold are moved by reservations alone.
    """
    check_key(wanted.key)
    problems = check_move(wanted)
    if problems:
        raise Refused(*problems)
    if not await store.locations.by_id([wanted.location_id]):
        raise Refused(NotFound(path=("input", "locationId"), kind="Location", id=wanted.location_id))
    content = fingerprint(
        wanted.stock_id, wanted.source, wanted.target, wanted.quantity, wanted.reason, wanted.reference
    )
    claim = await store.stock.claim_move(wanted, content, now)
    if claim.fingerprint != content:
        raise Refused(IdempotencyKeyReused(key=wanted.key))
    if claim.result is not None:
        return claim.result
    level = await _apply(
        store,
        change_of(wanted),
        actor,
        now,
        opens=wanted.source is None,
        unknown=lambda: NotFound(path=("input", "sku"), kind="Stock", id=wanted.stock_id),
        refuse=lambda level: refuse_move(wanted, level),
    )
    await store.stock.record_move(wanted.key, level)
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


async def _apply(
    store: InventoryStore,
    change: Change,
    actor: Actor,
    now: datetime,
    *,
    opens: bool,
    unknown: Callable[[], Refusal],
    refuse: Callable[[StockLevel], Refusal | None],
) -> StockLevel:
    """Look, let the model refuse, write under guard; again while others are faster."""
    for _ in range(CHANGE_ATTEMPTS):
        seen = await store.stock.see(change)
        if seen is None:
            if not opens:
                raise Refused(unknown())
            await store.stock.open_empty(change.sku, change.location_id, now)
            continue
        if seen.has_happened:
            return seen.level
        refusal = refuse(seen.level)
        if refusal is not None:
            raise Refused(refusal)
        level = await store.stock.change(change, seen, actor=actor, now=now)
        if level is not None:
            return level
    raise Unavailable(f"the stock {change.stock_id!r} moves too fast; try again")


def _count(adjustment: Adjustment) -> list[int]:
    recount = adjustment.recount
    return [] if recount is None else [recount.counted, recount.expected_on_hand]
