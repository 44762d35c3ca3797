"""A line as orders and returns show it, and the variant it points to."""

from decimal import Decimal

import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from kit.graphql.types import Money
from kit.money import Money as MoneyValue
from services.order.line import model

strawberry.enum(
    model.LineKind,
    name="OrderLineKind",
    description="GOODS have a SKU, stock and points; NON_GOODS (postage, fees, adjustments) have none.",
)
OrderLineKind = model.LineKind
"""`model.LineKind` under its name in the graph; an input that says the model's own name would make a second enum."""


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("sku"), resolvable=False)], description="What is bought; catalog knows it."
)
class Variant:
    """Catalog's, by its key."""

    sku: strawberry.ID = strawberry.field(description="Stock keeping unit.")


@strawberry.type(description="A line of an order or a return.")
class Line:
    """See `line.model.Line`; the graph shows it as `OrderLine` and `OrderReturnLine` only."""

    row: strawberry.Private[model.Line]
    currency: strawberry.Private[str]

    @strawberry.field(description="The code it was sold under.")
    def sku(self) -> strawberry.ID:
        """As sold."""
        return strawberry.ID(self.row.sku)

    @strawberry.field(description="The variant as it is today; null for what is not goods.")
    def variant(self) -> Variant | None:
        """By its key."""
        return variant_of(self.row)

    @strawberry.field(description="In the words of the day it was sold.")
    def description(self) -> str | None:
        """As sold."""
        return self.row.description

    @strawberry.field(description="Goods, or something else that was charged.")
    def kind(self) -> OrderLineKind:
        """Goods or not."""
        return self.row.kind

    @strawberry.field(description="Units sold, or taken back.")
    def quantity(self) -> int:
        """More than 0."""
        return self.row.quantity

    @strawberry.field(description="For one unit, tax included, before the discount.")
    def unit_price(self) -> Money:
        """Gross."""
        return money(self.row.unit_price_minor, self.currency)

    @strawberry.field(description="Off the whole line, tax included.")
    def discount(self) -> Money:
        """Gross."""
        return money(self.row.discount_minor, self.currency)

    @strawberry.field(description="Quantity × unit price - discount, tax included.")
    def gross(self) -> Money:
        """Of the line."""
        return money(self.row.gross_minor, self.currency)

    @strawberry.field(description="Of the line, without tax.")
    def net(self) -> Money:
        """Of the line."""
        return money(self.row.net_minor, self.currency)

    @strawberry.field(description="Of the line, inside gross.")
    def tax(self) -> Money:
        """Of the line."""
        return money(self.row.tax_minor, self.currency)

    @strawberry.field(description="As a share of net: 0.1 is 10 %.")
    def tax_rate(self) -> Decimal:
        """A share."""
        return share(self.row.tax_rate_bp)


@strawberry.type(description="One line of an order, as it was sold.")
class OrderLine(Line):
    """A line with its place and what came back of it."""

    number: int = strawberry.field(description="Its place in the order, from 1.")
    returned: int = strawberry.field(description="Units that came back so far.")


@strawberry.type(description="What came back of one line; its amounts are what is given back.")
class OrderReturnLine(Line):
    """See `returns.model.ReturnLine`."""

    order_line: int | None = strawberry.field(description="The order's line, from 1; null if the order is unknown.")


def variant_of(line: model.Line) -> Variant | None:
    """The variant of a line; what is not goods has none."""
    return Variant(sku=strawberry.ID(line.sku)) if line.kind is model.LineKind.GOODS else None


def money(minor_units: int, currency: str) -> Money:
    """An amount as the graph shows it."""
    return Money.of(MoneyValue(minor_units, currency))


def share(rate_bp: int) -> Decimal:
    """A rate in basis points as a share: 1000 is 0.1."""
    return Decimal(rate_bp) / 10_000
