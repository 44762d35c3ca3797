"""Edits of the category tree: check by the model, write by the store, refuse with the facts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from kit.errors import NotFound, Refused
from kit.ids import new_id
from services.catalog.category.model import (
    Category,
    CategoryId,
    check_category,
    check_move,
    check_position,
    check_version,
    planted,
    replanted,
)
from services.catalog.category.store import Session
from services.catalog.conflict import Conflict
from services.catalog.model import Taken, check_names
from services.catalog.store import CatalogStore


async def create_category(
    store: CatalogStore,
    slug: str,
    names: Mapping[str, str],
    parent_id: str | None = None,
    position: int = 0,
    *,
    now: datetime,
) -> Category:
    """A new category, at the root or below `parent_id`."""
    new = Category(CategoryId(new_id("cat")), slug, names, None, (), position=position)

    async def plant(session: Session) -> Category:
        parent = await _parent(store, parent_id, session)
        problems = check_category(slug, names, parent, position)
        if problems:
            raise Refused(*problems)
        return await store.category.insert(planted(new, parent), now, session)

    try:
        return await store.category.in_turn(plant)
    except Conflict as conflict:
        raise Refused(Taken(path=("input", "slug"), value=conflict.value)) from conflict


async def rename_category(
    store: CatalogStore, id: str, names: Mapping[str, str], expected_version: int, *, now: datetime
) -> Category:
    """New names for a category; its slug and place stay."""
    problems = check_names(names, ("input", "names"))
    if problems:
        raise Refused(*problems)
    seen = await _seen(store, id, expected_version)
    return await store.category.rename(seen, names, now) or await _seen(store, id, expected_version)


async def move_category(
    store: CatalogStore, id: str, parent_id: str | None, position: int, expected_version: int, *, now: datetime
) -> Category:
    """The category with all below it goes to this place; products follow by themselves, see `refiling`."""
    problems = check_position(position)
    if problems:
        raise Refused(*problems)

    async def move(session: Session) -> Category:
        category = await _there(store, id, expected_version, session)
        parent = await _parent(store, parent_id, session)
        subtree = await store.category.subtree(id, session)
        levels = max(len(one.path) for one in subtree) - len(category.path) + 1
        problems = check_move(category, parent, levels)
        if problems:
            raise Refused(*problems)
        moved = planted(replace(category, position=position), parent)
        if moved.path != category.path:
            await store.category.note_refiling(id, now, session)
        return await store.category.replant(moved, replanted(moved, subtree), now, session)

    return await store.category.in_turn(move)


async def archive_category(
    store: CatalogStore, id: str, archived: bool, expected_version: int, *, now: datetime
) -> Category:
    """Hide the category and all below it from shoppers, or show it again; nothing in it changes."""

    async def archive(session: Session) -> Category:
        category = await _there(store, id, expected_version, session)
        parent = await _parent(store, category.parent_id, session)
        kept = planted(replace(category, is_archived=archived), parent)
        below = replanted(kept, await store.category.subtree(id, session))
        return await store.category.replant(kept, below, now, session)

    return await store.category.in_turn(archive)


async def _seen(store: CatalogStore, id: str, expected_version: int) -> Category:
    there = (await store.category.by_id([id])).get(id)
    if there is None:
        raise Refused(NotFound(path=("input", "id"), kind="Category", id=id))
    check_version(there, expected_version)
    return there


async def _there(store: CatalogStore, id: str, expected_version: int, session: Session) -> Category:
    category = (await store.category.by_id([id], session)).get(id)
    if category is None:
        raise Refused(NotFound(path=("input", "id"), kind="Category", id=id))
    check_version(category, expected_version)
    return category


async def _parent(store: CatalogStore, id: str | None, session: Session) -> Category | None:
    if id is None:
        return None
    parent = (await store.category.by_id([id], session)).get(id)
    if parent is None:
        raise Refused(NotFound(path=("input", "parentId"), kind="Category", id=id))
    return parent
