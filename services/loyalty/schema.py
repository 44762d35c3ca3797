"""Loyalty's Query and Mutation; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.errors import Refusal
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.schema import build_schema
from kit.idempotency import check_key
from services.loyalty.accounting.schema import AccountingMutation, AccountingQuery
from services.loyalty.accounting.types import ERRORS as ACCOUNTING_ERRORS
from services.loyalty.actions import earn, redeem
from services.loyalty.adjustment.actions import by_hand
from services.loyalty.adjustment.schema import ADJUSTMENT_ERRORS, AdjustmentMutation, AdjustmentQuery
from services.loyalty.bonus.schema import BONUS_ERRORS, BonusMutation, BonusQuery
from services.loyalty.claim.schema import CLAIM_ERRORS, ClaimMutation, ClaimQuery
from services.loyalty.context import WRITE, Context, Info
from services.loyalty.earning.schema import EarningMutation, EarningQuery
from services.loyalty.earning.types import CampaignNeverApplies
from services.loyalty.freeze.schema import FreezeMutation
from services.loyalty.gift.schema import GiftMutation
from services.loyalty.gift.types import GiftLimitReached, GiftsTooFast
from services.loyalty.hold.schema import HoldMutation
from services.loyalty.hold.types import HoldEnded, HoldExceeded
from services.loyalty.inputs import PointsEarnInput, PointsRedeemInput
from services.loyalty.live.schema import Subscription
from services.loyalty.merge.schema import MergeMutation
from services.loyalty.merge.types import MergedPointsHeld
from services.loyalty.rank.schema import RankMutation, RankQuery
from services.loyalty.rank.types import TiersNotAscending
from services.loyalty.refund.schema import RefundMutation
from services.loyalty.refund.types import RefundExceedsSpent
from services.loyalty.reward.schema import RewardMutation, RewardQuery
from services.loyalty.reward.types import RewardNotOffered
from services.loyalty.spending.schema import SpendingQuery
from services.loyalty.spending.types import SpendingNotAllowed, SpendingTooFast
from services.loyalty.store import Posted
from services.loyalty.types import (
    Customer,
    InsufficientPoints,
    PointsEarnPayload,
    PointsRedeemPayload,
    Price,
    Variant,
    Wallet,
    WalletFrozen,
    WalletMerged,
    wallet_of,
)


@strawberry.type
class Query(
    BonusQuery, EarningQuery, RankQuery, AccountingQuery, SpendingQuery, RewardQuery, ClaimQuery, AdjustmentQuery
):
    """What may be read."""

    @strawberry.field(description="One wallet: the caller's own, or any with the scope points:read. Null if none.")
    async def wallet(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="wal_…")]
    ) -> Wallet | None:
        """Forbidden before it is looked for, so that nobody learns which wallets there are."""
        if (fault := info.context.wallet_fault(id)) is not None:
            raise fault
        return wallet_of(await info.context.loaders.wallet_by_id.load(id))


@strawberry.type
class Mutation(
    BonusMutation,
    EarningMutation,
    RankMutation,
    HoldMutation,
    RefundMutation,
    GiftMutation,
    FreezeMutation,
    MergeMutation,
    AccountingMutation,
    RewardMutation,
    ClaimMutation,
    AdjustmentMutation,
):
    """What may be changed."""

    @strawberry.mutation(
        description="Give points to a member. Needs the scope points:write.", directives=[needs(WRITE)]
    )
    async def points_earn(
        self,
        info: Info,
        input: Annotated[PointsEarnInput, strawberry.argument(description="Who earns how many points, and why.")],
    ) -> PointsEarnPayload:
        """See `actions.earn`."""
        context = info.context
        context.caller.require(WRITE)
        return await settle(_earn(context, input), PointsEarnPayload.of, PointsEarnPayload)

    @strawberry.mutation(
        description="Spend points. The customer itself needs the scope points:redeem, staff points:write."
    )
    async def points_redeem(
        self,
        info: Info,
        input: Annotated[PointsRedeemInput, strawberry.argument(description="Who spends how many points, and why.")],
    ) -> PointsRedeemPayload:
        """See `actions.redeem`."""
        context = info.context
        context.require_redeem(input.customer_id)
        posted = redeem(context.store, input.to_request(context.actor), now=context.caller.at)
        return await settle(posted, PointsRedeemPayload.of, PointsRedeemPayload)


async def _earn(context: Context, input: PointsEarnInput) -> Posted:
    """By a member of staff within what they may give alone; systems give by their own rules."""
    caller, problems = context.caller, list[Refusal]()
    if caller.staff is not None:
        key = check_key(input.idempotency_key)
        problems = await by_hand(context.store, context.actor, caller.scopes, input.points, key, now=caller.at)
    return await earn(context.store, input.to_request(context.actor), problems, now=caller.at)


ERRORS = [
    CampaignNeverApplies,
    TiersNotAscending,
    InsufficientPoints,
    WalletFrozen,
    HoldEnded,
    HoldExceeded,
    RefundExceedsSpent,
    GiftLimitReached,
    WalletMerged,
    MergedPointsHeld,
    *ACCOUNTING_ERRORS,
    SpendingNotAllowed,
    SpendingTooFast,
    *BONUS_ERRORS,
    RewardNotOffered,
    *CLAIM_ERRORS,
    *ADJUSTMENT_ERRORS,
    GiftsTooFast,
]
schema = build_schema(Query, Mutation, subscription=Subscription, types=[Customer, Variant, Price], errors=ERRORS)
