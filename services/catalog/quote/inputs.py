"""Inputs of quotes, each read once into the model."""

from datetime import datetime

import strawberry

from kit.graphql.scalars import CurrencyCode
from services.catalog.quote.buyer import Wish
from services.catalog.quote.model import WantedLine


@strawberry.input(description="So many pieces of one variant.")
class QuoteLineInput:
    """See `model.WantedLine`."""

    sku: strawberry.ID = strawberry.field(description="Stock keeping unit.")
    quantity: int = strawberry.field(default=1, description="1 to 10,000.")
    design_id: strawberry.ID | None = strawberry.field(default=None, description="The saved design of the pieces.")


@strawberry.input(description="A basket, and for whom: left out, the caller here and now.")
class QuoteInput:
    """See `actions.quote`."""

    lines: list[QuoteLineInput] = strawberry.field(description="1 to 200, in any order.")
    coupons: list[str] = strawberry.field(default_factory=list, description="Codes as typed, at most 20.")
    currency: CurrencyCode | None = strawberry.field(default=None, description="Another than the channel's.")
    channel: str | None = strawberry.field(default=None, description="Another than the caller's: quotes:write.")
    location: str | None = strawberry.field(default=None, description="Another than the caller's: quotes:write.")
    customer_id: strawberry.ID | None = strawberry.field(default=None, description="Another customer: quotes:write.")
    at: datetime | None = strawberry.field(default=None, description="Another instant, for a look: quotes:write.")

    def to_lines(self) -> list[WantedLine]:
        """For the action."""
        return [WantedLine(line.sku, line.quantity, line.design_id) for line in self.lines]

    def to_wish(self) -> Wish:
        """For the action."""
        return Wish(self.channel, self.location, self.customer_id, self.at, self.currency)
