"""Inputs of list prices and tax, each read once into the model."""

from datetime import datetime
from decimal import Decimal

import strawberry

from kit.errors import InvalidInput, Path, Refused
from kit.graphql.scalars import CurrencyCode
from kit.ids import new_id
from kit.money import Money
from services.catalog.pricing.model import ListPrice, ListPriceDraft, Scope
from services.catalog.pricing.tax import BASIS_POINTS, TaxPolicy, TaxRate
from services.catalog.pricing.words import Rounding, TaxBasis, TaxClass, TaxMode


def minor_units(amount: Decimal, currency: str, path: Path) -> int:
    """In minor units; refused if the amount is finer than the currency."""
    money = Money.parse(amount, currency)
    if money.amount != amount:
        expected = f"an amount in whole minor units of {currency}"
        raise Refused(InvalidInput(path=path, expected=expected, got=str(amount)))
    return money.minor_units


def basis_points(share: Decimal, path: Path) -> int:
    """A share in basis points; refused if it is finer."""
    points = share * BASIS_POINTS
    if points != points.to_integral_value():
        raise Refused(InvalidInput(path=path, expected="at most 4 decimals", got=str(share)))
    return int(points)


@strawberry.input(description="A list price: for whom, where, how many and when one piece costs this.")
class ListPriceInput:
    """See `model.ListPrice`."""

    sku: strawberry.ID = strawberry.field(description="Of which variant.")
    amount: Decimal = strawberry.field(description="Of one piece, with tax or without as the channel's prices are.")
    currency: CurrencyCode = strawberry.field(description="ISO 4217.")
    id: strawberry.ID | None = strawberry.field(default=None, description="prc_…, to replace a list price.")
    channel: str | None = strawberry.field(default=None, description="Only on this channel.")
    location: str | None = strawberry.field(default=None, description="Only at this location.")
    segment: str | None = strawberry.field(default=None, description="Only for customers of this segment.")
    rank: str | None = strawberry.field(default=None, description="Only for customers of this rank.")
    min_quantity: int = strawberry.field(default=1, description="From so many pieces on.")
    valid_from: datetime | None = strawberry.field(default=None, description="From this instant on.")
    valid_until: datetime | None = strawberry.field(default=None, description="Before this instant.")
    compare_at: Decimal | None = strawberry.field(default=None, description="What to compare it with; more than it.")
    price_list: str | None = strawberry.field(default=None, description="The list it is kept under, for people.")
    end_previous: bool = strawberry.field(
        default=False,
        description="The open-ended price of the same scope ends when this one begins: a scheduled change.",
    )

    def to_draft(self, place: int) -> ListPriceDraft:
        """For the model."""
        at = ("input", "prices", str(place))
        scope = Scope(self.currency, self.channel, self.location, self.segment, self.rank, self.min_quantity)
        compare_at = self.compare_at
        price = ListPrice(
            id=self.id or new_id("prc"),
            scope=scope,
            amount_minor=minor_units(self.amount, self.currency, (*at, "amount")),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            compare_at_minor=None if compare_at is None else minor_units(compare_at, self.currency, (*at, "compareAt")),
            price_list=self.price_list,
        )
        return ListPriceDraft(self.sku, price, self.end_previous, is_new=self.id is None)


@strawberry.input(description="List prices, at most 200; those of one SKU are kept all together or not at all.")
class ListPricesSetInput:
    """See `actions.set_list_prices`."""

    prices: list[ListPriceInput] = strawberry.field(description="In any order.")

    def to_drafts(self) -> list[ListPriceDraft]:
        """For the action."""
        return [price.to_draft(place) for place, price in enumerate(self.prices)]


@strawberry.input(description="A list price to take out.")
class ListPriceWithdrawInput:
    """See `actions.withdraw_list_price`."""

    sku: strawberry.ID = strawberry.field(description="Of which variant.")
    id: strawberry.ID = strawberry.field(description="prc_…")


@strawberry.input(description="The tax class of a variant, or of a product and its variants without their own.")
class TaxClassSetInput:
    """See `actions.set_tax_class`."""

    tax_class: TaxClass = strawberry.field(description="What it is to the tax office.")
    sku: strawberry.ID | None = strawberry.field(default=None, description="Of a variant.")
    product_id: strawberry.ID | None = strawberry.field(default=None, description="Of a product.")


@strawberry.input(description="A rate of tax for a class, for as long as it holds.")
class TaxRateInput:
    """See `tax.TaxRate`."""

    tax_class: TaxClass = strawberry.field(description="For what.")
    rate: Decimal = strawberry.field(description="As a share of net: 0.08 is 8 %.")
    valid_from: datetime | None = strawberry.field(default=None, description="From this instant on.")
    valid_until: datetime | None = strawberry.field(default=None, description="Before this instant.")


@strawberry.input(description="How a channel is taxed, whole: what is left out is the default afterwards.")
class ChannelTaxSetInput:
    """See `tax.TaxPolicy`."""

    channel: str = strawberry.field(description="Which channel.")
    mode: TaxMode = strawberry.field(default=TaxMode.INCLUSIVE, description="Prices with tax, or without.")
    rounding: Rounding = strawberry.field(default=Rounding.HALF_UP, description="Of fractions.")
    basis: TaxBasis = strawberry.field(default=TaxBasis.RATE, description="What is rounded.")
    rates: list[TaxRateInput] = strawberry.field(
        default_factory=list, description="At most 50; a class without one has the channel's rate, EXEMPT none."
    )
    expected_version: int = strawberry.field(default=0, description="The version that was read; 0: none yet.")

    def to_policy(self, channel_rate_bp: int) -> TaxPolicy:
        """For the action."""
        rates = tuple(
            TaxRate(
                rate.tax_class,
                basis_points(rate.rate, ("input", "rates", str(place), "rate")),
                rate.valid_from,
                rate.valid_until,
            )
            for place, rate in enumerate(self.rates)
        )
        return TaxPolicy(
            self.channel, channel_rate_bp, self.mode, self.rounding, self.basis, rates, self.expected_version
        )
