"""Products, variants, categories, channels and the one function that says what a variant costs. No I/O."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, NewType

from kit.errors import InvalidInput, Path, Refusal
from kit.money import MAX_MINOR_UNITS, Money, net_of

ProductId = NewType("ProductId", str)
CategoryId = NewType("CategoryId", str)
Sku = NewType("Sku", str)

MAX_VARIANTS = 250
"""Variants of one product: they live in its document, and no shopper chooses among more."""
MAX_OPTIONS = 5
MAX_CATEGORIES = 20
MAX_CATEGORY_DEPTH = 10
MAX_TEXT = 10_000
"""Characters of a description."""
MAX_NAME = 300
MAX_SKU = 64
MAX_OPTION_VALUES = 250
"""As many as there may be variants."""
MAX_EXTERNAL_IDS = 20
MAX_EXTERNAL_ID = 200
"""Characters of a source or a value: they live in an index entry."""
MAX_PRICES = 100
"""Prices of one variant: currencies times channels."""
MAX_LOCALES = 100
MAX_TAX_RATE_BP = 10_000
FALLBACK_LOCALE = "en"
LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
"""BCP 47 as far as anybody translates: language, script, region, variant."""
GTIN_LENGTHS = (8, 12, 13, 14)

Translations = Mapping[str, str]
"""Text by locale: {"en": "Road bike", "ja": "ロードバイク"}."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Where things are sold: its currency and the tax inside its prices, in basis points (1000 is 10 %)."""

    id: str
    name: str
    currency: str
    tax_rate_bp: int


