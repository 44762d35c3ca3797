"""Channels as the graph shows them."""

from decimal import Decimal

import strawberry

from kit.graphql.errors import Payload
from kit.graphql.scalars import CurrencyCode
from services.catalog import model

ChannelKind = strawberry.enum(model.ChannelKind, description="Where a channel's shoppers stand: online or in a store.")


@strawberry.type(description="A channel of sale: web, app, kiosk, pos.")
class Channel:
    """See `model.Channel`."""

    id: strawberry.ID = strawberry.field(description="Its slug, such as web.")
    name: str = strawberry.field(description="For people.")
    currency: CurrencyCode = strawberry.field(description="The currency of its prices.")
    tax_rate: Decimal = strawberry.field(description="The tax inside its prices, as a share of net.")
    kind: model.ChannelKind = strawberry.field(description="Whether its shoppers are online or in a store.")
    locales: list[str] = strawberry.field(description="What its texts fall back to, one after the other.")

    @classmethod
    def of(cls, channel: model.Channel) -> "Channel":
        """From the model."""
        rate = Decimal(channel.tax_rate_bp) / 10_000
        currency = CurrencyCode(channel.currency)
        return cls(
            id=strawberry.ID(channel.id),
            name=channel.name,
            currency=currency,
            tax_rate=rate,
            kind=channel.kind,
            locales=list(channel.locales),
        )


@strawberry.type(description="The channel as it is now, or why not.")
class ChannelUpsertPayload(Payload):
    """Of channelUpsert."""

    channel: Channel | None = strawberry.field(default=None, description="The channel as it is kept now.")

    @classmethod
    def of(cls, row: model.Channel) -> "ChannelUpsertPayload":
        """From the model."""
        return cls(channel=Channel.of(row))
