"""Transfers' part of Query and Mutation."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory.context import Info
from services.inventory.paper.types import command_of, counts_of, opening_of
from services.inventory.transfer import actions, model
from services.inventory.transfer.types import (
    Transfer,
    TransferApproveInput,
    TransferCancelInput,
    TransferCloseInput,
    TransferFilter,
    TransferFindInput,
    TransferPayload,
    TransferReceiveInput,
    TransferRejectInput,
    TransferRequestInput,
    TransferShipInput,
)

READ = "transfer:read"
WRITE = "transfer:write"
APPROVE = "transfer:approve"
"""Say yes or no to what another shop asks of one's own stock."""


@strawberry.type
class TransferQuery:
    """What may be read."""

    @strawberry.field(
        description="One transfer. Scope transfer:read; a caller bound to a location sees its own.",
        directives=[needs(READ)],
    )
    async def transfer(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="trf_…")]
    ) -> Transfer | None:
        """Null if there is none for this caller."""
        caller = info.context.caller
        caller.require(READ)
        row = await info.context.store.transfers.by_id(id)
        return None if row is None or not model.concerns(row, caller.location) else Transfer.of(row)

    @strawberry.field(
        description="Transfers, newest first. Scope transfer:read; a caller bound to a location: its own.",
        directives=[needs(READ)],
    )
    async def transfers(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        filter: Annotated[TransferFilter | None, strawberry.argument(description="What to narrow to.")] = None,
    ) -> Connection[Transfer]:
        """A page."""
        caller = info.context.caller
        caller.require(READ)
        wanted = (filter or TransferFilter()).to_filter(caller.location)
        page = await info.context.store.transfers.list_page(wanted, PageArgs.parse(first, after))
        return Connection.of(page, Transfer.of)


@strawberry.type
class TransferMutation:
    """What may be changed."""

    @strawberry.mutation(description="Ask for stock to be moved. Scope transfer:write.", directives=[needs(WRITE)])
    async def transfer_request(
        self, info: Info, input: Annotated[TransferRequestInput, strawberry.argument(description="What and where.")]
    ) -> TransferPayload:
        """See `actions.request_transfer`."""
        info.context.caller.require(WRITE)
        draft = input.to_draft()
        command = opening_of(info, "request", input.idempotency_key, *draft.content)
        return await settle(
            actions.request_transfer(info.context.store, draft, command), TransferPayload.of, TransferPayload
        )

    @strawberry.mutation(
        description="Commit a transfer's pieces at its origin, all or none. Scope transfer:approve.",
        directives=[needs(APPROVE)],
    )
    async def transfer_approve(
        self, info: Info, input: Annotated[TransferApproveInput, strawberry.argument(description="Which.")]
    ) -> TransferPayload:
        """See `actions.approve_transfer`."""
        info.context.caller.require(APPROVE)
        done = actions.approve_transfer(info.context.store, command_of(info, "approve", input))
        return await settle(done, TransferPayload.of, TransferPayload)

    @strawberry.mutation(description="Decline a request. Scope transfer:approve.", directives=[needs(APPROVE)])
    async def transfer_reject(
        self, info: Info, input: Annotated[TransferRejectInput, strawberry.argument(description="Which.")]
    ) -> TransferPayload:
        """See `actions.reject_transfer`."""
        info.context.caller.require(APPROVE)
        done = actions.reject_transfer(info.context.store, command_of(info, "reject", input))
        return await settle(done, TransferPayload.of, TransferPayload)

    @strawberry.mutation(
        description="Call a transfer off before it is sent. Scope transfer:write.", directives=[needs(WRITE)]
    )
    async def transfer_cancel(
        self, info: Info, input: Annotated[TransferCancelInput, strawberry.argument(description="Which.")]
    ) -> TransferPayload:
        """See `actions.cancel_transfer`."""
        info.context.caller.require(WRITE)
        done = actions.cancel_transfer(info.context.store, command_of(info, "cancel", input))
        return await settle(done, TransferPayload.of, TransferPayload)

    @strawberry.mutation(
        description="Send a transfer: its pieces leave the origin's stock. Scope transfer:write.",
        directives=[needs(WRITE)],
    )
    async def transfer_ship(
        self, info: Info, input: Annotated[TransferShipInput, strawberry.argument(description="Which, and what of it.")]
    ) -> TransferPayload:
        """See `actions.ship_transfer`."""
        info.context.caller.require(WRITE)
        counts = None if input.lines is None else counts_of(input.lines)
        command = command_of(info, "ship", input, model.content_of(counts), input.tracking)
        done = actions.ship_transfer(info.context.store, counts, input.tracking, command)
        return await settle(done, TransferPayload.of, TransferPayload)

    @strawberry.mutation(
        description="Take in what of a transfer has arrived. Scope transfer:write.", directives=[needs(WRITE)]
    )
    async def transfer_receive(
        self, info: Info, input: Annotated[TransferReceiveInput, strawberry.argument(description="What arrived.")]
    ) -> TransferPayload:
        """See `actions.receive_transfer`."""
        info.context.caller.require(WRITE)
        arrivals = input.to_arrivals()
        command = command_of(info, "receive", input, [(each.sku, each.quantity, each.damaged) for each in arrivals])
        done = actions.receive_transfer(info.context.store, arrivals, command)
        return await settle(done, TransferPayload.of, TransferPayload)

    @strawberry.mutation(
        description="Give up what of a transfer has not arrived. Scope transfer:approve.", directives=[needs(APPROVE)]
    )
    async def transfer_close(
        self, info: Info, input: Annotated[TransferCloseInput, strawberry.argument(description="Which.")]
    ) -> TransferPayload:
        """See `actions.close_transfer`."""
        info.context.caller.require(APPROVE)
        done = actions.close_transfer(info.context.store, command_of(info, "close", input))
        return await settle(done, TransferPayload.of, TransferPayload)

    @strawberry.mutation(
        description="Take in pieces that had been given up as lost. Scope transfer:write.", directives=[needs(WRITE)]
    )
    async def transfer_find(
        self, info: Info, input: Annotated[TransferFindInput, strawberry.argument(description="What turned up where.")]
    ) -> TransferPayload:
        """See `actions.find_lost`."""
        info.context.caller.require(WRITE)
        counts, where = counts_of(input.lines), str(input.location_id)
        command = command_of(info, "find", input, model.content_of(counts), where)
        done = actions.find_lost(info.context.store, counts, where, command)
        return await settle(done, TransferPayload.of, TransferPayload)
