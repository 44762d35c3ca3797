"""Products and variants as the graph shows them, and how a reference finds its entity."""

from asyncio import gather
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import strawberry

from kit.graphql.execution import batch_field, wanted
from kit.graphql.scalars import CurrencyCode
from kit.graphql.types import After, Connection, ExternalId, First
from kit.pages import DEFAULT_PAGE, PageArgs, slice_page
from services.catalog.attribute.types import AttributeValue, Codes, attribute_values
from services.catalog.availability.types import VariantStock
from services.catalog.barcode.model import gtin_14, searched
from services.catalog.barcode.types import Barcode
from services.catalog.category.types import Category
from services.catalog.context import Info
from services.catalog.design.types import Customization
from services.catalog.media.model import MediaKind, MediaRole
from services.catalog.media.types import Media
from services.catalog.model import Translations, translated
from services.catalog.offer.types import Offer
from services.catalog.product import model, parts
from services.catalog.question.types import ProductQuestions
from services.catalog.quote.types import Price, prices_of
from services.catalog.related.model import RelationKind
from services.catalog.related.types import OfKind
from services.catalog.review.types import ProductReviews
from services.catalog.types import Locale, Translation


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


@strawberry.federation.type(keys=["sku", "id"], description="What is bought: one value of every option of its product.")
class Variant(VariantStock):
    """See `model.Variant`."""

    row: strawberry.Private[model.Variant]
    owner: strawberry.Private[model.Product]

    @strawberry.field(description="Stock keeping unit, unique.")
    def sku(self) -> strawberry.ID:
        """The natural key."""
        return strawberry.ID(self.row.sku)

    @strawberry.field(description="var_…: stays when the SKU changes.")
    def id(self) -> strawberry.ID:
        """The other key."""
        return strawberry.ID(self.row.id or "")

    @batch_field(description="In the locale asked for; the product's where the variant has none of its own.")
    @staticmethod
    async def name(variants: "Sequence[Variant]", info: Info, locale: Locale = None) -> list[str]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(one.names, locale, chain) or one.row.sku for one in variants]

    @batch_field(description="Its name, and which locale answered.")
    @staticmethod
    async def name_translation(
        variants: "Sequence[Variant]", info: Info, locale: Locale = None
    ) -> list[Translation | None]:
        """As `name`."""
        chain = await info.context.locales()
        return [Translation.answering(one.names, locale, chain) for one in variants]

    @strawberry.field(description="The first of its barcodes: JAN, EAN or UPC.")
    def barcode(self) -> str | None:
        """As it was given."""
        return next(iter(self.row.barcodes), None)

    @strawberry.field(description="Its GTINs: JAN, EAN, UPC, ITF.")
    def barcodes(self) -> list[Barcode]:
        """In the order they were given."""
        return [Barcode.of(value) for value in self.row.barcodes]

    @batch_field(description="What it says of itself beside its options.")
    @staticmethod
    async def attributes(variants: "Sequence[Variant]", info: Info, codes: Codes = None) -> list[list[AttributeValue]]:
        """What the caller may see."""
        return await attribute_values(info, [variant.row.attributes for variant in variants], codes)

    @strawberry.field(description="What the bundle is made of; empty for a variant that is none.")
    def components(self) -> "list[BundleComponent]":
        """In the order they were given."""
        return [BundleComponent(sku=strawberry.ID(one.sku), quantity=one.quantity) for one in self.row.components]

    @strawberry.field(description="Media of this variant, then those of the whole product.")
    def media(self) -> list[Media]:
        """In the product's order."""
        own = [one for one in self.owner.draft.media if self.row.sku in one.skus]
        return [Media(row=one) for one in (*own, *(one for one in self.owner.draft.media if not one.skus))]

    @property
    def names(self) -> Translations:
        """Its own, else its product's."""
        return self.row.names or self.owner.draft.names

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
        return await prices_of(info, [(variant.row, variant.owner) for variant in variants], currency, quantity)

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Variant | None]":
        """By SKU or by id, one query a key for all."""
        loaders = info.context.loaders
        needed = parts.of_variant(wanted(info, on="Variant"))
        needed_by_id = needed | parts.ID
        by_sku, by_id = loaders.product_by_sku.of(needed), loaders.product_by_variant_id.of(needed_by_id)
        rows = await gather(
            *(
                by_sku.load(one["sku"]) if one.get("sku") is not None else by_id.load(one["id"])
                for one in representations
            )
        )
        return [
            None if row is None else variant_of(row, sku=one.get("sku"), id=one.get("id"))
            for one, row in zip(representations, rows, strict=True)
        ]


@strawberry.type(description="So many pieces of a variant in one bundle.")
class BundleComponent:
    """See `bundle.model.Component`."""

    sku: strawberry.ID = strawberry.field(description="Of the component.")
    quantity: int = strawberry.field(description="Pieces in one bundle.")

    @batch_field(description="The component; null where the caller is not offered it.")
    @staticmethod
    async def variant(components: "Sequence[BundleComponent]", info: Info) -> list[Variant | None]:
        """One query for all."""
        loader = info.context.loaders.product_by_sku.of(parts.of_variant(wanted(info)))
        rows = await loader.load_many([one.sku for one in components])
        return [
            None if row is None else variant_of(row, sku=one.sku) for one, row in zip(components, rows, strict=True)
        ]


