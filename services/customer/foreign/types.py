"""Other services' entities, each by its key: who asks for more gets it from its owner, in the same query."""

import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("sku"), resolvable=False)], description="What can be bought; catalog knows it."
)
class Variant:
    """Catalog's, by its key."""

    sku: strawberry.ID = strawberry.field(description="Stock keeping unit.")


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("id"), resolvable=False)], description="What is offered; catalog knows it."
)
class Product:
    """Catalog's, by its key."""

    id: strawberry.ID = strawberry.field(description="prd_…")


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("id"), resolvable=False)], description="What was sold; the order service knows it."
)
class Order:
    """The order service's, by its key."""

    id: strawberry.ID = strawberry.field(description="ord_…")


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("id"), resolvable=False)], description="A shop or warehouse; inventory knows it."
)
class Location:
    """Inventory's, by its key."""

    id: strawberry.ID = strawberry.field(description="loc_…")


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("id"), resolvable=False)],
    description="What a shopper made of it; catalog knows it.",
)
class Design:
    """Catalog's, by its key."""

    id: strawberry.ID = strawberry.field(description="dsg_…")


def design_of(id: str | None) -> Design | None:
    """By its key."""
    return None if id is None else Design(id=strawberry.ID(id))


def variant_of(sku: str | None) -> Variant | None:
    """By its key."""
    return None if sku is None else Variant(sku=strawberry.ID(sku))


def product_of(id: str | None) -> Product | None:
    """By its key."""
    return None if id is None else Product(id=strawberry.ID(id))


def order_of(id: str | None) -> Order | None:
    """By its key."""
    return None if id is None else Order(id=strawberry.ID(id))


def location_of(id: str | None) -> Location | None:
    """By its key."""
    return None if id is None else Location(id=strawberry.ID(id))
