"""Collections are kept, and their products listed."""

from datetime import datetime

from kit.errors import NotFound, Refused, VersionConflict
from kit.ids import new_id
from kit.pages import Page, PageArgs, slice_page
from services.catalog.collection.model import (
    Collection,
    CollectionDraft,
    CollectionId,
    CollectionKind,
    ConditionKind,
    check_collection,
)
from services.catalog.conflict import Conflict
from services.catalog.model import Taken
from services.catalog.offer.model import Viewer
from services.catalog.product.model import Product
from services.catalog.product.store import Parts
from services.catalog.store import CatalogStore


async def upsert_collection(
    store: CatalogStore, draft: CollectionDraft, id: str | None, expected_version: int, *, now: datetime
) -> Collection:
    """A new collection, or another version of the one somebody saw."""
    problems = check_collection(draft)
    if problems:
        raise Refused(*problems)
    await _check_mentions(store, draft)
    try:
        if id is None:
            return await store.collection.insert(CollectionId(new_id("col")), draft, now)
        kept = await store.collection.replace(id, expected_version, draft, now)
    except Conflict as conflict:
        raise Refused(Taken(path=("input", "slug"), value=conflict.value)) from conflict
    if kept is not None:
        return kept
    there = (await store.collection.by_id([id])).get(id)
    if there is None:
        raise Refused(NotFound(path=("input", "id"), kind="Collection", id=id))
    raise Refused(VersionConflict(expected_version=expected_version, actual_version=there.version))


async def list_members(
    store: CatalogStore, collection: Collection, viewer: Viewer, page: PageArgs, parts: Parts
) -> Page[Product]:
    """One page of the products in it that the viewer is offered."""
    draft = collection.draft
    if draft.kind is CollectionKind.RULE:
        return await store.collection.found_by_rule(draft, viewer, page, parts)
    offered = await store.collection.offered(draft.product_ids, viewer)
    places = [(place, id) for place, id in enumerate(draft.product_ids) if id in offered]
    chosen = slice_page(places, lambda one: (one[0],), page)
    rows = await store.product.by_id([id for _, id in chosen.nodes], parts)
    kept = [(rows[id], cursor) for (_, id), cursor in zip(chosen.nodes, chosen.cursors, strict=True) if id in rows]
    nodes, cursors = [row for row, _ in kept], [cursor for _, cursor in kept]
    return Page(nodes, cursors, chosen.has_next, chosen.has_previous, chosen.count)


async def _check_mentions(store: CatalogStore, draft: CollectionDraft) -> None:
    there = await store.product.existing(draft.product_ids) if draft.product_ids else set()
    missing = [
        NotFound(path=("input", "productIds", str(index)), kind="Product", id=id)
        for index, id in enumerate(draft.product_ids)
        if id not in there
    ]
    named = [
        (("input", "conditions", str(c), "values", str(v)), id)
        for c, condition in enumerate(draft.conditions)
        if condition.kind is ConditionKind.CATEGORY
        for v, id in enumerate(condition.values)
    ]
    known = await store.category.by_id([id for _, id in named]) if named else {}
    missing += [NotFound(path=path, kind="Category", id=id) for path, id in named if id not in known]
    definitions = await store.attribute.every()
    missing += [
        NotFound(path=("input", "conditions", str(c), "name"), kind="Attribute", id=condition.name or "")
        for c, condition in enumerate(draft.conditions)
        if condition.kind is ConditionKind.ATTRIBUTE and condition.name not in definitions
    ]
    if missing:
        raise Refused(*missing)
