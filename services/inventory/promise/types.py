"""Promises in the graph, and availability as a caller may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

import strawberry

from kit.errors import BadUserInput
from services.inventory.context import Context, Info
from services.inventory.location.model import KM_DECIMALS, NearbyLocation
from services.inventory.location.types import GeoPointInput, Location, check_radius, location_of
from services.inventory.model import MAX_QUANTITY, LocationId, StockBand
from services.inventory.policy.model import Policy
from services.inventory.promise import actions, model
from services.inventory.promise.availability import Available

strawberry.enum(StockBand, description="A quantity, roughly; how much is few is the channel's policy.")
strawberry.enum(model.PromiseKind, description="NOW from stock, ON_DAY on the day that is named, NEVER not at all.")
strawberry.enum(
    model.PromiseSource,
    description="STOCK lies there, INCOMING is announced to arrive, TRANSFER is sent over from another location.",
)
PROMISE_RADIUS_KM = 20.0
"""Across a city."""


@dataclass(frozen=True, slots=True)
class View:
    """How a caller sees quantities."""

    policy: Policy
    shows_numbers: bool

    @classmethod
    async def of(cls, context: Context) -> "View":
        """By the channel's policy and the caller's scopes."""
        policy = await context.policy()
        return cls(policy, context.sees_numbers(policy))


@strawberry.type(description="How much of a variant may be promised at a location.")
class Availability:
    """A level as the channel may sell it and the caller may see it."""

    place: strawberry.Private[NearbyLocation | None]
    location_id: strawberry.Private[LocationId]
    available: int | None = strawberry.field(
        description="Pieces that nobody holds and the channel may sell; null where it shows shoppers bands only."
    )
    band: StockBand = strawberry.field(description="The same, roughly.")
    distance_km: float | None = strawberry.field(description="From the point that was asked for; null without one.")

    @strawberry.field(description="Where.")
    async def location(self, info: Info) -> Location:
        """Known from the search around a point, else loaded with all others."""
        if self.place is not None:
            return Location.of(self.place.location)
        return await location_of(info, self.location_id)

    @classmethod
    def of(cls, row: Available, view: View) -> "Availability":
        """From the model."""
        return cls(
            place=row.place,
            location_id=row.location_id,
            available=row.pieces if view.shows_numbers else None,
            band=view.policy.band(row.pieces),
            distance_km=None if row.place is None else round(row.place.distance_km, KM_DECIMALS),
        )


@strawberry.type(description="From when a variant lies ready at a shop.")
class PickupPromise:
    """See `promise.model.PickupPromise`."""

    location: Location = strawberry.field(description="The shop.")
    distance_km: float | None = strawberry.field(description="From the point that was asked for; null without one.")
    kind: model.PromiseKind = strawberry.field(description="Whether and how.")
    source: model.PromiseSource | None = strawberry.field(description="Where the pieces come from; null if NEVER.")
    ready_at: datetime | None = strawberry.field(description="Ready from then on; null if NEVER.")
    day: date | None = strawberry.field(description="That day, by the shop's calendar; null if NEVER.")
    from_location: Location | None = strawberry.field(description="Of a transfer: where it comes from.")
    is_in_time: bool | None = strawberry.field(description="Whether that is by the day asked for; null without one.")


@strawberry.type(description="On which day a variant is delivered.")
class DeliveryPromise:
    """See `promise.model.DeliveryPromise`."""

    kind: model.PromiseKind = strawberry.field(description="ON_DAY or NEVER.")
    source: model.PromiseSource | None = strawberry.field(description="INCOMING if any piece is; null if NEVER.")
    day: date | None = strawberry.field(description="The day all of it is there; null if NEVER.")
    dispatch_day: date | None = strawberry.field(description="The day the last of it leaves; null if NEVER.")
    from_locations: list[Location] = strawberry.field(description="Where the parcels come from.")
    is_in_time: bool | None = strawberry.field(description="Whether that is by the day asked for; null without one.")


@strawberry.type(description="What can be promised of a variant.")
class VariantPromise:
    """See `promise.actions.Promise`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    quantity: int = strawberry.field(description="So many pieces.")
    pickups: list[PickupPromise] = strawberry.field(description="One a shop asked for, in that order, then nearest.")
    delivery: DeliveryPromise | None = strawberry.field(description="Null if no destination was given.")

    @classmethod
    def of(cls, row: actions.Promise, places: actions.Places, by: date | None) -> "VariantPromise":
        """From the model."""
        delivery = row.delivery
        return cls(
            sku=strawberry.ID(row.sku),
            quantity=row.quantity,
            pickups=[_pickup(one, places.distances.get(one.location.id), by) for one in row.pickups],
            delivery=None if delivery is None else _delivery(delivery, by),
        )


