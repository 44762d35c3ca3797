"""What attributes add to a customer."""

from collections.abc import Sequence

import strawberry

from kit.graphql.execution import batch_field
from services.customer.attribute.model import shown_to
from services.customer.attribute.store import AttributeStore
from services.customer.attribute.types import CustomerAttribute, CustomerAttributeDefinition
from services.customer.context import Info
from services.customer.person.types import Profile


@strawberry.type
class AttributeFields(Profile):
    """What attributes add to a customer."""

    @batch_field(description="Custom attributes that have a value and that the caller may see, by key.")
    @staticmethod
    async def attributes(customers: "Sequence[AttributeFields]", info: Info) -> list[list[CustomerAttribute]]:
        """One query for all."""
        definitions = await AttributeStore(info.context.store.db).all()
        shown = [shown_to(one.row, definitions, is_staff=info.context.may_read) for one in customers]
        return [
            [CustomerAttribute(definition=CustomerAttributeDefinition.of(one), value=value) for one, value in rows]
            for rows in shown
        ]
