"""What callers say about locations, and how it becomes what the model takes."""

from dataclasses import asdict
from datetime import datetime

import strawberry

from kit.errors import InvalidInput, Refusal, Refused
from kit.graphql.types import ExternalIdInput
from services.inventory.hours.types import OpeningHoursInput, read_minute
from services.inventory.location import model
from services.inventory.location.actions import LocationEdit
from services.inventory.location.operation import Operation, PostalAddress
from services.inventory.location.types import LocationKind, LocationService


@strawberry.input(description="Narrows a listing of locations.")
class LocationFilter:
    """Every part that is given must hold."""

    kind: LocationKind | None = strawberry.field(default=None, description="Of this kind.")


@strawberry.input(description="An address in parts.")
class LocationAddressInput:
    """See `location.operation.PostalAddress`."""

    country: str = strawberry.field(description="ISO 3166-1 alpha-2, such as JP.")
    postal_code: str | None = strawberry.field(default=None, description="As it is written there.")
    region: str | None = strawberry.field(default=None, description="State, prefecture, province.")
    city: str | None = strawberry.field(default=None, description="Town, with its ward.")
    line1: str | None = strawberry.field(default=None, description="Street, or block and number.")
    line2: str | None = strawberry.field(default=None, description="Building, floor.")


@strawberry.input(description="A location, whole: what is left out is empty afterwards.")
class LocationUpsertInput:
    """See `location.model.LocationDraft`."""

    name: str = strawberry.field(description="For people.")
    kind: LocationKind = strawberry.field(description="What sort of place it is.")
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

    postal_address: LocationAddressInput | None = strawberry.field(default=None, description="The address in parts.")
    opening_hours: OpeningHoursInput | None = strawberry.field(
        default=None, description="When it is open; without them it always is."
    )
    services: list[LocationService] = strawberry.field(default_factory=list, description="What it does for shoppers.")
    pickup_lead_minutes: int = strawberry.field(
        default=0, description="Minutes of open time from an order to its being ready for pickup."
    )
    dispatch_cutoff: str | None = strawberry.field(
        default=None, description="HH:MM by its clock until which an order leaves the same day; null: while open."
    )
    daily_pick_capacity: int | None = strawberry.field(
        default=None, description="Pieces it picks a business day; null: as many as there are."
    )
    active_from: datetime | None = strawberry.field(default=None, description="In business from then on.")
    active_until: datetime | None = strawberry.field(default=None, description="In business until before then.")

    def to_draft(self) -> model.LocationDraft:
        """For the model; refused with the path of every time that is none."""
        postal = self.postal_address
        return model.LocationDraft(
            name=self.name,
            kind=self.kind,
            point=model.GeoPoint(self.latitude, self.longitude),
            time_zone=self.time_zone,
            address=self.address,
            external_ids=tuple(model.ExternalRef(ref.source, ref.value) for ref in self.external_ids),
            postal_address=None if postal is None else PostalAddress(**asdict(postal)),
            operation=self._operation(),
        )

    def to_edit(self) -> LocationEdit | None:
        """Which location is replaced, None for a new one; refused without the version that was read."""
        if self.id is None:
            return None
        if self.expected_version is None:
            path = ("input", "expectedVersion")
            raise Refused(InvalidInput(path=path, expected="the version that was read", got="null"))
        return LocationEdit(self.id, self.expected_version)

    def _operation(self) -> Operation:
        hours, cutoff = self.opening_hours, self.dispatch_cutoff
        problems: list[Refusal] = []
        minute = None if cutoff is None else read_minute(cutoff, ("input", "dispatchCutoff"), problems)
        if problems:
            raise Refused(*problems)
        return Operation(
            hours=None if hours is None else hours.to_hours(("input", "openingHours")),
            services=frozenset(self.services),
            pickup_lead_min=self.pickup_lead_minutes,
            cutoff_min=minute,
            daily_picks=self.daily_pick_capacity,
            active_from=self.active_from,
            active_until=self.active_until,
        )
