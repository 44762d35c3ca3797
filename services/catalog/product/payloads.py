"""What the mutations of products answer."""

import strawberry

from kit.graphql.errors import Payload
from services.catalog.product import model
from services.catalog.product.types import Product


@strawberry.type(description="The product as it is now, or why not.")
class ProductUpsertPayload(Payload):
    """Of productUpsert."""

    product: Product | None = strawberry.field(default=None, description="The product as it is kept now.")

    @classmethod
    def of(cls, row: model.Product) -> "ProductUpsertPayload":
        """From the model."""
        return cls(product=Product(row=row))


@strawberry.type(description="The variant with its new price, or why not.")
class VariantPriceSetPayload(Payload):
    """Of variantPriceSet."""

    product: Product | None = strawberry.field(default=None, description="The product whose variant was priced.")

    @classmethod
    def of(cls, row: model.Product) -> "VariantPriceSetPayload":
        """From the model."""
        return cls(product=Product(row=row))
