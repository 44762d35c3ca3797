"""GraphQL types that several nouns of catalog show."""

from decimal import Decimal
from typing import Annotated

import strawberry

from kit.graphql.errors import UserError, presents
from kit.graphql.types import Money
from services.catalog import model

Locale = Annotated[
    str | None, strawberry.argument(description="BCP 47, such as ja. Falls back to its language, then English.")
]


@presents(model.Taken)
@strawberry.type(description="A slug, SKU, barcode or external id belongs to something else already.")
class Taken(UserError):
    """See `model.Taken`."""

    value: str = strawberry.field(description="The value that is taken.")


@strawberry.type(description="What one piece costs on a channel, tax included.")
class Price:
    """See `model.Price`."""

    gross: Money = strawberry.field(description="What the shopper pays, tax included.")
    net: Money = strawberry.field(description="Without tax.")
    tax_rate: Decimal = strawberry.field(description="The tax inside gross, as a share of net: 0.1 is 10 %.")
    channel: str = strawberry.field(description="The channel this price holds on.")

    @classmethod
    def of(cls, price: model.Price) -> "Price":
        """From the model."""
        rate = Decimal(price.tax_rate_bp) / 10_000
        return cls(gross=Money.of(price.gross), net=Money.of(price.net), tax_rate=rate, channel=price.channel)
