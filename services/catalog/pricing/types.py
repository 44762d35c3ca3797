"""List prices and tax as the graph shows them."""

from datetime import datetime
from decimal import Decimal

import strawberry

from kit.graphql.errors import Payload, UserError, present, presents
from kit.graphql.types import Money
from kit.money import Money as MoneyValue
from services.catalog.pricing import model
from services.catalog.pricing.actions import BooksEdited
from services.catalog.pricing.model import Misfit, Step
from services.catalog.pricing.tax import BASIS_POINTS, TaxPolicy
from services.catalog.pricing.words import Rounding, TaxBasis, TaxClass, TaxMode

strawberry.enum(Misfit, description="Why a price does not hold here.")
strawberry.enum(Step, name="PriceStep", description="The steps of the precedence, in the order in which they decide.")


@presents(model.PriceOverlap)
@strawberry.type(description="Two list prices of the same precedence would hold at once.")
class PriceOverlap(UserError):
    """See `model.PriceOverlap`."""

    sku: strawberry.ID = strawberry.field(description="Whose prices.")
    price_id: strawberry.ID = strawberry.field(description="The one that was given.")
    other_id: strawberry.ID = strawberry.field(description="The one that is there.")


@strawberry.type(description="A list price, or a variant's own price where `isBase`.")
class ListPrice:
    """See `model.ListPrice`."""

    id: strawberry.ID = strawberry.field(description="prc_…; base, or base:web, of a variant's own price.")
    amount: Money = strawberry.field(description="Of one piece, with tax or without as the channel's prices are.")
    compare_at: Money | None = strawberry.field(description="What to compare it with.")
    channel: str | None = strawberry.field(description="Only on this channel.")
    location: str | None = strawberry.field(description="Only at this location.")
    segment: str | None = strawberry.field(description="Only for customers of this segment.")
    rank: str | None = strawberry.field(description="Only for customers of this rank.")
    min_quantity: int = strawberry.field(description="From so many pieces on.")
    valid_from: datetime | None = strawberry.field(description="From this instant on.")
    valid_until: datetime | None = strawberry.field(description="Before this instant.")
    price_list: str | None = strawberry.field(description="The list it is kept under.")
    is_base: bool = strawberry.field(description="Whether it is the variant's own price, kept with the product.")

    @classmethod
    def of(cls, price: model.ListPrice) -> "ListPrice":
        """From the model."""
        scope, compare = price.scope, price.compare_at_minor
        return cls(
            id=strawberry.ID(price.id),
            amount=Money.of(MoneyValue(price.amount_minor, scope.currency)),
            compare_at=None if compare is None else Money.of(MoneyValue(compare, scope.currency)),
            channel=scope.channel,
            location=scope.location,
            segment=scope.segment,
            rank=scope.rank,
            min_quantity=scope.min_quantity,
            valid_from=price.valid_from,
            valid_until=price.valid_until,
            price_list=price.price_list,
            is_base=model.is_base(price),
        )


@strawberry.type(description="One price of a variant and what became of it.")
class PriceCandidate:
    """See `model.Candidate`."""

    price: ListPrice = strawberry.field(description="The price.")
    won: bool = strawberry.field(description="Whether it is the price that holds.")
    misfit: Misfit | None = strawberry.field(description="Why it does not hold here; null if it could.")
    lost_at: Step | None = strawberry.field(description="The step at which another went before it.")
    lost_to: strawberry.ID | None = strawberry.field(description="The price that won.")

    @classmethod
    def of(cls, candidate: model.Candidate) -> "PriceCandidate":
        """From the model."""
        return cls(
            price=ListPrice.of(candidate.price),
            won=candidate.won,
            misfit=candidate.misfit,
            lost_at=candidate.lost_at,
            lost_to=None if candidate.lost_to is None else strawberry.ID(candidate.lost_to),
        )


@strawberry.type(description="What is kept of a SKU's prices beside its product.")
class PriceBook:
    """See `model.PriceBook`."""

    sku: strawberry.ID = strawberry.field(description="Of which variant.")
    prices: list[ListPrice] = strawberry.field(description="Its list prices, whenever they hold; at most 300.")
    tax_class: TaxClass | None = strawberry.field(description="Its own tax class; null: its product's.")
    version: int = strawberry.field(description="Rises with every edit.")

    @classmethod
    def of(cls, sku: str, book: model.PriceBook) -> "PriceBook":
        """From the model."""
        prices = [ListPrice.of(price) for price in sorted(book.prices, key=model.precedence)]
        return cls(sku=strawberry.ID(sku), prices=prices, tax_class=book.tax_class, version=book.version)


@strawberry.type(description="The books as they are now, and which prices were refused.")
class ListPricesSetPayload(Payload):
    """Of listPricesSet."""

    books: list[PriceBook] = strawberry.field(default_factory=list, description="Of the SKUs that were changed.")

    @classmethod
    def of(cls, edited: BooksEdited) -> "ListPricesSetPayload":
        """From the action."""
        books = [PriceBook.of(sku, book) for sku, book in edited.books.items()]
        return cls(books=books, user_errors=[present(refusal) for refusal in edited.refusals])


@strawberry.type(description="The book as it is now, or why not.")
class PriceBookPayload(Payload):
    """Of listPriceWithdraw."""

    book: PriceBook | None = strawberry.field(default=None, description="The SKU's book.")


@strawberry.type(description="What was set, or why not.")
class TaxClassSetPayload(Payload):
    """Of taxClassSet."""

    tax_class: TaxClass | None = strawberry.field(default=None, description="The class that holds now.")


@strawberry.type(description="A rate of tax for a class, for as long as it holds.")
class TaxRate:
    """See `tax.TaxRate`."""

    tax_class: TaxClass = strawberry.field(description="For what.")
    rate: Decimal = strawberry.field(description="As a share of net.")
    valid_from: datetime | None = strawberry.field(description="From this instant on.")
    valid_until: datetime | None = strawberry.field(description="Before this instant.")


@strawberry.type(description="How a channel is taxed.")
class ChannelTax:
    """See `tax.TaxPolicy`."""

    channel: str = strawberry.field(description="Which channel.")
    mode: TaxMode = strawberry.field(description="Prices with tax, or without.")
    rounding: Rounding = strawberry.field(description="Of fractions.")
    basis: TaxBasis = strawberry.field(description="What is rounded.")
    rates: list[TaxRate] = strawberry.field(description="Rates by class and time.")
    version: int = strawberry.field(description="Rises with every edit; give it as `expectedVersion`.")

    @classmethod
    def of(cls, policy: TaxPolicy) -> "ChannelTax":
        """From the model."""
        rates = [
            TaxRate(
                tax_class=rate.tax_class,
                rate=Decimal(rate.rate_bp) / BASIS_POINTS,
                valid_from=rate.valid_from,
                valid_until=rate.valid_until,
            )
            for rate in policy.rates
        ]
        return cls(
            channel=policy.channel,
            mode=policy.mode,
            rounding=policy.rounding,
            basis=policy.basis,
            rates=rates,
            version=policy.version,
        )


@strawberry.type(description="The channel's tax as it is now, or why not.")
class ChannelTaxSetPayload(Payload):
    """Of channelTaxSet."""

    tax: ChannelTax | None = strawberry.field(default=None, description="How the channel is taxed now.")

    @classmethod
    def of(cls, policy: TaxPolicy) -> "ChannelTaxSetPayload":
        """From the model."""
        return cls(tax=ChannelTax.of(policy))
