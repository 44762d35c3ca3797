"""Promotions in the graph; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.catalog.context import WRITE, Info
from services.catalog.promotion import actions, model
from services.catalog.promotion.inputs import PromotionUpsertInput
from services.catalog.promotion.types import Promotion, PromotionUpsertPayload


@strawberry.type
class PromotionQuery:
    """What staff may read of promotions; shoppers see what applies to them in their quote."""

    @strawberry.field(description="One promotion; needs the scope catalog:write.", directives=[needs(WRITE)])
    async def promotion(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="prm_…")]
    ) -> Promotion | None:
        """Null if there is none."""
        info.context.caller.require(WRITE)
        row = (await info.context.store.promotion.by_id([id])).get(id)
        return None if row is None else Promotion(row=row)

    @strawberry.field(
        description="All promotions, oldest first; needs the scope catalog:write.", directives=[needs(WRITE)]
    )
    async def promotions(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Promotion]:
        """A page."""
        info.context.caller.require(WRITE)
        page = await info.context.store.promotion.page(PageArgs.parse(first, after))
        return Connection.of(page, lambda row: Promotion(row=row))


@strawberry.type
class PromotionMutation:
    """What may be changed of promotions."""

    @strawberry.mutation(
        description="Create a promotion, or the next version of one; live within a second.", directives=[needs(WRITE)]
    )
    async def promotion_upsert(
        self, info: Info, input: Annotated[PromotionUpsertInput, strawberry.argument(description="The promotion.")]
    ) -> PromotionUpsertPayload:
        """See `actions.upsert_promotion`."""
        info.context.caller.require(WRITE)
        return await settle(_upsert(info, input), PromotionUpsertPayload.of, PromotionUpsertPayload)


async def _upsert(info: Info, input: PromotionUpsertInput) -> model.Promotion:
    store, now = info.context.store, info.context.caller.at
    return await actions.upsert_promotion(store, input.to_draft(), input.id, input.seen_version(), now=now)