@strawberry.type(description="Another product, and what it is to this one.")
class RelatedProduct:
    """See `related.model.Related`."""

    kind: RelationKind = strawberry.field(description="What it is to this one.")
    id: strawberry.Private[str]

    @batch_field(description="The product; null where the caller is not offered it.")
    @staticmethod
    async def product(related: "Sequence[RelatedProduct]", info: Info) -> "list[Product | None]":
        """One query for all."""
        loader = info.context.loaders.product_by_id.of(parts.of_product(wanted(info)))
        return [product_of(row) for row in await loader.load_many([one.id for one in related])]


@strawberry.federation.type(keys=["id", "slug"], description="What is offered; its variants are what is bought.")
class Product(ProductReviews, ProductQuestions):
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

    @batch_field(description="In the locale asked for.")
    @staticmethod
    async def name(products: "Sequence[Product]", info: Info, locale: Locale = None) -> list[str]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(one.row.draft.names, locale, chain) or one.row.draft.slug for one in products]

    @batch_field(description="Its name, and which locale answered.")
    @staticmethod
    async def name_translation(
        products: "Sequence[Product]", info: Info, locale: Locale = None
    ) -> list[Translation | None]:
        """As `name`."""
        chain = await info.context.locales()
        return [Translation.answering(one.row.draft.names, locale, chain) for one in products]

    @strawberry.field(description="Its name in every language there is.")
    def names(self) -> list[Translation]:
        """In the order they were given."""
        return Translation.all(self.row.draft.names)

    @batch_field(description="In the locale asked for; null if there is none at all.")
    @staticmethod
    async def description(products: "Sequence[Product]", info: Info, locale: Locale = None) -> list[str | None]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(one.row.draft.descriptions, locale, chain) for one in products]

    @batch_field(description="Its description, and which locale answered.")
    @staticmethod
    async def description_translation(
        products: "Sequence[Product]", info: Info, locale: Locale = None
    ) -> list[Translation | None]:
        """As `description`."""
        chain = await info.context.locales()
        return [Translation.answering(one.row.draft.descriptions, locale, chain) for one in products]

    @strawberry.field(description="Its description in every language there is.")
    def descriptions(self) -> list[Translation]:
        """In the order they were given."""
        return Translation.all(self.row.draft.descriptions)

    @strawberry.field(description="Words for collections and searches.")
    def tags(self) -> list[str]:
        """At most 50."""
        return list(self.row.draft.tags)

    @batch_field(description="What may be chosen of it, of a customised product; null of any other.")
    @staticmethod
    async def customization(products: "Sequence[Product]", info: Info) -> list[Customization | None]:
        """The newest version."""
        rows = await info.context.loaders.customization.load_many([product.row.id for product in products])
        return [None if row is None else Customization(row=row) for row in rows]

    @batch_field(description="What it says of itself.")
    @staticmethod
    async def attributes(products: "Sequence[Product]", info: Info, codes: Codes = None) -> list[list[AttributeValue]]:
        """What the caller may see."""
        return await attribute_values(info, [product.row.draft.attributes for product in products], codes)

    @strawberry.field(description="Pictures, videos and 3D models, in the order they are shown.")
    def media(
        self,
        kind: Annotated[MediaKind | None, strawberry.argument(description="Only of this kind.")] = None,
        role: Annotated[MediaRole | None, strawberry.argument(description="Only of this role.")] = None,
    ) -> list[Media]:
        """At most 100."""
        chosen = [one for one in self.row.draft.media if kind in (None, one.kind) and role in (None, one.role)]
        return [Media(row=one) for one in chosen]

    @strawberry.field(description="What else its shopper may want, in the order it was given.")
    def related(self, kind: OfKind = None) -> list[RelatedProduct]:
        """At most 100."""
        chosen = [one for one in self.row.draft.related if kind in (None, one.kind)]
        return [RelatedProduct(kind=one.kind, id=one.product_id) for one in chosen]

    @strawberry.field(description="Who is offered it; null unless the caller is staff (scope catalog:read).")
    def offer(self, info: Info) -> Offer | None:
        """For staff."""
        return Offer.of(self.row.draft.offer) if info.context.sees_all else None

    @strawberry.field(description="When it was made.")
    def created_at(self) -> datetime | None:
        """UTC."""
        return self.row.created_at

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
        """By id or by slug, one query a key for all."""
        loaders = info.context.loaders
        needed = parts.of_product(wanted(info, on="Product"))
        by_id, by_slug = loaders.product_by_id.of(needed), loaders.product_by_slug.of(needed)
        rows = await gather(
            *(
                by_id.load(one["id"]) if one.get("id") is not None else by_slug.load(one["slug"])
                for one in representations
            )
        )
        return [product_of(row) for row in rows]


def product_of(row: model.Product | None) -> Product | None:
    """The product as the graph shows it."""
    return None if row is None else Product(row=row)


def variant_with(row: model.Product, barcode: str) -> Variant | None:
    """The product's variant with this barcode, however it is written."""
    for variant in row.draft.variants:
        if searched(barcode) in (gtin_14(value) for value in variant.barcodes):
            return Variant(row=variant, owner=row)
    return None


def variant_of(row: model.Product, sku: str | None = None, id: str | None = None) -> Variant | None:
    """The product's variant with this SKU, or with this id."""
    for variant in row.draft.variants:
        if variant.sku == sku or (sku is None and variant.id == id):
            return Variant(row=variant, owner=row)
    return None
