"""Catalog's Query and Mutation; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.arguments import exactly_one
from kit.graphql.errors import settle
from kit.graphql.execution import wanted
from kit.graphql.schema import build_schema
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.catalog import actions, model, parts
from services.catalog.context import Info
from services.catalog.inputs import (
    CategoryUpsertInput,
    ChannelUpsertInput,
    ProductFilterInput,
    ProductSort,
    ProductUpsertInput,
    VariantPriceSetInput,
)
from services.catalog.store import ProductFilter
from services.catalog.types import (
    Category,
    CategoryUpsertPayload,
    ChannelUpsertPayload,
    Product,
    ProductUpsertPayload,
    Taken,
    Variant,
    VariantPriceSetPayload,
    product_of,
    variant_of,
)

WRITE = "catalog:write"


@strawberry.type
class Query:
    """What may be read."""

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
        narrow = filter.to_filter() if filter else ProductFilter()
        fields = wanted(info)
        needed = parts.of_product(fields.at("nodes")) | parts.of_product(fields.at("edges", "node"))
        page = await info.context.store.list_products(narrow, sort.to_sort(), PageArgs.parse(first, after), needed)
        return Connection.of(page, lambda row: Product(row=row))

    @strawberry.field(description="One variant, by SKU or by barcode.")
    async def variant(
        self,
        info: Info,
        sku: Annotated[strawberry.ID | None, strawberry.argument(description="Stock keeping unit.")] = None,
        barcode: Annotated[str | None, strawberry.argument(description="GTIN: JAN, EAN or UPC.")] = None,
    ) -> Variant | None:
        """Null if there is none."""
        loaders = info.context.loaders
        loader, key = exactly_one(sku=(loaders.product_by_sku, sku), barcode=(loaders.product_by_barcode, barcode))
        needed = parts.of_variant(wanted(info)) | ({"variants.barcode"} if sku is None else set())
        row = await loader.of(needed).load(key)
        return None if row is None else _variant(row, sku, barcode)

    @strawberry.field(description="One category, by id or by slug.")
    async def category(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="cat_…")] = None,
        slug: Annotated[str | None, strawberry.argument(description="Such as road-bikes.")] = None,
    ) -> Category | None:
        """Null if there is none."""
        loaders = info.context.loaders
        loader, key = exactly_one(id=(loaders.category_by_id, id), slug=(loaders.category_by_slug, slug))
        row = await loader.load(key)
        return None if row is None else Category(row=row)

    @strawberry.field(description="The category tree, every category before its children.")
    async def categories(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Category]:
        """A page."""
        page = await info.context.store.list_categories(PageArgs.parse(first, after))
        return Connection.of(page, lambda row: Category(row=row))


@strawberry.type
class Mutation:
    """What may be changed; all of it needs the scope catalog:write."""

    @strawberry.mutation(description="Create a product, or replace the version somebody read.")
    async def product_upsert(
        self, info: Info, input: Annotated[ProductUpsertInput, strawberry.argument(description="The product, whole.")]
    ) -> ProductUpsertPayload:
        """See `actions.upsert_product`."""
        info.context.caller.require(WRITE)
        return await settle(_upsert_product(info, input), ProductUpsertPayload.of, ProductUpsertPayload)

    @strawberry.mutation(description="Set one price of one variant.")
    async def variant_price_set(
        self,
        info: Info,
        input: Annotated[VariantPriceSetInput, strawberry.argument(description="Whose price, and which.")],
    ) -> VariantPriceSetPayload:
        """See `actions.set_price`."""
        info.context.caller.require(WRITE)
        return await settle(_set_price(info, input), VariantPriceSetPayload.of, VariantPriceSetPayload)

    @strawberry.mutation(description="Create a category, or rename one.")
    async def category_upsert(
        self,
        info: Info,
        input: Annotated[
            CategoryUpsertInput, strawberry.argument(description="A new category, or an id and new names.")
        ],
    ) -> CategoryUpsertPayload:
        """See `actions.create_category` and `actions.rename_category`."""
        info.context.caller.require(WRITE)
        return await settle(_upsert_category(info, input), CategoryUpsertPayload.of, CategoryUpsertPayload)

    @strawberry.mutation(description="Create or change a channel of sale.")
    async def channel_upsert(
        self, info: Info, input: Annotated[ChannelUpsertInput, strawberry.argument(description="The channel, whole.")]
    ) -> ChannelUpsertPayload:
        """See `actions.put_channel`."""
        info.context.caller.require(WRITE)
        return await settle(_put_channel(info, input), ChannelUpsertPayload.of, ChannelUpsertPayload)


async def _upsert_product(info: Info, input: ProductUpsertInput) -> model.Product:
    now = info.context.caller.at
    return await actions.upsert_product(info.context.store, input.to_draft(), input.to_edit(), now=now)


async def _set_price(info: Info, input: VariantPriceSetInput) -> model.Product:
    return await actions.set_price(info.context.store, input.to_edit(), now=info.context.caller.at)


async def _upsert_category(info: Info, input: CategoryUpsertInput) -> model.Category:
    store, names = info.context.store, input.names_by_locale()
    if input.id is not None:
        return await actions.rename_category(store, input.id, names, input.needed_version())
    return await actions.create_category(store, input.needed_slug(), names, input.parent_id)


async def _put_channel(info: Info, input: ChannelUpsertInput) -> model.Channel:
    return await actions.put_channel(info.context.store, input.to_model())


def _variant(row: model.Product, sku: str | None, barcode: str | None) -> Variant | None:
    if sku is not None:
        return variant_of(row, sku)
    return next((variant_of(row, v.sku) for v in row.draft.variants if v.barcode == barcode), None)


schema = build_schema(Query, Mutation, errors=[Taken])
