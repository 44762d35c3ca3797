"""The graph's part about identifying; the resolver is three lines."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.customer.context import WRITE, Info
from services.customer.identify import actions
from services.customer.identify.inputs import CustomerIdentifyInput
from services.customer.identify.types import CustomerIdentifyPayload


@strawberry.type
class IdentifyMutation:
    """Needs the scope customers:write."""

    @strawberry.mutation(
        description="Say what was seen of somebody, and hear who it is: found, created or merged.",
        directives=[needs(WRITE)],
    )
    async def customer_identify(
        self, info: Info, input: Annotated[CustomerIdentifyInput, strawberry.argument(description="What was seen.")]
    ) -> CustomerIdentifyPayload:
        """See `actions.identify`."""
        context = info.context
        context.caller.require(WRITE)
        seen = input.to_observation(context.caller.channel)
        done = actions.identify(context.store, seen, region=context.region, now=context.caller.at)
        return await settle(done, CustomerIdentifyPayload.of, CustomerIdentifyPayload)
