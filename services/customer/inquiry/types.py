"""GraphQL types of inquiries."""

from datetime import datetime
from typing import Any, Final, Self

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs, slice_page
from services.customer.context import INQUIRY_READ, Info
from services.customer.inquiry import model
from services.customer.inquiry.model import Act, Thread
from services.customer.inquiry.model import Author as Author  # the graph shows these as they are
from services.customer.inquiry.model import InquiryChannel as InquiryChannel
from services.customer.inquiry.model import InquiryState as InquiryState

strawberry.enum(InquiryChannel, description="By what somebody asked or was answered.")
strawberry.enum(
    InquiryState,
    description="Whose turn it is: OPEN staff's, WAITING the customer's. RESOLVED opens again with the customer's next "
    "message; CLOSED is the end.",
)
strawberry.enum(
    Author, name="InquiryAuthor", description="Who speaks. NOTE: staff to staff; the customer never sees it."
)
strawberry.enum(Act, name="InquiryAct", description="What was done to a thread.")


@strawberry.type(description="Something that was said.")
class InquiryMessage:
    """See `model.Message`."""

    number: int = strawberry.field(description="Counts from 1, staff's notes included.")
    author: Author = strawberry.field(description="Who speaks.")
    channel: InquiryChannel = strawberry.field(description="By what it was said.")
    body: str = strawberry.field(description="What was said.")
    at: datetime = strawberry.field(description="When.")
    row: strawberry.Private[model.Message]

    @strawberry.field(description="Who wrote it down: staff:…, customer:…; null for the customer who reads.")
    def actor(self, info: Info) -> str | None:
        """Staff are no names to customers."""
        return self.row.actor if INQUIRY_READ in info.context.caller.scopes else None

    @classmethod
    def of(cls, row: model.Message) -> Self:
        """From the model."""
        return cls(number=row.number, author=row.author, channel=row.channel, body=row.body, at=row.at, row=row)


@strawberry.type(description="An entry of a thread's history.")
class InquiryEntry:
    """See `model.Done`."""

    act: Act = strawberry.field(description="What was done.")
    value: str | None = strawberry.field(
        description="What it became: the channel, the author, the assignee, the state, the customer."
    )
    actor: str = strawberry.field(description="Who did it.")
    at: datetime = strawberry.field(description="When.")

    @classmethod
    def of(cls, row: model.Done) -> Self:
        """From the model."""
        return cls(act=row.act, value=row.value, actor=row.actor, at=row.at)


@strawberry.type(description="What a customer asked, on whatever channel, as one thread.")
class Inquiry:
    """See `model.Inquiry`."""

    row: strawberry.Private[model.Inquiry]
    id: strawberry.ID = strawberry.field(description="inq_…")
    channel: InquiryChannel = strawberry.field(description="Where it began.")
    subject: str = strawberry.field(description="What it is about.")
    state: InquiryState = strawberry.field(description="Whose turn it is.")
    version: int = strawberry.field(description="Rises with every change; give it as `expectedVersion`.")
    opened_at: datetime = strawberry.field(description="When it began.")
    updated_at: datetime = strawberry.field(description="When something was last said or done.")

    @strawberry.field(description="Who of staff takes care of it; for staff.")
    def assignee(self, info: Info) -> str | None:
        """Null for the customer who reads."""
        return self.row.assignee if INQUIRY_READ in info.context.caller.scopes else None

    @strawberry.field(description="What was said, the oldest first; a customer does not see staff's notes.")
    async def messages(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[InquiryMessage]:
        """A page."""
        thread = await self._thread(info)
        shown = thread.messages if INQUIRY_READ in info.context.caller.scopes else thread.for_customer
        return Connection.of(slice_page(shown, _number, PageArgs.parse(first, after)), InquiryMessage.of)

    @strawberry.field(description="What was done to it, the oldest first; for staff, empty for the customer.")
    async def history(self, info: Info) -> list[InquiryEntry]:
        """At most 1,000 entries."""
        if INQUIRY_READ not in info.context.caller.scopes:
            return []
        return [InquiryEntry.of(row) for row in (await self._thread(info)).history]

    async def _thread(self, info: Info) -> Thread:
        return await info.context.loaders.thread.load(self.row.id) or Thread((), ())

    @classmethod
    def of(cls, row: model.Inquiry) -> Self:
        """From the model."""
        return cls(
            row=row,
            id=strawberry.ID(row.id),
            channel=row.channel,
            subject=row.subject,
            state=row.state,
            version=row.version,
            opened_at=row.opened_at,
            updated_at=row.updated_at,
        )


def _number(row: model.Message) -> tuple[Any]:
    return (row.number,)


@presents(model.InquiryClosed)
@strawberry.type(description="The thread is closed; what is new is a new one.")
class InquiryClosed(UserError):
    """See `model.InquiryClosed`."""

    id: strawberry.ID = strawberry.field(description="Which thread.")


@presents(model.InquiryFull)
@strawberry.type(description="The thread has as many messages, or as long a history, as there may be.")
class InquiryFull(UserError):
    """See `model.InquiryFull`."""

    id: strawberry.ID = strawberry.field(description="Which thread.")
    limit: int = strawberry.field(description="How many there may be.")


ERRORS: Final = (InquiryClosed, InquiryFull)


@strawberry.type(description="The thread as it is by now, or why not.")
class InquiryPayload(Payload):
    """Of every mutation of inquiries."""

    inquiry: Inquiry | None = strawberry.field(default=None, description="The thread.")

    @classmethod
    def of(cls, row: model.Inquiry) -> "InquiryPayload":
        """From the model."""
        return cls(inquiry=Inquiry.of(row))
