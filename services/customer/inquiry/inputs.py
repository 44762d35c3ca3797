"""GraphQL inputs of inquiries."""

import strawberry

from services.customer.inquiry.actions import Asked
from services.customer.inquiry.model import MAX_BODY, MAX_SUBJECT, Letter
from services.customer.inquiry.types import Author, InquiryChannel, InquiryState


@strawberry.input(description="A thread to be begun.")
class InquiryOpenInput:
    """See `actions.Asked`."""

    idempotency_key: str = strawberry.field(description="The channel's id of the first message does well.")
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose; the customer who calls; none: nobody knows yet."
    )
    channel: InquiryChannel = strawberry.field(description="By what they asked.")
    subject: str = strawberry.field(description=f"1 to {MAX_SUBJECT} characters.")
    body: str = strawberry.field(description=f"What they asked, 1 to {MAX_BODY} characters.")
    author: Author = strawberry.field(default=Author.CUSTOMER, description="Who speaks first.")

    def to_model(self, customer_id: str | None) -> Asked:
        """For the action."""
        letter = Letter(self.author, self.channel, self.body, self.idempotency_key)
        return Asked(customer_id, self.channel, self.subject, letter)


@strawberry.input(description="A message for a thread.")
class InquiryMessageAddInput:
    """See `model.Letter`."""

    inquiry_id: strawberry.ID = strawberry.field(description="Which thread.")
    idempotency_key: str = strawberry.field(description="The channel's id of the message does well.")
    author: Author = strawberry.field(default=Author.CUSTOMER, description="Who speaks.")
    channel: InquiryChannel = strawberry.field(description="By what it was said.")
    body: str = strawberry.field(description=f"1 to {MAX_BODY} characters.")

    def to_model(self) -> Letter:
        """For the action."""
        return Letter(self.author, self.channel, self.body, self.idempotency_key)


@strawberry.input(description="Who takes care of a thread.")
class InquiryAssignInput:
    """See `actions.assign`."""

    inquiry_id: strawberry.ID = strawberry.field(description="Which thread.")
    expected_version: int = strawberry.field(description="The version that was read.")
    assignee: str | None = strawberry.field(default=None, description="A member of staff; null: nobody.")


@strawberry.input(description="Whose turn it is in a thread.")
class InquiryStateSetInput:
    """See `actions.set_state`."""

    inquiry_id: strawberry.ID = strawberry.field(description="Which thread.")
    expected_version: int = strawberry.field(description="The version that was read.")
    state: InquiryState = strawberry.field(description="CLOSED is the end.")


@strawberry.input(description="Whose thread it is.")
class InquiryCustomerSetInput:
    """See `actions.set_customer`."""

    inquiry_id: strawberry.ID = strawberry.field(description="Which thread.")
    expected_version: int = strawberry.field(description="The version that was read.")
    customer_id: strawberry.ID = strawberry.field(description="Whose.")
