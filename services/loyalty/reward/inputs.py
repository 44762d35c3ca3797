"""GraphQL inputs of rewards, each read once into the model."""

from datetime import datetime

import strawberry

from kit.errors import InvalidInput, Refused
from services.loyalty.enums import RewardKind
from services.loyalty.reward.model import MAX_CLAIM_DAYS, RewardDraft


@strawberry.input(description="What a reward is called in one locale.")
class RewardNameInput:
    """A text and its locale."""

    locale: str = strawberry.field(description="BCP 47: en, ja, pt-BR.")
    text: str = strawberry.field(description="The name.")


@strawberry.input(description="A reward to be made, or the next version of one.")
class RewardUpsertInput:
    """See `model.RewardDraft`."""

    names: list[RewardNameInput] = strawberry.field(description="At least one; a locale once.")
    kind: RewardKind = strawberry.field(description="What a member gets.")
    points: int = strawberry.field(description="What it costs.")
    id: strawberry.ID | None = strawberry.field(default=None, description="Null makes a new one.")
    expected_version: int | None = strawberry.field(default=None, description="The version that was read; with an id.")
    idempotency_key: str | None = strawberry.field(default=None, description="Without an id: makes it once.")
    promotion_id: strawberry.ID | None = strawberry.field(
        default=None, description="Of a COUPON: a promotion of the catalog that needs a coupon."
    )
    sku: strawberry.ID | None = strawberry.field(default=None, description="Of an ARTICLE: what is handed out.")
    valid_from: datetime | None = strawberry.field(default=None, description="Claimed from this instant on.")
    valid_until: datetime | None = strawberry.field(default=None, description="Claimed before this instant.")
    stock: int | None = strawberry.field(default=None, description="Pieces in all; null: without end.")
    per_member: int | None = strawberry.field(default=None, description="Pieces a member; null: without end.")
    ranks: list[str] = strawberry.field(default_factory=list, description="Only for these ranks; none: for all.")
    claim_days: int = strawberry.field(default=90, description=f"How long a claim is good, 1 to {MAX_CLAIM_DAYS} days.")
    returns_points: bool = strawberry.field(
        default=False, description="Whether the points of a claim that nobody used in time come back."
    )
    enabled: bool = strawberry.field(default=True, description="False: nobody can claim it, what is claimed stays.")

    def to_draft(self) -> RewardDraft:
        """For the model."""
        names = {name.locale: name.text for name in self.names}
        if len(names) != len(self.names):
            raise Refused(InvalidInput(path=("input", "names"), expected="a locale once", got="one twice"))
        return RewardDraft(
            names=names,
            kind=self.kind,
            points=self.points,
            promotion_id=self.promotion_id,
            sku=self.sku,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            stock=self.stock,
            per_member=self.per_member,
            ranks=frozenset(self.ranks),
            claim_days=self.claim_days,
            returns_points=self.returns_points,
            enabled=self.enabled,
        )
