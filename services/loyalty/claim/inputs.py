"""GraphQL inputs of claims, each read once into the model."""

import strawberry

from services.loyalty.claim.model import ClaimRequest
from services.loyalty.model import CustomerId
from services.loyalty.posting.model import MAX_TEXT


@strawberry.input(description="A reward for its points.")
class RewardClaimInput:
    """See `model.ClaimRequest`."""

    reward_id: strawberry.ID = strawberry.field(description="rwd_…")
    customer_id: strawberry.ID = strawberry.field(description="Who gets it and pays.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    expected_version: int | None = strawberry.field(
        default=None, description="Only by the terms of this version of the reward; null: by those in force."
    )

    def to_request(self, actor: str) -> ClaimRequest:
        """For the model."""
        who = CustomerId(self.customer_id)
        return ClaimRequest(who, self.reward_id, self.idempotency_key, actor, self.expected_version)


@strawberry.input(description="A claim to be ended. Its id is the idempotency key: it ends once.")
class RewardClaimEndInput:
    """Which one, and why."""

    claim_id: strawberry.ID = strawberry.field(description="rcl_…")
    reason: str = strawberry.field(default="ASKED_FOR", description=f"1 to {MAX_TEXT} characters.")
