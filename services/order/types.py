"""The order service's GraphQL types: how a model is shown, and how a reference finds its entity."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.scalars import CurrencyCode
from kit.graphql.types import After, Connection, ExternalId, First, Money
from kit.pages import DEFAULT_PAGE, PageArgs
from services.order import model
from services.order.context import READ, Info
from services.order.identity import model as identity_model
from services.order.line.types import OrderLine, OrderReturnLine, money, share
from services.order.returns import model as returns_model


@presents(identity_model.AlreadyRecorded)
@strawberry.type(description="The external id belongs to an order or return with other content.")
class AlreadyRecorded(UserError):
    """See `identity.model.AlreadyRecorded`."""

    source: str = strawberry.field(description="Of the external id.")
    value: str = strawberry.field(description="Of the external id.")
    recorded_id: strawberry.ID = strawberry.field(description="What holds it: ord_… or ret_…")


@presents(returns_model.ReturnExceedsSold)
@strawberry.type(description="More would come back of a line than was sold of it.")
class ReturnExceedsSold(UserError):
    """See `returns.model.ReturnExceedsSold`."""

    line: int = strawberry.field(description="The order's line, from 1.")
    sold: int = strawberry.field(description="Units sold.")
    returned: int = strawberry.field(description="Units returned before.")
    requested: int = strawberry.field(description="Units this return asked for.")


@presents(returns_model.TooManyReturns)
@strawberry.type(description="The order has as many returns as it can keep.")
class TooManyReturns(UserError):
    """See `returns.model.TooManyReturns`."""

    order_id: strawberry.ID = strawberry.field(description="ord_…")
    limit: int = strawberry.field(description="How many that is.")


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("id"), resolvable=False)], description="A shop or warehouse; inventory knows it."
)
class Location:
    """Inventory's, by its key."""

    id: strawberry.ID = strawberry.field(description="loc_…")


@strawberry.type(description="What was charged for sending the goods.")
class ShippingCharge:
    """See `model.Shipping`."""

    gross: Money = strawberry.field(description="What the customer paid, tax included.")
    net: Money = strawberry.field(description="Without tax.")
    tax: Money = strawberry.field(description="The tax inside gross.")
    tax_rate: Decimal = strawberry.field(description="As a share of net: 0.1 is 10 %.")

    @classmethod
    def of(cls, shipping: model.Shipping, currency: str) -> "ShippingCharge":
        """From the model."""
        return cls(
            gross=money(shipping.gross_minor, currency),
            net=money(shipping.net_minor, currency),
            tax=money(shipping.tax_minor, currency),
            tax_rate=share(shipping.tax_rate_bp),
        )


