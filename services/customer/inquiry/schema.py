"""Inquiries' part of Query and Mutation; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.errors import Forbidden
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.customer.context import INQUIRY_READ, INQUIRY_WRITE, Info
from services.customer.inquiry import actions, model
from services.customer.inquiry.inputs import (
    InquiryAssignInput,
    InquiryCustomerSetInput,
    InquiryMessageAddInput,
    InquiryOpenInput,
    InquiryStateSetInput,
)
from services.customer.inquiry.store import Search
from services.customer.inquiry.types import Author, Inquiry, InquiryChannel, InquiryPayload, InquiryState


@strawberry.type
class InquiryQuery:
    """What may be read."""

    @strawberry.field(description="One thread: the calling customer's own, or any with inquiries:read. Null if none.")
    async def inquiry(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="inq_…")]
    ) -> Inquiry | None:
        """Another's looks like none."""
        found = (await info.context.store.inquiry.by_id([id])).get(id)
        return Inquiry.of(found) if found is not None and await _may_see(info, found) else None

    @strawberry.field(
        description="Threads of everybody on every channel, the newest first. Needs inquiries:read.",
        directives=[needs(INQUIRY_READ)],
    )
    async def inquiries(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        state: Annotated[InquiryState | None, strawberry.argument(description="Only in this state.")] = None,
        assignee: Annotated[str | None, strawberry.argument(description="Only this person's.")] = None,
        channel: Annotated[InquiryChannel | None, strawberry.argument(description="Only begun there.")] = None,
    ) -> Connection[Inquiry]:
        """A page."""
        info.context.caller.require(INQUIRY_READ)
        page = await info.context.store.inquiry.page(Search(state, assignee, channel), PageArgs.parse(first, after))
        return Connection.of(page, Inquiry.of)


@strawberry.type
class InquiryMutation:
    """What may be changed."""

    @strawberry.mutation(
        description="Begin a thread. Needs inquiries:write; a customer begins their own, and speaks as themselves."
    )
    async def inquiry_open(
        self, info: Info, input: Annotated[InquiryOpenInput, strawberry.argument(description="What is asked.")]
    ) -> InquiryPayload:
        """See `actions.open_inquiry`."""
        _may_speak(info, input.author, input.customer_id)
        asked = input.to_model(input.customer_id or info.context.caller.customer)
        opened = actions.open_inquiry(info.context.store, asked, info.context.actor, now=info.context.caller.at)
        return await settle(opened, InquiryPayload.of, InquiryPayload)

    @strawberry.mutation(
        description="Add a message. Needs inquiries:write; a customer adds to their own threads, as themselves."
    )
    async def inquiry_message_add(
        self, info: Info, input: Annotated[InquiryMessageAddInput, strawberry.argument(description="What is said.")]
    ) -> InquiryPayload:
        """See `actions.say`."""
        _may_speak(info, input.author, None)
        return await settle(_say(info, input), InquiryPayload.of, InquiryPayload)

    @strawberry.mutation(
        description="Say who takes care of the version that was read. Needs inquiries:write.",
        directives=[needs(INQUIRY_WRITE)],
    )
    async def inquiry_assign(
        self, info: Info, input: Annotated[InquiryAssignInput, strawberry.argument(description="Who.")]
    ) -> InquiryPayload:
        """See `actions.assign`."""
        store, caller = info.context.store, info.context.caller
        caller.require(INQUIRY_WRITE)
        args = (input.inquiry_id, input.expected_version, input.assignee, info.context.actor)
        return await settle(actions.assign(store, *args, now=caller.at), InquiryPayload.of, InquiryPayload)

    @strawberry.mutation(
        description="Say whose turn it is, of the version that was read. Needs inquiries:write.",
        directives=[needs(INQUIRY_WRITE)],
    )
    async def inquiry_state_set(
        self, info: Info, input: Annotated[InquiryStateSetInput, strawberry.argument(description="Whose turn.")]
    ) -> InquiryPayload:
        """See `actions.set_state`."""
        store, caller = info.context.store, info.context.caller
        caller.require(INQUIRY_WRITE)
        args = (input.inquiry_id, input.expected_version, input.state, info.context.actor)
        return await settle(actions.set_state(store, *args, now=caller.at), InquiryPayload.of, InquiryPayload)

    @strawberry.mutation(
        description="Say whose thread it is, of the version that was read. Needs inquiries:write.",
        directives=[needs(INQUIRY_WRITE)],
    )
    async def inquiry_customer_set(
        self, info: Info, input: Annotated[InquiryCustomerSetInput, strawberry.argument(description="Whose.")]
    ) -> InquiryPayload:
        """See `actions.set_customer`."""
        store, caller = info.context.store, info.context.caller
        caller.require(INQUIRY_WRITE)
        args = (input.inquiry_id, input.expected_version, input.customer_id, info.context.actor)
        return await settle(actions.set_customer(store, *args, now=caller.at), InquiryPayload.of, InquiryPayload)


async def _say(info: Info, input: InquiryMessageAddInput) -> model.Inquiry:
    store, caller = info.context.store, info.context.caller
    if INQUIRY_WRITE not in caller.scopes:
        found = (await store.inquiry.by_id([input.inquiry_id])).get(input.inquiry_id)
        if found is None or not await _is_own(info, found):
            raise actions.no_inquiry(input.inquiry_id)
    return await actions.say(store, input.inquiry_id, input.to_model(), info.context.actor, now=caller.at)


def _may_speak(info: Info, author: Author, whose: str | None) -> None:
    """Staff for anybody; customers for themselves."""
    caller = info.context.caller
    if INQUIRY_WRITE in caller.scopes:
        return
    if caller.customer is None or author is not Author.CUSTOMER or whose not in (None, caller.customer):
        raise Forbidden(f"to speak for others needs the scope {INQUIRY_WRITE!r}")


async def _may_see(info: Info, found: model.Inquiry) -> bool:
    return INQUIRY_READ in info.context.caller.scopes or await _is_own(info, found)


async def _is_own(info: Info, found: model.Inquiry) -> bool:
    """Whether it is of any profile the caller has."""
    customer = info.context.caller.customer
    if customer is None:
        return False
    return found.customer_id in (await info.context.loaders.person_of(customer)).ids
