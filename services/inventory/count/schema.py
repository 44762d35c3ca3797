"""Counts' part of Query and Mutation."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory.context import Info
from services.inventory.count import actions, model
from services.inventory.count.types import (
    APPROVE,
    Count,
    CountApproveInput,
    CountCancelInput,
    CountFilter,
    CountOpenInput,
    CountOpenPayload,
    CountPayload,
    CountPostInput,
    CountRecordInput,
    CountRecountInput,
    CountSubmitInput,
)
from services.inventory.paper.types import command_of, opening_of

READ = "count:read"
WRITE = "count:write"


@strawberry.type
class CountQuery:
    """What may be read."""

    @strawberry.field(
        description="One count sheet. Scope count:read; a caller bound to a location sees its own.",
        directives=[needs(READ)],
    )
    async def count(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="cnt_…")]
    ) -> Count | None:
        """Null if there is none for this caller."""
        caller = info.context.caller
        caller.require(READ)
        row = await info.context.store.counts.by_id(id)
        return None if row is None or caller.location not in (None, row.location_id) else Count.of(row)

    @strawberry.field(
        description="Count sheets, newest first. Scope count:read; a caller bound to a location: its own.",
        directives=[needs(READ)],
    )
    async def counts(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        filter: Annotated[CountFilter | None, strawberry.argument(description="What to narrow to.")] = None,
    ) -> Connection[Count]:
        """A page."""
        caller = info.context.caller
        caller.require(READ)
        wanted = (filter or CountFilter()).to_filter(caller.location)
        page = await info.context.store.counts.list_page(wanted, PageArgs.parse(first, after))
        return Connection.of(page, Count.of)


@strawberry.type
class CountMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Open a count, full or of some SKUs; selling goes on. Scope count:write.", directives=[needs(WRITE)]
    )
    async def count_open(
        self, info: Info, input: Annotated[CountOpenInput, strawberry.argument(description="What and where.")]
    ) -> CountOpenPayload:
        """See `actions.open_count`."""
        info.context.caller.require(WRITE)
        draft = input.to_draft()
        content = (draft.location_id, draft.kind, draft.skus, draft.is_blind)
        command = opening_of(info, "open", input.idempotency_key, *content)
        opened = actions.open_count(info.context.store, draft, command)
        return await settle(opened, CountOpenPayload.of, CountOpenPayload)

    @strawberry.mutation(description="Write down what was counted. Scope count:write.", directives=[needs(WRITE)])
    async def count_record(
        self, info: Info, input: Annotated[CountRecordInput, strawberry.argument(description="What.")]
    ) -> CountPayload:
        """See `actions.record_counted`."""
        info.context.caller.require(WRITE)
        entries = input.to_entries()
        command = command_of(info, "record", input, [entry.content for entry in entries])
        return await _done(actions.record_counted(info.context.store, entries, command))

    @strawberry.mutation(description="Have lines counted again. Scope count:write.", directives=[needs(WRITE)])
    async def count_recount(
        self, info: Info, input: Annotated[CountRecountInput, strawberry.argument(description="Which.")]
    ) -> CountPayload:
        """See `actions.recount`."""
        info.context.caller.require(WRITE)
        skus = [str(sku) for sku in input.skus]
        return await _done(actions.recount(info.context.store, skus, command_of(info, "recount", input, skus)))

    @strawberry.mutation(
        description="Everything is counted; large differences wait for somebody else's approval. Scope count:write.",
        directives=[needs(WRITE)],
    )
    async def count_submit(
        self, info: Info, input: Annotated[CountSubmitInput, strawberry.argument(description="Which.")]
    ) -> CountPayload:
        """See `actions.submit_count`."""
        info.context.caller.require(WRITE)
        return await _done(actions.submit_count(info.context.store, command_of(info, "submit", input)))

    @strawberry.mutation(
        description="Believe the differences; not by who has counted. Scope count:approve.", directives=[needs(APPROVE)]
    )
    async def count_approve(
        self, info: Info, input: Annotated[CountApproveInput, strawberry.argument(description="Which.")]
    ) -> CountPayload:
        """See `actions.approve_count`."""
        info.context.caller.require(APPROVE)
        return await _done(actions.approve_count(info.context.store, command_of(info, "approve", input)))

    @strawberry.mutation(
        description="Put the differences into the books, whatever has moved since; a line with more missing than "
        "available is blocked. Scope count:write.",
        directives=[needs(WRITE)],
    )
    async def count_post(
        self, info: Info, input: Annotated[CountPostInput, strawberry.argument(description="Which.")]
    ) -> CountPayload:
        """See `actions.post_count`."""
        info.context.caller.require(WRITE)
        return await _done(actions.post_count(info.context.store, command_of(info, "post", input)))

    @strawberry.mutation(
        description="Throw a sheet away; nothing of it is posted. Scope count:write.", directives=[needs(WRITE)]
    )
    async def count_cancel(
        self, info: Info, input: Annotated[CountCancelInput, strawberry.argument(description="Which.")]
    ) -> CountPayload:
        """See `actions.cancel_count`."""
        info.context.caller.require(WRITE)
        return await _done(actions.cancel_count(info.context.store, command_of(info, "cancel", input)))


async def _done(work: Awaitable[model.CountSheet]) -> CountPayload:
    return await settle(work, CountPayload.of, CountPayload)
