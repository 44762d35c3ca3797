"""A quote as the graph shows it."""

from datetime import datetime
from decimal import Decimal

import strawberry

from kit.graphql.errors import Payload
from kit.graphql.types import Money
from services.catalog.context import Info
from services.catalog.coupon.actions import CouponSeen
from services.catalog.coupon.model import CouponOutcome
from services.catalog.pricing.tax import BASIS_POINTS
from services.catalog.pricing.words import TaxClass
from services.catalog.quote import model
from services.catalog.quote.actions import Quoted
from services.catalog.quote.discount import ShippingDiscount
from services.catalog.quote.token import promise_of, sign
from services.catalog.quote.types import PriceDiscount, money

strawberry.enum(CouponOutcome, description="What became of a code in a quote.")


@strawberry.type(description="A line of a quote: a variant with its price and why.")
class QuoteLine:
    """See `model.QuotedLine`; what nobody asks for is not made: a basket has hundreds of amounts."""

    line: strawberry.Private[model.QuotedLine]
    currency: strawberry.Private[str]

    @strawberry.field(description="Which variant; lines of one variant and design are one line.")
    def sku(self) -> strawberry.ID:
        """The variant."""
        return strawberry.ID(self.line.sku)

    @strawberry.field(description="The saved design; its surcharge is in unitPrice.")
    def design_id(self) -> strawberry.ID | None:
        """dsg_…"""
        return None if self.line.design_id is None else strawberry.ID(self.line.design_id)

    @strawberry.field(description="The input lines it stands for.")
    def places(self) -> list[int]:
        """From 0."""
        return list(self.line.places)

    @strawberry.field(description="Pieces.")
    def quantity(self) -> int:
        """Of all input lines together."""
        return self.line.quantity

    @strawberry.field(description="One piece before promotions, as the channel states prices.")
    def unit_price(self) -> Money:
        """The list price."""
        return money(self.line.unit_minor, self.currency)

    @strawberry.field(description="What the list price says to compare one piece with.")
    def compare_at(self) -> Money | None:
        """Of one piece."""
        compare = self.line.compare_at_minor
        return None if compare is None else money(compare, self.currency)

    @strawberry.field(description="The price that held: prc_… or base.")
    def price_id(self) -> strawberry.ID:
        """See explainPrice."""
        return strawberry.ID(self.line.price_id)

    @strawberry.field(description="What was taken off all pieces, in order.")
    def discounts(self) -> list[PriceDiscount]:
        """By promotion."""
        currency = self.currency
        return [PriceDiscount(discount=one, currency=currency) for one in self.line.discounts]

    @strawberry.field(description="All pieces, tax included.")
    def gross(self) -> Money:
        """To be paid."""
        return money(self.line.gross_minor, self.currency)

    @strawberry.field(description="All pieces without tax.")
    def net(self) -> Money:
        """Less tax."""
        return money(self.line.net_minor, self.currency)

    @strawberry.field(description="The tax of all pieces.")
    def tax(self) -> Money:
        """Inside gross."""
        return money(self.line.tax_minor, self.currency)

    @strawberry.field(description="What it is to the tax office.")
    def tax_class(self) -> TaxClass:
        """Of the variant, else its product."""
        return self.line.tax_class

    @strawberry.field(description="As a share of net.")
    def tax_rate(self) -> Decimal:
        """0.1 is 10 %."""
        return Decimal(self.line.tax_rate_bp) / BASIS_POINTS


@strawberry.type(description="What the lines of one tax rate come to: what a qualified invoice states.")
class QuoteRate:
    """See `model.RateTotal`."""

    tax_rate: Decimal = strawberry.field(description="As a share of net.")
    gross: Money = strawberry.field(description="Tax included.")
    net: Money = strawberry.field(description="Without tax.")
    tax: Money = strawberry.field(description="The tax.")

    @classmethod
    def of(cls, rate: model.RateTotal, currency: str) -> "QuoteRate":
        """From the model."""
        return cls(
            tax_rate=Decimal(rate.rate_bp) / BASIS_POINTS,
            gross=money(rate.gross_minor, currency),
            net=money(rate.net_minor, currency),
            tax=money(rate.tax_minor, currency),
        )


