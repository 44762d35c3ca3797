"""Reorder points' part of Query and Mutation."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.inventory.context import Info
from services.inventory.paper.types import by_of
from services.inventory.reorder import actions
from services.inventory.reorder.redistribution import check_cover
from services.inventory.reorder.types import (
    CoverInput,
    RedistributionProposal,
    ReorderPoint,
    ReorderPointSetInput,
    ReorderPointSetPayload,
)

READ = "stock:read"
WRITE = "reorder:write"


@strawberry.type
class ReorderQuery:
    """What may be read."""

    @strawberry.field(
        description="Reorder points, by SKU. Scope stock:read; a caller bound to a location: its own.",
        directives=[needs(READ)],
    )
    async def reorder_points(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        location_id: Annotated[strawberry.ID | None, strawberry.argument(description="Of this location.")] = None,
        low_only: Annotated[bool, strawberry.argument(description="Only those that are low now.")] = False,
    ) -> Connection[ReorderPoint]:
        """A page."""
        caller = info.context.caller
        caller.require(READ)
        where = caller.location or location_id
        page = await info.context.store.reorder.list_page(where, low_only, PageArgs.parse(first, after))
        return Connection.of(page, ReorderPoint.of)

    @strawberry.field(
        description="What these locations could send each other, so that stock lasts everywhere: by days of cover, "
        "minimum display and distance. Scope stock:read.",
        directives=[needs(READ)],
    )
    async def redistribution_proposals(
        self,
        info: Info,
        skus: Annotated[list[strawberry.ID], strawberry.argument(description="Of what, at most 20.")],
        location_ids: Annotated[list[strawberry.ID], strawberry.argument(description="Among these, 2 to 200.")],
        cover: Annotated[CoverInput | None, strawberry.argument(description="How long stock has to last.")] = None,
    ) -> list[RedistributionProposal]:
        """See `actions.propose`."""
        info.context.caller.require(READ)
        of, among = list(dict.fromkeys(map(str, skus))), list(dict.fromkeys(map(str, location_ids)))
        wanted = check_cover((cover or CoverInput()).to_cover(), len(of), len(among))
        found = await actions.propose(info.context.store, of, among, wanted, info.context.caller.at)
        return [RedistributionProposal.of(each) for each in found]


@strawberry.type
class ReorderMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Say when the stock of a SKU at a location is low. Scope reorder:write.", directives=[needs(WRITE)]
    )
    async def reorder_point_set(
        self, info: Info, input: Annotated[ReorderPointSetInput, strawberry.argument(description="The point.")]
    ) -> ReorderPointSetPayload:
        """See `actions.set_reorder_point`."""
        context = info.context
        context.caller.require(WRITE)
        kept = actions.set_reorder_point(context.store, input.to_draft(), by_of(info), context.caller.at)
        return await settle(kept, ReorderPointSetPayload.of, ReorderPointSetPayload)
