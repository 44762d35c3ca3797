"""The order service's GraphQL inputs, each read once into a draft; what cannot be read is refused with its path."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import strawberry

from kit.context import RequestContext
from kit.errors import InvalidInput, Path, Refused
from kit.graphql.scalars import CurrencyCode
from kit.graphql.types import ExternalIdInput
from kit.money import CURRENCY_DECIMALS, MAX_MINOR_UNITS, Money
from services.order.identity.model import ExternalId
from services.order.line.model import Line
from services.order.line.types import OrderLineKind
from services.order.model import NO_SHIPPING, OrderDraft, OrderId, Piece, Shipping, Totals
from services.order.problems import Problems
from services.order.returns.model import ReturnDraft

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Reads amounts of one currency into minor units, collecting those that do not fit."""

    currency: str
    problems: Problems

    def minor(self, amount: Decimal, *where: str) -> int:
        """Minor units; 0 for an amount that was refused."""
        if abs(amount) <= MAX_MINOR_UNITS:
            money = Money.parse(amount, self.currency)
            if money.amount == amount and abs(money.minor_units) <= MAX_MINOR_UNITS:
                return money.minor_units
        decimals = CURRENCY_DECIMALS[self.currency]
        self.problems.add(where, f"at most {MAX_MINOR_UNITS} minor units, with {decimals} decimals", amount)
        return 0

    def rate_bp(self, rate: Decimal, *where: str) -> int:
        """Basis points; 0 for a rate that was refused."""
        if 0 <= rate <= 1:
            points = rate * 10_000
            if points == points.to_integral_value():
                return int(points)
        self.problems.add(where, "0 to 1 with at most 4 decimals", rate)
        return 0


@strawberry.input(description="One line as it was sold, or as it is taken back without its order.")
class OrderLineInput:
    """See `line.model.Line`."""

    sku: strawberry.ID = strawberry.field(description="The code it was sold under.")
    quantity: int = strawberry.field(description="Units, more than 0.")
    unit_price: Decimal = strawberry.field(description="For one unit, tax included, before the discount.")
    gross: Decimal = strawberry.field(description="Of the line: quantity × unit price - discount, exactly.")
    net: Decimal = strawberry.field(description="Of the line: gross - tax, exactly.")
    tax: Decimal = strawberry.field(description="Of the line, inside gross.")
    tax_rate: Decimal = strawberry.field(description="As a share of net: 0.1 is 10 %.")
    discount: Decimal = strawberry.field(default=ZERO, description="Off the whole line, tax included.")
    description: str | None = strawberry.field(default=None, description="In the words of the receipt.")
    kind: OrderLineKind = strawberry.field(
        default=OrderLineKind.GOODS, description="NON_GOODS: postage, fees, adjustments."
    )

    def to_line(self, amounts: Amounts, *where: str) -> Line:
        """For the model."""
        return Line(
            sku=self.sku,
            description=self.description,
            kind=self.kind,
            quantity=self.quantity,
            unit_price_minor=amounts.minor(self.unit_price, *where, "unitPrice"),
            discount_minor=amounts.minor(self.discount, *where, "discount"),
            gross_minor=amounts.minor(self.gross, *where, "gross"),
            net_minor=amounts.minor(self.net, *where, "net"),
            tax_minor=amounts.minor(self.tax, *where, "tax"),
            tax_rate_bp=amounts.rate_bp(self.tax_rate, *where, "taxRate"),
        )


@strawberry.input(description="What was charged for sending the goods.")
class OrderShippingInput:
    """See `model.Shipping`."""

    gross: Decimal = strawberry.field(description="Tax included.")
    net: Decimal = strawberry.field(description="Gross - tax, exactly.")
    tax: Decimal = strawberry.field(description="Inside gross.")
    tax_rate: Decimal = strawberry.field(description="As a share of net: 0.1 is 10 %.")

    def to_shipping(self, amounts: Amounts) -> Shipping:
        """For the model."""
        return Shipping(
            gross_minor=amounts.minor(self.gross, "shipping", "gross"),
            net_minor=amounts.minor(self.net, "shipping", "net"),
            tax_minor=amounts.minor(self.tax, "shipping", "tax"),
            tax_rate_bp=amounts.rate_bp(self.tax_rate, "shipping", "taxRate"),
        )


@strawberry.input(description="The sums on the receipt; each must be the sum of its parts, to the minor unit.")
class OrderTotalsInput:
    """See `model.Totals`."""

    goods_gross: Decimal = strawberry.field(description="Of the GOODS lines.")
    net: Decimal = strawberry.field(description="Of all lines and shipping.")
    tax: Decimal = strawberry.field(description="Of all lines and shipping.")
    total: Decimal = strawberry.field(description="What the customer paid: goods, other lines and shipping.")
    non_goods_gross: Decimal = strawberry.field(default=ZERO, description="Of the NON_GOODS lines.")
    shipping: Decimal = strawberry.field(default=ZERO, description="Shipping, tax included.")

    def to_totals(self, amounts: Amounts) -> Totals:
        """For the model."""
        return Totals(
            goods_gross_minor=amounts.minor(self.goods_gross, "totals", "goodsGross"),
            non_goods_gross_minor=amounts.minor(self.non_goods_gross, "totals", "nonGoodsGross"),
            shipping_minor=amounts.minor(self.shipping, "totals", "shipping"),
            net_minor=amounts.minor(self.net, "totals", "net"),
            tax_minor=amounts.minor(self.tax, "totals", "tax"),
            total_minor=amounts.minor(self.total, "totals", "total"),
        )


