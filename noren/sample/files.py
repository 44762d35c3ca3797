"""Reads the sample data into typed rows, in the order that loads in one pass.

Channels, categories, products, variants, locations, stock, customers, orders: each refers only to what came
before it. Needs the extra `files` (polars). Refuses to build or change the data (see `noren.sample.build`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noren.sample.rows import (
    AddressRow,
    CategoryRow,
    ChannelRow,
    CustomerRow,
    LocationRow,
    OptionRow,
    OrderLineRow,
    OrderRow,
    PriceRow,
    ProductRow,
    StockRow,
    VariantRow,
)

if TYPE_CHECKING:
    import polars as pl

DATA = Path(__file__).parent / "data"
MANIFEST = "manifest.json"
NAME_LOCALES = ("en", "es", "fr")
BASIS_POINTS = Decimal(10_000)


class MissingExtra(ImportError):
    """The optional packages a feature needs are not installed."""

    def __init__(self, extra: str) -> None:
        super().__init__(f"the sample data needs the extra '{extra}': pip install 'noren[{extra}]'")
        self.extra = extra


@dataclass(frozen=True, slots=True)
class Sample:
    """The whole sample, or a slice of it in which every reference still resolves."""

    channels: tuple[ChannelRow, ...]
    categories: tuple[CategoryRow, ...]
    products: tuple[ProductRow, ...]
    variants: tuple[VariantRow, ...]
    locations: tuple[LocationRow, ...]
    stock: tuple[StockRow, ...]
    customers: tuple[CustomerRow, ...]
    orders: tuple[OrderRow, ...]


def load_sample() -> Sample:
    """Everything, in about half a second."""
    return Sample(
        channels=tuple(read_channels()),
        categories=tuple(read_categories()),
        products=tuple(read_products()),
        variants=tuple(read_variants()),
        locations=tuple(read_locations()),
        stock=tuple(read_stock()),
        customers=tuple(read_customers()),
        orders=tuple(read_orders()),
    )


def sample_slice(*, products: int = 20, customers: int = 50, orders: int = 100) -> Sample:
    """At most this many of each, in about half a second; every reference resolves inside the slice.

    The first customers, their orders as long as the products of these fit, and products in file order for
    what room remains. Channels, categories and locations come whole.
    """
    slug_of = {variant.sku: variant.product_slug for variant in read_variants()}
    members = tuple(islice(read_customers(), customers))
    known = {member.external_id for member in members}
    slugs: set[str] = set()
    taken: list[OrderRow] = []
    for order in read_orders():
        if len(taken) == orders:
            break
        wanted = slugs | {slug_of[line.sku] for line in order.lines}
        if order.customer in known and len(wanted) <= products:
            slugs = wanted
            taken.append(order)
    spare = (product.slug for product in read_products() if product.slug not in slugs)
    slugs |= set(islice(spare, products - len(slugs)))
    return Sample(
        channels=tuple(read_channels()),
        categories=tuple(read_categories()),
        products=tuple(p for p in read_products() if p.slug in slugs),
        variants=tuple(v for v in read_variants() if v.product_slug in slugs),
        locations=tuple(read_locations()),
        stock=tuple(s for s in read_stock() if slug_of[s.sku] in slugs),
        customers=members,
        orders=tuple(taken),
    )


def read_manifest() -> dict[str, Any]:
    """Rows, bytes and SHA-256 of each file, and the totals the build counted."""
    manifest: dict[str, Any] = json.loads((DATA / MANIFEST).read_text(encoding="utf-8"))
    return manifest


def read_channels() -> Iterator[ChannelRow]:
    """Nine: four for Japan, five for export."""
    for row in _rows("channels"):
        yield ChannelRow(
            code=row["code"],
            name=row["name"],
            kind=row["kind"],
            currency=row["currency"],
            tax_rate=_rate(row["tax_rate_bp"]),
            countries=tuple(row["countries"]),
        )


def read_categories() -> Iterator[CategoryRow]:
    """Roots first, then their children."""
    for row in _rows("categories"):
        yield CategoryRow(row["slug"], row["parent_slug"], _names(row), row["external_id"])


def read_products() -> Iterator[ProductRow]:
    """Models with their options and descriptions, then components."""
    descriptions: dict[str, dict[str, str]] = {}
    for row in _rows("descriptions"):
        descriptions.setdefault(row["product_slug"], {})[row["locale"]] = row["text"]
    variants: dict[str, list[dict[str, Any]]] = {}
    for row in _rows("variants"):
        variants.setdefault(row["product_slug"], []).append(row)
    for row in _rows("products"):
        slug = row["slug"]
        yield ProductRow(
            slug=slug,
            names=_names(row),
            descriptions=descriptions.get(slug, {}),
            category_slugs=(row["category_slug"],) if row["category_slug"] else (),
            options=tuple(_options(variants[slug])),
            skus=tuple(variant["sku"] for variant in variants[slug]),
            external_id=row["external_id"],
        )


def read_variants() -> Iterator[VariantRow]:
    """Every SKU with its prices, product by product."""
    prices: dict[str, list[PriceRow]] = {}
    for row in _rows("prices"):
        price = PriceRow(row["currency"], row["gross_minor_units"], _rate(row["tax_rate_bp"]))
        prices.setdefault(row["sku"], []).append(price)
    for row in _rows("variants"):
        yield VariantRow(
            sku=row["sku"],
            product_slug=row["product_slug"],
            names=_names(row),
            color=row["color"],
            size=row["size"],
            prices=tuple(prices.get(row["sku"], ())),
            finished_good=row["finished_good"],
            discontinued=row["discontinued"],
            weight_grams=row["weight_grams"],
            safety_stock_units=row["safety_stock_units"],
            reorder_point_units=row["reorder_point_units"],
            external_id=row["external_id"],
        )


def read_locations() -> Iterator[LocationRow]:
    """Warehouses, then shops: those nearest to Tokyo station first."""
    for row in _rows("locations"):
        yield LocationRow(**row)


def read_stock() -> Iterator[StockRow]:
    """Units on hand, SKU by SKU."""
    for row in _rows("stock"):
        yield StockRow(**row)


def read_customers() -> Iterator[CustomerRow]:
    """By external id."""
    for row in _rows("customers"):
        address = AddressRow(
            line1=row.pop("line1"),
            line2=row.pop("line2"),
            city=row.pop("city"),
            region=row.pop("region"),
            postal_code=row.pop("postal_code"),
            country=row.pop("country"),
        )
        yield CustomerRow(address=address, **row)


def read_orders() -> Iterator[OrderRow]:
    """Oldest first, each with its lines."""
    lines = _order_lines()
    for row in _rows("orders"):
        yield OrderRow(
            number=row["number"],
            channel=row["channel"],
            customer=row["customer"],
            placed_at=_midnight(row["placed_on"]),
            shipped_at=_midnight(row["shipped_on"]),
            currency=row["currency"],
            placed_currency=row["placed_currency"],
            placed_currency_usd=Decimal(row["placed_currency_usd"]),
            net_minor_units=row["net_minor_units"],
            tax_minor_units=row["tax_minor_units"],
            freight_minor_units=row["freight_minor_units"],
            total_minor_units=row["total_minor_units"],
            lines=tuple(islice(lines, row["line_count"])),
        )


def _order_lines() -> Iterator[OrderLineRow]:
    """The lines of all orders, in the order of the orders."""
    for row in _rows("order_lines"):
        yield OrderLineRow(**row)


def _rows(name: str) -> Iterator[dict[str, Any]]:
    return _frame(name).iter_rows(named=True)


def _frame(name: str) -> "pl.DataFrame":
    try:
        import polars as pl
    except ImportError as missing:
        raise MissingExtra("files") from missing
    return pl.read_parquet(DATA / f"{name}.parquet")


def _names(row: dict[str, Any]) -> dict[str, str]:
    return {locale: row[f"name_{locale}"] for locale in NAME_LOCALES if row[f"name_{locale}"] is not None}


def _options(variants: list[dict[str, Any]]) -> Iterator[OptionRow]:
    for name in ("color", "size"):
        values = tuple(dict.fromkeys(v[name] for v in variants if v[name] is not None))
        if values:
            yield OptionRow(name, values)


def _rate(basis_points: int) -> Decimal:
    return basis_points / BASIS_POINTS


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
