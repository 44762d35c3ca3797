"""Waiting lists in the graph."""

import asyncio
from datetime import datetime

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from services.inventory.context import Info
from services.inventory.location.types import Location, location_of
from services.inventory.model import Sku
from services.inventory.types import Variant
from services.inventory.waiting import model

strawberry.enum(
    model.WaitState,
    name="StockWaitState",
    description="WAITING is to be told, NOTIFIED was told, LEFT does not want to be told any more.",
)


@presents(model.TooManyWaits)
@strawberry.type(description="The customer waits for as much as one may already.")
class TooManyWaits(UserError):
    """See `waiting.model.TooManyWaits`."""

    waiting: int = strawberry.field(description="For how much else they wait.")
    allowed: int = strawberry.field(description="How much that may be, with this one.")


@strawberry.type(description="A customer's place in a waiting list.")
class StockWait:
    """See `waiting.model.Wait`."""

    location_ids: strawberry.Private[tuple[str, ...]]
    found_at: strawberry.Private[str | None]
    id: strawberry.ID = strawberry.field(description="wait_…")
    sku: strawberry.ID = strawberry.field(description="For what.")
    variant: Variant | None = strawberry.field(description="For what.")
    state: model.WaitState = strawberry.field(description="Where it is in its life.")
    joined_at: datetime = strawberry.field(description="Since when; who has waited longest is told first.")
    ended_at: datetime | None = strawberry.field(description="When they were told or left; null while they wait.")

    @strawberry.field(description="Where they want it, if that is one location; null for anywhere, or several.")
    async def location(self, info: Info) -> Location | None:
        """Loaded with all others."""
        return None if len(self.location_ids) != 1 else await location_of(info, self.location_ids[0])

    @strawberry.field(description="Where they want it; empty for anywhere.")
    async def locations(self, info: Info) -> list[Location]:
        """Loaded with all others."""
        return list(await asyncio.gather(*(location_of(info, id) for id in self.location_ids)))

    @strawberry.field(description="Where it was back when they were told; null unless they were.")
    async def found_location(self, info: Info) -> Location | None:
        """Loaded with all others."""
        return None if self.found_at is None else await location_of(info, self.found_at)

    @classmethod
    def of(cls, wait: model.Wait) -> "StockWait":
        """From the model."""
        sku = strawberry.ID(wait.draft.sku)
        return cls(
            location_ids=wait.draft.location_ids,
            found_at=wait.found_at,
            id=strawberry.ID(wait.id),
            sku=sku,
            variant=Variant(sku=sku),
            state=wait.state,
            joined_at=wait.joined_at,
            ended_at=wait.ended_at,
        )


@strawberry.input(description="What the customer wants to be told of.")
class WaitingListJoinInput:
    """See `waiting.model.WaitDraft`."""

    sku: strawberry.ID = strawberry.field(description="When this is back; or can be put together, if it is a bundle.")
    location_id: strawberry.ID | None = strawberry.field(default=None, description="There; anywhere if left out.")
    location_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description=f"Or at one of these, at most {model.MAX_PLACES} with locationId."
    )

    def to_draft(self, customer: str, channel: str) -> model.WaitDraft:
        """For the action."""
        places = [*([] if self.location_id is None else [self.location_id]), *(self.location_ids or ())]
        return model.WaitDraft(Sku(str(self.sku)), tuple(dict.fromkeys(map(str, places))), customer, channel)


@strawberry.input(description="Which wait is to end.")
class WaitingListLeaveInput:
    """One of the customer's own."""

    id: strawberry.ID = strawberry.field(description="wait_…")


@strawberry.type(description="The place in the list as it is now, or why not.")
class WaitingListPayload(Payload):
    """Of waitingListJoin and waitingListLeave."""

    wait: StockWait | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, wait: model.Wait) -> "WaitingListPayload":
        """From the model."""
        return cls(wait=StockWait.of(wait))