@strawberry.input(description="A sale, whole, as it is on the receipt.")
class OrderRecordInput:
    """See `model.OrderDraft`."""

    idempotency_key: str = strawberry.field(description="The same key and input give the first order again.")
    external_ids: list[ExternalIdInput] = strawberry.field(
        description="What it is called where it was sold; at least one. By them it is recorded once."
    )
    placed_at: datetime = strawberry.field(description="When it was sold, by the channel's clock.")
    currency: CurrencyCode = strawberry.field(description="Of every amount here.")
    lines: list[OrderLineInput] = strawberry.field(description="1 to 1000.")
    totals: OrderTotalsInput = strawberry.field(description="The sums on the receipt.")
    number: str | None = strawberry.field(
        default=None, description="What the receipt shows; default the value of the first external id."
    )
    channel: str | None = strawberry.field(default=None, description="Default the caller's.")
    location_id: strawberry.ID | None = strawberry.field(default=None, description="Default the caller's.")
    customer_id: strawberry.ID | None = strawberry.field(default=None, description="Absent: a guest.")
    shipping: OrderShippingInput | None = strawberry.field(default=None, description="Absent: none was charged.")
    payment_methods: list[str] = strawberry.field(
        default_factory=list, description="What it was paid with, such as CARD or CASH, at most 10; empty: not told."
    )

    def to_draft(self, caller: RequestContext) -> OrderDraft:
        """For the model; where and by whom comes from the caller."""
        problems = Problems()
        amounts = Amounts(self.currency, problems)
        draft = OrderDraft(
            external_ids=_external_ids(self.external_ids),
            number=self.number,
            channel=caller.channel if self.channel is None else self.channel,
            location=caller.location if self.location_id is None else self.location_id,
            customer=self.customer_id,
            staff=caller.staff,
            payment_methods=tuple(dict.fromkeys(self.payment_methods)),
            placed_at=self.placed_at,
            currency=self.currency,
            lines=_lines(self.lines, amounts, "lines"),
            shipping=self.shipping.to_shipping(amounts) if self.shipping else NO_SHIPPING,
            totals=self.totals.to_totals(amounts),
        )
        problems.raise_found()
        return draft


@strawberry.input(description="An order, by id or by what it is called elsewhere: exactly one of both.")
class OrderReferenceInput:
    """See `returns.model.ReturnDraft.order`."""

    id: strawberry.ID | None = strawberry.field(default=None, description="ord_…")
    external_id: ExternalIdInput | None = strawberry.field(default=None, description="What it is called elsewhere.")

    def to_reference(self, path: Path) -> OrderId | ExternalId:
        """For the model; refused unless exactly one is given."""
        if self.external_id is not None and self.id is None:
            return ExternalId(self.external_id.source, self.external_id.value)
        if self.id is not None and self.external_id is None:
            return OrderId(self.id)
        got = "both" if self.id is not None else "none"
        raise Refused(InvalidInput(path=path, expected="exactly one of id, externalId", got=got))


@strawberry.input(description="What comes back of one line of the order.")
class OrderReturnLineInput:
    """See `model.Piece`."""

    line: int = strawberry.field(description="The order's line, from 1; each at most once.")
    quantity: int = strawberry.field(description="Units, more than 0.")


@strawberry.input(description="A return: of lines of a known order, or of linesWithoutOrder where it is unknown.")
class OrderReturnRecordInput:
    """See `returns.model.ReturnDraft`."""

    idempotency_key: str = strawberry.field(description="The same key and input give the first return again.")
    external_ids: list[ExternalIdInput] = strawberry.field(
        description="What it is called where it was taken back; at least one. By them it is recorded once."
    )
    returned_at: datetime = strawberry.field(description="When it was taken back, by the channel's clock.")
    order: OrderReferenceInput | None = strawberry.field(default=None, description="Absent: the order is unknown.")
    lines: list[OrderReturnLineInput] = strawberry.field(
        default_factory=list, description="With an order; what is given back follows from it."
    )
    currency: CurrencyCode | None = strawberry.field(default=None, description="Of linesWithoutOrder.")
    lines_without_order: list[OrderLineInput] = strawberry.field(
        default_factory=list, description="Without an order, with what is given back for each."
    )
    channel: str | None = strawberry.field(default=None, description="Default the caller's.")
    location_id: strawberry.ID | None = strawberry.field(default=None, description="Default the caller's.")
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="Without an order; with one it is the order's."
    )
    reason: str | None = strawberry.field(default=None, description="In the shop's words, at most 200 characters.")

    def to_draft(self, caller: RequestContext) -> ReturnDraft:
        """For the model; where and by whom comes from the caller."""
        problems = Problems()
        draft = ReturnDraft(
            external_ids=_external_ids(self.external_ids),
            order=self.order.to_reference(("input", "order")) if self.order else None,
            pieces=tuple(Piece(line.line, line.quantity) for line in self.lines),
            currency=self.currency,
            lines=self._own_lines(problems),
            channel=caller.channel if self.channel is None else self.channel,
            location=caller.location if self.location_id is None else self.location_id,
            customer=self.customer_id,
            staff=caller.staff,
            returned_at=self.returned_at,
            reason=self.reason,
        )
        problems.raise_found()
        return draft

    def _own_lines(self, problems: Problems) -> tuple[Line, ...]:
        if self.currency is None and self.lines_without_order:
            problems.add(("currency",), "the currency of linesWithoutOrder", "nothing")
            return ()
        return _lines(self.lines_without_order, Amounts(self.currency or "", problems), "linesWithoutOrder")


def _external_ids(given: list[ExternalIdInput]) -> tuple[ExternalId, ...]:
    return tuple(ExternalId(one.source, one.value) for one in given)


def _lines(given: list[OrderLineInput], amounts: Amounts, field: str) -> tuple[Line, ...]:
    return tuple(line.to_line(amounts, field, str(index)) for index, line in enumerate(given))
