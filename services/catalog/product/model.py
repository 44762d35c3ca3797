"""Products, their options and variants, and every reason why one cannot be kept. No I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NewType

from kit.errors import Path, Refusal
from services.catalog.attribute.model import Attribute
from services.catalog.barcode.model import barcode_problem, gtin_14
from services.catalog.bundle.model import Component, check_components
from services.catalog.category.model import CategoryId
from services.catalog.media.model import Media, check_media
from services.catalog.model import (
    MAX_NAME,
    ExternalRef,
    PriceEntry,
    Translations,
    check_external_ids,
    check_names,
    check_prices,
    check_slug,
    check_texts,
    invalid,
)
from services.catalog.offer.model import EVERYWHERE, Offer, check_offer
from services.catalog.related.model import Related, check_related

ProductId = NewType("ProductId", str)
VariantId = NewType("VariantId", str)
Sku = NewType("Sku", str)

MAX_VARIANTS = 250
"""Variants of one product: they live in its document, and no shopper chooses among more."""
MAX_OPTIONS = 5
MAX_CATEGORIES = 20
MAX_SKU = 64
MAX_BARCODES = 10
"""Of one variant: the piece under old and new numbers, or a maker's several."""
MAX_TAGS = 50
MAX_TAG = 60
MAX_OPTION_VALUES = 250
"""As many as there may be variants."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What is bought: one value of every option of its product.

    `id` stays when the SKU changes; a variant that has none yet is given one when it is kept. Barcodes are GTINs as
    they were given. `components`, if there are any, make it a bundle.
    """

    sku: Sku
    options: Mapping[str, str]
    barcodes: tuple[str, ...] = ()
    names: Translations | None = None
    prices: tuple[PriceEntry, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    components: tuple[Component, ...] = ()
    id: VariantId | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """A dimension to choose in, such as color, with its values in the order they are shown."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """A product as somebody describes it, before it has an id."""

    slug: str
    names: Translations
    variants: tuple[Variant, ...]
    descriptions: Translations
    brand: str | None = None
    category_ids: tuple[CategoryId, ...] = ()
    options: tuple[Option, ...] = ()
    external_ids: tuple[ExternalRef, ...] = ()
    tags: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    media: tuple[Media, ...] = ()
    related: tuple[Related, ...] = ()
    offer: Offer = EVERYWHERE

    @property
    def bundles(self) -> dict[str, tuple[Component, ...]]:
        """The variants that are bundles, by SKU, with their components."""
        return {variant.sku: variant.components for variant in self.variants if variant.components}


@dataclass(frozen=True, slots=True)
class Product:
    """A product as it is kept; `created_at` and `category_path` (all it is filed in or below) None: not read."""

    id: ProductId
    draft: ProductDraft
    version: int
    updated_at: datetime
    created_at: datetime | None = None
    category_path: tuple[CategoryId, ...] | None = None


def identified(draft: ProductDraft, before: ProductDraft | None, new_id: Callable[[], str]) -> ProductDraft:
    """The draft with an id on every variant: its own, else that of the same SKU `before`, else a new one."""
    if all(variant.id is not None for variant in draft.variants):
        return draft
    known = {} if before is None else {variant.sku: variant.id for variant in before.variants}
    variants = tuple(
        variant if variant.id is not None else replace(variant, id=known.get(variant.sku) or VariantId(new_id()))
        for variant in draft.variants
    )
    return replace(draft, variants=variants)


def check_product(draft: ProductDraft, at: Path = ("input",)) -> list[Refusal]:
    """Every reason why `draft` cannot be kept, each with its path below `at`."""
    problems: list[Refusal] = [*check_slug(draft.slug, (*at, "slug")), *check_names(draft.names, (*at, "names"))]
    problems += check_texts(draft.descriptions, (*at, "descriptions"))
    if draft.brand is not None and not 1 <= len(draft.brand) <= MAX_NAME:
        problems.append(invalid((*at, "brand"), f"1 to {MAX_NAME} characters", len(draft.brand)))
    if not 1 <= len(draft.variants) <= MAX_VARIANTS:
        problems.append(invalid((*at, "variants"), f"1 to {MAX_VARIANTS} variants", len(draft.variants)))
    if len(draft.category_ids) > MAX_CATEGORIES:
        problems.append(invalid((*at, "categoryIds"), f"at most {MAX_CATEGORIES}", len(draft.category_ids)))
    problems += _check_options(draft.options, (*at, "options"))
    problems += check_external_ids(draft.external_ids, (*at, "externalIds"))
    problems += _check_tags(draft.tags, (*at, "tags"))
    problems += check_media(draft.media, {variant.sku for variant in draft.variants}, (*at, "media"))
    problems += check_related(draft.related, (*at, "related"))
    problems += check_offer(draft.offer, (*at, "offer"))
    problems += _check_variants(draft, at)
    return problems


def is_option_name(name: str) -> bool:
    """Whether an option may have this name: it is a field's name in the database, where dots and dollars have sense."""
    return 1 <= len(name) <= MAX_NAME and name.isprintable() and "." not in name and not name.startswith("$")


def _check_options(options: Sequence[Option], at: Path) -> list[Refusal]:
    if len(options) > MAX_OPTIONS:
        return [invalid(at, f"at most {MAX_OPTIONS} options", len(options))]
    problems: list[Refusal] = []
    names = [option.name for option in options]
    for index, option in enumerate(options):
        here = (*at, str(index))
        if not is_option_name(option.name):
            problems.append(invalid((*here, "name"), "a name without dots that does not begin with $", option.name))
        if names.index(option.name) != index:
            problems.append(invalid((*here, "name"), "a name no other option has", option.name))
        if not 1 <= len(option.values) <= MAX_OPTION_VALUES or len(set(option.values)) != len(option.values):
            expected = f"1 to {MAX_OPTION_VALUES} values, all different"
            problems.append(invalid((*here, "values"), expected, len(option.values)))
        if not all(1 <= len(value) <= MAX_NAME for value in option.values):
            problems.append(invalid((*here, "values"), f"values of 1 to {MAX_NAME} characters", "another length"))
    return problems


def _check_tags(tags: Sequence[str], at: Path) -> list[Refusal]:
    if len(tags) > MAX_TAGS or len(set(tags)) != len(tags):
        return [invalid(at, f"at most {MAX_TAGS}, all different", len(tags))]
    return [
        invalid((*at, str(index)), f"1 to {MAX_TAG} printable characters without blanks around", tag[:MAX_TAG])
        for index, tag in enumerate(tags)
        if not 1 <= len(tag) <= MAX_TAG or not tag.isprintable() or tag != tag.strip()
    ]


def _check_variants(draft: ProductDraft, at: Path) -> list[Refusal]:
    problems: list[Refusal] = []
    choices = {option.name: set(option.values) for option in draft.options}
    seen: set[str] = set()
    barcodes: set[str] = set()
    combinations: set[tuple[tuple[str, str], ...]] = set()
    for index, variant in enumerate(draft.variants):
        here = (*at, "variants", str(index))
        problems += _check_identifiers(variant, here, seen, barcodes)
        if variant.names:
            problems += check_names(variant.names, (*here, "names"))
        chosen = tuple(sorted(variant.options.items()))
        if {name for name, _ in chosen} != set(choices):
            problems.append(invalid((*here, "options"), f"one value for each of {sorted(choices)}", dict(chosen)))
        elif any(value not in choices[name] for name, value in chosen):
            problems.append(invalid((*here, "options"), "values the product's options have", dict(chosen)))
        elif chosen in combinations:
            problems.append(invalid((*here, "options"), "a combination no other variant has", dict(chosen)))
        combinations.add(chosen)
        problems += check_prices(variant.prices, here)
        problems += check_components(variant.sku, variant.components, (*here, "components"))
    return problems


def _check_identifiers(variant: Variant, at: Path, seen: set[str], barcodes: set[str]) -> list[Refusal]:
    problems: list[Refusal] = []
    if not 1 <= len(variant.sku) <= MAX_SKU or not variant.sku.isprintable() or variant.sku != variant.sku.strip():
        problems.append(invalid((*at, "sku"), f"1 to {MAX_SKU} printable characters", variant.sku[:MAX_SKU]))
    if variant.sku in seen:
        problems.append(invalid((*at, "sku"), "a SKU no other variant of this input has", variant.sku))
    seen.add(variant.sku)
    if len(variant.barcodes) > MAX_BARCODES:
        return [*problems, invalid((*at, "barcodes"), f"at most {MAX_BARCODES}", len(variant.barcodes))]
    for index, barcode in enumerate(variant.barcodes):
        here = (*at, "barcodes", str(index))
        if (problem := barcode_problem(barcode)) is not None:
            problems.append(invalid(here, problem, barcode[:MAX_SKU]))
        elif gtin_14(barcode) in barcodes:
            problems.append(invalid(here, "a barcode no other variant of this input has", barcode))
        else:
            barcodes.add(gtin_14(barcode))
    return problems
