"""Catalog's Query and Mutation: the nouns' together."""

import strawberry

from kit.graphql.schema import build_schema
from services.catalog.category.schema import CategoryMutation, CategoryQuery
from services.catalog.channel.schema import ChannelMutation
from services.catalog.product.schema import ProductMutation, ProductQuery
from services.catalog.search.schema import SearchMutation, SearchQuery
from services.catalog.types import Taken


@strawberry.type
class Query(ProductQuery, CategoryQuery, SearchQuery):
    """What may be read."""


@strawberry.type
class Mutation(ProductMutation, CategoryMutation, ChannelMutation, SearchMutation):
    """What may be changed; all of it needs the scope catalog:write."""


schema = build_schema(Query, Mutation, errors=[Taken])
