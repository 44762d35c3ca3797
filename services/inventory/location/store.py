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
from services.inventory.location.codec import geo_json, to_document, to_location
from services.inventory.location.model import (
    ExternalRef,
    GeoPoint,
    Location,
    LocationDraft,
    LocationKind,
    NearbyLocation,
    Nearness,
)
from services.inventory.model import LocationId

COLLECTION = "locations"
METRES = 1_000.0
SPOT_M = 0.001
"""A search that goes on begins this much nearer, because distances lose some digits on their way."""
MEMORY = 5_000
"""Locations kept in memory, each under its version: a chain's, some ten megabytes."""
ANYWHERE = Nearness()
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
        self._memory: dict[str, Location] = {}

    async def by_id(self, ids: Sequence[str]) -> dict[str, Location]:
        """The locations there are, by id: one query for all."""
        found = await self._locations.find({"_id": {"$in": list(ids)}}).to_list()
        return {document["_id"]: self._remember(document) for document in found}

    async def by_external_id(self, refs: Sequence[ExternalRef]) -> dict[ExternalRef, Location]:
        """The locations that are called so elsewhere, by what they are called."""
        if not refs:
            return {}
        calls = [{**HAS_EXTERNAL_ID, "external_ids": {"$elemMatch": asdict(ref)}} for ref in refs]
        found = [self._remember(document) for document in await self._locations.find({"$or": calls}).to_list()]
        return {ref: location for location in found for ref in location.draft.external_ids}

    async def list_page(self, kind: LocationKind | None, page: PageArgs) -> Page[Location]:
        """One page of all locations, or of one kind, oldest first."""
        where: Document = {} if kind is None else {"kind": kind.value}
        return await find_page(self._locations, where, BY_ID, page, self._remember)

    async def near(
        self, point: GeoPoint, radius_km: float, limit: int, narrowed: Nearness = ANYWHERE, after: float = 0.0
    ) -> list[NearbyLocation]:
        """The nearest locations within the radius, nearest first, those at one spot by id; `after` so many km at least.

        The search itself reads ids and distances; the locations come from memory where they are still the same.
        """
        search: Document = {
            "near": geo_json(point),
            "key": "point",
            "distanceField": "distance",
            "minDistance": max(0.0, after * METRES - SPOT_M),
            "maxDistance": radius_km * METRES,
            "query": _narrowing(narrowed),
            "spherical": True,
        }
        order = {"distance": ASCENDING, "_id": ASCENDING}
        found = await self._locations.aggregate(
            [{"$geoNear": search}, {"$project": {"version": 1, "distance": 1}}, {"$sort": order}, {"$limit": limit}]
        )
        rows = await found.to_list()
        known = await self._remembered({row["_id"]: row["version"] for row in rows})
        return [NearbyLocation(known[row["_id"]], row["distance"] / METRES) for row in rows if row["_id"] in known]

    async def narrowed(self, narrowed: Nearness, limit: int) -> list[Location]:
        """The first locations that are so, oldest first."""
        found = self._locations.find(_narrowing(narrowed)).sort("_id", ASCENDING).limit(limit)
        return [self._remember(document) for document in await found.to_list()]

    async def _remembered(self, versions: Mapping[str, int]) -> dict[str, Location]:
        """The locations of these versions or newer; those not in memory are read together."""
        kept = {id: self._memory[id] for id in versions if id in self._memory}
        known = {id: location for id, location in kept.items() if location.version >= versions[id]}
        if missing := [id for id in versions if id not in known]:
            known |= await self.by_id(missing)
        return known

    def _remember(self, document: Document) -> Location:
        kept = self._memory.get(document["_id"])
        if kept is not None and kept.version == document["version"]:
            return kept
        if len(self._memory) >= MEMORY:
            self._memory.clear()
        location = self._memory[document["_id"]] = to_location(document)
        return location

    async def insert(self, draft: LocationDraft, now: datetime) -> Location:
        """Keep a new location, or raise ExternalIdConflict."""
        document = to_document(LocationId(new_id("loc")), draft, 1, now)
        try:
            await self._locations.insert_one(document)
        except DuplicateKeyError as error:
            raise ExternalIdConflict(_collided(error.details)) from error
        return self._remember(document)

    async def insert_many(self, drafts: Sequence[LocationDraft], now: datetime) -> None:
        """Keep those whose external ids are all new; the others stay out, unchanged."""
        documents = [to_document(LocationId(new_id("loc")), draft, 1, now) for draft in drafts]
        await insert_new(self._locations, documents)

    async def replace(self, id: str, version: int, draft: LocationDraft, now: datetime) -> Location | None:
        """Replace the location if it still has `version`; None if it has not; may raise ExternalIdConflict."""
        document = to_document(LocationId(id), draft, version + 1, now)
        try:
            kept = await self._locations.find_one_and_replace(
                {"_id": id, "version": version}, document, return_document=True
            )
        except DuplicateKeyError as error:
            raise ExternalIdConflict(_collided(error.details)) from error
        return None if kept is None else self._remember(kept)


def _narrowing(narrowed: Nearness) -> Document:
    where: Document = {}
    if narrowed.services:
        where["services"] = {"$all": sorted(service.value for service in narrowed.services)}
    if narrowed.location_ids is not None:
        where["_id"] = {"$in": sorted(narrowed.location_ids)}
    if narrowed.active_at is not None:
        begun = [{"active_from": None}, {"active_from": {"$lte": narrowed.active_at}}]
        going = [{"active_until": None}, {"active_until": {"$gt": narrowed.active_at}}]
        where["$and"] = [{"$or": begun}, {"$or": going}]
    return where


def _collided(details: Mapping[str, Any] | None) -> str:
    return str(((details or {}).get("keyValue") or {}).get("external_ids.value", ""))
