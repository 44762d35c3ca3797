"""Mutations of freezing; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.loyalty.context import WRITE, Info
from services.loyalty.freeze.actions import set_frozen
from services.loyalty.freeze.inputs import WalletFreezeInput
from services.loyalty.freeze.types import WalletFreezePayload


@strawberry.type
class FreezeMutation:
    """Freeze and let go."""

    @strawberry.mutation(
        description="Let nothing be spent from a wallet. Needs the scope points:write.", directives=[needs(WRITE)]
    )
    async def wallet_freeze(
        self, info: Info, input: Annotated[WalletFreezeInput, strawberry.argument(description="Whose, and why.")]
    ) -> WalletFreezePayload:
        """See `actions.set_frozen`."""
        return await _set(info, input, frozen=True)

    @strawberry.mutation(description="Let a frozen wallet go. Needs the scope points:write.", directives=[needs(WRITE)])
    async def wallet_unfreeze(
        self, info: Info, input: Annotated[WalletFreezeInput, strawberry.argument(description="Whose, and why.")]
    ) -> WalletFreezePayload:
        """See `actions.set_frozen`."""
        return await _set(info, input, frozen=False)


async def _set(info: Info, input: WalletFreezeInput, *, frozen: bool) -> WalletFreezePayload:
    info.context.caller.require(WRITE)
    posted = set_frozen(info.context.store, input.to_request(frozen, info.context.actor))
    return await settle(posted, WalletFreezePayload.of, WalletFreezePayload)
