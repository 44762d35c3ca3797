"""GraphQL types of claims."""

from datetime import datetime
from typing import Any

import strawberry

from kit.errors import Forbidden
from kit.graphql.errors import Payload, UserError, presents
from services.loyalty.claim import model
from services.loyalty.claim.store import ClaimStore
from services.loyalty.context import Info
from services.loyalty.enums import RewardKind
from services.loyalty.model import wallet_id_of
from services.loyalty.types import Customer, Variant, Wallet, wallet_of

strawberry.enum(
    model.ClaimState,
    name="RewardClaimState",
    description="CLAIMED: it is the member's; ASKED: the catalog is asked whether its coupon is unused; then how it "
    "ended. TRY and ABORTED are never shown.",
)


@presents(model.RewardClaimEnded)
@strawberry.type(description="The claim has ended otherwise, or cannot end so.")
class RewardClaimEnded(UserError):
    """See `model.RewardClaimEnded`."""

    claim_id: strawberry.ID = strawberry.field(description="The claim.")
    state: model.ClaimState = strawberry.field(description="What it is.")


@strawberry.federation.type(keys=["id", "id customerId promotionId"], description="A reward a member has for points.")
class RewardClaim:
    """See `model.RewardClaim`."""

    row: strawberry.Private[model.RewardClaim]

    @strawberry.field(description="rcl_…; shown at the counter where an article is fetched.")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="Of what.")
    def reward_id(self) -> strawberry.ID:
        """rwd_…"""
        return strawberry.ID(self.row.terms.reward_id)

    @strawberry.field(description="By which version of the reward.")
    def reward_version(self) -> int:
        """Its terms stay the claim's."""
        return self.row.terms.version

    @strawberry.field(description="What it is.")
    def kind(self) -> RewardKind:
        """As of its version."""
        return self.row.terms.kind

    @strawberry.field(description="What was paid.")
    def points(self) -> int:
        """As of its version."""
        return self.row.terms.points

    @strawberry.field(description="The article, of the kind ARTICLE.")
    def article(self) -> Variant | None:
        """By its SKU; catalog knows it."""
        sku = self.row.terms.sku
        return None if sku is None else Variant(sku=strawberry.ID(sku))

    @strawberry.field(description="The promotion its coupon opens, of the kind COUPON.")
    def promotion_id(self) -> strawberry.ID | None:
        """prm_…"""
        id = self.row.terms.promotion_id
        return None if id is None else strawberry.ID(id)

    @strawberry.field(description="Where it is in its life.")
    def state(self) -> model.ClaimState:
        """CLAIMED or later."""
        return self.row.state

    @strawberry.field(description="Until when it is good.")
    def valid_until(self) -> datetime:
        """A coupon's time is over then, too."""
        return self.row.terms.valid_until

    @strawberry.field(description="When it was claimed.")
    def created_at(self) -> datetime:
        """The instant of the request."""
        return self.row.created_at

    @strawberry.field(description="When it ended; null: it has not.")
    def ended_at(self) -> datetime | None:
        """By whoever ended it."""
        return self.row.ended_at

    @strawberry.field(description="Why it ended, or why it could not be cancelled.")
    def reason(self) -> str | None:
        """A word, or what was said."""
        return self.row.reason

    @strawberry.field(description="The entry of the statement that paid for it.")
    def entry_id(self) -> strawberry.ID | None:
        """What a refund names."""
        seq = self.row.entry_seq
        return None if seq is None else strawberry.ID(f"{wallet_id_of(self.row.customer_id)}.{seq}")

    @strawberry.field(description="Whose it is.")
    def customer(self) -> Customer | None:
        """Who claimed it."""
        return Customer(id=strawberry.ID(self.row.customer_id))

    @strawberry.field(description="Whose it is, by id; other services ask for it.")
    def customer_id(self) -> strawberry.ID | None:
        """cus_…"""
        return strawberry.ID(self.row.customer_id)

    @strawberry.field(description="The wallet that paid for it, as it is now.")
    async def wallet(self, info: Info) -> Wallet | None:
        """Its customer's, or points:read."""
        id = wallet_id_of(self.row.customer_id)
        if (fault := info.context.wallet_fault(id)) is not None:
            raise fault
        return wallet_of(await info.context.loaders.wallet_by_id.load(id))

    @classmethod
    async def resolve_references(
        cls, info: Info, representations: list[dict[str, Any]]
    ) -> "list[RewardClaim | Forbidden | None]":
        """By id, one query for all; a claim the caller may not see is an error in its place."""
        rows = await ClaimStore(info.context.store.db).by_id([str(one["id"]) for one in representations])
        found = [rows.get(str(one["id"])) for one in representations]
        seen = [None if row is None or row.state in model.UNDECIDED else row for row in found]
        return [
            None if row is None else info.context.wallet_fault(wallet_id_of(row.customer_id)) or cls(row=row)
            for row in seen
        ]


@strawberry.type(description="The claim as it is now, or why not.")
class RewardClaimPayload(Payload):
    """Of rewardClaim, rewardFulfil and rewardCancel."""

    claim: RewardClaim | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, row: model.RewardClaim) -> "RewardClaimPayload":
        """From the action."""
        return cls(claim=RewardClaim(row=row))
