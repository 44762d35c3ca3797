"""Catalog's Query and Mutation: the nouns' together."""

import strawberry

from kit.graphql.schema import build_schema
from services.catalog.attribute.schema import AttributeMutation, AttributeQuery
from services.catalog.bundle.types import BundleNested, ComponentInUse
from services.catalog.category.schema import CategoryMutation, CategoryQuery
from services.catalog.channel.schema import ChannelMutation
from services.catalog.pricing.schema import PricingMutation, PricingQuery
from services.catalog.pricing.types import PriceOverlap
from services.catalog.product.schema import ProductMutation, ProductQuery
from services.catalog.quote.schema import QuoteQuery
from services.catalog.quote.types import NotPriced
from services.catalog.search.schema import SearchMutation, SearchQuery
from services.catalog.types import Taken


@strawberry.type
class Query(ProductQuery, CategoryQuery, SearchQuery, PricingQuery, QuoteQuery, AttributeQuery):
    """What may be read."""


@strawberry.type
class Mutation(ProductMutation, CategoryMutation, ChannelMutation, SearchMutation, PricingMutation, AttributeMutation):
    """What may be changed; all of it needs the scope catalog:write."""


schema = build_schema(Query, Mutation, errors=[Taken, NotPriced, PriceOverlap, BundleNested, ComponentInUse])
