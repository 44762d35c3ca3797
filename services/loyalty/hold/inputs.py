"""GraphQL inputs of holds, each read once into the model."""

from dataclasses import replace

import strawberry

from services.loyalty.hold.model import DEFAULT_HOLD_S, MAX_HOLD_S, MIN_HOLD_S, HoldEnd, HoldRequest
from services.loyalty.model import CustomerId, HoldId, Reference
from services.loyalty.posting.model import MAX_POINTS, MAX_TEXT, PointsRequest
from services.loyalty.spending.inputs import SpendBasketInput

SAME_KEY = "The same key and input again changes nothing, answers alike."


@strawberry.input(description="Points to set aside while a purchase is under way.")
class PointsHoldInput:
    """See `model.HoldRequest`."""

    customer_id: strawberry.ID = strawberry.field(description="Whose wallet.")
    points: int = strawberry.field(description=f"1 to {MAX_POINTS}; all of them or none are held.")
    idempotency_key: str = strawberry.field(description=SAME_KEY)
    reason: str = strawberry.field(default="CHECKOUT", description=f"For the statement, 1 to {MAX_TEXT} characters.")
    hold_seconds: int = strawberry.field(
        default=DEFAULT_HOLD_S, description=f"How long, {MIN_HOLD_S} to {MAX_HOLD_S}; then they go back by themselves."
    )
    order_id: strawberry.ID | None = strawberry.field(default=None, description="The order they are to pay for.")
    note: str | None = strawberry.field(default=None, description=f"For staff, at most {MAX_TEXT} characters.")
    basket: SpendBasketInput | None = strawberry.field(
        default=None, description="What they pay for; needed where the programme's rules limit points to a part of it."
    )

    def to_request(self, actor: str) -> HoldRequest:
        """For the model."""
        about = Reference(order_id=self.order_id, note=self.note)
        customer_id = CustomerId(self.customer_id)
        asked = PointsRequest(customer_id, self.points, self.reason, self.idempotency_key, about, actor=actor)
        if self.basket is not None:
            asked = replace(asked, basket=self.basket.to_basket())
        return HoldRequest(asked, self.hold_seconds)


@strawberry.input(description="Points of a hold to be spent.")
class PointsCaptureInput:
    """See `model.HoldEnd`."""

    customer_id: strawberry.ID = strawberry.field(description="Whose wallet.")
    hold_id: strawberry.ID = strawberry.field(description="hld_…")
    points: int = strawberry.field(description="1 to what is held; what is left of the hold goes back.")
    idempotency_key: str = strawberry.field(description=SAME_KEY)
    reason: str = strawberry.field(default="CHECKOUT", description=f"For the statement, 1 to {MAX_TEXT} characters.")
    order_id: strawberry.ID | None = strawberry.field(default=None, description="The order they pay for.")
    note: str | None = strawberry.field(default=None, description=f"For staff, at most {MAX_TEXT} characters.")

    def to_end(self, actor: str) -> HoldEnd:
        """For the model."""
        about = Reference(order_id=self.order_id, note=self.note)
        ids = CustomerId(self.customer_id), HoldId(self.hold_id)
        return HoldEnd(*ids, self.points, self.reason, self.idempotency_key, about, actor)


@strawberry.input(description="A hold to be given back whole.")
class PointsVoidInput:
    """See `model.HoldEnd`."""

    customer_id: strawberry.ID = strawberry.field(description="Whose wallet.")
    hold_id: strawberry.ID = strawberry.field(description="hld_…")
    idempotency_key: str = strawberry.field(description=SAME_KEY)
    reason: str = strawberry.field(default="CANCELLED", description=f"For the statement, 1 to {MAX_TEXT} characters.")
    note: str | None = strawberry.field(default=None, description=f"For staff, at most {MAX_TEXT} characters.")

    def to_end(self, actor: str) -> HoldEnd:
        """For the model."""
        about = Reference(note=self.note)
        return HoldEnd(
            CustomerId(self.customer_id), HoldId(self.hold_id), 0, self.reason, self.idempotency_key, about, actor
        )
