"""Mutations of refunds; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.loyalty.context import WRITE, Info
from services.loyalty.refund.actions import refund
from services.loyalty.refund.inputs import PointsRefundInput
from services.loyalty.refund.types import PointsRefundPayload


@strawberry.type
class RefundMutation:
    """Giving back."""

    @strawberry.mutation(
        description="Give spent points back to the lots they came from, debt first. Needs the scope points:write.",
        directives=[needs(WRITE)],
    )
    async def points_refund(
        self, info: Info, input: Annotated[PointsRefundInput, strawberry.argument(description="Of which spending.")]
    ) -> PointsRefundPayload:
        """See `actions.refund`."""
        context = info.context
        context.caller.require(WRITE)
        posted = refund(context.store, input.to_request(context.actor), now=context.caller.at)
        return await settle(posted, PointsRefundPayload.of, PointsRefundPayload)
