"""Mutations of merging; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.loyalty.context import WRITE, Info
from services.loyalty.merge.actions import merge, unmerge
from services.loyalty.merge.inputs import WalletMergeInput, WalletUnmergeInput
from services.loyalty.merge.types import WalletMergePayload


@strawberry.type
class MergeMutation:
    """Two wallets into one, and back."""

    @strawberry.mutation(
        description="Make a wallet a part of another, with holds, debt and rank. Needs the scope points:write.",
        directives=[needs(WRITE)],
    )
    async def wallet_merge(
        self, info: Info, input: Annotated[WalletMergeInput, strawberry.argument(description="Whose, into whose.")]
    ) -> WalletMergePayload:
        """See `actions.merge`."""
        context = info.context
        context.caller.require(WRITE)
        made = merge(context.store, input.to_request(context.actor), now=context.caller.at)
        return await settle(made, WalletMergePayload.of, WalletMergePayload)

    @strawberry.mutation(
        description="Give back what is still there of what a merge brought. Needs the scope points:write.",
        directives=[needs(WRITE)],
    )
    async def wallet_unmerge(
        self, info: Info, input: Annotated[WalletUnmergeInput, strawberry.argument(description="Which merge.")]
    ) -> WalletMergePayload:
        """See `actions.unmerge`."""
        context = info.context
        context.caller.require(WRITE)
        made = unmerge(context.store, input.merge_id, now=context.caller.at)
        return await settle(made, WalletMergePayload.of, WalletMergePayload)
