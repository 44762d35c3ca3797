"""Search in the graph; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.errors import BadUserInput
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.execution import wanted
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.catalog.context import WRITE, Info
from services.catalog.product import parts
from services.catalog.product.types import Product
from services.catalog.search import actions
from services.catalog.search.inputs import (
    FacetInput,
    ProductSearchFilterInput,
    ProductSearchSort,
    SearchSynonymsSetInput,
    facets_of,
)
from services.catalog.search.model import Narrow
from services.catalog.search.reader import MAX_SUGGESTIONS, Ask
from services.catalog.search.text import MAX_QUERY
from services.catalog.search.types import ProductSearchConnection, SearchSynonyms, SearchSynonymsSetPayload


@strawberry.type
class SearchQuery:
    """What may be found."""

    @strawberry.field(description="Products found by words, narrowed, counted and in order; without words a listing.")
    async def product_search(
        self,
        info: Info,
        query: Annotated[
            str, strawberry.argument(description="As typed: names, brands, categories, options, a SKU or a barcode.")
        ] = "",
        filter: Annotated[
            ProductSearchFilterInput | None, strawberry.argument(description="What to narrow to.")
        ] = None,
        facets: Annotated[
            list[FacetInput] | None, strawberry.argument(description="What to count, at most 10.")
        ] = None,
        sort: Annotated[ProductSearchSort, strawberry.argument(description="The order.")] = ProductSearchSort.RELEVANCE,
        first: First = DEFAULT_PAGE,
        after: After = None,
    ) -> ProductSearchConnection:
        """A page; the products are read from the database in one call."""
        channel = await info.context.channel()
        location, sees_all = info.context.caller.location, info.context.sees_all
        narrow = (filter or ProductSearchFilterInput()).to_narrow(channel, location, sees_all)
        ask = Ask(narrow, query.strip()[:MAX_QUERY], sort.to_order())
        args, asked = PageArgs.parse(first, after), facets_of(facets or [])
        search = actions.Search(info.context.engine.reader, ask, asked, channel.currency)
        fields = wanted(info)
        needed = parts.of_product(fields.at("nodes")) | parts.of_product(fields.at("edges", "node"))
        page = await actions.load_page(info.context.store, search, args, needed)
        return ProductSearchConnection(search=search, page=Connection.of(page, lambda row: Product(row=row)))

    @strawberry.field(description="What somebody may be about to type: names, brands, categories that begin so.")
    def product_suggestions(
        self,
        info: Info,
        prefix: Annotated[str, strawberry.argument(description="What is typed so far.")],
        first: Annotated[int, strawberry.argument(description=f"At most, 1 to {MAX_SUGGESTIONS}.")] = MAX_SUGGESTIONS,
    ) -> list[str]:
        """The most frequent first."""
        if not 1 <= first <= MAX_SUGGESTIONS:
            raise BadUserInput(f"first: expected 1 to {MAX_SUGGESTIONS}, got {first}")
        narrow = Narrow(info.context.caller.channel, info.context.caller.location, info.context.sees_all)
        return info.context.engine.reader.suggestions(narrow, prefix[:MAX_QUERY], first)

    @strawberry.field(
        description="Staff's groups of synonyms, by name; needs the scope catalog:write.", directives=[needs(WRITE)]
    )
    async def search_synonyms(self, info: Info) -> list[SearchSynonyms]:
        """All of them: there are hundreds at most."""
        info.context.caller.require(WRITE)
        groups = await info.context.store.search.synonym_groups()
        return [SearchSynonyms(name=strawberry.ID(name), terms=list(terms)) for name, terms in groups.items()]


@strawberry.type
class SearchMutation:
    """What staff teach the search."""

    @strawberry.mutation(
        description="Set a group of synonyms; it is searched with within a second.", directives=[needs(WRITE)]
    )
    async def search_synonyms_set(
        self,
        info: Info,
        input: Annotated[SearchSynonymsSetInput, strawberry.argument(description="The group, whole.")],
    ) -> SearchSynonymsSetPayload:
        """See `actions.set_synonyms`."""
        info.context.caller.require(WRITE)
        action = actions.set_synonyms(info.context.store, input.name, input.terms)
        return await settle(action, SearchSynonymsSetPayload.of, SearchSynonymsSetPayload)
