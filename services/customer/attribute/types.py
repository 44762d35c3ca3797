"""Attributes as the graph shows them."""

import strawberry

from services.customer.attribute import model
from services.customer.attribute.model import AttributeType as AttributeType
from services.customer.attribute.model import AttributeVisibility as AttributeVisibility

strawberry.enum(
    AttributeType,
    name="CustomerAttributeType",
    description="TEXT, NUMBER (decimal), BOOLEAN (true, false), DATE (2026-11-25), CHOICE (one of the choices).",
)
strawberry.enum(
    AttributeVisibility,
    name="CustomerAttributeVisibility",
    description="STAFF: with customers:read only. CUSTOMER: the customer as well.",
)


@strawberry.type(description="A custom attribute of customers.")
class CustomerAttributeDefinition:
    """See `model.AttributeDefinition`."""

    key: strawberry.ID = strawberry.field(description="Its name for programs: shoe_size.")
    label: str = strawberry.field(description="Its name for people.")
    type: AttributeType = strawberry.field(description="What its values are; never changes.")
    choices: list[str] = strawberry.field(description="What a CHOICE may be.")
    visibility: AttributeVisibility = strawberry.field(description="Who sees its values.")
    version: int = strawberry.field(description="Rises with every change; give it as `expectedVersion`.")

    @classmethod
    def of(cls, row: model.AttributeDefinition) -> "CustomerAttributeDefinition":
        """From the model."""
        return cls(
            key=strawberry.ID(row.key),
            label=row.label,
            type=row.type,
            choices=list(row.choices),
            visibility=row.visibility,
            version=row.version,
        )


@strawberry.type(description="A custom attribute's value.")
class CustomerAttribute:
    """See `model.shown_to`."""

    definition: CustomerAttributeDefinition = strawberry.field(description="Of which attribute.")
    value: str = strawberry.field(description="In the one spelling of its type.")