@strawberry.federation.type(keys=["id"], description="What was sold, on any channel, exactly as it was sold.")
class Order:
    """See `model.Order`."""

    row: strawberry.Private[model.Order]

    @strawberry.field(description="ord_…, in the order of the sales.")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="What the receipt shows.")
    def number(self) -> str:
        """For people."""
        return self.row.number

    @strawberry.field(description="What it is called where it was sold.")
    def external_ids(self) -> list[ExternalId]:
        """One a source."""
        return external_ids_of(self.row.identity)

    @strawberry.field(description="Where it was sold: web, app, kiosk, pos.")
    def channel(self) -> str:
        """The channel's slug."""
        return self.row.channel

    @strawberry.field(description="The shop it was sold in, if it was one.")
    def location(self) -> Location | None:
        """By its key."""
        return location_of(self.row.location)

    @strawberry.field(description="Who bought; null for a guest.")
    def customer(self) -> "Customer | None":
        """By its key."""
        return customer_of(self.row.customer)

    @strawberry.field(description="Who recorded it; shown to staff only.")
    def staff(self, info: Info) -> str | None:
        """Null without the scope orders:read."""
        return self.row.staff if READ in info.context.caller.scopes else None

    @strawberry.field(description="What it was paid with, in the channel's words; empty: not told.")
    def payment_methods(self) -> list[str]:
        """As they were recorded."""
        return list(self.row.payment_methods)

    @strawberry.field(description="When it was sold.")
    def placed_at(self) -> datetime:
        """By the channel's clock."""
        return self.row.placed_at

    @strawberry.field(description="When it was recorded here.")
    def recorded_at(self) -> datetime:
        """By our clock."""
        return self.row.recorded_at

    @strawberry.field(description="Of every amount of it.")
    def currency(self) -> CurrencyCode:
        """ISO 4217."""
        return CurrencyCode(self.row.currency)

    @strawberry.field(description="What was sold, as on the receipt.")
    def lines(self) -> list[OrderLine]:
        """All of them."""
        return [
            OrderLine(row=line, currency=self.row.currency, number=number, returned=returned)
            for number, (line, returned) in enumerate(zip(self.row.lines, self.row.returned, strict=True), 1)
        ]

    @strawberry.field(description="What was charged for sending the goods.")
    def shipping(self) -> ShippingCharge:
        """Apart from the lines."""
        return ShippingCharge.of(self.row.shipping, self.row.currency)

    @strawberry.field(description="Sum of the goods, tax included.")
    def goods_gross(self) -> Money:
        """Of the GOODS lines."""
        return money(self.row.totals.goods_gross_minor, self.row.currency)

    @strawberry.field(description="Sum of the other lines, tax included.")
    def non_goods_gross(self) -> Money:
        """Of the NON_GOODS lines."""
        return money(self.row.totals.non_goods_gross_minor, self.row.currency)

    @strawberry.field(description="Of lines and shipping, without tax.")
    def net(self) -> Money:
        """Of everything."""
        return money(self.row.totals.net_minor, self.row.currency)

    @strawberry.field(description="Of lines and shipping.")
    def tax(self) -> Money:
        """Of everything."""
        return money(self.row.totals.tax_minor, self.row.currency)

    @strawberry.field(description="What the customer paid: goods, other lines and shipping.")
    def total(self) -> Money:
        """Of everything."""
        return money(self.row.totals.total_minor, self.row.currency)

    @strawberry.field(description="What came back of it, oldest first.")
    async def returns(self, info: Info) -> "list[OrderReturn]":
        """At most 200; one query for all orders of the request."""
        if not self.row.returns:
            return []
        rows = await info.context.loaders.returns_by_order.load(self.row.id)
        return [OrderReturn(row=row) for row in rows or []]

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Order | None]":
        """By id, one query for all; null where the caller may not look."""
        rows = await info.context.loaders.order_by_id.load_many([one["id"] for one in representations])
        return [order_of(info, row) for row in rows]


@strawberry.federation.type(keys=["id"], description="What came back, with the order it was sold on or without one.")
class OrderReturn:
    """See `returns.model.Return`."""

    row: strawberry.Private[returns_model.Return]

    @strawberry.field(description="ret_…, in the order of the returns.")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="What it is called where it was taken back.")
    def external_ids(self) -> list[ExternalId]:
        """One a source."""
        return external_ids_of(self.row.identity)

    @strawberry.field(description="The order it belongs to; null if that is unknown.")
    async def order(self, info: Info) -> Order | None:
        """One query for all returns of the request."""
        if self.row.order is None:
            return None
        row = await info.context.loaders.order_by_id.load(self.row.order)
        return None if row is None else Order(row=row)

    @strawberry.field(description="Where it was taken back: web, pos.")
    def channel(self) -> str:
        """The channel's slug."""
        return self.row.channel

    @strawberry.field(description="The shop it was taken back in, if it was one.")
    def location(self) -> Location | None:
        """By its key."""
        return location_of(self.row.location)

    @strawberry.field(description="Who had bought; null for a guest.")
    def customer(self) -> "Customer | None":
        """By its key."""
        return customer_of(self.row.customer)

    @strawberry.field(description="When it was taken back.")
    def returned_at(self) -> datetime:
        """By the channel's clock."""
        return self.row.returned_at

    @strawberry.field(description="Why, in the shop's words.")
    def reason(self) -> str | None:
        """Free text."""
        return self.row.reason

    @strawberry.field(description="Of every amount of it.")
    def currency(self) -> CurrencyCode:
        """ISO 4217."""
        return CurrencyCode(self.row.currency)

    @strawberry.field(description="What came back.")
    def lines(self) -> list[OrderReturnLine]:
        """All of them."""
        currency = self.row.currency
        return [OrderReturnLine(row=one.line, currency=currency, order_line=one.order_line) for one in self.row.lines]

    @strawberry.field(description="Given back for goods, tax included.")
    def goods_gross(self) -> Money:
        """Of the GOODS lines."""
        return money(self.row.totals.goods_gross_minor, self.row.currency)

    @strawberry.field(description="Given back without tax.")
    def net(self) -> Money:
        """Of everything."""
        return money(self.row.totals.net_minor, self.row.currency)

    @strawberry.field(description="Tax given back.")
    def tax(self) -> Money:
        """Of everything."""
        return money(self.row.totals.tax_minor, self.row.currency)

    @strawberry.field(description="Given back in all, tax included.")
    def total(self) -> Money:
        """Of everything."""
        return money(self.row.totals.total_minor, self.row.currency)

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[OrderReturn | None]":
        """By id, one query for all; null where the caller may not look."""
        rows = await info.context.loaders.return_by_id.load_many([one["id"] for one in representations])
        return [
            OrderReturn(row=row) if row is not None and row.is_recorded and info.context.sees(row.customer) else None
            for row in rows
        ]


