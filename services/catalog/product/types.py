"""Products and variants as the graph shows them, and how a reference finds its entity."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from kit.graphql.errors import Payload
from kit.graphql.execution import batch_field, wanted
from kit.graphql.scalars import CurrencyCode
from kit.graphql.types import After, Connection, ExternalId, First
from kit.pages import DEFAULT_PAGE, PageArgs, slice_page
from services.catalog.category.types import Category
from services.catalog.context import Info
from services.catalog.model import translated
from services.catalog.product import model, parts
from services.catalog.quote.types import Price, prices_of
from services.catalog.types import Locale


@strawberry.type(description="A dimension to choose in, such as color.")
class ProductOption:
    """See `model.Option`."""

    name: str = strawberry.field(description="Such as color.")
    values: list[str] = strawberry.field(description="In the order they are shown.")


@strawberry.type(description="The value a variant has in one option.")
class SelectedOption:
    """One pair of `model.Variant.options`."""

    name: str = strawberry.field(description="Such as color.")
    value: str = strawberry.field(description="Such as Red.")


@strawberry.federation.type(keys=["sku"], description="What is bought: one value of every option of its product.")
class Variant:
    """See `model.Variant`."""

    row: strawberry.Private[model.Variant]
    owner: strawberry.Private[model.Product]

    @strawberry.field(description="Stock keeping unit, unique.")
    def sku(self) -> strawberry.ID:
        """The natural key."""
        return strawberry.ID(self.row.sku)

    @strawberry.field(description="In the locale asked for; the product's where the variant has none of its own.")
    def name(self, locale: Locale = None) -> str:
        """Translated."""
        own = translated(self.row.names or {}, locale)
        return own or translated(self.owner.draft.names, locale) or self.row.sku

    @strawberry.field(description="GTIN: JAN, EAN or UPC.")
    def barcode(self) -> str | None:
        """Digits."""
        return self.row.barcode

    @strawberry.field(description="Its value in every option of the product.")
    def options(self) -> list[SelectedOption]:
        """In the product's order."""
        chosen = self.row.options
        return [SelectedOption(name=o.name, value=chosen[o.name]) for o in self.owner.draft.options]

    @strawberry.field(description="The product it belongs to.")
    def product(self) -> "Product":
        """Its owner."""
        return Product(row=self.owner)

    @batch_field(description="What it costs the caller here and now; null if it is not priced there.")
    @staticmethod
    async def price(
        variants: "Sequence[Variant]",
        info: Info,
        currency: Annotated[
            CurrencyCode | None, strawberry.argument(description="Another currency than the channel's.")
        ] = None,
        quantity: Annotated[int, strawberry.argument(description="Pieces bought together, for tiers.")] = 1,
    ) -> list[Price | None]:
        """As `quote` has it, for all variants at once."""
        return await prices_of(info, [variant.row.sku for variant in variants], currency, quantity)

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Variant | None]":
        """By SKU, one query for all."""
        skus = [representation["sku"] for representation in representations]
        loader = info.context.loaders.product_by_sku.of(parts.of_variant(wanted(info, on="Variant")))
        rows = await loader.load_many(skus)
        return [None if row is None else variant_of(row, sku) for sku, row in zip(skus, rows, strict=True)]


@strawberry.federation.type(keys=["id"], description="What is offered; its variants are what is bought.")
class Product:
    """See `model.Product`."""

    row: strawberry.Private[model.Product]

    @strawberry.field(description="prd_…")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="Unique, for addresses: mountain-200.")
    def slug(self) -> str:
        """The slug."""
        return self.row.draft.slug

    @strawberry.field(description="In the locale asked for.")
    def name(self, locale: Locale = None) -> str:
        """Translated."""
        return translated(self.row.draft.names, locale) or self.row.draft.slug

    @strawberry.field(description="In the locale asked for; null if there is none at all.")
    def description(self, locale: Locale = None) -> str | None:
        """Translated."""
        return translated(self.row.draft.descriptions, locale)

    @strawberry.field(description="Who makes it.")
    def brand(self) -> str | None:
        """The brand."""
        return self.row.draft.brand

    @strawberry.field(description="Where it is filed.")
    async def categories(self, info: Info) -> list[Category]:
        """At most 20."""
        rows = await info.context.loaders.category_by_id.load_many(self.row.draft.category_ids)
        return [Category(row=row) for row in rows if row is not None]

    @strawberry.field(description="What its variants differ in.")
    def options(self) -> list[ProductOption]:
        """At most 5."""
        return [ProductOption(name=o.name, values=list(o.values)) for o in self.row.draft.options]

    @strawberry.field(description="Its variants, in the order they are shown.")
    def variants(self, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Variant]:
        """A page of the product's own document."""
        rows = list(enumerate(self.row.draft.variants))
        page = slice_page(rows, lambda row: (row[0],), PageArgs.parse(first, after))
        return Connection.of(page, lambda row: Variant(row=row[1], owner=self.row))

    @strawberry.field(description="What it is called in other systems.")
    def external_ids(self) -> list[ExternalId]:
        """One a source."""
        return [ExternalId(source=ref.source, value=ref.value) for ref in self.row.draft.external_ids]

    @strawberry.field(description="Rises with every edit; give it as `expectedVersion`.")
    def version(self) -> int:
        """For optimistic edits."""
        return self.row.version

    @strawberry.field(description="When it was last edited.")
    def updated_at(self) -> datetime:
        """UTC."""
        return self.row.updated_at

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Product | None]":
        """By id, one query for all."""
        ids = [representation["id"] for representation in representations]
        loader = info.context.loaders.product_by_id.of(parts.of_product(wanted(info, on="Product")))
        return [product_of(row) for row in await loader.load_many(ids)]


def product_of(row: model.Product | None) -> Product | None:
    """The product as the graph shows it."""
    return None if row is None else Product(row=row)


def variant_of(row: model.Product, sku: str) -> Variant | None:
    """The product's variant with this SKU."""
    for variant in row.draft.variants:
        if variant.sku == sku:
            return Variant(row=variant, owner=row)
    return None


@strawberry.type(description="The product as it is now, or why not.")
class ProductUpsertPayload(Payload):
    """Of productUpsert."""

    product: Product | None = strawberry.field(default=None, description="The product as it is kept now.")

    @classmethod
    def of(cls, row: model.Product) -> "ProductUpsertPayload":
        """From the model."""
        return cls(product=Product(row=row))


@strawberry.type(description="The variant with its new price, or why not.")
class VariantPriceSetPayload(Payload):
    """Of variantPriceSet."""

    product: Product | None = strawberry.field(default=None, description="The product whose variant was priced.")

    @classmethod
    def of(cls, row: model.Product) -> "VariantPriceSetPayload":
        """From the model."""
        return cls(product=Product(row=row))
