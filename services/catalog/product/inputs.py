"""Inputs of products, each read once into the model."""

from decimal import Decimal
from enum import Enum

import strawberry

from kit.errors import BadUserInput
from kit.graphql.scalars import CurrencyCode
from kit.graphql.types import ExternalIdInput
from kit.pages import Sort
from services.catalog.attribute.inputs import AttributeValueInput, attributes_of
from services.catalog.bundle.model import Component
from services.catalog.category.model import CategoryId
from services.catalog.inputs import PriceInput, TranslationInput, needed_version, translations
from services.catalog.media.types import MediaInput
from services.catalog.model import ExternalRef
from services.catalog.offer.types import OfferInput
from services.catalog.product import model
from services.catalog.product.actions import PriceEdit, ProductEdit
from services.catalog.product.store import BY_NAME, BY_UPDATE, ProductFilter
from services.catalog.related.model import Related
from services.catalog.related.types import RelatedInput


@strawberry.enum(description="The order of a listing: by name, A first, or last edited first.")
class ProductSort(Enum):
    """Each has an index of its own."""

    NAME = "name"
    NEWEST = "newest"

    def to_sort(self) -> Sort:
        """For the store."""
        return BY_NAME if self is ProductSort.NAME else BY_UPDATE


@strawberry.input(description="Values of one option; any of them will do.")
class OptionFilter:
    """A narrowing by option."""

    name: str = strawberry.field(description="Such as color.")
    values: list[str] = strawberry.field(description="Such as [Red, Blue].")


@strawberry.input(description="Narrows a listing; every part that is given must hold.")
class ProductFilterInput:
    """See `store.ProductFilter`."""

    category: str | None = strawberry.field(default=None, description="In the category of this slug or below it.")
    brand: str | None = strawberry.field(default=None, description="Of this brand.")
    options: list[OptionFilter] | None = strawberry.field(
        default=None, description="With a variant that has these option values."
    )

    def to_filter(self, category: CategoryId | None) -> ProductFilter:
        """For the store; `category` is the id of the slug, None if no category has it."""
        for option in self.options or []:
            if not model.is_option_name(option.name):
                raise BadUserInput(f"filter.options: {option.name!r} is not an option's name")
        options = {option.name: option.values for option in self.options or []}
        in_category = None if self.category is None else [id for id in (category,) if id is not None]
        return ProductFilter(category_ids=in_category, brand=self.brand, options=options or None)


@strawberry.input(description="A dimension to choose in.")
class OptionInput:
    """See `model.Option`."""

    name: str = strawberry.field(description="Such as color.")
    values: list[str] = strawberry.field(description="In the order they are shown.")


@strawberry.input(description="The value a variant has in one option.")
class SelectedOptionInput:
    """One pair of `model.Variant.options`."""

    name: str = strawberry.field(description="Such as color.")
    value: str = strawberry.field(description="Such as Red.")


@strawberry.input(description="So many pieces of a variant in one bundle.")
class ComponentInput:
    """See `bundle.model.Component`."""

    sku: strawberry.ID = strawberry.field(description="A variant that is no bundle itself.")
    quantity: int = strawberry.field(description="Pieces in one bundle.")


@strawberry.input(description="What is bought.")
class VariantInput:
    """See `model.Variant`."""

    sku: strawberry.ID = strawberry.field(description="Stock keeping unit, unique.")
    id: strawberry.ID | None = strawberry.field(
        default=None, description="Of a variant that is there, to give it another SKU."
    )
    barcodes: list[str] = strawberry.field(
        default_factory=list, description="GTINs with their check digits: JAN, EAN, UPC, ITF; at most 10."
    )
    options: list[SelectedOptionInput] = strawberry.field(
        default_factory=list, description="One value for every option of the product."
    )
    names: list[TranslationInput] | None = strawberry.field(
        default=None, description="Only if it has a name of its own."
    )
    prices: list[PriceInput] = strawberry.field(default_factory=list, description="One a currency and channel.")
    attributes: list[AttributeValueInput] = strawberry.field(
        default_factory=list, description="Of definitions whose level is VARIANT."
    )
    components: list[ComponentInput] = strawberry.field(
        default_factory=list, description="What a bundle is made of; none: it is no bundle."
    )

    def to_model(self, *path: str) -> model.Variant:
        """For the model."""
        return model.Variant(
            sku=model.Sku(self.sku),
            options={option.name: option.value for option in self.options},
            barcodes=tuple(self.barcodes),
            names=translations(self.names) if self.names else None,
            prices=tuple(price.to_entry(*path, "prices", str(index)) for index, price in enumerate(self.prices)),
            attributes=attributes_of(self.attributes, *path, "attributes"),
            components=tuple(Component(one.sku, one.quantity) for one in self.components),
            id=None if self.id is None else model.VariantId(self.id),
        )


