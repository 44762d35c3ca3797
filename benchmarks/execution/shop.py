"""The schema and data every contender serves: 100 products of 12 fields, a nested price, 3 variants each."""

from typing import Any

import strawberry

from kit.graphql.execution import batch_field
from kit.graphql.schema import build_schema

PRODUCTS = 100
VARIANTS = 3


@strawberry.type
class Amount:
    """Like kit's money."""

    amount: str
    currency: str
    minor_units: int


@strawberry.type
class Price:
    """Tax included."""

    gross: Amount
    net: Amount
    tax_rate: float
    channel: str


@strawberry.type
class Stock:
    """What the nested batch field gives."""

    on_hand: int
    available: int


@strawberry.federation.type(keys=["sku"])
class Variant:
    """What is bought."""

    sku: strawberry.ID
    name: str
    barcode: str | None
    position: int
    weight: float
    is_active: bool

    @batch_field()
    @staticmethod
    async def stock(variants: "list[Variant]") -> list[Stock]:
        """All variants of a level at once."""
        return [Stock(on_hand=variant.position * 7, available=variant.position * 5) for variant in variants]


@strawberry.federation.type(keys=["id"])
class Product:
    """What is offered."""

    id: strawberry.ID
    slug: str
    name: str
    description: str | None
    brand: str | None
    version: int
    rating: float
    is_active: bool
    updated_at: str
    tags: list[str]
    price: Price
    variants: list[Variant]

    @classmethod
    async def resolve_references(cls, info: strawberry.Info, representations: list[dict[str, Any]]) -> "list[Any]":
        """By id."""
        return [BY_ID.get(representation["id"]) for representation in representations]


def amount(minor: int) -> Amount:
    """In euros."""
    return Amount(amount=f"{minor // 100}.{minor % 100:02}", currency="EUR", minor_units=minor)


def product(number: int) -> Product:
    """The product of this number."""
    variants = [
        Variant(
            sku=strawberry.ID(f"SKU-{number:04}-{position}"),
            name=f"Variant {position} of product {number}",
            barcode=None if position == 2 else f"49012345{number:04}{position}",
            position=position,
            weight=0.5 + position,
            is_active=True,
        )
        for position in range(VARIANTS)
    ]
    return Product(
        id=strawberry.ID(f"prd_{number:06}"),
        slug=f"product-{number}",
        name=f"Product {number}",
        description=None if number % 5 == 0 else f"The description of product {number}, a sentence of usual length.",
        brand="Brand",
        version=number,
        rating=4.5,
        is_active=True,
        updated_at="2026-11-22T05:00:00.000Z",
        tags=["new", "sale"],
        price=Price(gross=amount(1999 + number), net=amount(1817 + number), tax_rate=0.1, channel="web"),
        variants=variants,
    )


ALL = [product(number) for number in range(PRODUCTS)]
BY_ID = {each.id: each for each in ALL}


@strawberry.type
class Query:
    """What may be read."""

    @strawberry.field
    async def products(self, first: int = PRODUCTS) -> list[Product]:
        """The list."""
        return ALL[:first]

    @strawberry.field
    async def product(self, id: strawberry.ID) -> Product | None:
        """One."""
        return BY_ID.get(id)


schema = build_schema(Query)

FIELDS = """{
  id slug name description brand version rating isActive updatedAt tags
  price { gross { amount currency minorUnits } net { amount currency minorUnits } taxRate channel }
  variants { sku name barcode position weight isActive }
}"""
OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "list of 100": (f"query List {{ products {FIELDS} }}", {}),
    "one product": (f"query One($id: ID!) {{ product(id: $id) {FIELDS} }}", {"id": "prd_000007"}),
    "100 entities": (
        f"query Entities($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on Product {FIELDS} }} }}",
        {"r": [{"__typename": "Product", "id": each.id} for each in ALL]},
    ),
    "nested batch field": (
        "query Batch { products { id variants { sku stock { onHand available } } } }",
        {},
    ),
    "__typename": ("{ __typename }", {}),
}
