"""Subscriptions of customer."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from kit.errors import Forbidden
from kit.graphql.demands import needs
from services.customer.access.model import AccessKind
from services.customer.context import READ, Info
from services.customer.live.actions import lookups, timeline_changes
from services.customer.live.types import CustomerLookup, TimelineChange


@strawberry.type
class Subscription:
    """What may be watched."""

    @strawberry.subscription(
        description="What a customer does on every channel, as it is told: each event once, late ones too. The first "
        "message has none and says that nothing is missed from there on. Their own, or customers:read."
    )
    async def timeline_changed(
        self, info: Info, customer_id: Annotated[strawberry.ID, strawberry.argument(description="Whose timeline.")]
    ) -> AsyncGenerator[TimelineChange, None]:
        """See `live.actions.timeline_changes`."""
        if customer_id != info.context.caller.customer:
            info.context.caller.require(READ)
        await info.context.saw(AccessKind.READ, [customer_id])
        async with aclosing(timeline_changes(info.context.store, customer_id)) as seen:
            async for event in seen:
                yield TimelineChange.of(event)

    @strawberry.subscription(
        description="Who is looked up (customerLookup) at a location, for the second screen of its counter. The first "
        "message has nobody and says that nobody is missed from there on. Needs customers:read; a caller of one "
        "location watches that one.",
        directives=[needs(READ)],
    )
    async def customer_looked_up(
        self, info: Info, location_id: Annotated[strawberry.ID, strawberry.argument(description="loc_…")]
    ) -> AsyncGenerator[CustomerLookup, None]:
        """See `live.actions.lookups`."""
        info.context.caller.require(READ)
        if info.context.caller.location not in (None, location_id):
            raise Forbidden("a caller of one location watches that one")
        async with aclosing(lookups(info.context.store, location_id)) as seen:
            async for found in seen:
                if found is not None and found.customer is not None:
                    await info.context.saw(AccessKind.READ, [found.customer.id])
                yield CustomerLookup.of(found)
