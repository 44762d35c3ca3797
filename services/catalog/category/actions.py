"""Edits of the category tree: check by the model, write by the store, refuse with the facts."""

from collections.abc import Mapping

from kit.errors import NotFound, Refused, VersionConflict
from services.catalog.category.model import Category, check_category
from services.catalog.conflict import Conflict
from services.catalog.model import Taken, check_names
from services.catalog.store import CatalogStore


async def create_category(
    store: CatalogStore, slug: str, names: Mapping[str, str], parent_id: str | None = None
) -> Category:
    """A new category, at the root or below `parent_id`."""
    parent = None
    if parent_id is not None:
        parent = (await store.category.by_id([parent_id])).get(parent_id)
        if parent is None:
            raise Refused(NotFound(path=("input", "parentId"), kind="Category", id=parent_id))
    problems = check_category(slug, names, parent)
    if problems:
        raise Refused(*problems)
    try:
        return await store.category.insert(slug, names, parent)
    except Conflict as conflict:
        raise Refused(Taken(path=("input", "slug"), value=conflict.value)) from conflict


async def rename_category(store: CatalogStore, id: str, names: Mapping[str, str], expected_version: int) -> Category:
    """New names for a category; its slug and place stay."""
    problems = check_names(names, ("input", "names"))
    if problems:
        raise Refused(*problems)
    kept = await store.category.rename(id, expected_version, names)
    if kept is not None:
        return kept
    there = (await store.category.by_id([id])).get(id)
    if there is None:
        raise Refused(NotFound(path=("input", "id"), kind="Category", id=id))
    raise Refused(VersionConflict(expected_version=expected_version, actual_version=there.version))
