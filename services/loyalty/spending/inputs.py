"""GraphQL inputs of spending, each read once into the model."""

from decimal import Decimal

import strawberry

from kit.graphql.scalars import CurrencyCode
from kit.money import Money
from services.loyalty.earning.inputs import PreviewLineInput
from services.loyalty.spending.model import MAX_BASKET_LINES, SpendBasket, SpendLine


@strawberry.input(description="What is bought, as far as the rules of spending points ask.")
class SpendBasketInput:
    """See `model.SpendBasket`."""

    lines: list[PreviewLineInput] = strawberry.field(description=f"The goods; at most {MAX_BASKET_LINES}.")
    total: Decimal | None = strawberry.field(
        default=None, description="What is to be paid, postage and all, before points; null: the sum of the lines."
    )
    currency: CurrencyCode = strawberry.field(description="Of all amounts.")

    def to_basket(self) -> SpendBasket:
        """For the model."""
        return to_basket(self.lines, self.total, self.currency)


def to_basket(lines: list[PreviewLineInput], total: Decimal | None, currency: str) -> SpendBasket:
    """Lines and total for the model; without a total it is the lines' sum."""
    goods = tuple(SpendLine(str(line.sku), line.to_line(currency).gross_minor) for line in lines)
    sum_minor = sum(line.gross_minor for line in goods)
    return SpendBasket(goods, sum_minor if total is None else Money.parse(total, currency).minor_units, str(currency))
