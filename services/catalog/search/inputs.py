"""Inputs of search, each read once into the model."""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum

import strawberry

from kit.errors import BadUserInput
from kit.money import Money
from services.catalog.model import Channel
from services.catalog.product.inputs import OptionFilter
from services.catalog.product.model import is_option_name
from services.catalog.search import model

MAX_VALUES = 100
"""Values of one part of a filter: each is looked up."""
MAX_FACETS = 10
"""Facets of one request: each value of each is counted."""
STARS = range(1, 6)


@strawberry.enum(description="The order of a search or listing.")
class ProductSearchSort(Enum):
    """See `model.Order`."""

    RELEVANCE = strawberry.enum_value("relevance", description="Best match first; among equals, what sells.")
    PRICE_LOW = strawberry.enum_value("price_low", description="Cheapest first, without a price last.")
    PRICE_HIGH = strawberry.enum_value("price_high", description="Dearest first, without a price last.")
    NEWEST = strawberry.enum_value("newest", description="Last created first.")
    NAME = strawberry.enum_value("name", description="By name, A and あ first.")
    RATING = strawberry.enum_value("rating", description="Best rated first; few reviews count less.")
    POPULARITY = strawberry.enum_value("popularity", description="Most sold first.")

    def to_order(self) -> model.Order:
        """For the model."""
        return model.Order(self.value)


@strawberry.enum(description="What can be counted beside the products found.")
class FacetKind(Enum):
    """See `model.FacetKind`."""

    BRAND = "brand"
    CATEGORY = "category"
    OPTION = "option"
    ATTRIBUTE = "attribute"
    IN_STOCK = "in_stock"
    RATING = "rating"


@strawberry.input(description="A facet to count.")
class FacetInput:
    """See `model.FacetAsked`."""

    kind: FacetKind = strawberry.field(description="What is counted.")
    name: str = strawberry.field(
        default="", description="Of an option its name, such as color; of an attribute its code."
    )

    def to_model(self) -> model.FacetAsked:
        """For the model."""
        if (self.kind in (FacetKind.OPTION, FacetKind.ATTRIBUTE)) != bool(self.name):
            raise BadUserInput("facets: an option has a name and an attribute a code, and nothing else has")
        return model.FacetAsked(model.FacetKind(self.kind.value), self.name)


@strawberry.input(description="A range of prices in the currency of the caller's channel, tax included, ends included.")
class PriceRangeInput:
    """Two ends, either of which may be open."""

    from_: Decimal | None = strawberry.field(default=None, name="from", description="At least.")
    to: Decimal | None = strawberry.field(default=None, description="At most.")


@strawberry.input(description="Narrows a search; every part that is given must hold, any value of a part will do.")
class ProductSearchFilterInput:
    """See `model.Narrow`."""

    categories: list[str] | None = strawberry.field(
        default=None, description="In a category of these slugs or below it."
    )
    brands: list[str] | None = strawberry.field(default=None, description="Of these brands.")
    options: list[OptionFilter] | None = strawberry.field(
        default=None, description="With one variant that has a value of each."
    )
    attributes: list[OptionFilter] | None = strawberry.field(
        default=None, description="With a value of each of these attributes, named by their codes, on any variant."
    )
    price: PriceRangeInput | None = strawberry.field(
        default=None, description="With a variant that costs this much on the caller's channel."
    )
    in_stock: bool = strawberry.field(
        default=False, description="With a variant in stock, the one `options` ask for; at `location`, if given."
    )
    location: strawberry.ID | None = strawberry.field(
        default=None, description="The shop that `inStock` is about: loc_…"
    )
    min_rating: int | None = strawberry.field(default=None, description="At least so many stars in the mean, 1 to 5.")

    def to_narrow(self, channel: Channel, location: str | None = None, sees_all: bool = False) -> model.Narrow:
        """For the model; BadUserInput names the part that cannot be."""
        if self.min_rating is not None and self.min_rating not in STARS:
            raise BadUserInput(f"filter.minRating: expected 1 to 5, got {self.min_rating}")
        price = self.price or PriceRangeInput()
        return model.Narrow(
            channel=channel.id,
            location=location,
            sees_all=sees_all,
            categories=_bounded("categories", self.categories),
            brands=_bounded("brands", self.brands),
            options={option.name: _option(option) for option in self.options or []},
            attributes={one.name: _bounded("attributes", one.values) for one in self.attributes or []},
            price_from=_minor("from", price.from_, channel),
            price_to=_minor("to", price.to, channel),
            in_stock_at=(self.location or model.ANYWHERE) if self.in_stock else None,
            min_rating=self.min_rating,
        )


@strawberry.input(description="Words and phrases that mean the same to a shopper.")
class SearchSynonymsSetInput:
    """A group of staff's."""

    name: strawberry.ID = strawberry.field(description="What the group is called; a shipped name replaces that group.")
    terms: list[str] = strawberry.field(description="At least two; none at all takes the group away.")


def facets_of(facets: Sequence[FacetInput]) -> list[model.FacetAsked]:
    """What to count, each once; BadUserInput if it is too much."""
    if len(facets) > MAX_FACETS:
        raise BadUserInput(f"facets: expected at most {MAX_FACETS}, got {len(facets)}")
    return list(dict.fromkeys(facet.to_model() for facet in facets))


def _bounded(name: str, values: list[str] | None) -> tuple[str, ...]:
    if values is not None and not 1 <= len(values) <= MAX_VALUES:
        raise BadUserInput(f"filter.{name}: expected 1 to {MAX_VALUES} values, got {len(values)}")
    return tuple(dict.fromkeys(values or ()))


def _option(option: OptionFilter) -> tuple[str, ...]:
    if not is_option_name(option.name):
        raise BadUserInput(f"filter.options: {option.name!r} is not an option's name")
    return _bounded("options", option.values)


def _minor(name: str, amount: Decimal | None, channel: Channel) -> int | None:
    if amount is None:
        return None
    if not amount.is_finite() or amount < 0:
        raise BadUserInput(f"filter.price.{name}: expected 0 or more, got {amount}")
    return Money.parse(amount, channel.currency).minor_units
