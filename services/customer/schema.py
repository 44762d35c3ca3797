"""Customer's Query and Mutation; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.arguments import exactly_one
from kit.errors import Forbidden
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.schema import build_schema
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.customer import actions, model
from services.customer.access.model import AccessKind
from services.customer.attribute.schema import AttributeMutation, AttributeQuery
from services.customer.behaviour.schema import BehaviourMutation
from services.customer.behaviour.types import ERRORS as BEHAVIOUR_ERRORS
from services.customer.behaviour.types import EVENT_TYPES
from services.customer.consent.schema import ConsentMutation
from services.customer.context import READ, WRITE, Info
from services.customer.counter import actions as counter
from services.customer.counter.schema import CounterQuery
from services.customer.erasure.schema import ErasureMutation, ErasureQuery
from services.customer.export.schema import ExportQuery
from services.customer.identify.schema import IdentifyMutation
from services.customer.identity import IdentityType
from services.customer.inputs import (
    CustomerCreateInput,
    CustomerIdentityAddInput,
    CustomerIdentityRemoveInput,
    CustomerUpdateInput,
)
from services.customer.inquiry.schema import InquiryMutation, InquiryQuery
from services.customer.inquiry.types import ERRORS as INQUIRY_ERRORS
from services.customer.live.schema import Subscription
from services.customer.merge.schema import MergeMutation, MergeQuery
from services.customer.merge.types import ERRORS as MERGE_ERRORS
from services.customer.postal.schema import PostalQuery
from services.customer.shopping.schema import ShoppingMutation, ShoppingQuery
from services.customer.shopping.types import ERRORS as SHOPPING_ERRORS
from services.customer.types import (
    Customer,
    CustomerCreatePayload,
    CustomerExternalIdTaken,
    CustomerIdentityAddPayload,
    CustomerIdentityRemovePayload,
    CustomerUpdatePayload,
    IdentityTaken,
    TooManyIdentities,
    customer_of,
)


@strawberry.type
class Query(
    AttributeQuery,
    CounterQuery,
    ErasureQuery,
    ExportQuery,
    InquiryQuery,
    MergeQuery,
    PostalQuery,
    ShoppingQuery,
):
    """What may be read, by the customer themselves or with customers:read."""

    @strawberry.field(description="One customer: the caller themselves, or anybody with customers:read.")
    async def customer(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="cus_…")]
    ) -> Customer | None:
        """Null if there is none."""
        if not await info.context.may_see(id):
            info.context.caller.require(READ)
        found = await info.context.loaders.customer.load(id)
        await info.context.saw(AccessKind.READ, [] if found is None else [id])
        return customer_of(found)

    @strawberry.field(description="Who is found by this; exactly one argument. Anybody else needs customers:read.")
    async def customer_lookup(
        self,
        info: Info,
        email: Annotated[str | None, strawberry.argument(description="In any case and width.")] = None,
        phone: Annotated[str | None, strawberry.argument(description="With country code, or as dialled here.")] = None,
        card: Annotated[str | None, strawberry.argument(description="With or without separators.")] = None,
        line_id: Annotated[str | None, strawberry.argument(description="U and 32 hexadecimal digits.")] = None,
        pos_id: Annotated[str | None, strawberry.argument(description="The id in a till system.")] = None,
        external_id: Annotated[str | None, strawberry.argument(description="system:id.")] = None,
        code: Annotated[str | None, strawberry.argument(description="What a member shows as a QR code.")] = None,
    ) -> Customer | None:
        """Null if nobody is."""
        kind, value = exactly_one(
            email=((IdentityType.EMAIL, "email"), email),
            phone=((IdentityType.PHONE, "phone"), phone),
            card=((IdentityType.CARD, "card"), card),
            lineId=((IdentityType.LINE, "lineId"), line_id),
            posId=((IdentityType.POS, "posId"), pos_id),
            externalId=((IdentityType.EXTERNAL, "externalId"), external_id),
            code=(None, code),
        )
        return customer_of(await _look_up(info, kind, value))

    @strawberry.field(
        description="Every customer, the longest known first. Needs customers:read.", directives=[needs(READ)]
    )
    async def customers(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Customer]:
        """A page."""
        info.context.caller.require(READ)
        page = await info.context.store.list_customers(PageArgs.parse(first, after))
        await info.context.saw(AccessKind.LIST, [row.id for row in page.nodes])
        return Connection.of(page, lambda row: Customer(row=row))

    @strawberry.field(description="The customer who asks; null if the caller is no customer.")
    async def me(self, info: Info) -> Customer | None:
        """From the context."""
        id = info.context.caller.customer
        return None if id is None else customer_of(await info.context.loaders.customer.load(id))


@strawberry.type
class Mutation(
    AttributeMutation,
    BehaviourMutation,
    ConsentMutation,
    ErasureMutation,
    IdentifyMutation,
    InquiryMutation,
    MergeMutation,
    ShoppingMutation,
):
    """What may be changed; all of it needs the scope customers:write."""

    @strawberry.mutation(description="A new customer with all their identities, or nothing.", directives=[needs(WRITE)])
    async def customer_create(
        self, info: Info, input: Annotated[CustomerCreateInput, strawberry.argument(description="Who it is.")]
    ) -> CustomerCreatePayload:
        """See `actions.create`."""
        info.context.caller.require(WRITE)
        return await settle(_create(info, input), CustomerCreatePayload.of, CustomerCreatePayload)

    @strawberry.mutation(description="Edit the version of a profile that was read.", directives=[needs(WRITE)])
    async def customer_update(
        self,
        info: Info,
        input: Annotated[
            CustomerUpdateInput,
            strawberry.argument(description="Which profile, the version that was read, and what changes."),
        ],
    ) -> CustomerUpdatePayload:
        """See `actions.update`."""
        info.context.caller.require(WRITE)
        return await settle(_update(info, input), CustomerUpdatePayload.of, CustomerUpdatePayload)

    @strawberry.mutation(
        description="Give a customer one more identity; one they have already changes nothing.",
        directives=[needs(WRITE)],
    )
    async def customer_identity_add(
        self,
        info: Info,
        input: Annotated[CustomerIdentityAddInput, strawberry.argument(description="Whose, and which identity.")],
    ) -> CustomerIdentityAddPayload:
        """See `actions.add_identity`."""
        info.context.caller.require(WRITE)
        return await settle(_add_identity(info, input), CustomerIdentityAddPayload.of, CustomerIdentityAddPayload)

    @strawberry.mutation(
        description="Take an identity from a customer; one they do not have changes nothing.", directives=[needs(WRITE)]
    )
    async def customer_identity_remove(
        self,
        info: Info,
        input: Annotated[CustomerIdentityRemoveInput, strawberry.argument(description="Whose, and which identity.")],
    ) -> CustomerIdentityRemovePayload:
        """See `actions.remove_identity`."""
        info.context.caller.require(WRITE)
        return await settle(
            _remove_identity(info, input), CustomerIdentityRemovePayload.of, CustomerIdentityRemovePayload
        )


async def _look_up(info: Info, kind: tuple[IdentityType, str] | None, value: str) -> model.Customer | None:
    """Without the scope: the caller themselves, or FORBIDDEN whether somebody was found or not."""
    context = info.context
    if context.caller.customer is None:
        context.caller.require(READ)
    if kind is None:
        found = await counter.by_code(context.store, value, context.caller.at)
    else:
        found = await actions.look_up(context.store, *kind, value, region=context.region)
    if not context.may_read and (found is None or found.id != context.caller.customer):
        raise Forbidden(f"this needs the scope {READ!r}")
    await context.saw(AccessKind.LOOKUP, [] if found is None else [found.id])
    return found


async def _create(info: Info, input: CustomerCreateInput) -> model.Customer:
    context = info.context
    return await actions.create(
        context.store,
        input.to_draft(context.caller.channel),
        input.idempotency_key,
        region=context.region,
        reveal=context.may_read,
        now=context.caller.at,
    )


async def _update(info: Info, input: CustomerUpdateInput) -> model.Customer:
    caller = info.context.caller
    return await actions.update(
        info.context.store,
        input.id,
        input.expected_version,
        input.to_changes(),
        source=input.source or caller.channel,
        now=caller.at,
    )


async def _add_identity(info: Info, input: CustomerIdentityAddInput) -> model.Customer:
    context = info.context
    return await actions.add_identity(
        context.store,
        input.customer_id,
        input.to_model(),
        region=context.region,
        reveal=context.may_read,
        now=context.caller.at,
    )


async def _remove_identity(info: Info, input: CustomerIdentityRemoveInput) -> model.Customer:
    context = info.context
    return await actions.remove_identity(
        context.store, input.customer_id, input.to_model(), region=context.region, now=context.caller.at
    )


ERRORS = (
    IdentityTaken,
    TooManyIdentities,
    CustomerExternalIdTaken,
    *BEHAVIOUR_ERRORS,
    *INQUIRY_ERRORS,
    *SHOPPING_ERRORS,
    *MERGE_ERRORS,
)
schema = build_schema(Query, Mutation, subscription=Subscription, types=EVENT_TYPES, errors=ERRORS)
