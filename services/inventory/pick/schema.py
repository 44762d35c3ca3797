"""Waves' part of Query and Mutation."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory.context import Info
from services.inventory.location.types import Location, location_of
from services.inventory.paper.types import by_of, command_of, opening_of
from services.inventory.pick import actions, model
from services.inventory.pick.types import (
    BinAssignInput,
    BinAssignPayload,
    Wave,
    WaveClaimInput,
    WaveConfirmInput,
    WaveCreateInput,
    WaveFilter,
    WavePayload,
    WaveReleaseInput,
)

READ = "fulfillment:read"
WRITE = "fulfillment:write"


@strawberry.type
class WaveQuery:
    """What may be read."""

    @strawberry.field(
        description="One wave. Scope fulfillment:read; a caller bound to a location sees its own.",
        directives=[needs(READ)],
    )
    async def wave(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="wav_…")]
    ) -> Wave | None:
        """Null if there is none for this caller."""
        caller = info.context.caller
        caller.require(READ)
        row = await info.context.store.waves.by_id(id)
        return None if row is None or caller.location not in (None, row.location_id) else Wave.of(row)

    @strawberry.field(
        description="Waves, newest first. Scope fulfillment:read; a caller bound to a location: its own.",
        directives=[needs(READ)],
    )
    async def waves(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        filter: Annotated[WaveFilter | None, strawberry.argument(description="What to narrow to.")] = None,
    ) -> Connection[Wave]:
        """A page."""
        caller, wanted = info.context.caller, filter or WaveFilter()
        caller.require(READ)
        states = None if wanted.states is None else [state.value for state in wanted.states]
        where = caller.location or wanted.location_id
        page = await info.context.store.waves.list_page(where, states, PageArgs.parse(first, after))
        return Connection.of(page, Wave.of)


@strawberry.type
class WaveMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Gather the oldest fulfilments of a location that nobody fetches yet into one pick list. Scope "
        "fulfillment:write.",
        directives=[needs(WRITE)],
    )
    async def wave_create(
        self, info: Info, input: Annotated[WaveCreateInput, strawberry.argument(description="Where; how many.")]
    ) -> WavePayload:
        """See `actions.create_wave`."""
        info.context.caller.require(WRITE)
        where, size = str(input.location_id), input.fulfillments
        command = opening_of(info, "plan", input.idempotency_key, where, size)
        return await _done(actions.create_wave(info.context.store, where, size, command))

    @strawberry.mutation(
        description="Take a wave; of two pickers one does. Scope fulfillment:write.", directives=[needs(WRITE)]
    )
    async def wave_claim(
        self, info: Info, input: Annotated[WaveClaimInput, strawberry.argument(description="Which.")]
    ) -> WavePayload:
        """See `actions.claim_wave`."""
        info.context.caller.require(WRITE)
        return await _done(actions.claim_wave(info.context.store, command_of(info, "claim", input)))

    @strawberry.mutation(
        description="Give a wave back as far as it is. Scope fulfillment:write.", directives=[needs(WRITE)]
    )
    async def wave_release(
        self, info: Info, input: Annotated[WaveReleaseInput, strawberry.argument(description="Which.")]
    ) -> WavePayload:
        """See `actions.release_wave`."""
        info.context.caller.require(WRITE)
        return await _done(actions.release_wave(info.context.store, command_of(info, "release", input)))

    @strawberry.mutation(
        description="Say what was found of some lines; missing pieces are taken from another location, or given up. "
        "Scope fulfillment:write.",
        directives=[needs(WRITE)],
    )
    async def wave_confirm(
        self, info: Info, input: Annotated[WaveConfirmInput, strawberry.argument(description="What was found.")]
    ) -> WavePayload:
        """See `actions.confirm_lines`."""
        info.context.caller.require(WRITE)
        found = input.to_confirmed()
        command = command_of(info, "confirm", input, [(each.sku, each.picked, each.damaged) for each in found])
        return await _done(actions.confirm_lines(info.context.store, found, command))

    @strawberry.mutation(
        description="Say on which shelves SKUs lie, for pick lists. Scope fulfillment:write.", directives=[needs(WRITE)]
    )
    async def bin_assign(
        self, info: Info, input: Annotated[BinAssignInput, strawberry.argument(description="Where; what.")]
    ) -> BinAssignPayload:
        """See `actions.assign_bins`."""
        info.context.caller.require(WRITE)
        return await settle(_assign(info, input), lambda row: BinAssignPayload(location=row), BinAssignPayload)


async def _assign(info: Info, input: BinAssignInput) -> Location:
    where = str(input.location_id)
    await actions.assign_bins(info.context.store, where, input.to_bins(), by_of(info))
    return await location_of(info, where)


async def _done(work: Awaitable[model.Wave]) -> WavePayload:
    return await settle(work, WavePayload.of, WavePayload)
