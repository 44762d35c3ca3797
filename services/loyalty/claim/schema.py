"""Claims in the graph; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.errors import BadUserInput
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.loyalty.claim import model
from services.loyalty.claim.actions import claim_reward
from services.loyalty.claim.ending import cancel, claims_of, find_claim, fulfil, payer_of
from services.loyalty.claim.inputs import RewardClaimEndInput, RewardClaimInput
from services.loyalty.claim.types import RewardClaim, RewardClaimEnded, RewardClaimPayload
from services.loyalty.context import WRITE, Info
from services.loyalty.model import CustomerId, wallet_id_of
from services.loyalty.posting.model import MAX_TEXT

CLAIM_ERRORS = [RewardClaimEnded]


@strawberry.type
class ClaimQuery:
    """What members have for points."""

    @strawberry.field(description="A member's claims, the newest first: the caller's, or any with points:read.")
    async def reward_claims(
        self,
        info: Info,
        customer_id: Annotated[strawberry.ID, strawberry.argument(description="Whose.")],
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> Connection[RewardClaim]:
        """With those of customers whose wallets were merged into its own."""
        if (fault := info.context.wallet_fault(wallet_id_of(customer_id))) is not None:
            raise fault
        page = await claims_of(info.context.store, CustomerId(customer_id), PageArgs.parse(first, after))
        return Connection.of(page, lambda row: RewardClaim(row=row))


@strawberry.type
class ClaimMutation:
    """Claiming, and ending a claim."""

    @strawberry.mutation(
        description="Have a reward for its points, both or neither. "
        "The customer itself needs the scope points:redeem, staff points:write."
    )
    async def reward_claim(
        self, info: Info, input: Annotated[RewardClaimInput, strawberry.argument(description="Who gets what.")]
    ) -> RewardClaimPayload:
        """See `actions.claim_reward`."""
        context = info.context
        context.require_redeem(input.customer_id)
        made = claim_reward(context.store, input.to_request(context.actor), now=context.caller.at)
        return await settle(made, RewardClaimPayload.of, RewardClaimPayload)

    @strawberry.mutation(
        description="Say that a claim was handed out; not of a coupon. Needs the scope points:write.",
        directives=[needs(WRITE)],
    )
    async def reward_fulfil(
        self, info: Info, input: Annotated[RewardClaimEndInput, strawberry.argument(description="Which claim.")]
    ) -> RewardClaimPayload:
        """See `ending.fulfil`."""
        context = info.context
        context.caller.require(WRITE)
        _check_reason(input)
        now, actor = context.caller.at, context.actor
        done = fulfil(context.store, input.claim_id, actor=actor, reason=input.reason, now=now)
        return await settle(done, RewardClaimPayload.of, RewardClaimPayload)

    @strawberry.mutation(
        description="Give a claim back for its points; a coupon's is ASKED until the catalog has said that it is "
        "unused. The customer itself needs the scope points:redeem, staff points:write."
    )
    async def reward_cancel(
        self, info: Info, input: Annotated[RewardClaimEndInput, strawberry.argument(description="Which claim.")]
    ) -> RewardClaimPayload:
        """See `ending.cancel`."""
        _check_reason(input)
        return await settle(_cancel(info, input), RewardClaimPayload.of, RewardClaimPayload)


async def _cancel(info: Info, input: RewardClaimEndInput) -> model.RewardClaim:
    context = info.context
    if WRITE not in context.caller.scopes:
        context.require_redeem(await payer_of(context.store, await find_claim(context.store, input.claim_id)))
    now, actor = context.caller.at, context.actor
    return await cancel(context.store, input.claim_id, actor=actor, reason=input.reason, now=now)


def _check_reason(input: RewardClaimEndInput) -> None:
    if not 1 <= len(input.reason) <= MAX_TEXT:
        raise BadUserInput(f"input.reason: expected 1 to {MAX_TEXT} characters, got {len(input.reason)}")