@strawberry.input(description="A product, whole: what is left out is empty afterwards.")
class ProductUpsertInput:
    """See `model.ProductDraft`."""

    slug: str = strawberry.field(description="Unique: lower-case letters, digits, single hyphens.")
    names: list[TranslationInput] = strawberry.field(description="At least one; the first is the one sorted by.")
    variants: list[VariantInput] = strawberry.field(description="1 to 250.")
    id: strawberry.ID | None = strawberry.field(default=None, description="To replace a product.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that is replaced; needed with `id`."
    )
    descriptions: list[TranslationInput] = strawberry.field(default_factory=list, description="By language.")
    brand: str | None = strawberry.field(default=None, description="Who makes it.")
    category_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Where it is filed, at most 20."
    )
    options: list[OptionInput] = strawberry.field(
        default_factory=list, description="What its variants differ in, at most 5."
    )
    external_ids: list[ExternalIdInput] = strawberry.field(
        default_factory=list, description="What it is called elsewhere."
    )
    tags: list[str] = strawberry.field(default_factory=list, description="Words for collections and searches.")
    attributes: list[AttributeValueInput] = strawberry.field(
        default_factory=list, description="Of definitions whose level is PRODUCT."
    )
    media: list[MediaInput] = strawberry.field(default_factory=list, description="In the order they are shown.")
    related: list[RelatedInput] = strawberry.field(
        default_factory=list, description="What else its shopper may want, in the order it is shown."
    )
    offer: OfferInput = strawberry.field(
        default_factory=OfferInput, description="Who is offered it; left out: everybody, everywhere, at once."
    )

    def to_draft(self, *path: str) -> model.ProductDraft:
        """For the model; `path` is where it stands in the input."""
        return model.ProductDraft(
            slug=self.slug,
            names=translations(self.names),
            descriptions=translations(self.descriptions),
            brand=self.brand,
            category_ids=tuple(CategoryId(id) for id in self.category_ids),
            options=tuple(model.Option(option.name, tuple(option.values)) for option in self.options),
            variants=tuple(
                variant.to_model(*path, "variants", str(index)) for index, variant in enumerate(self.variants)
            ),
            external_ids=tuple(ExternalRef(ref.source, ref.value) for ref in self.external_ids),
            tags=tuple(self.tags),
            attributes=attributes_of(self.attributes, *path, "attributes"),
            media=tuple(one.to_model() for one in self.media),
            related=tuple(Related(one.kind, one.product_id) for one in self.related),
            offer=self.offer.to_model(),
        )

    def to_edit(self, *path: str) -> ProductEdit | None:
        """Which product is replaced, None for a new one; `path` is where it stands in the input."""
        return None if self.id is None else ProductEdit(self.id, needed_version(self.expected_version, *path))


@strawberry.input(description="One price of one variant.")
class VariantPriceSetInput:
    """See `actions.PriceEdit`."""

    sku: strawberry.ID = strawberry.field(description="Whose price.")
    amount: Decimal = strawberry.field(description="Tax included, with no more decimals than the currency has.")
    currency: CurrencyCode = strawberry.field(description="ISO 4217.")
    expected_version: int = strawberry.field(description="The product's version that was read.")
    channel: str | None = strawberry.field(default=None, description="Only on this channel; else on all.")

    def to_edit(self) -> PriceEdit:
        """For the action."""
        entry = PriceInput(amount=self.amount, currency=self.currency, channel=self.channel).to_entry("input")
        return PriceEdit(self.sku, entry, self.expected_version)
