"""The part of Query and Mutation of adjustments that need two people."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory.adjustment import actions, model
from services.inventory.adjustment.types import (
    AdjustmentApproveInput,
    AdjustmentPayload,
    AdjustmentRejectInput,
    AdjustmentRequest,
    AdjustmentRequestInput,
)
from services.inventory.context import Info
from services.inventory.paper.types import command_of, opening_of

READ = "stock:read"
WRITE = "stock:write"
APPROVE = "stock:approve"


@strawberry.type
class AdjustmentQuery:
    """What may be read."""

    @strawberry.field(
        description="Adjustments that need two people, newest first. Scope stock:read; a caller bound to a location: "
        "its own.",
        directives=[needs(READ)],
    )
    async def adjustment_requests(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        location_id: Annotated[strawberry.ID | None, strawberry.argument(description="At this location.")] = None,
        states: Annotated[
            list[model.AdjustmentState] | None, strawberry.argument(description="In one of these states.")
        ] = None,
    ) -> Connection[AdjustmentRequest]:
        """A page."""
        caller = info.context.caller
        caller.require(READ)
        wanted = None if states is None else [state.value for state in states]
        page = await info.context.store.adjustment_requests.list_page(
            caller.location or location_id, wanted, PageArgs.parse(first, after)
        )
        return Connection.of(page, AdjustmentRequest.of)


@strawberry.type
class AdjustmentMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Ask for a change of stock that somebody else approves. Scope stock:write.",
        directives=[needs(WRITE)],
    )
    async def adjustment_request(
        self, info: Info, input: Annotated[AdjustmentRequestInput, strawberry.argument(description="What and why.")]
    ) -> AdjustmentPayload:
        """See `actions.request_adjustment`."""
        info.context.caller.require(WRITE)
        lines, where = input.to_lines(), str(input.location_id)
        content = (where, input.reason.value, [(line.sku, line.delta) for line in lines])
        command = opening_of(info, "request", input.idempotency_key, *content)
        asked = actions.request_adjustment(info.context.store, where, input.reason, lines, command)
        return await settle(asked, AdjustmentPayload.of, AdjustmentPayload)

    @strawberry.mutation(
        description="Make the change, every line or none; not by who has asked. Scope stock:approve.",
        directives=[needs(APPROVE)],
    )
    async def adjustment_approve(
        self, info: Info, input: Annotated[AdjustmentApproveInput, strawberry.argument(description="Which.")]
    ) -> AdjustmentPayload:
        """See `actions.approve_adjustment`."""
        info.context.caller.require(APPROVE)
        done = actions.approve_adjustment(info.context.store, command_of(info, "approve", input))
        return await settle(done, AdjustmentPayload.of, AdjustmentPayload)

    @strawberry.mutation(description="Say no to a change. Scope stock:write.", directives=[needs(WRITE)])
    async def adjustment_reject(
        self, info: Info, input: Annotated[AdjustmentRejectInput, strawberry.argument(description="Which.")]
    ) -> AdjustmentPayload:
        """See `actions.reject_adjustment`."""
        info.context.caller.require(WRITE)
        done = actions.reject_adjustment(info.context.store, command_of(info, "reject", input))
        return await settle(done, AdjustmentPayload.of, AdjustmentPayload)
