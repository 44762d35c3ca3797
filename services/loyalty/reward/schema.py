"""Rewards in the graph; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.loyalty.context import RULES, Info
from services.loyalty.reward import model
from services.loyalty.reward.actions import change_reward, create_reward
from services.loyalty.reward.inputs import RewardUpsertInput
from services.loyalty.reward.store import RewardStore
from services.loyalty.reward.types import Reward, RewardUpsertPayload


@strawberry.type
class RewardQuery:
    """What there is for points."""

    @strawberry.field(description="What can be had for points now, the cheapest first.")
    async def rewards(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        all: Annotated[
            bool, strawberry.argument(description="Also what is switched off, not begun or over: points:rules.")
        ] = False,
    ) -> Connection[Reward]:
        """A page."""
        if all:
            info.context.caller.require(RULES)
        offered_at = None if all else info.context.caller.at
        page = await RewardStore(info.context.store.db).page(PageArgs.parse(first, after), offered_at)
        return Connection.of(page, lambda row: Reward(row=row))


@strawberry.type
class RewardMutation:
    """Making rewards."""

    @strawberry.mutation(
        description="Make a reward, or the next version of one. Needs the scope points:rules.",
        directives=[needs(RULES)],
    )
    async def reward_upsert(
        self, info: Info, input: Annotated[RewardUpsertInput, strawberry.argument(description="The reward.")]
    ) -> RewardUpsertPayload:
        """See `actions.create_reward` and `actions.change_reward`."""
        info.context.caller.require(RULES)
        return await settle(_upsert(info, input), RewardUpsertPayload.of, RewardUpsertPayload)


async def _upsert(info: Info, input: RewardUpsertInput) -> model.Reward:
    store, actor, now = info.context.store, info.context.actor, info.context.caller.at
    draft = input.to_draft()
    if input.id is None:
        return await create_reward(store, draft, input.idempotency_key or "", actor=actor, now=now)
    return await change_reward(store, input.id, input.expected_version or 0, draft, actor=actor, now=now)