@strawberry.federation.type(keys=["id"], description="A customer, with what was sold to them.")
class Customer:
    """The customer service's, by its key; orders are added here."""

    id: strawberry.ID = strawberry.field(description="cus_…")

    @strawberry.field(description="Their orders, newest first. For themselves, or with the scope orders:read.")
    async def orders(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Order] | None:
        """A page; first pages of many customers come from one query."""
        info.context.require_sight(self.id)
        key = (str(self.id), PageArgs.parse(first, after))
        return Connection.of(await info.context.loaders.orders_of_customer.load(key), lambda row: Order(row=row))

    @strawberry.field(description="What they brought back, newest first. For themselves, or with orders:read.")
    async def returns(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[OrderReturn] | None:
        """A page; first pages of many customers come from one query."""
        info.context.require_sight(self.id)
        key = (str(self.id), PageArgs.parse(first, after))
        page = await info.context.loaders.returns_of_customer.load(key)
        return Connection.of(page, lambda row: OrderReturn(row=row))

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Customer | None]":
        """Whoever the customer service names; nothing is read before a field is asked for."""
        return [Customer(id=one["id"]) for one in representations]


def order_of(info: Info, row: model.Order | None) -> Order | None:
    """The order as the graph shows it; null if there is none, or none for this caller."""
    return Order(row=row) if row is not None and info.context.sees(row.customer) else None


def external_ids_of(identity: identity_model.Identity) -> list[ExternalId]:
    """The external ids of an order or return."""
    return [ExternalId(source=one.source, value=one.value) for one in identity.external_ids]


def location_of(id: str | None) -> Location | None:
    """The location by its key."""
    return None if id is None else Location(id=strawberry.ID(id))


def customer_of(id: str | None) -> Customer | None:
    """The customer by its key."""
    return None if id is None else Customer(id=strawberry.ID(id))


@strawberry.type(description="The order as it is recorded, or why not.")
class OrderRecordPayload(Payload):
    """Of orderRecord."""

    order: Order | None = strawberry.field(default=None, description="The order, also if it was recorded before.")

    @classmethod
    def of(cls, row: model.Order) -> "OrderRecordPayload":
        """From the model."""
        return cls(order=Order(row=row))


@strawberry.type(description="The return as it is recorded, or why not.")
class OrderReturnRecordPayload(Payload):
    """Of orderReturnRecord."""

    order_return: OrderReturn | None = strawberry.field(
        default=None, description="The return, also if it was recorded before."
    )

    @classmethod
    def of(cls, row: returns_model.Return) -> "OrderReturnRecordPayload":
        """From the model."""
        return cls(order_return=OrderReturn(row=row))
