"""Reorder points and redistribution in the graph."""

from datetime import datetime

import strawberry

from kit.graphql.errors import Payload
from services.inventory.context import Info
from services.inventory.location.types import Location, location_of
from services.inventory.reorder import model, redistribution
from services.inventory.types import Variant

KM_DECIMALS = 3
DAY_DECIMALS = 1


@strawberry.type(description="When the stock of a variant at a location is low.")
class ReorderPoint:
    """See `reorder.model.ReorderPoint`."""

    location_id: strawberry.Private[str]
    sku: strawberry.ID = strawberry.field(description="Of what.")
    variant: Variant | None = strawberry.field(description="Of what.")
    reorder_at: int = strawberry.field(description="Low from no more available pieces than this.")
    recover_at: int = strawberry.field(description="No longer low from so many on.")
    reorder_to: int = strawberry.field(description="Up to how many to order.")
    min_display: int = strawberry.field(description="Pieces a shop always shows; they are not sent to others.")
    is_low: bool = strawberry.field(description="Whether it is low now.")
    version: int = strawberry.field(description="Rises with every edit; give it as `expectedVersion`.")
    updated_at: datetime = strawberry.field(description="When it was last edited.")

    @strawberry.field(description="Where.")
    async def location(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.location_id)

    @classmethod
    def of(cls, point: model.ReorderPoint) -> "ReorderPoint":
        """From the model."""
        sku = strawberry.ID(point.sku)
        return cls(
            location_id=point.location_id,
            sku=sku,
            variant=Variant(sku=sku),
            reorder_at=point.reorder_at,
            recover_at=point.recover_at,
            reorder_to=point.reorder_to,
            min_display=point.min_display,
            is_low=point.is_low,
            version=point.version,
            updated_at=point.updated_at,
        )


@strawberry.type(description="What one shop could send another; transferRequest with these values accepts it.")
class RedistributionProposal:
    """See `reorder.redistribution.Proposal`."""

    origin_id: strawberry.Private[str]
    destination_id: strawberry.Private[str]
    sku: strawberry.ID = strawberry.field(description="Of what.")
    variant: Variant | None = strawberry.field(description="Of what.")
    quantity: int = strawberry.field(description="Pieces.")
    distance_km: float = strawberry.field(description="Between the two, along the Earth's surface.")
    destination_days: float | None = strawberry.field(
        description="How many days the destination's stock lasts without it; null: nothing was sold there."
    )
    origin_days: float | None = strawberry.field(
        description="How many days the origin's stock lasts after it; null: nothing was sold there."
    )

    @strawberry.field(description="From where.")
    async def origin(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.origin_id)

    @strawberry.field(description="To where.")
    async def destination(self, info: Info) -> Location:
        """Loaded with all others."""
        return await location_of(info, self.destination_id)

    @classmethod
    def of(cls, proposal: redistribution.Proposal) -> "RedistributionProposal":
        """From the model."""
        sku = strawberry.ID(proposal.sku)
        return cls(
            origin_id=proposal.origin_id,
            destination_id=proposal.destination_id,
            sku=sku,
            variant=Variant(sku=sku),
            quantity=proposal.quantity,
            distance_km=round(proposal.distance_km, KM_DECIMALS),
            destination_days=_days(proposal.destination_days),
            origin_days=_days(proposal.origin_days),
        )


@strawberry.input(description="How long stock has to last, in days, and from which window the rate of sale is taken.")
class CoverInput:
    """See `reorder.redistribution.Cover`."""

    window_days: int = strawberry.field(default=28, description="The rate is what was sold in so many days.")
    target_days: int = strawberry.field(default=14, description="A shop should have stock for so many days.")
    keep_days: int = strawberry.field(default=28, description="A shop keeps stock for so many days; not less.")
    min_pieces: int = strawberry.field(default=1, description="No parcel is smaller.")

    def to_cover(self) -> redistribution.Cover:
        """For the action."""
        return redistribution.Cover(self.window_days, self.target_days, self.keep_days, self.min_pieces)


@strawberry.input(description="A reorder point, whole.")
class ReorderPointSetInput:
    """See `reorder.model.ReorderDraft`."""

    sku: strawberry.ID = strawberry.field(description="Of what.")
    location_id: strawberry.ID = strawberry.field(description="Where.")
    reorder_at: int = strawberry.field(description="Low from no more available pieces than this.")
    reorder_to: int = strawberry.field(description="Up to how many to order.")
    recover_at: int | None = strawberry.field(
        default=None, description="No longer low from so many on; if null, from one above `reorderAt`."
    )
    min_display: int = strawberry.field(default=0, description="Pieces a shop always shows.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that is replaced; null for a new point."
    )

    def to_draft(self) -> model.ReorderDraft:
        """For the action."""
        return model.ReorderDraft(
            sku=str(self.sku),
            location_id=str(self.location_id),
            reorder_at=self.reorder_at,
            reorder_to=self.reorder_to,
            recover_at=self.recover_at,
            min_display=self.min_display,
            expected_version=self.expected_version,
        )


@strawberry.type(description="The point as it is now, or why not.")
class ReorderPointSetPayload(Payload):
    """Of reorderPointSet."""

    reorder_point: ReorderPoint | None = strawberry.field(default=None, description="As it is kept now.")

    @classmethod
    def of(cls, point: model.ReorderPoint) -> "ReorderPointSetPayload":
        """From the model."""
        return cls(reorder_point=ReorderPoint.of(point))


def _days(days: float | None) -> float | None:
    return None if days is None else round(days, DAY_DECIMALS)
