"""Queries and mutations of ranks; every resolver is a line or three."""

from datetime import datetime
from typing import Annotated

import strawberry

from kit.errors import BadUserInput, Refused
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.loyalty.context import RULES, Info
from services.loyalty.rank import actions, model
from services.loyalty.rank.inputs import RankSchemeInput, RankSchemeSetInput
from services.loyalty.rank.types import RankCount, RankScheme, RankSchemeSetPayload


@strawberry.type
class RankQuery:
    """Ranks and what other rules would make of them."""

    @strawberry.field(description="The rank scheme in force.")
    async def rank_scheme(self, info: Info) -> RankScheme:
        """Rules are public."""
        return RankScheme.of(await info.context.store.ranks.scheme())

    @strawberry.field(
        description="How many members would have which rank by what they bought then. Needs the scope points:rules.",
        directives=[needs(RULES)],
    )
    async def rank_simulate(
        self,
        info: Info,
        scheme: Annotated[RankSchemeInput, strawberry.argument(description="The rules to try.")],
        start: Annotated[datetime, strawberry.argument(description="From, inclusive.")],
        end: Annotated[datetime, strawberry.argument(description="To, inclusive.")],
    ) -> list[RankCount]:
        """See `actions.simulate`."""
        info.context.caller.require(RULES)
        try:
            counts = await actions.simulate(info.context.store.ranks, scheme.to_scheme(), start=start, end=end)
        except Refused as refused:
            raise BadUserInput(str(refused)) from refused
        return [RankCount(rank=rank, members=members) for rank, members in counts.items()]


@strawberry.type
class RankMutation:
    """Setting the rules."""

    @strawberry.mutation(
        description="Put a rank scheme in force, as the next version. Needs the scope points:rules.",
        directives=[needs(RULES)],
    )
    async def rank_scheme_set(
        self,
        info: Info,
        input: Annotated[RankSchemeSetInput, strawberry.argument(description="The scheme, whole.")],
    ) -> RankSchemeSetPayload:
        """See `actions.set_scheme`."""
        info.context.caller.require(RULES)
        return await settle(_set(info, input), RankSchemeSetPayload.of, RankSchemeSetPayload)


async def _set(info: Info, input: RankSchemeSetInput) -> model.RankScheme:
    context = info.context
    return await actions.set_scheme(
        context.store.ranks,
        input.scheme.to_scheme(),
        input.idempotency_key,
        expected_version=input.expected_version,
        actor=context.actor,
        now=context.caller.at,
    )
