"""Making and changing promotions."""

from datetime import datetime

from kit.errors import InvalidInput, NotFound, Refused, VersionConflict
from services.catalog.promotion.checks import check_promotion
from services.catalog.promotion.model import Promotion, PromotionDraft, Target
from services.catalog.store import CatalogStore

MAX_ENABLED = 1_000
"""Promotions switched on at once: every process holds them all, and reads their stamps twice a second."""


async def upsert_promotion(
    store: CatalogStore, draft: PromotionDraft, id: str | None, version: int | None, *, now: datetime
) -> Promotion:
    """A new promotion, or the next version of `id`; refused with the reason if it could never apply."""
    channels = {channel.id: channel for channel in await store.channel.all()}
    problems = check_promotion(draft, channels, now=now) + await _missing(store, draft.conditions.target)
    if problems:
        raise Refused(*problems)
    if draft.enabled and await store.promotion.count_enabled() >= MAX_ENABLED + (id is not None):
        expected = f"at most {MAX_ENABLED} promotions switched on"
        raise Refused(InvalidInput(path=("input", "enabled"), expected=expected, got="one more"))
    if id is None:
        return await store.promotion.insert(draft, now)
    kept = await store.promotion.replace(id, version or 0, draft, now)
    if kept is not None:
        return kept
    there = (await store.promotion.by_id([id])).get(id)
    if there is None:
        raise Refused(NotFound(path=("input", "id"), kind="Promotion", id=id))
    raise Refused(VersionConflict(expected_version=version or 0, actual_version=there.version))


async def _missing(store: CatalogStore, target: Target) -> list[NotFound]:
    """What the target names that is not there: nothing would ever match it."""
    at = ("input", "conditions")
    skus, products, categories = sorted(target.skus), sorted(target.product_ids), sorted(target.category_ids)
    known_skus = await store.product.by_sku(skus, frozenset({"variants.sku"})) if skus else {}
    known_products = await store.product.by_id(products, frozenset()) if products else {}
    known_categories = await store.category.by_id(categories) if categories else {}
    known_collections = await store.collection.by_id(sorted(target.collections)) if target.collections else {}
    collections = {"collectionIds": target.collection_ids, "excludedCollectionIds": target.excluded_collection_ids}
    return [
        *(NotFound(path=(*at, "skus"), kind="Variant", id=sku) for sku in skus if sku not in known_skus),
        *(NotFound(path=(*at, "productIds"), kind="Product", id=id) for id in products if id not in known_products),
        *(NotFound(path=(*at, "categoryIds"), kind="Category", id=i) for i in categories if i not in known_categories),
        *(
            NotFound(path=(*at, name), kind="Collection", id=id)
            for name, ids in collections.items()
            for id in sorted(ids - set(known_collections))
        ),
    ]
