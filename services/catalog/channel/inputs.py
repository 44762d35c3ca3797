"""Inputs of channels, each read once into the model."""

from decimal import Decimal

import strawberry

from kit.errors import InvalidInput, Refused
from kit.graphql.scalars import CurrencyCode
from services.catalog import model
from services.catalog.channel.types import ChannelKind


@strawberry.input(description="A channel of sale.")
class ChannelUpsertInput:
    """See `model.Channel`."""

    id: strawberry.ID = strawberry.field(description="Its slug, such as web.")
    name: str = strawberry.field(description="For people.")
    currency: CurrencyCode = strawberry.field(description="The currency of its prices.")
    tax_rate: Decimal = strawberry.field(description="The tax inside its prices, as a share of net: 0.1 is 10 %.")

    kind: model.ChannelKind = strawberry.field(
        default=ChannelKind.ONLINE, description="Whether its shoppers are online or in a store."
    )
    locales: list[str] = strawberry.field(
        default_factory=list, description="What its texts fall back to, one after the other: [ja, en]."
    )

    def to_model(self) -> model.Channel:
        """For the model; refused if the rate is finer than a basis point."""
        points = self.tax_rate * 10_000
        if points != points.to_integral_value():
            raise Refused(
                InvalidInput(path=("input", "taxRate"), expected="at most 4 decimals", got=str(self.tax_rate))
            )
        return model.Channel(self.id, self.name, self.currency, int(points), self.kind, tuple(self.locales))