@dataclass(frozen=True, slots=True)
class Category:
    """A node of the tree; `path` leads from the root to itself, ids included."""

    id: CategoryId
    slug: str
    names: Translations
    parent_id: CategoryId | None
    path: tuple[CategoryId, ...]
    version: int = 1


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """A tax-inclusive price in minor units; `channel` None holds for every channel without its own."""

    currency: str
    gross_minor: int
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """What is bought: one value of every option of its product."""

    sku: Sku
    options: Mapping[str, str]
    barcode: str | None = None
    names: Translations | None = None
    prices: tuple[PriceEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """A dimension to choose in, such as color, with its values in the order they are shown."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExternalRef:
    """What an object is called elsewhere; unique a source."""

    source: str
    value: str


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


@dataclass(frozen=True, slots=True)
class Product:
    """A product as it is kept."""

    id: ProductId
    draft: ProductDraft
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Price:
    """What one piece costs on a channel, tax included; `tax_rate_bp` in basis points."""

    gross: Money
    net: Money
    tax_rate_bp: int
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken(Refusal):
    """A slug, SKU, barcode or external id belongs to another product or category."""

    value: str
    code: ClassVar[str] = "TAKEN"

    @property
    def message(self) -> str:
        """Which value."""
        return f"{'.'.join(self.path)}: {self.value!r} is taken"


def price_of(variant: Variant, channel: Channel, currency: str | None = None) -> Price | None:
    """What `variant` costs on `channel`, in its currency or the one asked for; None if it has no such price.

    The channel's own price goes before the one for all channels. The tax rate is the channel's.
    """
    wanted = currency or channel.currency
    general: PriceEntry | None = None
    for entry in variant.prices:
        if entry.currency == wanted and entry.channel == channel.id:
            return _price(entry, channel)
        if entry.currency == wanted and entry.channel is None:
            general = entry
    return None if general is None else _price(general, channel)


def _price(entry: PriceEntry, channel: Channel) -> Price:
    net_minor = net_of(entry.gross_minor, channel.tax_rate_bp)
    return Price(
        gross=Money(entry.gross_minor, entry.currency),
        net=Money(net_minor, entry.currency),
        tax_rate_bp=channel.tax_rate_bp,
        channel=channel.id,
    )


def translated(texts: Translations, locale: str | None) -> str | None:
    """The text in `locale`, else in its language, else in English, else in whatever there is first."""
    if not texts:
        return None
    wanted = locale or FALLBACK_LOCALE
    for candidate in (wanted, wanted.split("-")[0], FALLBACK_LOCALE):
        if candidate in texts:
            return texts[candidate]
    return next(iter(texts.values()))


def barcode_problem(barcode: str) -> str | None:
    """What is wrong with a GTIN (JAN, EAN, UPC), None if nothing: length and check digit by GS1's weights 3 and 1."""
    if not (barcode.isascii() and barcode.isdigit()) or len(barcode) not in GTIN_LENGTHS:
        return "a GTIN of 8, 12, 13 or 14 digits"
    digits = [int(digit) for digit in reversed(barcode)]
    total = sum(digit * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return None if total % 10 == 0 else f"check digit {(digits[0] - total) % 10}"


def check_product(draft: ProductDraft, at: Path = ("input",)) -> list[Refusal]:
    """Every reason why `draft` cannot be kept, each with its path below `at`."""
    problems: list[Refusal] = [*_check_slug(draft.slug, at), *check_names(draft.names, (*at, "names"))]
    problems += _check_descriptions(draft.descriptions, (*at, "descriptions"))
    if draft.brand is not None and not 1 <= len(draft.brand) <= MAX_NAME:
        problems.append(_invalid((*at, "brand"), f"1 to {MAX_NAME} characters", len(draft.brand)))
    if not 1 <= len(draft.variants) <= MAX_VARIANTS:
        problems.append(_invalid((*at, "variants"), f"1 to {MAX_VARIANTS} variants", len(draft.variants)))
    if len(draft.category_ids) > MAX_CATEGORIES:
        problems.append(_invalid((*at, "categoryIds"), f"at most {MAX_CATEGORIES}", len(draft.category_ids)))
    problems += _check_options(draft.options, (*at, "options"))
    problems += _check_external_ids(draft.external_ids, (*at, "externalIds"))
    problems += _check_variants(draft, at)
    return problems


def check_names(names: Translations, at: Path) -> list[Refusal]:
    """At least one name, none empty or longer than a line of any screen."""
    if not 1 <= len(names) <= MAX_LOCALES:
        return [_invalid(at, f"1 to {MAX_LOCALES} locales", len(names))]
    return _check_locales(names, at) + [
        _invalid((*at, locale), f"1 to {MAX_NAME} characters", len(name))
        for locale, name in names.items()
        if not 1 <= len(name.strip()) <= MAX_NAME
    ]


def check_price(entry: PriceEntry, at: Path) -> list[Refusal]:
    """A price is at least nothing and at most what the graph can carry."""
    if 0 <= entry.gross_minor <= MAX_MINOR_UNITS:
        return []
    return [_invalid(at, f"0 to {MAX_MINOR_UNITS} minor units", entry.gross_minor)]


def check_channel(channel: Channel, at: Path = ("input",)) -> list[Refusal]:
    """A channel's id is a slug and its tax rate a share."""
    problems = _check_slug(channel.id, (*at, "id"), named=False)
    if not 0 <= channel.tax_rate_bp <= MAX_TAX_RATE_BP:
        problems.append(_invalid((*at, "taxRate"), "0 to 1", channel.tax_rate_bp / 10_000))
    return problems


def check_category(slug: str, names: Translations, parent: Category | None) -> list[Refusal]:
    """A category has a slug, a name, and not too many above it."""
    problems = [*_check_slug(slug, ("input",)), *check_names(names, ("input", "names"))]
    if parent is not None and len(parent.path) >= MAX_CATEGORY_DEPTH:
        problems.append(_invalid(("input", "parentId"), f"at most {MAX_CATEGORY_DEPTH} levels", len(parent.path) + 1))
    return problems


def _check_slug(slug: str, at: Path, *, named: bool = True) -> list[Refusal]:
    parts = slug.split("-")
    if slug.isascii() and slug == slug.lower() and all(part.isalnum() for part in parts) and len(slug) <= MAX_NAME:
        return []
    path = (*at, "slug") if named else at
    return [_invalid(path, "lower-case letters, digits and single hyphens", slug[:MAX_NAME])]


def _check_locales(texts: Translations, at: Path) -> list[Refusal]:
    return [
        _invalid(at, "locales such as en, ja or pt-BR", repr(locale[:40]))
        for locale in texts
        if not LOCALE.fullmatch(locale)
    ]


def _check_descriptions(texts: Translations, at: Path) -> list[Refusal]:
    if len(texts) > MAX_LOCALES:
        return [_invalid(at, f"at most {MAX_LOCALES} locales", len(texts))]
    return _check_locales(texts, at) + [
        _invalid((*at, locale), f"at most {MAX_TEXT} characters", len(text))
        for locale, text in texts.items()
        if len(text) > MAX_TEXT
    ]


def is_option_name(name: str) -> bool:
    """Whether an option may have this name: it is a field's name in the database, where dots and dollars have sense."""
    return 1 <= len(name) <= MAX_NAME and name.isprintable() and "." not in name and not name.startswith("$")


def _check_options(options: Sequence[Option], at: Path) -> list[Refusal]:
    if len(options) > MAX_OPTIONS:
        return [_invalid(at, f"at most {MAX_OPTIONS} options", len(options))]
    problems: list[Refusal] = []
    names = [option.name for option in options]
    for index, option in enumerate(options):
        here = (*at, str(index))
        if not is_option_name(option.name):
            problems.append(_invalid((*here, "name"), "a name without dots that does not begin with $", option.name))
        if names.index(option.name) != index:
            problems.append(_invalid((*here, "name"), "a name no other option has", option.name))
        if not 1 <= len(option.values) <= MAX_OPTION_VALUES or len(set(option.values)) != len(option.values):
            expected = f"1 to {MAX_OPTION_VALUES} values, all different"
            problems.append(_invalid((*here, "values"), expected, len(option.values)))
        if not all(1 <= len(value) <= MAX_NAME for value in option.values):
            problems.append(_invalid((*here, "values"), f"values of 1 to {MAX_NAME} characters", "another length"))
    return problems


def _check_external_ids(refs: Sequence[ExternalRef], at: Path) -> list[Refusal]:
    if len(refs) > MAX_EXTERNAL_IDS:
        return [_invalid(at, f"at most {MAX_EXTERNAL_IDS}", len(refs))]
    problems: list[Refusal] = []
    sources = [ref.source for ref in refs]
    for index, ref in enumerate(refs):
        here = (*at, str(index))
        if not all(1 <= len(text) <= MAX_EXTERNAL_ID for text in (ref.source, ref.value)):
            problems.append(_invalid(here, f"source and value of 1 to {MAX_EXTERNAL_ID} characters", "another length"))
        if sources.index(ref.source) != index:
            problems.append(_invalid((*here, "source"), "one id a source", ref.source))
    return problems


def _check_variants(draft: ProductDraft, at: Path) -> list[Refusal]:
    problems: list[Refusal] = []
    choices = {option.name: set(option.values) for option in draft.options}
    seen: set[str] = set()
    barcodes: set[str | None] = set()
    combinations: set[tuple[tuple[str, str], ...]] = set()
    for index, variant in enumerate(draft.variants):
        here = (*at, "variants", str(index))
        problems += _check_identifiers(variant, here, seen, barcodes)
        if variant.names:
            problems += check_names(variant.names, (*here, "names"))
        chosen = tuple(sorted(variant.options.items()))
        if {name for name, _ in chosen} != set(choices):
            problems.append(_invalid((*here, "options"), f"one value for each of {sorted(choices)}", dict(chosen)))
        elif any(value not in choices[name] for name, value in chosen):
            problems.append(_invalid((*here, "options"), "values the product's options have", dict(chosen)))
        elif chosen in combinations:
            problems.append(_invalid((*here, "options"), "a combination no other variant has", dict(chosen)))
        combinations.add(chosen)
        problems += _check_prices(variant.prices, here)
    return problems


def _check_identifiers(variant: Variant, at: Path, seen: set[str], barcodes: set[str | None]) -> list[Refusal]:
    problems: list[Refusal] = []
    if not 1 <= len(variant.sku) <= MAX_SKU or not variant.sku.isprintable() or variant.sku != variant.sku.strip():
        problems.append(_invalid((*at, "sku"), f"1 to {MAX_SKU} printable characters", variant.sku[:MAX_SKU]))
    if variant.sku in seen:
        problems.append(_invalid((*at, "sku"), "a SKU no other variant of this input has", variant.sku))
    seen.add(variant.sku)
    if variant.barcode is not None and (problem := barcode_problem(variant.barcode)) is not None:
        problems.append(_invalid((*at, "barcode"), problem, variant.barcode))
    if variant.barcode in barcodes:
        problems.append(_invalid((*at, "barcode"), "a barcode no other variant of this input has", variant.barcode))
    barcodes |= {variant.barcode} - {None}
    return problems


def _check_prices(prices: Sequence[PriceEntry], at: Path) -> list[Refusal]:
    problems: list[Refusal] = []
    if len(prices) > MAX_PRICES:
        problems.append(_invalid((*at, "prices"), f"at most {MAX_PRICES} prices", len(prices)))
    keys = [(entry.currency, entry.channel) for entry in prices]
    for index, entry in enumerate(prices):
        here = (*at, "prices", str(index))
        problems += check_price(entry, (*here, "amount"))
        if keys.index(keys[index]) != index:
            problems.append(_invalid(here, "one price a currency and channel", keys[index]))
    return problems


def _invalid(path: Path, expected: str, got: object) -> InvalidInput:
    return InvalidInput(path=path, expected=expected, got=str(got))
