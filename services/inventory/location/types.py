"""Locations in the graph: types, inputs and how a reference finds its entity."""

from datetime import datetime
from typing import Any

import strawberry

from kit.errors import BadUserInput, InvalidInput, Refused
from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.types import ExternalId, ExternalIdInput
from services.inventory.context import Info
from services.inventory.location import model
from services.inventory.location.actions import LocationEdit

LocationKind = strawberry.enum(model.LocationKind, description="What sort of place it is.")


@presents(model.LocationExternalIdTaken)
@strawberry.type(description="The external id belongs to another location.")
class LocationExternalIdTaken(UserError):
    """See `location.model.LocationExternalIdTaken`."""

    value: str = strawberry.field(description="The value that is taken.")


@strawberry.federation.type(keys=["id"], description="A place where stock lies: a shop, a warehouse, a dark store.")
class Location:
    """See `location.model.Location`."""

    id: strawberry.ID = strawberry.field(description="loc_…")
    name: str = strawberry.field(description="For people.")
    kind: model.LocationKind = strawberry.field(description="What sort of place it is.")
    latitude: float = strawberry.field(description="Degrees north, WGS 84.")
    longitude: float = strawberry.field(description="Degrees east, WGS 84.")
    time_zone: str = strawberry.field(description="IANA name, such as Asia/Tokyo; its business days begin by it.")
    address: str | None = strawberry.field(description="As it is written on a letter.")
    external_ids: list[ExternalId] = strawberry.field(description="What it is called in other systems.")
    version: int = strawberry.field(description="Rises with every edit; give it as `expectedVersion`.")
    updated_at: datetime = strawberry.field(description="When it was last edited.")

    @classmethod
    def of(cls, location: model.Location) -> "Location":
        """From the model."""
        draft = location.draft
        return cls(
            id=strawberry.ID(location.id),
            name=draft.name,
            kind=draft.kind,
            latitude=draft.point.latitude,
            longitude=draft.point.longitude,
            time_zone=draft.time_zone,
            address=draft.address,
            external_ids=[ExternalId(source=ref.source, value=ref.value) for ref in draft.external_ids],
            version=location.version,
            updated_at=location.updated_at,
        )

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Location | None]":
        """By id, one query for all."""
        rows = await info.context.loaders.location.load_many([each["id"] for each in representations])
        return [None if row is None else cls.of(row) for row in rows]


@strawberry.type(description="A location and how far away it is.")
class NearbyLocation:
    """See `location.model.NearbyLocation`."""

    location: Location = strawberry.field(description="The location.")
    distance_km: float = strawberry.field(description="Kilometres along the Earth's surface.")

    @classmethod
    def of(cls, nearby: model.NearbyLocation) -> "NearbyLocation":
        """From the model."""
        return cls(location=Location.of(nearby.location), distance_km=round(nearby.distance_km, model.KM_DECIMALS))


@strawberry.input(description="A position on Earth, WGS 84.")
class GeoPointInput:
    """See `location.model.GeoPoint`."""

    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")

    def to_point(self, argument: str) -> model.GeoPoint:
        """For a query; BadUserInput names the coordinate that is not on Earth."""
        point = model.GeoPoint(self.latitude, self.longitude)
        if (problem := model.point_problem(point)) is not None:
            raise BadUserInput(f"{argument}.{problem[0]}: expected {problem[1]}")
        return point


@strawberry.input(description="Narrows a listing of locations.")
class LocationFilter:
    """Every part that is given must hold."""

    kind: model.LocationKind | None = strawberry.field(default=None, description="Of this kind.")


@strawberry.input(description="A location, whole: what is left out is empty afterwards.")
class LocationUpsertInput:
    """See `location.model.LocationDraft`."""

    name: str = strawberry.field(description="For people.")
    kind: model.LocationKind = strawberry.field(description="What sort of place it is.")
    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")
    time_zone: str = strawberry.field(description="IANA name, such as Asia/Tokyo.")
    id: strawberry.ID | None = strawberry.field(default=None, description="To replace a location.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that is replaced; needed with `id`."
    )
    address: str | None = strawberry.field(default=None, description="As it is written on a letter.")
    external_ids: list[ExternalIdInput] = strawberry.field(
        default_factory=list, description="What it is called elsewhere; unique a source."
    )

    def to_draft(self) -> model.LocationDraft:
        """For the model."""
        return model.LocationDraft(
            name=self.name,
            kind=self.kind,
            point=model.GeoPoint(self.latitude, self.longitude),
            time_zone=self.time_zone,
            address=self.address,
            external_ids=tuple(model.ExternalRef(ref.source, ref.value) for ref in self.external_ids),
        )

    def to_edit(self) -> LocationEdit | None:
        """Which location is replaced, None for a new one; refused without the version that was read."""
        if self.id is None:
            return None
        if self.expected_version is None:
            path = ("input", "expectedVersion")
            raise Refused(InvalidInput(path=path, expected="the version that was read", got="null"))
        return LocationEdit(self.id, self.expected_version)


@strawberry.type(description="The location as it is now, or why not.")
class LocationUpsertPayload(Payload):
    """Of locationUpsert."""

    location: Location | None = strawberry.field(default=None, description="The location as it is kept now.")

    @classmethod
    def of(cls, row: model.Location) -> "LocationUpsertPayload":
        """From the model."""
        return cls(location=Location.of(row))


def check_radius(radius_km: float) -> float:
    """The radius itself, or BadUserInput."""
    if not 0 < radius_km <= model.MAX_RADIUS_KM:
        raise BadUserInput(f"radiusKm: expected more than 0 and at most {model.MAX_RADIUS_KM:g}, got {radius_km}")
    return radius_km


async def location_of(info: Info, id: str) -> Location:
    """A location that is known to be there, for locations are never removed."""
    row = await info.context.loaders.location.load(id)
    if row is None:
        raise LookupError(f"stock names the location {id}, which is not there")
    return Location.of(row)
