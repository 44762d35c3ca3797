"""A small shop to test with: drafts that are right until a test changes them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.catalog.model import Channel, PriceEntry
from services.catalog.product.model import Option, ProductDraft, Sku, Variant

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
WEB = Channel("web", "Web", "EUR", 1_900)
TOKYO = Channel("tokyo", "Tokyo", "JPY", 1_000)
GTINS = ("4006381333931", "96385074", "036000291452", "4901234567894", "00012345600012")
"""A German EAN, an EAN-8, a UPC, a JAN and a GTIN-14."""


def variant(sku: str, options: Mapping[str, str] | None = None, **values: Any) -> Variant:
    return Variant(sku=Sku(sku), options=options or {}, **values)


def draft(slug: str = "mug", **values: Any) -> ProductDraft:
    """One variant whose SKU is the slug in capitals, no options, 11.90 EUR everywhere."""
    plain = ProductDraft(
        slug=slug,
        names={"en": slug.capitalize()},
        descriptions={},
        variants=(variant(slug.upper(), prices=(PriceEntry("EUR", 1_190),)),),
    )
    return replace(plain, **values)


COLORS = Option("color", ("Red", "Blue"))
SIZES = Option("size", ("S", "M"))


def plain(draft: ProductDraft) -> ProductDraft:
    """The draft as it was before its variants were given ids."""
    return replace(draft, variants=tuple(replace(one, id=None) for one in draft.variants))


def shirt(*chosen: tuple[str, str], slug: str = "shirt") -> ProductDraft:
    """Variants by color and size."""
    variants = tuple(variant(f"{slug}-{c}-{s}".upper(), {"color": c, "size": s}) for c, s in chosen)
    return draft(slug, options=(COLORS, SIZES), variants=variants)
