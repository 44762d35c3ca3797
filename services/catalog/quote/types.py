"""Prices and quotes as the graph shows them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

import strawberry

from kit.errors import BadUserInput
from kit.graphql.errors import UserError, presents
from kit.graphql.execution import batch_field
from kit.graphql.scalars import CurrencyCode
from kit.graphql.types import Money
from kit.money import Money as MoneyValue
from services.catalog.context import Info
from services.catalog.pricing import history
from services.catalog.pricing.history import lowest_prior
from services.catalog.pricing.tax import BASIS_POINTS
from services.catalog.pricing.types import PriceCandidate
from services.catalog.product.model import Product, Variant
from services.catalog.quote import model, refusals
from services.catalog.quote.actions import load_market, load_past, quote_one
from services.catalog.quote.buyer import Buyer
from services.catalog.quote.discount import Discount
from services.catalog.quote.shown import shown
from services.catalog.quote.store import VariantFacts

MONEY_CACHE: Final = 8_192
"""Amounts kept as the graph shows them: they are values, and a Decimal costs more to make than to find."""


@presents(refusals.NotPriced)
@strawberry.type(description="The SKU has no price on this channel in this currency; nothing is converted.")
class NotPriced(UserError):
    """See `refusals.NotPriced`."""

    sku: strawberry.ID = strawberry.field(description="Which SKU.")
    channel: str = strawberry.field(description="On which channel.")
    currency: str = strawberry.field(description="In which currency.")


@presents(refusals.NotOffered)
@strawberry.type(description="The SKU, or a component of the bundle it is, is not sold on this channel here and now.")
class NotOffered(UserError):
    """See `refusals.NotOffered`."""

    sku: strawberry.ID = strawberry.field(description="Which SKU.")
    channel: str = strawberry.field(description="On which channel.")
    component_sku: strawberry.ID | None = strawberry.field(description="The component that is not sold; null: itself.")


@strawberry.type(description="What a promotion took off, and which version of it.")
class PriceDiscount:
    """See `quote.discount.Discount`; what nobody asks for is not made: a basket has hundreds."""

    discount: strawberry.Private[Discount]
    currency: strawberry.Private[str]

    @strawberry.field(description="prm_…")
    def promotion_id(self) -> strawberry.ID:
        """The promotion."""
        return strawberry.ID(self.discount.promotion.id)

    @strawberry.field(description="The version that applied.")
    def promotion_version(self) -> int:
        """Of the promotion."""
        return self.discount.promotion.version

    @strawberry.field(description="The promotion's name, in its first language.")
    def name(self) -> str:
        """For people."""
        return next(iter(self.discount.promotion.draft.names.values()))

    @strawberry.field(description="What it took off; nothing where it gives points or shipping.")
    def amount(self) -> Money:
        """Off all pieces."""
        return money(self.discount.amount_minor, self.currency)

    @strawberry.field(description="The coupon that opened it; never its code.")
    def coupon_id(self) -> str | None:
        """cpn_…"""
        return self.discount.coupon_id


@strawberry.type(description="What pieces of a variant cost the caller, promotions taken off.")
class Price:
    """A quote of one line."""

    gross: Money = strawberry.field(description="What is paid for all pieces asked for, one by default, with tax.")
    net: Money = strawberry.field(description="Without tax.")
    tax_rate: Decimal = strawberry.field(description="The tax inside gross, as a share of net: 0.1 is 10 %.")
    channel: str = strawberry.field(description="The channel this price holds on.")
    list_price: Money = strawberry.field(
        description="One piece before promotions, as the channel states prices: with tax, or without."
    )
    compare_at: Money | None = strawberry.field(description="What the list price says to compare one piece with.")
    discounts: list[PriceDiscount] = strawberry.field(description="What promotions took off all pieces.")
    sku: strawberry.Private[str]
    market: strawberry.Private[model.Market]

    @batch_field(
        description="The lowest price of one piece for everybody on this channel in the 30 days before the reduction "
        "in force now, with tax (Directive 98/6/EC, article 6a); null if the price was not reduced last."
    )
    @staticmethod
    async def lowest_prior_price(prices: "Sequence[Price]", info: Info) -> list[Money | None]:
        """By the price history."""
        store, at = info.context.store, [price.sku for price in prices]
        items = await info.context.loaders.item.load_many(at)
        past = await load_past(store, at)
        found: list[Money | None] = []
        for price, item in zip(prices, items, strict=True):
            points = [] if item is None else shown(item, price.market, past[price.sku])
            low = lowest_prior(points, price.market.situation.at)
            found.append(None if low is None else money(low, price.gross.currency))
        return found

    @classmethod
    def of(cls, quoted: model.Quote, market: model.Market) -> "Price":
        """From a quote of one line."""
        line, currency = quoted.lines[0], quoted.currency
        return cls(
            gross=money(line.gross_minor, currency),
            net=money(line.net_minor, currency),
            tax_rate=Decimal(line.tax_rate_bp) / BASIS_POINTS,
            channel=quoted.channel,
            list_price=money(line.unit_minor, currency),
            compare_at=None if line.compare_at_minor is None else money(line.compare_at_minor, currency),
            discounts=[PriceDiscount(discount=one, currency=currency) for one in line.discounts],
            sku=line.sku,
            market=market,
        )


@strawberry.type(description="From an instant on, everybody was shown this for one piece.")
class PricePoint:
    """See `pricing.history.PricePoint`."""

    at: datetime = strawberry.field(description="Since when.")
    gross: Money | None = strawberry.field(description="With tax; null: it had no price.")

    @classmethod
    def of(cls, point: history.PricePoint, currency: str) -> "PricePoint":
        """From the model."""
        return cls(at=point.at, gross=None if point.amount_minor is None else money(point.amount_minor, currency))


@strawberry.type(description="Why a variant costs what it costs.")
class PriceExplanation:
    """Every candidate, the steps, and the outcome."""

    sku: strawberry.ID = strawberry.field(description="Of which variant.")
    candidates: list[PriceCandidate] = strawberry.field(
        description="Every price: the one that holds, who lost to it and at which step, who does not fit."
    )
    steps: list[str] = strawberry.field(description="The same told in sentences, with discounts and tax.")
    price: Price | None = strawberry.field(description="What it comes to; null if no price holds.")


@lru_cache(maxsize=MONEY_CACHE)
def money(minor_units: int, currency: str) -> Money:
    """For the graph; a quote shows the same few hundred amounts over and over."""
    return Money.of(MoneyValue(minor_units, currency))


async def prices_of(
    info: Info, variants: Sequence[tuple[Variant, Product]], currency: CurrencyCode | None, quantity: int
) -> list[Price | None]:
    """What the caller pays for so many pieces of each of these variants on their own; None where it is not priced."""
    if not 1 <= quantity <= model.MAX_QUANTITY:
        raise BadUserInput(f"quantity: expected 1 to {model.MAX_QUANTITY}, got {quantity}")
    caller, channel = info.context.caller, await info.context.channel()
    buyer = Buyer(channel, currency or channel.currency, caller.at, caller.location, caller.customer)
    market = await load_market(info.context.store, buyer)
    info.context.loaders.facts.update(facts_of(variants))
    items = await info.context.loaders.item.load_many([variant.sku for variant, _ in variants])
    quotes = [None if item is None else quote_one(item, market, quantity) for item in items]
    return [None if quoted is None else Price.of(quoted, market) for quoted in quotes]


def facts_of(variants: Sequence[tuple[Variant, Product]]) -> dict[str, VariantFacts]:
    """What is known of the variants' prices, of those whose products were read with them (`product.parts`)."""
    return {
        variant.sku: VariantFacts(variant.sku, product.id, variant.prices, product.category_path, product.draft.offer)
        for variant, product in variants
        if product.category_path is not None
    }
