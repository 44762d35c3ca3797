"""Loyalty's GraphQL inputs, each read once into the model."""

from datetime import datetime

import strawberry

from services.loyalty.model import CustomerId, Reference
from services.loyalty.posting.model import MAX_POINTS, MAX_TEXT, PointsRequest
from services.loyalty.spending.inputs import SpendBasketInput


@strawberry.input(description="Points for a member.")
class PointsEarnInput:
    """See `model.PointsRequest`."""

    customer_id: strawberry.ID = strawberry.field(description="Whose wallet; it is opened if there is none.")
    points: int = strawberry.field(description=f"1 to {MAX_POINTS}. Debt is repaid by them first.")
    reason: str = strawberry.field(description=f"For the statement, 1 to {MAX_TEXT} characters: REVIEW, CAMPAIGN_7.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    expires_at: datetime | None = strawberry.field(
        default=None, description="Makes them time-limited; null: regular points, whose expiry slides."
    )
    order_id: strawberry.ID | None = strawberry.field(default=None, description="The order they are for.")
    note: str | None = strawberry.field(default=None, description=f"For staff, at most {MAX_TEXT} characters.")

    def to_request(self, actor: str) -> PointsRequest:
        """For the model."""
        return PointsRequest(
            customer_id=CustomerId(self.customer_id),
            points=self.points,
            reason=self.reason,
            idempotency_key=self.idempotency_key,
            reference=Reference(order_id=self.order_id, note=self.note),
            actor=actor,
            expires_at=self.expires_at,
        )


@strawberry.input(description="Points a member spends.")
class PointsRedeemInput:
    """See `model.PointsRequest`."""

    customer_id: strawberry.ID = strawberry.field(description="Whose wallet.")
    points: int = strawberry.field(description=f"1 to {MAX_POINTS}; all of them or none are spent.")
    reason: str = strawberry.field(description=f"For the statement, 1 to {MAX_TEXT} characters: CHECKOUT, GIFT.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="The order they pay for.")
    note: str | None = strawberry.field(default=None, description=f"For staff, at most {MAX_TEXT} characters.")
    basket: SpendBasketInput | None = strawberry.field(
        default=None, description="What they pay for; needed where the programme's rules limit points to a part of it."
    )

    def to_request(self, actor: str) -> PointsRequest:
        """For the model."""
        return PointsRequest(
            customer_id=CustomerId(self.customer_id),
            points=self.points,
            reason=self.reason,
            idempotency_key=self.idempotency_key,
            reference=Reference(order_id=self.order_id, note=self.note),
            actor=actor,
            basket=None if self.basket is None else self.basket.to_basket(),
        )
