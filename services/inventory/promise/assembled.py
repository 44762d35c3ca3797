"""How many pieces a channel may sell of SKUs, bundles among them: as many as can be put together of what lies there.

A bundle is at a location if each of its components is known there; of the components the scarcest decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.inventory.bundle.model import Component, Composition
from services.inventory.model import LocationId
from services.inventory.policy.model import Policy
from services.inventory.stock.model import StockLevel
from services.inventory.store import InventoryStore

CHUNK = 200
"""Levels of each component read at a time: more than most houses have locations."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """So many that may be sold at a location."""

    location_id: LocationId
    pieces: int


async def pieces_at(
    store: InventoryStore, skus: Sequence[str], location_ids: Sequence[str], policy: Policy
) -> dict[str, dict[str, int]]:
    """By SKU and location, where they are known: one query for all, and one for what bundles consist of."""
    bundles = await store.bundles.of(skus)
    levels = await store.stock.available_at(asked_for(skus, bundles), location_ids)
    return {sku: sellable(sku, bundles.get(sku), levels, policy) for sku in skus}


async def pieces_anywhere(store: InventoryStore, sku: str, policy: Policy) -> dict[str, int]:
    """Of one SKU or bundle, by location, wherever there is something of it, or of each of its components."""
    bundles = await store.bundles.of([sku])
    levels = {each: await store.stock.locations_having(each) for each in asked_for([sku], bundles)}
    return sellable(sku, bundles.get(sku), levels, policy)


def put_together(
    sku: str, parts: Sequence[Component], location_id: str, there: Mapping[str, int], policy: Policy
) -> int:
    """How many of a bundle may be sold at a location where so many pieces of its components lie."""
    levels = {each: {location_id: pieces} for each, pieces in there.items()}
    return sellable(sku, parts, levels, policy).get(location_id, 0)


async def first_pieces(
    store: InventoryStore, skus: Sequence[str], after: str | None, limit: int, policy: Policy
) -> dict[str, list[Pieces]]:
    """The first `limit` of every SKU behind the location `after`, by location id: one query for all that are no
    bundles, one or a few for all bundles."""
    bundles = await store.bundles.of(skus)
    plain = [sku for sku in skus if sku not in bundles]
    levels = await store.stock.first_levels(plain, after, limit) if plain else {}
    found = {sku: _rows(sku, None, {sku: _by_location(levels.get(sku, ()))}, policy) for sku in plain}
    return found | await _first_bundles(store, bundles, after, limit, policy)


def asked_for(skus: Sequence[str], bundles: Composition) -> list[str]:
    """The SKUs that lie in stock: a bundle's components in its place."""
    return list(dict.fromkeys(each for sku in skus for each in _parts(sku, bundles)))


def sellable(
    sku: str, parts: Sequence[Component] | None, levels: Mapping[str, Mapping[str, int]], policy: Policy
) -> dict[str, int]:
    """By location, of the levels of what lies in stock; never below zero.

    What the channel keeps back of a component is kept back from its bundles, and of bundles from what can be put
    together.
    """
    if not parts:
        if not policy.draft.safety:
            return dict(levels.get(sku, {}))
        return {id: _kept(policy, sku, id, pieces) for id, pieces in levels.get(sku, {}).items()}
    first, *others = (levels.get(part.sku, {}) for part in parts)
    return {
        id: _kept(
            policy,
            sku,
            id,
            min(_kept(policy, part.sku, id, levels[part.sku][id]) // part.quantity for part in parts),
        )
        for id in first
        if all(id in other for other in others)
    }


async def _first_bundles(
    store: InventoryStore, bundles: Composition, after: str | None, limit: int, policy: Policy
) -> dict[str, list[Pieces]]:
    """Read on behind the location up to which every component was read, until there are rows enough or no more."""
    found: dict[str, list[Pieces]] = {sku: [] for sku in bundles}
    wanted = list(bundles)
    size = max(CHUNK, limit)
    while wanted:
        read = await store.stock.first_levels(asked_for(wanted, bundles), after, size)
        full = [levels[-1].location_id for levels in read.values() if len(levels) == size]
        known = {sku: _by_location(levels) for sku, levels in read.items()}
        for sku in wanted:
            rows = _rows(sku, bundles[sku], known, policy)
            found[sku] += [row for row in rows if not full or row.location_id <= min(full)]
        if not full:
            break
        after = min(full)
        wanted = [sku for sku in wanted if len(found[sku]) < limit]
    return {sku: rows[:limit] for sku, rows in found.items()}


def _rows(
    sku: str, parts: Sequence[Component] | None, levels: Mapping[str, Mapping[str, int]], policy: Policy
) -> list[Pieces]:
    return [Pieces(LocationId(id), pieces) for id, pieces in sorted(sellable(sku, parts, levels, policy).items())]


def _by_location(levels: Sequence[StockLevel]) -> dict[str, int]:
    return {level.location_id: level.quantities.available for level in levels}


def _parts(sku: str, bundles: Composition) -> list[str]:
    return [part.sku for part in bundles[sku]] if sku in bundles else [sku]


def _kept(policy: Policy, sku: str, location_id: str, pieces: int) -> int:
    if not policy.draft.safety:
        return pieces
    return max(0, pieces - policy.keeps_back(sku, location_id))
