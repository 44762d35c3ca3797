"""What can be done to locations: create, edit, import."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from kit.errors import InvalidInput, NotFound, Refused, VersionConflict
from kit.times import utc_now
from services.inventory.location.model import (
    ExternalRef,
    Location,
    LocationDraft,
    LocationExternalIdTaken,
    check_location,
)
from services.inventory.location.store import ExternalIdConflict
from services.inventory.model import LocationId
from services.inventory.store import InventoryStore

IMPORT_BATCH = 500
"""Locations a bulk insert takes, so that the look-up of their external ids stays a small query."""


@dataclass(frozen=True, slots=True)
class LocationEdit:
    """Which location is edited and which version of it the editor saw."""

    id: str
    expected_version: int


async def upsert_location(
    store: InventoryStore, draft: LocationDraft, edit: LocationEdit | None, *, now: datetime
) -> Location:
    """Create a location, or replace the version somebody saw."""
    problems = check_location(draft)
    if problems:
        raise Refused(*problems)
    try:
        if edit is None:
            return await store.locations.insert(draft, now)
        kept = await store.locations.replace(edit.id, edit.expected_version, draft, now)
    except ExternalIdConflict as conflict:
        raise Refused(LocationExternalIdTaken(value=str(conflict))) from conflict
    return kept or await _refuse_edit(store, edit)


async def import_locations(
    store: InventoryStore, drafts: Iterable[LocationDraft], *, now: datetime | None = None
) -> dict[ExternalRef, LocationId]:
    """Keep every draft whose external ids are new, and say which location each external id names; again: no change.

    A draft without an external id could not be known again, so it is refused.
    """
    ids: dict[ExternalRef, LocationId] = {}
    rest = iter(drafts)
    while batch := list(islice(rest, IMPORT_BATCH)):
        _check_batch(batch)
        await store.locations.insert_many(batch, now or utc_now())
        refs = [ref for draft in batch for ref in draft.external_ids]
        found = await store.locations.by_external_id(refs)
        ids |= {ref: location.id for ref, location in found.items()}
    return ids


def _check_batch(batch: Sequence[LocationDraft]) -> None:
    for draft in batch:
        problems = check_location(draft, (draft.name,))
        if problems:
            raise Refused(*problems)
        if not draft.external_ids:
            where = (draft.name, "externalIds")
            raise Refused(InvalidInput(path=where, expected="at least one, to know it again by", got="none"))


async def _refuse_edit(store: InventoryStore, edit: LocationEdit) -> Location:
    there = (await store.locations.by_id([edit.id])).get(edit.id)
    if there is None:
        raise Refused(NotFound(path=("input", "id"), kind="Location", id=edit.id))
    raise Refused(VersionConflict(expected_version=edit.expected_version, actual_version=there.version))
