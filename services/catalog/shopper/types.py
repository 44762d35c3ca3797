"""Shoppers as the graph shows them."""

import strawberry

from kit.graphql.errors import Payload
from services.catalog.shopper import model


@strawberry.type(description="What prices know of a customer.")
class ShopperFacts:
    """See `model.Shopper`."""

    customer_id: strawberry.ID = strawberry.field(description="cus_…")
    segments: list[str] = strawberry.field(description="Segments that prices may ask for.")
    rank: str | None = strawberry.field(description="The rank that prices may ask for.")
    purchases: int = strawberry.field(description="Recorded orders, counted up to 1000.")

    @classmethod
    def of(cls, customer: str, shopper: model.Shopper) -> "ShopperFacts":
        """From the model."""
        segments = sorted(shopper.segments)
        id = strawberry.ID(customer)
        return cls(customer_id=id, segments=segments, rank=shopper.rank, purchases=shopper.purchases)


@strawberry.type(description="The facts as they are now, or why not.")
class ShopperFactsSetPayload(Payload):
    """Of shopperFactsSet."""

    shopper: ShopperFacts | None = strawberry.field(default=None, description="As they are kept now.")
