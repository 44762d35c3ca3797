"""Which stored parts of a product the fields a client asked for are made of."""

from collections.abc import Mapping
from typing import Final

from kit.graphql.execution import Wanted
from services.catalog.product.store import Parts

PRODUCT: Final[Mapping[str, Parts]] = {
    "name": frozenset({"names"}),
    "nameTranslation": frozenset({"names"}),
    "names": frozenset({"names"}),
    "description": frozenset({"descriptions"}),
    "descriptionTranslation": frozenset({"descriptions"}),
    "descriptions": frozenset({"descriptions"}),
    "tags": frozenset({"tags"}),
    "attributes": frozenset({"attributes"}),
    "media": frozenset({"media"}),
    "related": frozenset({"related"}),
    "createdAt": frozenset({"created_at"}),
    "brand": frozenset({"brand"}),
    "categories": frozenset({"category_ids"}),
    "options": frozenset({"options"}),
    "externalIds": frozenset({"external_ids"}),
}
VARIANT: Final[Mapping[str, Parts]] = {
    "id": frozenset({"variants.id"}),
    "name": frozenset({"names", "variants.names"}),
    "nameTranslation": frozenset({"names", "variants.names"}),
    "barcode": frozenset({"variants.barcodes"}),
    "barcodes": frozenset({"variants.barcodes"}),
    "attributes": frozenset({"variants.attributes"}),
    "components": frozenset({"variants.components"}),
    "media": frozenset({"media"}),
    "options": frozenset({"options", "variants.options"}),
}
"""A variant's name may be its product's, its options have the order of its product's; prices are quote's to read."""
KEY: Final = frozenset({"variants.sku"})
ID: Final = frozenset({"variants.id"})
BARCODE: Final = frozenset({"variants.barcodes"})


def of_product(wanted: Wanted) -> Parts:
    """For a product of which these fields are wanted."""
    parts = _of(PRODUCT, wanted)
    if "variants" in wanted:
        parts |= KEY | of_variant(wanted.at("variants", "nodes")) | of_variant(wanted.at("variants", "edges", "node"))
    return parts


def of_variant(wanted: Wanted) -> Parts:
    """For a variant; it is found again in its product by what `KEY`, `BARCODE` or `ID` says."""
    owner = of_product(wanted["product"]) if "product" in wanted else frozenset()
    return KEY | _of(VARIANT, wanted) | owner


def _of(table: Mapping[str, Parts], wanted: Wanted) -> Parts:
    return frozenset().union(*(table[name] for name in wanted if name in table))
