"""Customizations are set, designs are checked and saved, and what they cost more is said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kit.errors import IdempotencyKeyReused, NotFound, Refused, VersionConflict
from kit.idempotency import check_key, fingerprint
from kit.ids import new_id
from services.catalog.design.model import (
    Customization,
    Design,
    DesignId,
    Selection,
    check_customization,
    check_selections,
    design_surcharge,
)
from services.catalog.offer.model import Viewer, is_offered
from services.catalog.store import CatalogStore


@dataclass(frozen=True, slots=True)
class DesignRequest:
    """What a shopper wants saved; `version` is that of the customization they saw."""

    sku: str
    version: int
    selections: tuple[Selection, ...]


@dataclass(frozen=True, slots=True)
class DesignPrice:
    """What a saved design adds to its variant's price, in minor units; None: it has no price in this currency.

    `is_orderable`: the product's customization of today still allows it.
    """

    sku: str
    surcharge_minor: int | None
    is_orderable: bool


async def set_customization(
    store: CatalogStore, wanted: Customization, expected_version: int, *, now: datetime
) -> Customization:
    """A new version of what may be chosen of a product; 0 is expected of one that has none. Old ones stay."""
    if not await store.product.existing([wanted.product_id]):
        raise Refused(NotFound(path=("input", "productId"), kind="Product", id=wanted.product_id))
    problems = check_customization(wanted)
    if problems:
        raise Refused(*problems)
    there = (await store.design.current([wanted.product_id])).get(wanted.product_id)
    actual = 0 if there is None else there.version
    new = replace(wanted, version=expected_version + 1)
    if actual != expected_version or not await store.design.add_version(new, now):
        there = (await store.design.current([wanted.product_id])).get(wanted.product_id)
        actual = 0 if there is None else there.version
        raise Refused(VersionConflict(expected_version=expected_version, actual_version=actual))
    return new


async def save_design(
    store: CatalogStore, request: DesignRequest, key: str, viewer: Viewer, *, now: datetime
) -> Design:
    """Keep what was chosen, for good; the same key and choices give the same design."""
    asked = fingerprint(request)
    before = await store.design.by_key(check_key(key))
    if before is not None:
        return _replayed(before, asked, key)
    customization = await customization_of(store, request.sku, viewer)
    if customization.version != request.version:
        path = ("input", "customizationVersion")
        conflict = VersionConflict(expected_version=request.version, actual_version=customization.version)
        raise Refused(replace(conflict, path=path))
    problems = check_selections(customization, request.selections)
    if problems:
        raise Refused(*problems)
    design = Design(
        id=DesignId(new_id("dsg")),
        sku=request.sku,
        product_id=customization.product_id,
        version=customization.version,
        selections=request.selections,
        created_at=now,
    )
    return _replayed(await store.design.add(design, key, asked), asked, key)


def _replayed(kept: tuple[Design, str], asked: str, key: str) -> Design:
    design, first = kept
    if first != asked:
        raise Refused(IdempotencyKeyReused(key=key))
    return design


async def customization_of(store: CatalogStore, sku: str, viewer: Viewer) -> Customization:
    """What may be chosen of this variant's product today, or Refused: nothing, or not by this viewer."""
    product = (await store.product.by_sku([sku])).get(sku)
    if product is None or not is_offered(product.draft.offer, viewer):
        raise Refused(NotFound(path=("input", "sku"), kind="Variant", id=sku))
    found = (await store.design.current([product.id])).get(product.id)
    if found is None:
        raise Refused(NotFound(path=("input", "sku"), kind="Customization", id=sku))
    return found


async def price_designs(store: CatalogStore, ids: Sequence[str], currency: str) -> Mapping[str, DesignPrice]:
    """What the designs there are cost more, by id: three queries for all of them."""
    designs = await store.design.by_id(ids)
    used = await store.design.versions([(one.product_id, one.version) for one in designs.values()])
    current = await store.design.current(sorted({one.product_id for one in designs.values()}))
    return {
        id: DesignPrice(
            design.sku,
            design_surcharge(design, used[design.product_id, design.version], currency),
            not check_selections(current[design.product_id], design.selections),
        )
        for id, design in designs.items()
    }
