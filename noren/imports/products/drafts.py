"""From the rows of a product to what the catalog takes: what the file does not name stays as it is. Pure."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from noren.imports.products.mapping import ProductMapping
from noren.imports.products.rows import Row, option_names
from services.catalog.attribute.model import (
    Attribute,
    AttributeDefinition,
    AttributeLevel,
    AttributeType,
    AttributeValue,
    Reference,
)
from services.catalog.bulk.model import BulkItem
from services.catalog.category.model import CategoryId
from services.catalog.media.model import KNOWN_ENDINGS, MIME_TYPES, Media, MediaKind, MediaRole
from services.catalog.model import ExternalRef, PriceEntry
from services.catalog.offer.model import ProductStatus
from services.catalog.product.model import Option, ProductDraft, Sku, Variant

_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_KINDS = {mime: kind for kind, types in MIME_TYPES.items() for mime in types}


class Unfit(Exception):
    """A cell does not fit what the catalog says of it; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the catalog says: the attributes it defines, and its categories by slug."""

    definitions: Mapping[str, AttributeDefinition]
    categories: Mapping[str, CategoryId]


def slug_of(text: str) -> str:
    """A slug out of any text; of what is not all ASCII, a digest keeps two texts apart."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if text.isascii() and plain:
        return plain
    digest = hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
    return f"{plain}-{digest}" if plain else digest


def category_slugs(row: Row, mapping: ProductMapping) -> list[str]:
    """The slugs of the categories a row names."""
    return [slug_of(one.strip()) for one in row.cells.get("category", "").split(mapping.separator) if one.strip()]


def item_of(group: Sequence[Row], mapping: ProductMapping, facts: Facts) -> BulkItem:
    """The product of these rows, to be matched by its external id or slug; Unfit if a cell has no meaning here."""
    first = group[0]
    slug = first.cells.get("slug") or slug_of(f"{mapping.slug_prefix}{first.key}")
    ref = ExternalRef(mapping.source, first.key) if mapping.match == "external_id" else None
    patch = _Patch(group, mapping, slug, ref, _values(first, mapping, facts, AttributeLevel.PRODUCT), facts)
    variants = [_variant(row, mapping, facts) for row in group]
    return BulkItem(
        draft=lambda before: patch.onto(before, variants),
        at=(f"line {first.line}",),
        matched=True,
        slug=slug,
        external_ids=() if ref is None else (ref,),
    )


@dataclass(frozen=True, slots=True)
class _Patch:
    """What the file says of a product."""

    group: Sequence[Row]
    mapping: ProductMapping
    slug: str
    ref: ExternalRef | None
    attributes: tuple[Attribute, ...]
    facts: Facts

    def onto(self, before: ProductDraft | None, variants: Sequence[Variant]) -> ProductDraft:
        """The product as it is to be."""
        first = self.group[0]
        cells = first.cells
        kept = before or ProductDraft(slug=self.slug, names={}, variants=(), descriptions={})
        names = option_names(self.group, self.mapping)
        merged = _merged_variants(kept.variants, variants)
        return replace(
            kept,
            slug=cells.get("slug", kept.slug),
            names={**kept.names, **first.keyed("name")},
            descriptions={**kept.descriptions, **first.keyed("description")},
            brand=cells.get("brand", kept.brand),
            category_ids=self._categories(kept),
            options=_merged_options(kept.options, names, merged),
            variants=merged,
            external_ids=_with(kept.external_ids, self.ref),
            tags=self._tags(kept),
            attributes=_over(kept.attributes, self.attributes),
            media=_media(kept.media, [row.image for row in self.group if row.image is not None]),
            offer=replace(kept.offer, status=ProductStatus(cells["status"])) if "status" in cells else kept.offer,
        )

    def _categories(self, kept: ProductDraft) -> tuple[CategoryId, ...]:
        slugs = category_slugs(self.group[0], self.mapping)
        return tuple(self.facts.categories[slug] for slug in slugs) if slugs else kept.category_ids

    def _tags(self, kept: ProductDraft) -> tuple[str, ...]:
        given = self.group[0].cells.get("tags")
        return kept.tags if given is None else tuple(one.strip() for one in given.split(self.mapping.separator))


def _variant(row: Row, mapping: ProductMapping, facts: Facts) -> Variant:
    return Variant(
        sku=Sku(row.sku),
        options=row.keyed("option"),
        barcodes=row.barcodes,
        prices=row.prices,
        attributes=_values(row, mapping, facts, AttributeLevel.VARIANT),
    )


def _merged_variants(before: Sequence[Variant], given: Sequence[Variant]) -> tuple[Variant, ...]:
    """Those that were there, changed by what the file says of them, then the new ones."""
    by_sku = {variant.sku: variant for variant in given}
    changed = tuple(_merged(one, by_sku.pop(one.sku)) if one.sku in by_sku else one for one in before)
    return (*changed, *by_sku.values())


