"""GraphQL types of rewards."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from kit.errors import Forbidden
from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.execution import batch_field
from services.loyalty.context import Info
from services.loyalty.enums import RewardKind
from services.loyalty.model import CustomerId, wallet_id_of
from services.loyalty.reward import model
from services.loyalty.reward.actions import standings
from services.loyalty.types import Variant

strawberry.enum(model.Obstacle, name="RewardObstacle", description="Why a member cannot have a reward now.")


@presents(model.RewardNotOffered)
@strawberry.type(description="The reward is not to be had, or not by this member; points are another matter.")
class RewardNotOffered(UserError):
    """See `model.RewardNotOffered`."""

    reward_id: strawberry.ID = strawberry.field(description="The reward.")
    obstacle: model.Obstacle = strawberry.field(description="Why.")
    left: int | None = strawberry.field(description="Pieces that are left; null: without end, or not the reason.")


@strawberry.type(description="What a reward is called in one locale.")
class RewardName:
    """A text and its locale."""

    locale: str = strawberry.field(description="BCP 47: en, ja, pt-BR.")
    text: str = strawberry.field(description="The name.")


@strawberry.type(description="How a member stands to a reward.")
class RewardStanding:
    """See `model.Standing`."""

    affordable: bool = strawberry.field(description="Whether the points are there.")
    missing_points: int = strawberry.field(description="How many are not; 0 if all are.")
    claimable: bool = strawberry.field(description="Whether nothing stands in the way.")
    obstacles: list[model.Obstacle] = strawberry.field(description="Everything that does.")

    @classmethod
    def of(cls, row: model.Standing) -> "RewardStanding":
        """From the model."""
        return cls(
            affordable=row.missing == 0,
            missing_points=row.missing,
            claimable=not row.obstacles,
            obstacles=list(row.obstacles),
        )


@strawberry.type(description="What members may have for points.")
class Reward:
    """See `model.Reward`."""

    row: strawberry.Private[model.Reward]

    @strawberry.field(description="rwd_…")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="Rises by one with every change; a claim names the one it was made by.")
    def version(self) -> int:
        """From 1."""
        return self.row.version

    @strawberry.field(description="What it is called, in every locale.")
    def names(self) -> list[RewardName]:
        """In the order in which they were given."""
        return [RewardName(locale=locale, text=text) for locale, text in self.row.draft.names.items()]

    @strawberry.field(description="What it is called in this locale, else in its language, else in the first one.")
    def name(self, locale: Annotated[str | None, strawberry.argument(description="BCP 47, such as ja.")] = None) -> str:
        """One of the names."""
        names = self.row.draft.names
        wanted = locale or ""
        return names.get(wanted) or names.get(wanted.split("-")[0]) or next(iter(names.values()))

    @strawberry.field(description="What a member gets.")
    def kind(self) -> RewardKind:
        """A coupon, an article, something else."""
        return self.row.draft.kind

    @strawberry.field(description="What it costs.")
    def points(self) -> int:
        """One at least."""
        return self.row.draft.points

    @strawberry.field(description="The article, of the kind ARTICLE.")
    def article(self) -> Variant | None:
        """By its SKU; catalog knows it."""
        sku = self.row.draft.sku
        return None if sku is None else Variant(sku=strawberry.ID(sku))

    @strawberry.field(description="The promotion its coupons open, of the kind COUPON.")
    def promotion_id(self) -> strawberry.ID | None:
        """prm_…"""
        id = self.row.draft.promotion_id
        return None if id is None else strawberry.ID(id)

    @strawberry.field(description="From when it can be claimed; null: from ever.")
    def valid_from(self) -> datetime | None:
        """Inclusive."""
        return self.row.draft.valid_from

    @strawberry.field(description="Until when it can be claimed; null: for ever.")
    def valid_until(self) -> datetime | None:
        """Exclusive."""
        return self.row.draft.valid_until

    @strawberry.field(description="Pieces that are left; null: without end.")
    def left(self) -> int | None:
        """Those that claims under way hold are not."""
        return self.row.left

    @strawberry.field(description="Pieces a member may have; null: without end.")
    def per_member(self) -> int | None:
        """Those that came back do not count."""
        return self.row.draft.per_member

    @strawberry.field(description="For whom; empty: for every rank and none.")
    def ranks(self) -> list[str]:
        """Sorted."""
        return sorted(self.row.draft.ranks)

    @strawberry.field(description="How many days a claim is good.")
    def claim_days(self) -> int:
        """From the claim on."""
        return self.row.draft.claim_days

    @strawberry.field(description="Whether the points of a claim that nobody used in time come back.")
    def returns_points(self) -> bool:
        """To the lots they came from."""
        return self.row.draft.returns_points

    @strawberry.field(description="Whether it can be claimed at all.")
    def enabled(self) -> bool:
        """Staff switches it."""
        return self.row.draft.enabled

    @batch_field(
        description="How a member stands to it: the caller, or another with the scope points:read. Null for nobody."
    )
    @staticmethod
    async def standing(
        rewards: "Sequence[Reward]",
        info: Info,
        customer_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Who; null: the customer who calls.")
        ] = None,
    ) -> "list[RewardStanding | None]":
        """By the rules a claim is refused by."""
        context = info.context
        who = customer_id or context.caller.customer
        if who is None:
            return [None] * len(rewards)
        fault: Forbidden | None = context.wallet_fault(wallet_id_of(who))
        if fault is not None:
            raise fault
        rows = [reward.row for reward in rewards]
        found = await standings(context.store, rows, CustomerId(who), now=context.caller.at)
        return [RewardStanding.of(one) for one in found]


@strawberry.type(description="The reward as it is now, or why not.")
class RewardUpsertPayload(Payload):
    """Of rewardUpsert."""

    reward: Reward | None = strawberry.field(default=None, description="The new version.")

    @classmethod
    def of(cls, row: model.Reward) -> "RewardUpsertPayload":
        """From the action."""
        return cls(reward=Reward(row=row))
