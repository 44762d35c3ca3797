"""GraphQL types of value."""

from datetime import datetime
from decimal import Decimal
from typing import Self

import strawberry

from kit.graphql.types import Money
from kit.money import Money as MoneyValue
from services.customer.foreign.types import Location, location_of
from services.customer.value import model


@strawberry.type(description="What somebody bought in one currency, ever: goods, tax included.")
class LifetimeValue:
    """See `model.Lifetime`."""

    row: strawberry.Private[model.Lifetime]
    orders: int = strawberry.field(description="Orders, without those that came back whole.")

    @strawberry.field(description="The lifetime value: what they bought less what came back.")
    def net(self) -> Money:
        """Of this currency."""
        return self._money(self.row.net_minor)

    @strawberry.field(description="What they bought.")
    def gross(self) -> Money:
        """Of this currency."""
        return self._money(self.row.gross_minor)

    @strawberry.field(description="What came back.")
    def returned(self) -> Money:
        """Of this currency."""
        return self._money(self.row.returned_minor)

    @strawberry.field(description="The lifetime value by orders; null without any.")
    def average_order(self) -> Money | None:
        """Of this currency."""
        average = self.row.average_minor
        return None if average is None else self._money(average)

    def _money(self, minor: int) -> Money:
        return Money.of(MoneyValue(minor, self.row.currency))


@strawberry.type(description="How much somebody buys on a channel.")
class ChannelShare:
    """See `model.ChannelShare`."""

    channel: str = strawberry.field(description="Which.")
    orders: int = strawberry.field(description="Orders there.")
    share: Decimal = strawberry.field(description="Of all their orders, 0 to 1.")


@strawberry.type(
    description="Scores 1 to 5, 5 is best. Recency: at most 30, 90, 180, 365 days since the last order give 5, 4, 3, "
    "2. Frequency: at least 12, 6, 3, 2 orders in 365 days. Monetary: at least 200,000, 100,000, 50,000, 20,000 yen in "
    "365 days, or as many hundredths of USD, EUR, GBP, CHF, AUD, CAD, NZD, SGD."
)
class RfmScore:
    """See `model.Rfm`."""

    recency: int = strawberry.field(description="How lately they bought.")
    frequency: int = strawberry.field(description="How often they bought.")
    monetary: int | None = strawberry.field(description="How much; null: no scale for their currency.")


@strawberry.type(description="What a customer is worth, over every profile they had; made as it is read.")
class CustomerValue:
    """See `model.Value`."""

    orders: int = strawberry.field(description="Orders, without those that came back whole.")
    lifetime: list[LifetimeValue] = strawberry.field(description="A row a currency, the one with most orders first.")
    channels: list[ChannelShare] = strawberry.field(description="Where they buy, the channel with most orders first.")
    rfm: RfmScore | None = strawberry.field(description="Scores; null: they never bought.")
    first_purchase_at: datetime | None = strawberry.field(description="Their first order that did not come back.")
    last_purchase_at: datetime | None = strawberry.field(description="Their last order that did not come back.")

    @classmethod
    def of(cls, row: model.Value) -> Self:
        """From the model."""
        rfm = row.rfm
        return cls(
            orders=row.orders,
            lifetime=[LifetimeValue(row=one, orders=one.orders) for one in row.lifetimes],
            channels=[
                ChannelShare(channel=one.channel, orders=one.orders, share=_share(one.share_bp)) for one in row.channels
            ],
            rfm=None if rfm is None else RfmScore(**{name: getattr(rfm, name) for name in rfm.__dataclass_fields__}),
            first_purchase_at=row.first_at,
            last_purchase_at=row.last_at,
        )


@strawberry.type(description="A category somebody buys from; the most specific ones only.")
class FavouriteCategory:
    """See `model.Favourite`."""

    category_id: strawberry.ID = strawberry.field(description="In the catalog.")
    pieces: int = strawberry.field(description="Pieces that stayed with them.")
    share: Decimal = strawberry.field(description="Of all pieces, 0 to 1; a SKU may be in several categories.")

    @classmethod
    def of(cls, row: model.Favourite) -> Self:
        """From the model."""
        return cls(category_id=strawberry.ID(row.category_id), pieces=row.pieces, share=_share(row.share_bp))


@strawberry.type(description="When somebody last did anything, and where.")
class Visit:
    """See `model.Visit`."""

    at: datetime = strawberry.field(description="When.")
    channel: str = strawberry.field(description="On which channel.")
    location: Location | None = strawberry.field(description="In which shop, if in one.")

    @classmethod
    def of(cls, row: model.Visit) -> Self:
        """From the model."""
        return cls(at=row.at, channel=row.channel, location=location_of(row.location_id))


def _share(basis_points: int) -> Decimal:
    return Decimal(basis_points).scaleb(-4)
