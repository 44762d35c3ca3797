"""Mutations of gifts; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.errors import settle
from services.loyalty.context import Info
from services.loyalty.gift.actions import give
from services.loyalty.gift.inputs import PointsGiftInput
from services.loyalty.gift.types import PointsGiftPayload


@strawberry.type
class GiftMutation:
    """Giving."""

    @strawberry.mutation(
        description="Give points to another member. The giver needs the scope points:redeem, staff points:write."
    )
    async def points_gift(
        self, info: Info, input: Annotated[PointsGiftInput, strawberry.argument(description="Whose, to whom.")]
    ) -> PointsGiftPayload:
        """See `actions.give`."""
        context = info.context
        context.require_redeem(input.customer_id)
        posted = give(context.store, input.to_request(context.actor), now=context.caller.at)
        return await settle(posted, PointsGiftPayload.of, PointsGiftPayload)
