"""Mutations of holds; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.errors import settle
from services.loyalty.context import Info
from services.loyalty.hold.actions import capture, hold, void
from services.loyalty.hold.inputs import PointsCaptureInput, PointsHoldInput, PointsVoidInput
from services.loyalty.hold.types import PointsHoldPayload

WHO = "The customer itself needs the scope points:redeem, staff points:write."


@strawberry.type
class HoldMutation:
    """Hold, then capture or void."""

    @strawberry.mutation(description=f"Set points aside while a purchase is under way. {WHO}")
    async def points_hold(
        self, info: Info, input: Annotated[PointsHoldInput, strawberry.argument(description="Whose, how many.")]
    ) -> PointsHoldPayload:
        """See `actions.hold`."""
        context = info.context
        context.require_redeem(input.customer_id)
        held = hold(context.store, input.to_request(context.actor), now=context.caller.at)
        return await settle(held, PointsHoldPayload.of, PointsHoldPayload)

    @strawberry.mutation(description=f"Spend points of a hold; what is left of it goes back. {WHO}")
    async def points_capture(
        self, info: Info, input: Annotated[PointsCaptureInput, strawberry.argument(description="Which, how many.")]
    ) -> PointsHoldPayload:
        """See `actions.capture`."""
        context = info.context
        context.require_redeem(input.customer_id)
        captured = capture(context.store, input.to_end(context.actor), now=context.caller.at)
        return await settle(captured, PointsHoldPayload.of, PointsHoldPayload)

    @strawberry.mutation(description=f"Give a hold back whole. {WHO}")
    async def points_void(
        self, info: Info, input: Annotated[PointsVoidInput, strawberry.argument(description="Which.")]
    ) -> PointsHoldPayload:
        """See `actions.void`."""
        context = info.context
        context.require_redeem(input.customer_id)
        voided = void(context.store, input.to_end(context.actor), now=context.caller.at)
        return await settle(voided, PointsHoldPayload.of, PointsHoldPayload)
