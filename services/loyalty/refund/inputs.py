"""GraphQL inputs of refunds, each read once into the model."""

import strawberry

from services.loyalty.model import CustomerId, Reference
from services.loyalty.posting.model import MAX_TEXT
from services.loyalty.refund.model import RefundRequest


@strawberry.input(description="Spent points to be given back.")
class PointsRefundInput:
    """See `model.RefundRequest`."""

    customer_id: strawberry.ID = strawberry.field(description="Whose wallet.")
    entry_id: strawberry.ID = strawberry.field(description="The spending: id of its statement entry, wal_….7.")
    points: int = strawberry.field(description="1 to what was spent and has not come back.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    reason: str = strawberry.field(default="RETURN", description=f"For the statement, 1 to {MAX_TEXT} characters.")
    return_id: strawberry.ID | None = strawberry.field(default=None, description="The return they belong to.")
    note: str | None = strawberry.field(default=None, description=f"For staff, at most {MAX_TEXT} characters.")

    def to_request(self, actor: str) -> RefundRequest:
        """For the model."""
        about = Reference(return_id=self.return_id, note=self.note)
        return RefundRequest(
            CustomerId(self.customer_id), self.entry_id, self.points, self.reason, self.idempotency_key, about, actor
        )
