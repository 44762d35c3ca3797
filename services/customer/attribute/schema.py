"""The graph's part about attributes; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import Payload, settle
from services.customer.attribute import actions
from services.customer.attribute.model import AttributeDefinition
from services.customer.attribute.store import AttributeStore
from services.customer.attribute.types import AttributeType, AttributeVisibility, CustomerAttributeDefinition
from services.customer.context import READ, WRITE, Info
from services.customer.model import Customer as CustomerRow
from services.customer.types import Customer


@strawberry.input(description="A custom attribute, new or changed.")
class CustomerAttributeDefineInput:
    """See `model.AttributeDefinition`."""

    key: str = strawberry.field(description="a to z, digits and _, at most 32, a letter first.")
    label: str = strawberry.field(description="Its name for people.")
    type: AttributeType = strawberry.field(description="What its values are; that of one that is there stays.")
    choices: list[str] = strawberry.field(default_factory=list, description="Of a CHOICE: what it may be.")
    visibility: AttributeVisibility = strawberry.field(
        default=AttributeVisibility.STAFF, description="Who sees its values."
    )
    expected_version: int | None = strawberry.field(
        default=None, description="To change one: the version that was read."
    )


@strawberry.input(description="A value of a custom attribute.")
class CustomerAttributeValueInput:
    """Of customerAttributesSet."""

    key: str = strawberry.field(description="Which attribute.")
    value: str | None = strawberry.field(default=None, description="As its type has it; null takes it away.")


@strawberry.input(description="Values of a customer's custom attributes; those left out stay.")
class CustomerAttributesSetInput:
    """See `actions.set_values`."""

    customer_id: strawberry.ID = strawberry.field(description="Whose.")
    values: list[CustomerAttributeValueInput] = strawberry.field(description="At most 50; of a key the last counts.")
    source: str | None = strawberry.field(default=None, description="Who says this; the caller's channel if null.")


@strawberry.type(description="The attribute, or why not.")
class CustomerAttributeDefinePayload(Payload):
    """Of customerAttributeDefine."""

    definition: CustomerAttributeDefinition | None = strawberry.field(default=None, description="As it is now.")

    @classmethod
    def of(cls, row: AttributeDefinition) -> "CustomerAttributeDefinePayload":
        """From the model."""
        return cls(definition=CustomerAttributeDefinition.of(row))


@strawberry.type(description="The customer, or why not.")
class CustomerAttributesSetPayload(Payload):
    """Of customerAttributesSet."""

    customer: Customer | None = strawberry.field(default=None, description="The customer as they are kept now.")

    @classmethod
    def of(cls, row: CustomerRow) -> "CustomerAttributesSetPayload":
        """From the model."""
        return cls(customer=Customer(row=row))


@strawberry.type
class AttributeQuery:
    """What may be read of attributes."""

    @strawberry.field(
        description="Every custom attribute there is, at most 100. Needs customers:read.", directives=[needs(READ)]
    )
    async def customer_attributes(self, info: Info) -> list[CustomerAttributeDefinition]:
        """By key."""
        info.context.caller.require(READ)
        found = await AttributeStore(info.context.store.db).all()
        return [CustomerAttributeDefinition.of(row) for row in found.values()]


@strawberry.type
class AttributeMutation:
    """Needs the scope customers:write."""

    @strawberry.mutation(
        description="Define a custom attribute, or change its label, choices or visibility.", directives=[needs(WRITE)]
    )
    async def customer_attribute_define(
        self,
        info: Info,
        input: Annotated[CustomerAttributeDefineInput, strawberry.argument(description="The attribute.")],
    ) -> CustomerAttributeDefinePayload:
        """See `actions.define`."""
        info.context.caller.require(WRITE)
        draft = AttributeDefinition(input.key, input.label, input.type, tuple(input.choices), input.visibility)
        done = actions.define(info.context.store, draft, input.expected_version)
        return await settle(done, CustomerAttributeDefinePayload.of, CustomerAttributeDefinePayload)

    @strawberry.mutation(description="Set custom attributes of a customer.", directives=[needs(WRITE)])
    async def customer_attributes_set(
        self,
        info: Info,
        input: Annotated[CustomerAttributesSetInput, strawberry.argument(description="Whose, and which values.")],
    ) -> CustomerAttributesSetPayload:
        """See `actions.set_values`."""
        caller = info.context.caller
        caller.require(WRITE)
        values = {one.key: one.value for one in input.values}
        source = input.source or caller.channel
        done = actions.set_values(info.context.store, input.customer_id, values, source=source, now=caller.at)
        return await settle(done, CustomerAttributesSetPayload.of, CustomerAttributesSetPayload)
