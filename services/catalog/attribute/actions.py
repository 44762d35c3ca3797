"""Edits of attribute definitions, and whether the values of products fit them."""

from kit.errors import NotFound, Refused, VersionConflict
from services.catalog.attribute.model import MAX_DEFINITIONS, AttributeDefinition, check_change, check_definition
from services.catalog.model import Taken, invalid
from services.catalog.store import CatalogStore


async def upsert_attribute(
    store: CatalogStore, wanted: AttributeDefinition, expected_version: int | None
) -> AttributeDefinition:
    """Define a new attribute, or replace the version somebody saw; values that are kept stay as they are."""
    problems = check_definition(wanted)
    if problems:
        raise Refused(*problems)
    await _check_categories(store, wanted)
    if expected_version is None:
        return await _insert(store, wanted)
    before = (await store.attribute.by_code([wanted.code])).get(wanted.code)
    if before is None:
        raise Refused(NotFound(path=("input", "code"), kind="Attribute", id=wanted.code))
    problems = check_change(before, wanted)
    if problems:
        raise Refused(*problems)
    kept = await store.attribute.replace(wanted, expected_version)
    if kept is None:
        there = (await store.attribute.by_code([wanted.code])).get(wanted.code, before)
        raise Refused(VersionConflict(expected_version=expected_version, actual_version=there.version))
    return kept


async def _insert(store: CatalogStore, wanted: AttributeDefinition) -> AttributeDefinition:
    if await store.attribute.count() >= MAX_DEFINITIONS:
        raise Refused(invalid(("input", "code"), f"at most {MAX_DEFINITIONS} attributes in all", "one more"))
    kept = await store.attribute.insert(wanted)
    if kept is None:
        raise Refused(Taken(path=("input", "code"), value=wanted.code))
    return kept


async def _check_categories(store: CatalogStore, wanted: AttributeDefinition) -> None:
    found = await store.category.by_id(wanted.category_ids)
    missing = [
        NotFound(path=("input", "categoryIds", str(index)), kind="Category", id=id)
        for index, id in enumerate(wanted.category_ids)
        if id not in found
    ]
    if missing:
        raise Refused(*missing)
