"""Queries and mutations of products; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.arguments import exactly_one
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.execution import wanted
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.catalog.bulk.schema import BulkMutation
from services.catalog.collection.schema import CollectionMutation, CollectionQuery
from services.catalog.context import WRITE, Info
from services.catalog.product import actions, model, parts
from services.catalog.product.inputs import (
    ProductFilterInput,
    ProductSort,
    ProductUpsertInput,
    VariantPriceSetInput,
)
from services.catalog.product.payloads import ProductUpsertPayload, VariantPriceSetPayload
from services.catalog.product.store import ProductFilter
from services.catalog.product.types import (
    Product,
    Variant,
    product_of,
    variant_of,
    variant_with,
)


@strawberry.type
class ProductQuery(CollectionQuery):
    """What may be read of products."""

    @strawberry.field(description="One product, by id or by slug.")
    async def product(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="prd_…")] = None,
        slug: Annotated[str | None, strawberry.argument(description="Such as mountain-200.")] = None,
    ) -> Product | None:
        """Null if there is none."""
        loaders = info.context.loaders
        loader, key = exactly_one(id=(loaders.product_by_id, id), slug=(loaders.product_by_slug, slug))
        return product_of(await loader.of(parts.of_product(wanted(info))).load(key))

    @strawberry.field(description="Products in order, narrowed by a filter.")
    async def products(
        self,
        info: Info,
        first: First = DEFAULT_PAGE,
        after: After = None,
        filter: Annotated[ProductFilterInput | None, strawberry.argument(description="What to narrow to.")] = None,
        sort: Annotated[ProductSort, strawberry.argument(description="The order.")] = ProductSort.NAME,
    ) -> Connection[Product]:
        """A page."""
        narrow = await _narrowed(info, filter)
        fields = wanted(info)
        needed = parts.of_product(fields.at("nodes")) | parts.of_product(fields.at("edges", "node"))
        page = await info.context.store.product.page(
            narrow, sort.to_sort(), PageArgs.parse(first, after), needed, await info.context.viewer()
        )
        return Connection.of(page, lambda row: Product(row=row))

    @strawberry.field(description="One variant, by SKU, by barcode or by id.")
    async def variant(
        self,
        info: Info,
        sku: Annotated[strawberry.ID | None, strawberry.argument(description="Stock keeping unit.")] = None,
        barcode: Annotated[
            str | None, strawberry.argument(description="A GTIN: JAN, EAN, UPC, with or without zeros in front.")
        ] = None,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="var_…")] = None,
    ) -> Variant | None:
        """Null if there is none."""
        loaders = info.context.loaders
        loader, key = exactly_one(
            sku=(loaders.product_by_sku, sku),
            barcode=(loaders.product_by_barcode, barcode),
            id=(loaders.product_by_variant_id, id),
        )
        row = await loader.of(parts.of_variant(wanted(info)) | parts.BARCODE | parts.ID).load(key)
        if row is None:
            return None
        return variant_of(row, sku, id) if barcode is None else variant_with(row, barcode)


@strawberry.type
class ProductMutation(BulkMutation, CollectionMutation):
    """What may be changed of products."""

    @strawberry.mutation(
        description="Create a product, or replace the version somebody read.", directives=[needs(WRITE)]
    )
    async def product_upsert(
        self, info: Info, input: Annotated[ProductUpsertInput, strawberry.argument(description="The product, whole.")]
    ) -> ProductUpsertPayload:
        """See `actions.upsert_product`."""
        info.context.caller.require(WRITE)
        return await settle(_upsert_product(info, input), ProductUpsertPayload.of, ProductUpsertPayload)

    @strawberry.mutation(description="Set one price of one variant.", directives=[needs(WRITE)])
    async def variant_price_set(
        self,
        info: Info,
        input: Annotated[VariantPriceSetInput, strawberry.argument(description="Whose price, and which.")],
    ) -> VariantPriceSetPayload:
        """See `actions.set_price`."""
        info.context.caller.require(WRITE)
        return await settle(_set_price(info, input), VariantPriceSetPayload.of, VariantPriceSetPayload)


async def _upsert_product(info: Info, input: ProductUpsertInput) -> model.Product:
    now = info.context.caller.at
    return await actions.upsert_product(info.context.store, input.to_draft("input"), input.to_edit(), now=now)


async def _set_price(info: Info, input: VariantPriceSetInput) -> model.Product:
    return await actions.set_price(info.context.store, input.to_edit(), now=info.context.caller.at)


async def _narrowed(info: Info, filter: ProductFilterInput | None) -> ProductFilter:
    if filter is None:
        return ProductFilter()
    category = None if filter.category is None else await info.context.loaders.category_by_slug.load(filter.category)
    return filter.to_filter(None if category is None else category.id)
