"""Every MongoDB query and index of locations; decides nothing. Shard key: `_id`, though a shop's are few."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, GEOSPHERE, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.events.log import insert_new
from kit.ids import new_id
from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.inventory.location.model import (
    ExternalRef,
    GeoPoint,
    Location,
    LocationDraft,
    LocationKind,
    NearbyLocation,
)
from services.inventory.model import LocationId

COLLECTION = "locations"
METRES = 1_000.0
HAS_EXTERNAL_ID: Document = {"external_ids.0": {"$exists": True}}
"""Every look-up by external id repeats this, or MongoDB may not use the partial index."""
BY_ID: Sort = (("_id", ASCENDING),)

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    COLLECTION: [
        IndexModel([("point", GEOSPHERE)], name="point"),
        IndexModel([("kind", ASCENDING), ("_id", ASCENDING)], name="kind"),
        IndexModel(
            [("external_ids.source", ASCENDING), ("external_ids.value", ASCENDING)],
            name="external_id",
            unique=True,
            partialFilterExpression=HAS_EXTERNAL_ID,
        ),
    ],
}


class ExternalIdConflict(Exception):
    """Another location has this external id."""


class LocationStore:
    """The locations of this installation."""

    def __init__(self, db: Database) -> None:
        self._locations = db[COLLECTION]

    async def by_id(self, ids: Sequence[str]) -> dict[str, Location]:
        """The locations there are, by id: one query for all."""
        found = await self._locations.find({"_id": {"$in": list(ids)}}).to_list()
        return {document["_id"]: _location(document) for document in found}

    async def by_external_id(self, refs: Sequence[ExternalRef]) -> dict[ExternalRef, Location]:
        """The locations that are called so elsewhere, by what they are called."""
        if not refs:
            return {}
        calls = [{**HAS_EXTERNAL_ID, "external_ids": {"$elemMatch": asdict(ref)}} for ref in refs]
        found = [_location(document) for document in await self._locations.find({"$or": calls}).to_list()]
        return {ref: location for location in found for ref in location.draft.external_ids}

    async def list_page(self, kind: LocationKind | None, page: PageArgs) -> Page[Location]:
        """One page of all locations, or of one kind, oldest first."""
        where: Document = {} if kind is None else {"kind": kind.value}
        return await find_page(self._locations, where, BY_ID, page, _location)

    async def near(self, point: GeoPoint, radius_km: float, limit: int) -> list[NearbyLocation]:
        """The nearest locations within the radius, nearest first."""
        search: Document = {
            "near": _geo_json(point),
            "key": "point",
            "distanceField": "distance",
            "maxDistance": radius_km * METRES,
            "spherical": True,
        }
        found = await self._locations.aggregate([{"$geoNear": search}, {"$limit": limit}])
        return [NearbyLocation(_location(row), row["distance"] / METRES) for row in await found.to_list()]

    async def insert(self, draft: LocationDraft, now: datetime) -> Location:
        """Keep a new location, or raise ExternalIdConflict."""
        document = _document(LocationId(new_id("loc")), draft, 1, now)
        try:
            await self._locations.insert_one(document)
        except DuplicateKeyError as error:
            raise ExternalIdConflict(_collided(error.details)) from error
        return _location(document)

    async def insert_many(self, drafts: Sequence[LocationDraft], now: datetime) -> None:
        """Keep those whose external ids are all new; the others stay out, unchanged."""
        documents = [_document(LocationId(new_id("loc")), draft, 1, now) for draft in drafts]
        await insert_new(self._locations, documents)

    async def replace(self, id: str, version: int, draft: LocationDraft, now: datetime) -> Location | None:
        """Replace the location if it still has `version`; None if it has not; may raise ExternalIdConflict."""
        document = _document(LocationId(id), draft, version + 1, now)
        try:
            kept = await self._locations.find_one_and_replace(
                {"_id": id, "version": version}, document, return_document=True
            )
        except DuplicateKeyError as error:
            raise ExternalIdConflict(_collided(error.details)) from error
        return None if kept is None else _location(kept)


def _geo_json(point: GeoPoint) -> Document:
    return {"type": "Point", "coordinates": [point.longitude, point.latitude]}


def _document(id: LocationId, draft: LocationDraft, version: int, now: datetime) -> Document:
    return {
        "_id": id,
        "name": draft.name,
        "kind": draft.kind.value,
        "point": _geo_json(draft.point),
        "time_zone": draft.time_zone,
        "address": draft.address,
        "external_ids": [asdict(ref) for ref in draft.external_ids],
        "version": version,
        "updated_at": now,
    }


def _location(document: Document) -> Location:
    longitude, latitude = document["point"]["coordinates"]
    draft = LocationDraft(
        name=document["name"],
        kind=LocationKind(document["kind"]),
        point=GeoPoint(latitude=latitude, longitude=longitude),
        time_zone=document["time_zone"],
        address=document["address"],
        external_ids=tuple(ExternalRef(**ref) for ref in document["external_ids"]),
    )
    return Location(document["_id"], draft, document["version"], document["updated_at"])


def _collided(details: Mapping[str, Any] | None) -> str:
    return str(((details or {}).get("keyValue") or {}).get("external_ids.value", ""))