@strawberry.type(description="What a promotion takes off whatever the shipping costs, never below zero.")
class QuoteShipping:
    """See `discount.ShippingDiscount`."""

    promotion_id: strawberry.ID = strawberry.field(description="prm_…")
    percent: Decimal = strawberry.field(description="As a share: 1 is free.")
    amount: Money = strawberry.field(description="Or an amount.")

    @classmethod
    def of(cls, found: ShippingDiscount, currency: str) -> "QuoteShipping":
        """From the model."""
        return cls(
            promotion_id=strawberry.ID(found.promotion.id),
            percent=Decimal(found.percent_bp) / BASIS_POINTS,
            amount=money(found.amount_minor, currency),
        )


@strawberry.type(description="A code that was given, and what became of it.")
class QuoteCoupon:
    """See `coupon.actions.CouponSeen`."""

    code: str = strawberry.field(description="As it was given.")
    outcome: CouponOutcome = strawberry.field(description="What became of it.")
    coupon_id: strawberry.ID | None = strawberry.field(description="cpn_…, if there is such a coupon.")

    @classmethod
    def of(cls, seen: CouponSeen) -> "QuoteCoupon":
        """From the action."""
        id = None if seen.coupon_id is None else strawberry.ID(seen.coupon_id)
        return cls(code=seen.given, outcome=seen.outcome, coupon_id=id)


@strawberry.type(description="A priced basket.")
class Quote:
    """See `model.Quote`."""

    quoted: strawberry.Private[Quoted]
    lines: list[QuoteLine] = strawberry.field(description="In the order of their SKU.")
    gross: Money = strawberry.field(description="What is to be paid, tax included.")
    net: Money = strawberry.field(description="Without tax.")
    tax: Money = strawberry.field(description="The tax of all rates.")
    rates: list[QuoteRate] = strawberry.field(description="By tax rate, the highest first.")
    discounts: list[PriceDiscount] = strawberry.field(description="Every promotion that applied, once.")
    shipping: list[QuoteShipping] = strawberry.field(description="What comes off the shipping, in order.")
    extra_points: int = strawberry.field(description="Points beside those for the goods.")
    coupons: list[QuoteCoupon] = strawberry.field(description="What became of every code.")

    @strawberry.field(
        description="Signed, for quoteRedeem within 15 minutes; null if made for another instant than now."
    )
    def token(self, info: Info) -> str | None:
        """Signed when asked for."""
        buyer, caller = self.quoted.buyer, info.context.caller
        if buyer.at != caller.at:
            return None
        where = {"location": buyer.location, "customer": buyer.customer}
        promise = promise_of(self.quoted.quote, caller.trace_id, at=buyer.at, **where)
        return sign(promise, info.context.store.keys.quote_signing)

    @strawberry.field(description="The instant it was made for.")
    def at(self) -> datetime:
        """UTC."""
        return self.quoted.buyer.at

    @classmethod
    def of(cls, quoted: Quoted) -> "Quote":
        """From the action."""
        quote, currency = quoted.quote, quoted.quote.currency
        return cls(
            quoted=quoted,
            lines=[QuoteLine(line=line, currency=currency) for line in quote.lines],
            gross=money(quote.gross_minor, currency),
            net=money(quote.gross_minor - quote.tax_minor, currency),
            tax=money(quote.tax_minor, currency),
            rates=[QuoteRate.of(rate, currency) for rate in quote.rates],
            discounts=[PriceDiscount(discount=one, currency=currency) for one in quote.discounts],
            shipping=[QuoteShipping.of(one, currency) for one in quote.shipping],
            extra_points=quote.extra_points,
            coupons=[QuoteCoupon.of(seen) for seen in quoted.coupons],
        )


@strawberry.type(description="The quote, or why there is none.")
class QuotePayload(Payload):
    """Of quote."""

    quote: Quote | None = strawberry.field(default=None, description="The priced basket.")

    @classmethod
    def of(cls, quoted: Quoted) -> "QuotePayload":
        """From the action."""
        return cls(quote=Quote.of(quoted))
