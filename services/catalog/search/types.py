"""What search shows: a page of products with counts beside it."""

from collections.abc import Sequence
from enum import Enum

import strawberry

from kit.graphql.errors import Payload
from kit.graphql.execution import batch_field
from kit.graphql.types import Connection, Edge, Money, PageInfo
from kit.money import Money as MoneyValue
from kit.pages import COUNT_CAP
from services.catalog.context import Info
from services.catalog.model import translated
from services.catalog.product.types import Product
from services.catalog.search import model
from services.catalog.search.actions import Search
from services.catalog.search.inputs import FacetKind
from services.catalog.types import Locale


@strawberry.enum(description="How forgiving a search had to be to find anything.")
class SearchMode(Enum):
    """See `query.Mode`."""

    EXACT = strawberry.enum_value("exact", description="Every word as it is, or a synonym of it.")
    SPLIT = strawberry.enum_value("split", description="Words parted where nobody wrote a space.")
    LOOSE = strawberry.enum_value("loose", description="Typing errors forgiven.")
    PARTIAL = strawberry.enum_value("partial", description="All words but one, typing errors forgiven.")


@strawberry.type(description="A value of a facet.")
class FacetValue:
    """See `model.FacetValue`."""

    row: strawberry.Private[model.FacetValue]
    kind: strawberry.Private[model.FacetKind]

    @strawberry.field(description="What a filter takes: a brand, a slug, an option's value, a location or any, stars.")
    def value(self) -> str:
        """As filters name it."""
        return "any" if self.row.value == model.ANYWHERE else self.row.value

    @batch_field(description="The same for people: a category's name in the locale asked for.")
    @staticmethod
    async def label(values: "Sequence[FacetValue]", info: Info, locale: Locale = None) -> list[str]:
        """Translated where there is a translation; categories are read in one query."""
        chain, loader = await info.context.locales(), info.context.loaders.category_by_slug
        slugs = [one.row.value for one in values if one.kind is model.FacetKind.CATEGORY]
        known = dict(zip(slugs, await loader.load_many(slugs), strict=True)) if slugs else {}
        names = [known.get(one.row.value) if one.kind is model.FacetKind.CATEGORY else None for one in values]
        return [
            one.value() if category is None else translated(category.names, locale, chain) or one.row.value
            for one, category in zip(values, names, strict=True)
        ]

    @strawberry.field(description="How many products it would leave, were it the only value selected in its facet.")
    def count(self) -> int:
        """Products."""
        return self.row.count

    @strawberry.field(description="Whether the filter names it.")
    def selected(self) -> bool:
        """As asked."""
        return self.row.selected


@strawberry.type(description="One facet with its counts; a selection in it narrows the other facets, not itself.")
class Facet:
    """See `model.Facet`."""

    row: strawberry.Private[model.Facet]

    @strawberry.field(description="What is counted.")
    def kind(self) -> FacetKind:
        """As asked."""
        return FacetKind(self.row.asked.kind.value)

    @strawberry.field(description="Of an option: its name.")
    def name(self) -> str:
        """As asked."""
        return self.row.asked.name

    @strawberry.field(description="The values by falling count, at most 100 and the selected ones.")
    def values(self) -> list[FacetValue]:
        """Counted."""
        return [FacetValue(row=value, kind=self.row.asked.kind) for value in self.row.values]


@strawberry.type(description="Lowest and highest price of what was found on the caller's channel.")
class FoundPrices:
    """Whatever range the filter names."""

    min: Money = strawberry.field(description="The lowest.")
    max: Money = strawberry.field(description="The highest.")


@strawberry.type(description="A page of the products found, with what may be counted about all of them.")
class ProductSearchConnection:
    """Relay's connection, and facets."""

    search: strawberry.Private[Search]
    page: strawberry.Private[Connection[Product]]

    @strawberry.field(description="The products, in order.")
    def nodes(self) -> list[Product]:
        """Of this page."""
        return self.page.nodes

    @strawberry.field(description="The products with their cursors.")
    def edges(self) -> list[Edge[Product]]:
        """Of this page."""
        return self.page.rows()

    @strawberry.field(description="Where this page lies.")
    def page_info(self) -> PageInfo:
        """Of this page."""
        return self.page.info()

    @strawberry.field(description=f"How many products were found, counted when asked, and no further than {COUNT_CAP}.")
    def total_count(self) -> int:
        """Of all pages."""
        return min(self.search.count(), COUNT_CAP)

    @strawberry.field(description="The facets that were asked for, in that order.")
    def facets(self) -> list[Facet]:
        """Of all pages."""
        return [Facet(row=row) for row in self.search.facets()]

    @strawberry.field(description="Of all that was found but for the filter's price; null if nothing is priced.")
    def prices(self) -> FoundPrices | None:
        """Of all pages."""
        found = self.search.prices()
        if found is None:
            return None
        lowest, highest = (Money.of(MoneyValue(amount, self.search.currency)) for amount in found)
        return FoundPrices(min=lowest, max=highest)

    @strawberry.field(description="How forgiving the search had to be.")
    def mode(self) -> SearchMode:
        """EXACT, unless that finds nothing at all."""
        return SearchMode(self.search.mode.value)

    @strawberry.field(description="The query as it was probably meant, if a word of it is known nowhere; else null.")
    def did_you_mean(self) -> str | None:
        """Only asked for, not searched for."""
        return self.search.correction()


@strawberry.type(description="A group of synonyms.")
class SearchSynonyms:
    """Of staff's; shipped ones are not listed."""

    name: strawberry.ID = strawberry.field(description="What it is called.")
    terms: list[str] = strawberry.field(description="What means the same.")


@strawberry.type(description="The group as it is now, or why not.")
class SearchSynonymsSetPayload(Payload):
    """Of searchSynonymsSet."""

    synonyms: SearchSynonyms | None = strawberry.field(default=None, description="The group as it is kept now.")

    @classmethod
    def of(cls, group: tuple[str, Sequence[str]]) -> "SearchSynonymsSetPayload":
        """From name and terms."""
        return cls(synonyms=SearchSynonyms(name=strawberry.ID(group[0]), terms=list(group[1])))
