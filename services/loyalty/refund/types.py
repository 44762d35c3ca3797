"""GraphQL types of refunds."""

import strawberry

from kit.graphql.errors import UserError, presents
from services.loyalty.refund import model
from services.loyalty.types import PostedPayload


@presents(model.RefundExceedsSpent)
@strawberry.type(description="More would come back than was spent.")
class RefundExceedsSpent(UserError):
    """See `model.RefundExceedsSpent`."""

    entry_id: strawberry.ID = strawberry.field(description="The spending.")
    requested: int = strawberry.field(description="What was to come back.")
    refundable: int = strawberry.field(description="What still can.")


@strawberry.type(description="The points that came back, or why not.")
class PointsRefundPayload(PostedPayload):
    """Of pointsRefund."""
