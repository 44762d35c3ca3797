"""Back-orders' part of Query and Mutation."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.inventory.backorder import actions
from services.inventory.backorder.types import (
    Backorder,
    BackorderCancelInput,
    BackorderPayload,
    BackorderPlaceInput,
)
from services.inventory.context import READ, Info
from services.inventory.model import stock_id

RESERVE = "stock:reserve"


@strawberry.type
class BackorderQuery:
    """What may be read."""

    @strawberry.field(
        description="One back-order, for who may touch it: its customer; else the scope stock:reserve is needed, and "
        "staff see those of every channel, others those of their own."
    )
    async def backorder(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="bo_…")]
    ) -> Backorder | None:
        """Null if there is none for this caller."""
        context = info.context
        if context.caller.customer is None:
            context.caller.require(RESERVE)
        order = await context.store.backorders.by_id(str(id))
        return None if order is None or not context.actor.may_touch(order.actor) else Backorder.of(order)

    @strawberry.field(
        description="Who waits for a stock, the first to be served first. Scope stock:read.", directives=[needs(READ)]
    )
    async def backorders(
        self,
        info: Info,
        sku: Annotated[strawberry.ID, strawberry.argument(description="Of this SKU.")],
        location_id: Annotated[strawberry.ID, strawberry.argument(description="At this location.")],
    ) -> list[Backorder]:
        """The whole line: it has `MAX_OPEN` at most."""
        info.context.caller.require(READ)
        line = await info.context.store.backorders.line(stock_id(str(sku), str(location_id)))
        return [] if line is None else [Backorder.of(order) for order in line.open]


@strawberry.type
class BackorderMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Order pieces before they are there, as far as the channel's policy sells them ahead. Scope "
        "stock:reserve.",
        directives=[needs(RESERVE)],
    )
    async def backorder_place(
        self, info: Info, input: Annotated[BackorderPlaceInput, strawberry.argument(description="What.")]
    ) -> BackorderPayload:
        """See `backorder.actions.place`."""
        context = info.context
        context.caller.require(RESERVE)
        policy = await context.policy()
        placed = actions.place(context.store, input.to_draft(), policy, actor=context.actor, now=context.caller.at)
        return await settle(context.discreetly(placed), BackorderPayload.of, BackorderPayload)

    @strawberry.mutation(
        description="Give up a back-order that still waits. Scope stock:reserve.", directives=[needs(RESERVE)]
    )
    async def backorder_cancel(
        self, info: Info, input: Annotated[BackorderCancelInput, strawberry.argument(description="Which.")]
    ) -> BackorderPayload:
        """See `backorder.actions.cancel`."""
        context = info.context
        context.caller.require(RESERVE)
        id, key = str(input.id), input.idempotency_key
        cancelled = actions.cancel(context.store, id, key, actor=context.actor, now=context.caller.at)
        return await settle(cancelled, BackorderPayload.of, BackorderPayload)
