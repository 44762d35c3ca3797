"""GraphQL inputs of freezing, each read once into the model."""

import strawberry

from services.loyalty.freeze.model import FreezeRequest
from services.loyalty.model import CustomerId, Reference
from services.loyalty.posting.model import MAX_TEXT


@strawberry.input(description="A wallet to be frozen or let go.")
class WalletFreezeInput:
    """See `model.FreezeRequest`."""

    customer_id: strawberry.ID = strawberry.field(description="Whose wallet.")
    reason: str = strawberry.field(description=f"For the statement, 1 to {MAX_TEXT} characters.")
    idempotency_key: str = strawberry.field(description="The same key and input again changes nothing, answers alike.")
    note: str | None = strawberry.field(default=None, description=f"For staff, at most {MAX_TEXT} characters.")

    def to_request(self, frozen: bool, actor: str) -> FreezeRequest:
        """For the model."""
        about = Reference(note=self.note)
        return FreezeRequest(CustomerId(self.customer_id), frozen, self.reason, self.idempotency_key, about, actor)
