"""Who was identified, as the graph shows it."""

import strawberry

from kit.graphql.errors import Payload
from services.customer.identify import model
from services.customer.identify.model import Outcome as Outcome
from services.customer.types import Customer

strawberry.enum(Outcome, name="IdentifyOutcome", description="Whether the customer was found, created or merged.")


@strawberry.type(description="Who it was, or why not.")
class CustomerIdentifyPayload(Payload):
    """Of customerIdentify."""

    customer: Customer | None = strawberry.field(default=None, description="Who was seen, as they are kept now.")
    outcome: Outcome | None = strawberry.field(default=None, description="What it took to know.")
    merge_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The merges that followed; each can be undone."
    )

    @classmethod
    def of(cls, done: model.Identified) -> "CustomerIdentifyPayload":
        """From the model."""
        ids = [strawberry.ID(id) for id in done.merge_ids]
        return cls(customer=Customer(row=done.customer), outcome=done.outcome, merge_ids=ids)
