"""Pick capacity's part of Mutation."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.inventory.capacity import actions, model
from services.inventory.capacity.types import PickCapacityEndInput, PickCapacityHoldInput, PickCapacityPayload
from services.inventory.context import Info
from services.inventory.hours.model import business_day

RESERVE = "stock:reserve"
EndInput = Annotated[PickCapacityEndInput, strawberry.argument(description="Which hold.")]


@strawberry.type
class CapacityMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Hold picks of a location's business day; a key that begins with a reservation's and a "
        "colon gives way to that reservation's fulfilment. Scope stock:reserve.",
        directives=[needs(RESERVE)],
    )
    async def pick_capacity_hold(
        self, info: Info, input: Annotated[PickCapacityHoldInput, strawberry.argument(description="What to hold.")]
    ) -> PickCapacityPayload:
        """See `capacity.actions.hold_picks`."""
        info.context.caller.require(RESERVE)
        return await settle(_hold(info, input), PickCapacityPayload.of, PickCapacityPayload)

    @strawberry.mutation(description="The picks are done. Scope stock:reserve.", directives=[needs(RESERVE)])
    async def pick_capacity_use(self, info: Info, input: EndInput) -> PickCapacityPayload:
        """See `capacity.actions.end_picks`."""
        info.context.caller.require(RESERVE)
        return await settle(_end(info, input, model.PickHoldState.USED), PickCapacityPayload.of, PickCapacityPayload)

    @strawberry.mutation(description="The picks are not needed. Scope stock:reserve.", directives=[needs(RESERVE)])
    async def pick_capacity_release(self, info: Info, input: EndInput) -> PickCapacityPayload:
        """See `capacity.actions.end_picks`."""
        info.context.caller.require(RESERVE)
        ended = _end(info, input, model.PickHoldState.RELEASED)
        return await settle(ended, PickCapacityPayload.of, PickCapacityPayload)


async def _hold(info: Info, input: PickCapacityHoldInput) -> model.PickHold:
    store, now = info.context.store, info.context.caller.at
    location = await actions.location_of_input(store, input.location_id)
    day = input.day or business_day(location.operation.hours, location.draft.time_zone, now)
    return await actions.hold_picks(
        store, location, day, input.pieces, input.idempotency_key, now=now, hold_s=input.hold_seconds
    )


async def _end(info: Info, input: PickCapacityEndInput, state: model.PickHoldState) -> model.PickHold:
    return await actions.end_picks(info.context.store, input.location_id, input.day, input.key, state)