@strawberry.input(description="Where a parcel goes.")
class DestinationInput:
    """See `promise.model.Destination`."""

    country: str = strawberry.field(description="ISO 3166-1 alpha-2, such as JP.")
    postal_code: str | None = strawberry.field(default=None, description="As the channel's lead times write it.")
    point: GeoPointInput | None = strawberry.field(
        default=None, description="Where on the map: the nearest locations that ship are looked at."
    )


@strawberry.input(description="Where, and from when on, a shopper wants it; the channel is the caller's.")
class PromiseContextInput:
    """See `promise.actions.Where`."""

    location_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description=f"At these shops, at most {model.MAX_SHOPS}."
    )
    near: GeoPointInput | None = strawberry.field(
        default=None, description=f"At the shops with pickup around this point, all together at most {model.MAX_SHOPS}."
    )
    radius_km: float = strawberry.field(default=PROMISE_RADIUS_KM, description="No further from `near` than this.")
    destination: DestinationInput | None = strawberry.field(default=None, description="Delivered there.")
    at: datetime | None = strawberry.field(default=None, description="As if ordered then; now if it is not given.")
    by: date | None = strawberry.field(default=None, description="Wanted by this day; see `isInTime`.")

    def to_where(self) -> actions.Where:
        """For the action; BadUserInput names what cannot be."""
        if len(self.location_ids) > model.MAX_SHOPS:
            raise BadUserInput(f"where.locationIds: at most {model.MAX_SHOPS}, got {len(self.location_ids)}")
        to = self.destination
        return actions.Where(
            location_ids=tuple(dict.fromkeys(self.location_ids)),
            near=None if self.near is None else self.near.to_point("where.near"),
            radius_km=check_radius(self.radius_km),
            destination=None if to is None else model.Destination(to.country, to.postal_code),
            destination_point=None if to is None or to.point is None else to.point.to_point("where.destination.point"),
        )


WhereArgument = Annotated[
    PromiseContextInput, strawberry.argument(description="Where, and from when on, it is wanted.")
]


async def promises_of(
    info: Info, wanted: Sequence[tuple[str, int]], where: PromiseContextInput
) -> list[VariantPromise]:
    """One a SKU; BadUserInput if a quantity cannot be, or would tell a shopper what the channel does not show."""
    context = info.context
    view = await View.of(context)
    if len(wanted) > model.MAX_SKUS:
        raise BadUserInput(f"at most {model.MAX_SKUS} variants have promises in one request, got {len(wanted)}")
    for _, quantity in wanted:
        if not 1 <= quantity <= MAX_QUANTITY:
            raise BadUserInput(f"quantity: expected 1 to {MAX_QUANTITY}, got {quantity}")
        if quantity > 1 and not view.shows_numbers:
            raise BadUserInput("quantity: on this channel more than 1 needs the scope 'stock:read'")
    at = where.at or context.caller.at
    rows, places = await actions.promise(context.store, wanted, where.to_where(), view.policy, at=at)
    return [VariantPromise.of(row, places, where.by) for row in rows]


def _pickup(row: model.PickupPromise, distance_km: float | None, by: date | None) -> PickupPromise:
    return PickupPromise(
        location=Location.of(row.location),
        distance_km=None if distance_km is None else round(distance_km, KM_DECIMALS),
        kind=row.kind,
        source=row.source,
        ready_at=row.ready_at,
        day=row.day,
        from_location=None if row.from_location is None else Location.of(row.from_location),
        is_in_time=_in_time(row.day, by),
    )


def _delivery(row: model.DeliveryPromise, by: date | None) -> DeliveryPromise:
    return DeliveryPromise(
        kind=row.kind,
        source=row.source,
        day=row.day,
        dispatch_day=row.dispatch_day,
        from_locations=[Location.of(location) for location in row.from_locations],
        is_in_time=_in_time(row.day, by),
    )


def _in_time(day: date | None, by: date | None) -> bool | None:
    return None if by is None else day is not None and day <= by
