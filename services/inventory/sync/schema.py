"""Uploads' and discrepancies' part of Query and Mutation."""

from typing import Annotated

import strawberry

from kit.errors import NotFound, Refused, VersionConflict
from kit.graphql.demands import needs
from kit.graphql.errors import present, settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory.context import Info
from services.inventory.sync import actions, model
from services.inventory.sync.types import (
    Discrepancy,
    DiscrepancyResolution,
    DiscrepancyResolveInput,
    DiscrepancyResolvePayload,
    StockSyncInput,
    StockSyncPayload,
)

READ = "stock:read"
WRITE = "stock:write"
SYNC = "stock:sync"
"""Upload what happened at a till or in a warehouse."""


@strawberry.type
class SyncQuery:
    """What may be read."""

    @strawberry.field(
        description="Uploaded lines that were not applied, newest first. Scope stock:read.", directives=[needs(READ)]
    )
    async def discrepancies(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        state: Annotated[
            model.DiscrepancyState | None, strawberry.argument(description="Only those in this state.")
        ] = None,
        location_id: Annotated[strawberry.ID | None, strawberry.argument(description="Only those there.")] = None,
    ) -> Connection[Discrepancy]:
        """A page; a caller bound to a location sees its own."""
        caller = info.context.caller
        caller.require(READ)
        where = caller.location or location_id
        page = await info.context.store.sync.list_page(state, where, PageArgs.parse(first, after))
        return Connection.of(page, Discrepancy.of)


@strawberry.type
class SyncMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Take what a till or a warehouse uploads, each line once by its sequence. Scope stock:sync.",
        directives=[needs(SYNC)],
    )
    async def stock_sync(
        self, info: Info, input: Annotated[StockSyncInput, strawberry.argument(description="The upload.")]
    ) -> StockSyncPayload:
        """See `sync.actions.sync`."""
        context = info.context
        context.caller.require(SYNC)
        synced = actions.sync(
            context.store,
            input.source,
            input.to_lines(),
            actor=context.actor,
            now=context.caller.at,
            bound_to=context.caller.location,
        )
        return await settle(synced, _payload, StockSyncPayload)

    @strawberry.mutation(
        description="Apply a discrepancy to the stock as it is now, or dismiss it. Scope stock:write.",
        directives=[needs(WRITE)],
    )
    async def discrepancy_resolve(
        self, info: Info, input: Annotated[DiscrepancyResolveInput, strawberry.argument(description="Which and how.")]
    ) -> DiscrepancyResolvePayload:
        """See `sync.actions.resolve_discrepancy`."""
        info.context.caller.require(WRITE)
        return await settle(_resolve(info, input), DiscrepancyResolvePayload.of, DiscrepancyResolvePayload)


def _payload(synced: model.Synced) -> StockSyncPayload:
    return StockSyncPayload(
        applied=synced.applied,
        replayed=synced.replayed,
        discrepancies=[Discrepancy.of(row) for row in synced.discrepancies],
        user_errors=[present(refusal) for refusal in synced.refusals],
    )


async def _resolve(info: Info, input: DiscrepancyResolveInput) -> model.Discrepancy:
    context = info.context
    seen = await context.store.sync.by_id(input.id)
    if seen is None or context.caller.location not in (None, seen.line.location_id):
        raise Refused(NotFound(path=("input", "id"), kind="Discrepancy", id=input.id))
    if seen.version != input.expected_version:
        raise Refused(VersionConflict(expected_version=input.expected_version, actual_version=seen.version))
    applies = input.resolution is DiscrepancyResolution.APPLY
    return await actions.resolve_discrepancy(
        context.store,
        seen,
        model.DiscrepancyState.APPLIED if applies else model.DiscrepancyState.DISMISSED,
        input.note,
        expected_on_hand=input.expected_on_hand,
        actor=context.actor,
        now=context.caller.at,
    )
