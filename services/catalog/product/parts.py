"""Which stored parts of a product the fields a client asked for are made of."""

from collections.abc import Mapping
from typing import Final

from kit.graphql.execution import Wanted
from kit.pages import DEFAULT_PAGE, MAX_PAGE
from services.catalog.product.model import MAX_VARIANTS
from services.catalog.product.store import Parts, first_variants

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
    "price": frozenset({"category_path", "variants.prices"}),
}
"""A variant's name may be its product's, its options have the order of its product's; promotions mean categories."""
KEY: Final = frozenset({"variants.sku"})
ID: Final = frozenset({"variants.id"})
ALL: Final = frozenset({first_variants(MAX_VARIANTS)})
BARCODE: Final = frozenset({"variants.barcodes"})


def of_product(wanted: Wanted) -> Parts:
    """For a product of which these fields are wanted."""
    parts = _of(PRODUCT, wanted)
    if "variants" in wanted:
        page = wanted["variants"]
        parts |= _listed(page.at("nodes")) | _listed(page.at("edges", "node")) | {first_variants(_most(page))}
    return parts


def of_variant(wanted: Wanted) -> Parts:
    """For a variant; it is found again among all of its product by what `KEY`, `BARCODE` or `ID` says."""
    owner = of_product(wanted["product"]) if "product" in wanted else frozenset()
    return KEY | _of(VARIANT, wanted) | owner | ALL


def _listed(wanted: Wanted) -> Parts:
    """For a variant on its product's page; only who goes back to the product may see others."""
    return of_variant(wanted) if "product" in wanted else KEY | _of(VARIANT, wanted)


def _most(page: Wanted) -> int:
    """How many variants a page of them reads: one more than it shows, to know whether there are more."""
    first = page.most("first", DEFAULT_PAGE)
    is_known = first is not None and 0 < first <= MAX_PAGE and not page.gives("after") and "totalCount" not in page
    return first + 1 if is_known and first is not None else MAX_VARIANTS


def _of(table: Mapping[str, Parts], wanted: Wanted) -> Parts:
    return frozenset().union(*(table[name] for name in wanted if name in table))
