"""Locations in the graph: types, inputs and how a reference finds its entity."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, TypeAlias

import strawberry

from kit.errors import BadUserInput
from kit.graphql.demands import needs
from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.types import ExternalId
from services.inventory.capacity.types import PickCapacity
from services.inventory.context import Info
from services.inventory.hours.model import HORIZON_DAYS, business_day, next_opening, show_minute
from services.inventory.hours.types import OpeningHours, OpeningPeriod
from services.inventory.location import model, operation

strawberry.enum(model.LocationKind, description="What sort of place it is.")
strawberry.enum(operation.LocationService, description="What a location does for shoppers.")
LocationKind: TypeAlias = model.LocationKind
LocationService: TypeAlias = operation.LocationService
RESERVE = "stock:reserve"
At = Annotated[datetime | None, strawberry.argument(description="This instant; now if it is not given.")]
"""The argument `at` of whatever depends on the time."""


@presents(model.LocationExternalIdTaken)
@strawberry.type(description="The external id belongs to another location.")
class LocationExternalIdTaken(UserError):
    """See `location.model.LocationExternalIdTaken`."""

    value: str = strawberry.field(description="The value that is taken.")


@strawberry.type(description="An address in parts.")
class LocationAddress:
    """See `location.operation.PostalAddress`."""

    country: str = strawberry.field(description="ISO 3166-1 alpha-2, such as JP.")
    postal_code: str | None = strawberry.field(description="As it is written there.")
    region: str | None = strawberry.field(description="State, prefecture, province.")
    city: str | None = strawberry.field(description="Town, with its ward.")
    line1: str | None = strawberry.field(description="Street, or block and number.")
    line2: str | None = strawberry.field(description="Building, floor.")


@strawberry.federation.type(keys=["id"], description="A place where stock lies: a shop, a warehouse, a dark store.")
class Location:
    """See `location.model.Location`."""

    row: strawberry.Private[model.Location]
    id: strawberry.ID = strawberry.field(description="loc_…")
    name: str = strawberry.field(description="For people.")
    kind: LocationKind = strawberry.field(description="What sort of place it is.")
    latitude: float = strawberry.field(description="Degrees north, WGS 84.")
    longitude: float = strawberry.field(description="Degrees east, WGS 84.")
    time_zone: str = strawberry.field(description="IANA name, such as Asia/Tokyo; its business days go by it.")
    address: str | None = strawberry.field(description="As it is written on a letter.")
    version: int = strawberry.field(description="Rises with every edit; give it as `expectedVersion`.")
    updated_at: datetime = strawberry.field(description="When it was last edited.")

    @strawberry.field(description="What it is called in other systems.")
    def external_ids(self) -> list[ExternalId]:
        """Unique a source."""
        return [ExternalId(source=ref.source, value=ref.value) for ref in self.row.draft.external_ids]

    @strawberry.field(description="The address in parts.")
    def postal_address(self) -> LocationAddress | None:
        """Null if nobody has given it so."""
        postal = self.row.draft.postal_address
        return None if postal is None else LocationAddress(**asdict(postal))

    @strawberry.field(description="When it is open; null if it keeps no hours: then it always is.")
    def opening_hours(self) -> OpeningHours | None:
        """By its own clock."""
        hours = self.row.operation.hours
        return None if hours is None else OpeningHours.of(hours)

    @strawberry.field(description="What it does for shoppers.")
    def services(self) -> list[LocationService]:
        """Always in one order."""
        return [service for service in LocationService if service in self.row.operation.services]

    @strawberry.field(description="Minutes of open time from an order to its being ready for pickup.")
    def pickup_lead_minutes(self) -> int:
        """0 if it is ready at once."""
        return self.row.operation.pickup_lead_min

    @strawberry.field(description="HH:MM by its clock until which an order leaves the same day; null: while open.")
    def dispatch_cutoff(self) -> str | None:
        """Of its opening days."""
        cutoff = self.row.operation.cutoff_min
        return None if cutoff is None else show_minute(cutoff)

    @strawberry.field(description="Pieces it picks a business day; null: as many as there are.")
    def daily_pick_capacity(self) -> int | None:
        """The limit; what is left of it is `pickCapacity`."""
        return self.row.operation.daily_picks

    @strawberry.field(description="In business from then on; null: always was.")
    def active_from(self) -> datetime | None:
        """The first instant."""
        return self.row.operation.active_from

    @strawberry.field(description="In business until before then; null: no end is known.")
    def active_until(self) -> datetime | None:
        """The first instant it is not."""
        return self.row.operation.active_until

    @strawberry.field(description="Whether it is in business and open.")
    def is_open(self, info: Info, at: At = None) -> bool:
        """At the given instant or now."""
        return self.row.is_open(at or info.context.caller.at)

    @strawberry.field(
        description=f"The next time it opens; null: not within {HORIZON_DAYS} days, or it always is open."
    )
    def next_opening(self, info: Info, after: At = None) -> OpeningPeriod | None:
        """The first that begins after the given instant or now."""
        hours = self.row.operation.hours
        if hours is None:
            return None
        period = next_opening(hours, self.time_zone, after or info.context.caller.at)
        return None if period is None else OpeningPeriod.of(period)

    @strawberry.field(description="The business day there: yesterday's until yesterday's last opening ends.")
    def business_day(self, info: Info, at: At = None) -> date:
        """At the given instant or now."""
        return business_day(self.row.operation.hours, self.time_zone, at or info.context.caller.at)

    @strawberry.field(
        description="What it can pick on a business day; for who holds picks: scope stock:reserve.",
        directives=[needs(RESERVE)],
    )
    async def pick_capacity(
        self,
        info: Info,
        day: Annotated[date | None, strawberry.argument(description="Which; today there if it is not given.")] = None,
    ) -> PickCapacity | None:
        """Loaded with all others."""
        info.context.caller.require(RESERVE)
        there = day or business_day(self.row.operation.hours, self.time_zone, info.context.caller.at)
        picks = await info.context.loaders.pick_day.load((self.row.id, there))
        return PickCapacity.of(picks, self.row.operation.daily_picks)

    @classmethod
    def of(cls, location: model.Location) -> "Location":
        """From the model."""
        draft = location.draft
        return cls(
            row=location,
            id=strawberry.ID(location.id),
            name=draft.name,
            kind=draft.kind,
            latitude=draft.point.latitude,
            longitude=draft.point.longitude,
            time_zone=draft.time_zone,
            address=draft.address,
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
