"""Redemptions in the graph; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.errors import settle
from services.catalog.context import Info
from services.catalog.quote.token import Promise
from services.catalog.redemption import actions, model
from services.catalog.redemption.types import RedemptionPayload

Acted = tuple[Promise, model.Redemption]


@strawberry.input(description="A signed quote, and the key of this step.")
class QuoteRedeemInput:
    """Of quoteReserve, quoteRedeem and quoteRelease."""

    token: str = strawberry.field(description="As `quote` gave it.")
    idempotency_key: str = strawberry.field(description="The same key again gives the same answer.")


Input = Annotated[QuoteRedeemInput, strawberry.argument(description="The quote and the key.")]


@strawberry.type
class RedemptionMutation:
    """Who holds a quote's token may act on it; one for a customer is the customer's, or staff's with quotes:write."""

    @strawberry.mutation(description="Hold what a quote takes, 30 minutes at most: budgets, limits and coupons.")
    async def quote_reserve(self, info: Info, input: Input) -> RedemptionPayload:
        """See `actions.reserve`."""
        return await settle(_reserve(info, input), RedemptionPayload.of, RedemptionPayload)

    @strawberry.mutation(description="Take for good what a quote takes, held before or not: all of it or nothing.")
    async def quote_redeem(self, info: Info, input: Input) -> RedemptionPayload:
        """See `actions.redeem`."""
        return await settle(_redeem(info, input), RedemptionPayload.of, RedemptionPayload)

    @strawberry.mutation(description="Give back what a quote holds: the checkout failed.")
    async def quote_release(self, info: Info, input: Input) -> RedemptionPayload:
        """See `actions.release`."""
        return await settle(_release(info, input), RedemptionPayload.of, RedemptionPayload)


async def _reserve(info: Info, input: QuoteRedeemInput) -> Acted:
    store, caller = info.context.store, info.context.caller
    promise = actions.promise_in(store, input.token, caller)
    return promise, await actions.reserve(store, promise, input.idempotency_key, now=caller.at)


async def _redeem(info: Info, input: QuoteRedeemInput) -> Acted:
    store, caller = info.context.store, info.context.caller
    promise = actions.promise_in(store, input.token, caller)
    return promise, await actions.redeem(store, promise, input.idempotency_key, now=caller.at)


async def _release(info: Info, input: QuoteRedeemInput) -> Acted:
    store = info.context.store
    promise = actions.promise_in(store, input.token, info.context.caller)
    return promise, await actions.release(store, promise, input.idempotency_key)
