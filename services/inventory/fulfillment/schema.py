"""Fulfilments' part of Query and Mutation."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from kit.errors import Forbidden
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory.context import Info
from services.inventory.fulfillment import actions, code, model
from services.inventory.fulfillment.inputs import (
    FulfillmentArriveInput,
    FulfillmentCancelInput,
    FulfillmentCodeRenewInput,
    FulfillmentCollectInput,
    FulfillmentCreateInput,
    FulfillmentDeliverInput,
    FulfillmentFilter,
    FulfillmentPickRecordInput,
    FulfillmentPickStartInput,
    FulfillmentReadyInput,
    FulfillmentReturnInput,
    FulfillmentReturnInspectInput,
    FulfillmentShipInput,
)
from services.inventory.fulfillment.types import (
    READ,
    Fulfillment,
    FulfillmentCreatePayload,
    FulfillmentPayload,
    may_see,
)
from services.inventory.paper.types import command_of, counts_of, opening_of

WRITE = "fulfillment:write"


@strawberry.type
class FulfillmentQuery:
    """What may be read."""

    @strawberry.field(
        description="One fulfilment: for its own customer, and the scope fulfillment:read; a caller bound to a "
        "location sees its own."
    )
    async def fulfillment(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="ful_…")]
    ) -> Fulfillment | None:
        """Null if there is none for this caller."""
        row = await info.context.store.fulfillments.by_id(id)
        hidden = row is None or row.state is model.FulfillmentState.ALLOCATING
        return None if hidden or row is None or not may_see(info, row) else Fulfillment.of(row)

    @strawberry.field(
        description="Fulfilments, newest first. Scope fulfillment:read, a caller bound to a location: its own; a "
        "customer without the scope: theirs."
    )
    async def fulfillments(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        filter: Annotated[FulfillmentFilter | None, strawberry.argument(description="What to narrow to.")] = None,
    ) -> Connection[Fulfillment]:
        """A page."""
        caller = info.context.caller
        is_staff = READ in caller.scopes
        if not is_staff and caller.customer is None:
            raise Forbidden(f"this needs the scope {READ!r}, or a customer")
        wanted = (filter or FulfillmentFilter()).to_filter(
            bound_to=caller.location if is_staff else None, customer=None if is_staff else caller.customer
        )
        page = await info.context.store.fulfillments.list_page(wanted, PageArgs.parse(first, after))
        return Connection.of(page, Fulfillment.of)


@strawberry.type
class FulfillmentMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Fulfil a reservation: picked up, sent home, or held at the counter. One fulfilment a location. "
        "Scope fulfillment:write.",
        directives=[needs(WRITE)],
    )
    async def fulfillment_create(
        self, info: Info, input: Annotated[FulfillmentCreateInput, strawberry.argument(description="Which, and how.")]
    ) -> FulfillmentCreatePayload:
        """See `actions.create`."""
        info.context.caller.require(WRITE)
        draft = input.to_draft()
        command = opening_of(info, "create", input.idempotency_key, *draft.content)
        made = actions.create(info.context.store, draft, command)
        return await settle(made, FulfillmentCreatePayload.of, FulfillmentCreatePayload)

    @strawberry.mutation(description="Begin to fetch the pieces. Scope fulfillment:write.", directives=[needs(WRITE)])
    async def fulfillment_pick_start(
        self, info: Info, input: Annotated[FulfillmentPickStartInput, strawberry.argument(description="Which.")]
    ) -> FulfillmentPayload:
        """See `actions.start_picking`."""
        info.context.caller.require(WRITE)
        return await _done(actions.start_picking(info.context.store, command_of(info, "start", input)))

    @strawberry.mutation(
        description="Say what was found; what was not is taken from another location, or given up. Scope "
        "fulfillment:write.",
        directives=[needs(WRITE)],
    )
    async def fulfillment_pick_record(
        self, info: Info, input: Annotated[FulfillmentPickRecordInput, strawberry.argument(description="What.")]
    ) -> FulfillmentPayload:
        """See `actions.record_picked`."""
        info.context.caller.require(WRITE)
        picks = input.to_picks()
        content = [(each.sku, each.quantity, each.short, each.damaged) for each in picks]
        command = command_of(info, "pick", input, content)
        return await _done(actions.record_picked(info.context.store, picks, command))

    @strawberry.mutation(
        description="Put it behind the counter, under a pickup code. Scope fulfillment:write.",
        directives=[needs(WRITE)],
    )
    async def fulfillment_ready(
        self, info: Info, input: Annotated[FulfillmentReadyInput, strawberry.argument(description="Which.")]
    ) -> FulfillmentPayload:
        """See `actions.make_ready`."""
        info.context.caller.require(WRITE)
        return await _done(actions.make_ready(info.context.store, command_of(info, "ready", input)))

    @strawberry.mutation(
        description="Make a new pickup code; the old one opens nothing. Scope fulfillment:write.",
        directives=[needs(WRITE)],
    )
    async def fulfillment_code_renew(
        self, info: Info, input: Annotated[FulfillmentCodeRenewInput, strawberry.argument(description="Which.")]
    ) -> FulfillmentPayload:
        """See `actions.renew_code`."""
        info.context.caller.require(WRITE)
        return await _done(actions.renew_code(info.context.store, command_of(info, "renew", input)))

    @strawberry.mutation(
        description="Hand it over to who has the code. Scope fulfillment:write.", directives=[needs(WRITE)]
    )
    async def fulfillment_collect(
        self, info: Info, input: Annotated[FulfillmentCollectInput, strawberry.argument(description="Which; the code.")]
    ) -> FulfillmentPayload:
        """See `actions.collect`."""
        info.context.caller.require(WRITE)
        command = command_of(info, "collect", input, code.tidy(input.code))
        return await _done(actions.collect(info.context.store, input.code, command))

    @strawberry.mutation(description="Hand it to the carrier. Scope fulfillment:write.", directives=[needs(WRITE)])
    async def fulfillment_ship(
        self, info: Info, input: Annotated[FulfillmentShipInput, strawberry.argument(description="Which; the carrier.")]
    ) -> FulfillmentPayload:
        """See `actions.ship`."""
        info.context.caller.require(WRITE)
        command = command_of(info, "ship", input, input.carrier, input.tracking)
        return await _done(actions.ship(info.context.store, input.carrier, input.tracking, command))

    @strawberry.mutation(
        description="It has come to the shop where it will be picked up; what did not arrive is taken from elsewhere. "
        "Scope fulfillment:write.",
        directives=[needs(WRITE)],
    )
    async def fulfillment_arrive(
        self, info: Info, input: Annotated[FulfillmentArriveInput, strawberry.argument(description="Which; what.")]
    ) -> FulfillmentPayload:
        """See `actions.arrive`."""
        info.context.caller.require(WRITE)
        counts = None if input.lines is None else counts_of(input.lines)
        content = None if counts is None else [(count.sku, count.quantity) for count in counts]
        return await _done(actions.arrive(info.context.store, counts, command_of(info, "arrive", input, content)))

    @strawberry.mutation(
        description="The carrier has delivered it. Scope fulfillment:write.", directives=[needs(WRITE)]
    )
    async def fulfillment_deliver(
        self, info: Info, input: Annotated[FulfillmentDeliverInput, strawberry.argument(description="Which.")]
    ) -> FulfillmentPayload:
        """See `actions.deliver`."""
        info.context.caller.require(WRITE)
        return await _done(actions.deliver(info.context.store, command_of(info, "deliver", input)))

    @strawberry.mutation(
        description="Call it off: its pieces are available again. Scope fulfillment:write; a customer without it: "
        "theirs, while nobody has begun to fetch it."
    )
    async def fulfillment_cancel(
        self, info: Info, input: Annotated[FulfillmentCancelInput, strawberry.argument(description="Which.")]
    ) -> FulfillmentPayload:
        """See `actions.cancel`."""
        caller = info.context.caller
        own_only = caller.customer is not None and WRITE not in caller.scopes
        if not own_only:
            caller.require(WRITE)
        command = command_of(info, "cancel", input)
        return await _done(actions.cancel(info.context.store, command, own_only=own_only))

    @strawberry.mutation(
        description="Take pieces back at any location; they wait there for inspection. Scope fulfillment:write.",
        directives=[needs(WRITE)],
    )
    async def fulfillment_return(
        self, info: Info, input: Annotated[FulfillmentReturnInput, strawberry.argument(description="What; where.")]
    ) -> FulfillmentPayload:
        """See `actions.give_back`."""
        info.context.caller.require(WRITE)
        counts, where = counts_of(input.lines), str(input.location_id)
        command = command_of(info, "return", input, [(count.sku, count.quantity) for count in counts], where)
        return await _done(actions.give_back(info.context.store, counts, where, command))

    @strawberry.mutation(
        description="Sell again, keep as damaged or throw away what came back. Scope fulfillment:write.",
        directives=[needs(WRITE)],
    )
    async def fulfillment_return_inspect(
        self, info: Info, input: Annotated[FulfillmentReturnInspectInput, strawberry.argument(description="Verdicts.")]
    ) -> FulfillmentPayload:
        """See `actions.inspect`."""
        info.context.caller.require(WRITE)
        verdicts, which = input.to_verdicts(), str(input.return_id)
        content = [(each.sku, each.restocked, each.damaged, each.written_off) for each in verdicts]
        command = command_of(info, "inspect", input, which, content)
        return await _done(actions.inspect(info.context.store, which, verdicts, command))


async def _done(work: Awaitable[model.Fulfillment]) -> FulfillmentPayload:
    return await settle(work, FulfillmentPayload.of, FulfillmentPayload)