def _merged(before: Variant, given: Variant) -> Variant:
    return replace(
        before,
        options={**before.options, **given.options},
        barcodes=(*before.barcodes, *(one for one in given.barcodes if one not in before.barcodes)),
        prices=_prices(before.prices, given.prices),
        attributes=_over(before.attributes, given.attributes),
    )


def _prices(before: Sequence[PriceEntry], given: Sequence[PriceEntry]) -> tuple[PriceEntry, ...]:
    new = {(entry.currency, entry.channel): entry for entry in given}
    changed = tuple(new.pop((entry.currency, entry.channel), entry) for entry in before)
    return (*changed, *new.values())


def _merged_options(before: Sequence[Option], names: Sequence[str], variants: Sequence[Variant]) -> tuple[Option, ...]:
    """The options there were, then the file's, each with every value its variants have, in their order."""
    kept = {option.name: option.values for option in before}
    every = [*kept, *(name for name in names if name not in kept)]
    return tuple(Option(name, tuple(dict.fromkeys((*kept.get(name, ()), *_chosen(name, variants))))) for name in every)


def _chosen(name: str, variants: Sequence[Variant]) -> list[str]:
    return [variant.options[name] for variant in variants if name in variant.options]


def _over(before: Sequence[Attribute], given: Sequence[Attribute]) -> tuple[Attribute, ...]:
    new = {attribute.code: attribute for attribute in given}
    changed = tuple(_same_text(one, new.pop(one.code)) if one.code in new else one for one in before)
    return (*changed, *new.values())


def _same_text(before: Attribute, given: Attribute) -> Attribute:
    """Texts of other languages stay."""
    if isinstance(before.value, dict) and isinstance(given.value, dict):
        return Attribute(given.code, {**before.value, **given.value})
    return given


def _with(before: Sequence[ExternalRef], ref: ExternalRef | None) -> tuple[ExternalRef, ...]:
    if ref is None or any(one.source == ref.source for one in before):
        return tuple(before)
    return (*before, ref)


def _media(before: Sequence[Media], urls: Sequence[str]) -> tuple[Media, ...]:
    there = {one.url for one in before}
    new = [_image(url) for url in dict.fromkeys(urls) if url not in there]
    if new and not any(one.role is MediaRole.MAIN for one in before):
        new[0] = replace(new[0], role=MediaRole.MAIN)
    return (*before, *new)


def _image(url: str) -> Media:
    path = url.split("?")[0].split("#")[0].lower()
    mime = next(mime for end, mime in KNOWN_ENDINGS.items() if path.endswith(end))
    return Media(url=url, kind=MediaKind(_KINDS[mime]), mime_type=mime)


def _values(row: Row, mapping: ProductMapping, facts: Facts, level: AttributeLevel) -> tuple[Attribute, ...]:
    """The cells of attributes of this level, read by their definitions."""
    found: dict[str, AttributeValue] = {}
    for place, column in enumerate(mapping.attributes):
        text = row.cells.get(f"attribute:{place}")
        definition = facts.definitions.get(column.code)
        if definition is None:
            raise Unfit(f"the attribute {column.code} is not defined")
        if text is None or definition.level is not level:
            continue
        value = _value(definition, text, column.locale, mapping.separator)
        if isinstance(value, dict):
            before = found.get(column.code)
            value = {**(before if isinstance(before, dict) else {}), **value}
        found[column.code] = value
    return tuple(Attribute(code, value) for code, value in found.items())


def _value(definition: AttributeDefinition, text: str, locale: str | None, separator: str) -> AttributeValue:
    try:
        match definition.type:
            case AttributeType.NUMBER:
                return Decimal(text)
            case AttributeType.BOOLEAN:
                return _BOOLEANS[text.lower()]
            case AttributeType.DATE:
                return date.fromisoformat(text)
            case AttributeType.ENUM:
                return (_option(definition, text),)
            case AttributeType.MULTI_ENUM:
                return tuple(_option(definition, one.strip()) for one in text.split(separator))
            case AttributeType.REFERENCE:
                return Reference(text)
            case AttributeType.LOCALIZED_TEXT:
                return {locale or "en": text}
            case _:
                return text
    except (ValueError, KeyError, InvalidOperation):
        raise Unfit(f"{definition.code}: {text!r} is no {definition.type}") from None


def _option(definition: AttributeDefinition, text: str) -> str:
    """The code of what the cell names, by code or by name in any language."""
    for option in definition.options:
        if text == option.code or text.casefold() in (name.casefold() for name in option.names.values()):
            return option.code
    raise KeyError(text)
