"""Deliveries' part of Query and Mutation."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory.context import Info
from services.inventory.paper.types import command_of, opening_of
from services.inventory.receiving import actions
from services.inventory.receiving.types import (
    Delivery,
    DeliveryCancelInput,
    DeliveryCloseInput,
    DeliveryExpectInput,
    DeliveryFilter,
    DeliveryInspectInput,
    DeliveryPayload,
    DeliveryReceiveInput,
    DeliveryRescheduleInput,
)

READ = "delivery:read"
WRITE = "delivery:write"


@strawberry.type
class DeliveryQuery:
    """What may be read."""

    @strawberry.field(
        description="One delivery. Scope delivery:read; a caller bound to a location sees its own.",
        directives=[needs(READ)],
    )
    async def delivery(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="dlv_…")]
    ) -> Delivery | None:
        """Null if there is none for this caller."""
        caller = info.context.caller
        caller.require(READ)
        row = await info.context.store.deliveries.by_id(id)
        return None if row is None or caller.location not in (None, row.location_id) else Delivery.of(row)

    @strawberry.field(
        description="Deliveries, newest first. Scope delivery:read; a caller bound to a location: its own.",
        directives=[needs(READ)],
    )
    async def deliveries(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        filter: Annotated[DeliveryFilter | None, strawberry.argument(description="What to narrow to.")] = None,
    ) -> Connection[Delivery]:
        """A page."""
        caller = info.context.caller
        caller.require(READ)
        wanted = (filter or DeliveryFilter()).to_filter(caller.location)
        page = await info.context.store.deliveries.list_page(wanted, PageArgs.parse(first, after))
        return Connection.of(page, Delivery.of)


@strawberry.type
class DeliveryMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Announce a delivery: its pieces are incoming stock. Scope delivery:write.",
        directives=[needs(WRITE)],
    )
    async def delivery_expect(
        self, info: Info, input: Annotated[DeliveryExpectInput, strawberry.argument(description="What comes where.")]
    ) -> DeliveryPayload:
        """See `actions.expect_delivery`."""
        info.context.caller.require(WRITE)
        draft = input.to_draft()
        command = opening_of(info, "expect", input.idempotency_key, *draft.content)
        done = actions.expect_delivery(info.context.store, draft, command)
        return await settle(done, DeliveryPayload.of, DeliveryPayload)

    @strawberry.mutation(
        description="A delivery comes on another day: who was promised pieces that will be later than that is told "
        "(backorder_at_risk). Scope delivery:write.",
        directives=[needs(WRITE)],
    )
    async def delivery_reschedule(
        self, info: Info, input: Annotated[DeliveryRescheduleInput, strawberry.argument(description="When instead.")]
    ) -> DeliveryPayload:
        """See `actions.reschedule_delivery`."""
        info.context.caller.require(WRITE)
        own = input.to_dates()
        command = command_of(info, "reschedule", input, *input.content)
        done = actions.reschedule_delivery(info.context.store, input.due_at, own, command)
        return await settle(done, DeliveryPayload.of, DeliveryPayload)

    @strawberry.mutation(
        description="Take in what of a delivery has arrived. Scope delivery:write.", directives=[needs(WRITE)]
    )
    async def delivery_receive(
        self, info: Info, input: Annotated[DeliveryReceiveInput, strawberry.argument(description="What arrived.")]
    ) -> DeliveryPayload:
        """See `actions.receive_delivery`."""
        info.context.caller.require(WRITE)
        receipts = input.to_receipts()
        content = [(each.sku, each.quantity, each.on_hold, each.damaged) for each in receipts]
        done = actions.receive_delivery(info.context.store, receipts, command_of(info, "receive", input, content))
        return await settle(done, DeliveryPayload.of, DeliveryPayload)

    @strawberry.mutation(
        description="Release or reject pieces on quality hold. Scope delivery:write.", directives=[needs(WRITE)]
    )
    async def delivery_inspect(
        self, info: Info, input: Annotated[DeliveryInspectInput, strawberry.argument(description="The verdicts.")]
    ) -> DeliveryPayload:
        """See `actions.inspect_delivery`."""
        info.context.caller.require(WRITE)
        verdicts = input.to_verdicts()
        content = [(each.sku, each.released, each.rejected, each.damaged) for each in verdicts]
        done = actions.inspect_delivery(info.context.store, verdicts, command_of(info, "inspect", input, content))
        return await settle(done, DeliveryPayload.of, DeliveryPayload)

    @strawberry.mutation(
        description="Expect nothing more of a delivery. Scope delivery:write.", directives=[needs(WRITE)]
    )
    async def delivery_close(
        self, info: Info, input: Annotated[DeliveryCloseInput, strawberry.argument(description="Which.")]
    ) -> DeliveryPayload:
        """See `actions.close_delivery`."""
        info.context.caller.require(WRITE)
        done = actions.close_delivery(info.context.store, command_of(info, "close", input))
        return await settle(done, DeliveryPayload.of, DeliveryPayload)

    @strawberry.mutation(description="A delivery will not come. Scope delivery:write.", directives=[needs(WRITE)])
    async def delivery_cancel(
        self, info: Info, input: Annotated[DeliveryCancelInput, strawberry.argument(description="Which.")]
    ) -> DeliveryPayload:
        """See `actions.cancel_delivery`."""
        info.context.caller.require(WRITE)
        done = actions.cancel_delivery(info.context.store, command_of(info, "cancel", input))
        return await settle(done, DeliveryPayload.of, DeliveryPayload)
