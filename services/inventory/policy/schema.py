"""Policies' part of Query and Mutation."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.inventory.context import READ, Info
from services.inventory.policy import model
from services.inventory.policy.actions import set_policy
from services.inventory.policy.types import StockPolicy, StockPolicySetInput, StockPolicySetPayload

WRITE = "stock:write"


@strawberry.type
class PolicyQuery:
    """What may be read."""

    @strawberry.field(
        description="The policy that holds for a channel: its own, or the one of all. Scope stock:read.",
        directives=[needs(READ)],
    )
    async def stock_policy(
        self, info: Info, channel: Annotated[str, strawberry.argument(description="Such as web.")]
    ) -> StockPolicy:
        """`channel` of the answer says whose it is."""
        info.context.caller.require(READ)
        store = info.context.store.policies
        own = await store.get(channel) or await store.get(model.ANY)
        return StockPolicy.of(own or model.DEFAULT)


@strawberry.type
class PolicyMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Set a channel's policy, or replace the version somebody read. Scope stock:write.",
        directives=[needs(WRITE)],
    )
    async def stock_policy_set(
        self, info: Info, input: Annotated[StockPolicySetInput, strawberry.argument(description="The policy.")]
    ) -> StockPolicySetPayload:
        """See `policy.actions.set_policy`."""
        info.context.caller.require(WRITE)
        return await settle(_set(info, input), StockPolicySetPayload.of, StockPolicySetPayload)


async def _set(info: Info, input: StockPolicySetInput) -> model.Policy:
    context = info.context
    return await set_policy(
        context.store, input.channel, input.to_draft(), input.expected_version, now=context.caller.at
    )
