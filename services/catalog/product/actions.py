"""Edits of products: check by the model, write by the store, refuse with the facts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kit.errors import NotFound, Path, Refused, VersionConflict
from services.catalog.category.model import CategoryId
from services.catalog.conflict import Conflict
from services.catalog.model import PriceEntry, Taken, check_price
from services.catalog.product.model import Product, ProductDraft, check_product
from services.catalog.store import CatalogStore

IMPORT_BATCH = 500

_CONFLICT_PATHS: Mapping[str, Path] = {
    "slug": ("input", "slug"),
    "variants.sku": ("input", "variants", "sku"),
    "variants.barcode": ("input", "variants", "barcode"),
    "external_ids.value": ("input", "externalIds"),
}


@dataclass(frozen=True, slots=True)
class ProductEdit:
    """Which product is edited and which version of it the editor saw."""

    id: str
    expected_version: int


@dataclass(frozen=True, slots=True)
class PriceEdit:
    """A new price for one SKU; `expected_version` is the product's."""

    sku: str
    entry: PriceEntry
    expected_version: int


async def upsert_product(
    store: CatalogStore, draft: ProductDraft, edit: ProductEdit | None, *, now: datetime
) -> Product:
    """Create a product, or replace the version somebody saw."""
    problems = check_product(draft)
    if problems:
        raise Refused(*problems)
    paths = await _category_path(store, draft.category_ids)
    await _check_channels_exist(store, draft)
    try:
        if edit is None:
            return await store.product.insert(draft, paths, now)
        kept = await store.product.replace(edit.id, edit.expected_version, draft, paths, now)
    except Conflict as conflict:
        path = _CONFLICT_PATHS.get(conflict.index, ("input",))
        raise Refused(Taken(path=path, value=conflict.value)) from conflict
    return kept or await _refuse_edit(store, edit)


async def set_price(store: CatalogStore, edit: PriceEdit, *, now: datetime) -> Product:
    """Set one price of one variant, leaving all others as they are."""
    problems = check_price(edit.entry, ("input", "amount"))
    if problems:
        raise Refused(*problems)
    product = (await store.product.by_sku([edit.sku])).get(edit.sku)
    if product is None:
        raise Refused(NotFound(path=("input", "sku"), kind="Variant", id=edit.sku))
    await _check_channel_exists(store, edit.entry.channel)
    variants = tuple(
        replace(variant, prices=_with_price(variant.prices, edit.entry)) if variant.sku == edit.sku else variant
        for variant in product.draft.variants
    )
    draft = replace(product.draft, variants=variants)
    problems = check_product(draft)  # one price more may be one too many
    if problems:
        raise Refused(*problems)
    paths = await _category_path(store, draft.category_ids)
    seen = ProductEdit(product.id, edit.expected_version)
    if product.version != edit.expected_version:
        return await _refuse_edit(store, seen)
    kept = await store.product.replace(product.id, edit.expected_version, draft, paths, now)
    return kept or await _refuse_edit(store, seen)


async def import_products(store: CatalogStore, drafts: Iterable[ProductDraft], *, now: datetime) -> int:
    """Keep every draft whose slug, SKUs and external ids are new; return how many were. Again changes nothing."""
    imported = 0
    batch: list[tuple[ProductDraft, Sequence[CategoryId]]] = []
    for draft in drafts:
        problems = check_product(draft, (draft.slug,))
        if problems:
            raise Refused(*problems)
        batch.append((draft, await _category_path(store, draft.category_ids)))
        if len(batch) == IMPORT_BATCH:
            imported += await store.product.insert_many(batch, now)
            batch = []
    return imported + await store.product.insert_many(batch, now)


async def _category_path(store: CatalogStore, ids: Sequence[CategoryId]) -> list[CategoryId]:
    found = await store.category.by_id(ids)
    missing = [
        NotFound(path=("input", "categoryIds", str(index)), kind="Category", id=id)
        for index, id in enumerate(ids)
        if id not in found
    ]
    if missing:
        raise Refused(*missing)
    return sorted({ancestor for category in found.values() for ancestor in category.path})


async def _check_channel_exists(store: CatalogStore, channel: str | None) -> None:
    if channel is not None and not await store.channel.by_id([channel]):
        raise Refused(NotFound(path=("input", "channel"), kind="Channel", id=channel))


async def _check_channels_exist(store: CatalogStore, draft: ProductDraft) -> None:
    named = {
        ("input", "variants", str(v), "prices", str(p), "channel"): entry.channel
        for v, variant in enumerate(draft.variants)
        for p, entry in enumerate(variant.prices)
        if entry.channel is not None
    }
    known = await store.channel.by_id(sorted(set(named.values()))) if named else {}
    missing = [NotFound(path=path, kind="Channel", id=id) for path, id in named.items() if id not in known]
    if missing:
        raise Refused(*missing)


async def _refuse_edit(store: CatalogStore, edit: ProductEdit | None) -> Product:
    assert edit is not None, "only an edit can miss its version"
    there = (await store.product.by_id([edit.id])).get(edit.id)
    if there is None:
        raise Refused(NotFound(path=("input", "id"), kind="Product", id=edit.id))
    raise Refused(VersionConflict(expected_version=edit.expected_version, actual_version=there.version))


def _with_price(prices: Sequence[PriceEntry], entry: PriceEntry) -> tuple[PriceEntry, ...]:
    others = [kept for kept in prices if (kept.currency, kept.channel) != (entry.currency, entry.channel)]
    return (*others, entry)
