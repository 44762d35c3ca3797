"""Pick capacity in the graph."""

from datetime import date, datetime

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.inventory.capacity import model
from services.inventory.model import MAX_QUANTITY

strawberry.enum(
    model.PickHoldState, description="HELD counts against the day, USED was picked, RELEASED and EXPIRED gave way."
)


@presents(model.PickCapacityExceeded)
@strawberry.type(description="More picks were asked for than the day has left.")
class PickCapacityExceeded(UserError):
    """See `capacity.model.PickCapacityExceeded`."""

    location_id: strawberry.ID = strawberry.field(description="Where.")
    day: date = strawberry.field(description="On which business day.")
    requested: int = strawberry.field(description="Pieces that were asked for.")
    left: int = strawberry.field(description="Pieces the day had left.")


@presents(model.PickHoldEnded)
@strawberry.type(description="The hold is over, otherwise than was asked for.")
class PickHoldEnded(UserError):
    """See `capacity.model.PickHoldEnded`."""

    key: str = strawberry.field(description="Which hold.")
    state: model.PickHoldState = strawberry.field(description="How it ended.")


@strawberry.type(description="What a location can pick on a business day.")
class PickCapacity:
    """See `capacity.model.PickDay`."""

    day: date = strawberry.field(description="The business day, by the location's calendar.")
    limit: int | None = strawberry.field(description="Pieces in all; null without a limit.")
    held: int = strawberry.field(description="Pieces held, those included whose time is over and nobody needed.")
    used: int = strawberry.field(description="Pieces picked.")
    left: int | None = strawberry.field(description="Pieces that may still be held; null without a limit.")

    @classmethod
    def of(cls, day: model.PickDay, limit: int | None) -> "PickCapacity":
        """From the model."""
        return cls(day=day.day, limit=limit, held=day.held, used=day.used, left=day.left(limit))


@strawberry.type(description="Picks held for somebody.")
class PickHold:
    """See `capacity.model.PickHold`."""

    location_id: strawberry.ID = strawberry.field(description="Where.")
    day: date = strawberry.field(description="On which business day.")
    key: str = strawberry.field(description="Its name, unique for location and day.")
    pieces: int = strawberry.field(description="How many.")
    state: model.PickHoldState = strawberry.field(description="Where it is in its life.")
    until: datetime = strawberry.field(description="From then on it may give way to others.")

    @classmethod
    def of(cls, hold: model.PickHold) -> "PickHold":
        """From the model."""
        return cls(
            location_id=strawberry.ID(hold.location_id),
            day=hold.day,
            key=hold.key,
            pieces=hold.pieces,
            state=hold.state,
            until=hold.until,
        )


@strawberry.input(description="Which picks are to be held.")
class PickCapacityHoldInput:
    """See `capacity.actions.hold_picks`."""

    idempotency_key: str = strawberry.field(
        description="Names the hold; the same key and pieces again is the same hold."
    )
    location_id: strawberry.ID = strawberry.field(description="Where.")
    day: date | None = strawberry.field(default=None, description="On which business day; today there if left out.")
    pieces: int = strawberry.field(description=f"1 to {MAX_QUANTITY}.")
    hold_seconds: int = strawberry.field(
        default=model.DEFAULT_HOLD_S, description=f"How long, {model.MIN_HOLD_S} to {model.MAX_HOLD_S}."
    )


@strawberry.input(description="Which hold is used or released.")
class PickCapacityEndInput:
    """See `capacity.actions.end_picks`."""

    location_id: strawberry.ID = strawberry.field(description="Where.")
    day: date = strawberry.field(description="On which business day.")
    key: str = strawberry.field(description="The hold's; the same again changes nothing.")


@strawberry.type(description="The hold as it is now, or why not.")
class PickCapacityPayload(Payload):
    """Of the mutations of pick capacity."""

    hold: PickHold | None = strawberry.field(default=None, description="The hold.")

    @classmethod
    def of(cls, hold: model.PickHold) -> "PickCapacityPayload":
        """From the model."""
        return cls(hold=PickHold.of(hold))
