"""GraphQL inputs of gifts, each read once into the model."""

import strawberry

from services.loyalty.gift.model import MAX_GIFT, GiftRequest
from services.loyalty.model import CustomerId, Reference
from services.loyalty.posting.model import MAX_TEXT, PointsRequest


@strawberry.input(description="Points of one member for another.")
class PointsGiftInput:
    """See `model.GiftRequest`."""

    customer_id: strawberry.ID = strawberry.field(description="Who gives.")
    to_customer_id: strawberry.ID = strawberry.field(description="Who receives; must have a wallet.")
    points: int = strawberry.field(description=f"1 to {MAX_GIFT}; they keep the expiry they have now.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    reason: str = strawberry.field(default="GIFT", description=f"For both statements, 1 to {MAX_TEXT} characters.")
    note: str | None = strawberry.field(default=None, description=f"For staff, at most {MAX_TEXT} characters.")

    def to_request(self, actor: str) -> GiftRequest:
        """For the model."""
        about, giver = Reference(note=self.note), CustomerId(self.customer_id)
        asked = PointsRequest(giver, self.points, self.reason, self.idempotency_key, about, actor=actor)
        return GiftRequest(asked, CustomerId(self.to_customer_id))
