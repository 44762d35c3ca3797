"""Categories, products, variants, descriptions and prices from the AdventureWorks product tables.

A product is a model; what has no model (components) is a product of its own. The source keeps a row a version
of each SKU: the version with the highest key is the current one, and one without an open version is
discontinued.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import polars as pl

from noren.sample.derive.channels import tax_bp_of_currency
from noren.sample.derive.texts import LOCALES, clean, shared_name, slug

BASIS_POINTS = Decimal(10_000)
# Smallest step of a shelf price: Japanese price tags of this height end in 0; the others keep their cent.
PRICE_STEP = {"JPY": Decimal(10)}
CENT = Decimal("0.01")
GRAMS = {"G": Decimal(1), "LB": Decimal("453.59237")}
SIZE_ORDER = {"S": 0, "M": 1, "L": 2, "XL": 3}
# Colour words as the variant names of the three languages write them, to cut them off a product's name.
COLORS = frozenset(
    [
        "amarilla",
        "amarillo",
        "argent",
        "azul",
        "azules",
        "blanc",
        "blancs",
        "bleu",
        "jaune",
        "negra",
        "negro",
        "noir",
        "noirs",
        "plateada",
        "plateado",
        "red",
        "roja",
        "rojo",
        "rouge",
    ]
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Catalog:
    """The tables of the catalogue."""

    categories: pl.DataFrame
    products: pl.DataFrame
    variants: pl.DataFrame
    descriptions: pl.DataFrame
    prices: pl.DataFrame


def catalog(source: Path) -> Catalog:
    """All catalogue tables from the AdventureWorks directory."""
    versions = pl.read_parquet(source / "DimProduct.parquet").sort("ProductKey")
    current = versions.group_by("ProductAlternateKey", maintain_order=True).last().rows(named=True)
    slugs = _product_slugs(current)
    categories = _categories(source)
    variants = sorted(
        (_variant(row, slugs[_model(row)]) for row in current),
        key=lambda v: (not v["finished_good"], v["product_slug"], v["color"] or "", _size_rank(v["size"])),
    )
    return Catalog(
        categories=categories.drop("key"),
        products=_products(current, variants, slugs, categories),
        variants=pl.DataFrame(variants, infer_schema_length=None),
        descriptions=_descriptions(source, versions, slugs),
        prices=_prices(source, current, [v["sku"] for v in variants]),
    )


def usd_rates(source: Path) -> dict[str, Decimal]:
    """Currency to USD for one unit of it, at the end of the last day the source knows."""
    rates = _currency_rates(source)
    last = rates.filter(pl.col("Date") == pl.col("Date").max())
    return {row["currency"]: Decimal(str(row["EndOfDayRate"])) for row in last.rows(named=True)}


def _currency_rates(source: Path) -> pl.DataFrame:
    names = pl.read_parquet(source / "DimCurrency.parquet")
    rates = pl.read_parquet(source / "FactCurrencyRate.parquet").join(names, on="CurrencyKey")
    return rates.rename({"CurrencyAlternateKey": "currency"}).sort("Date", "currency")


def _model(row: Row) -> str:
    """The model name, or the SKU where there is none: what identifies a product."""
    return str(row["ModelName"] or row["ProductAlternateKey"])


def _product_slugs(current: list[Row]) -> dict[str, str]:
    slugs: dict[str, str] = {}
    for row in sorted(current, key=lambda r: (r["ModelName"] is None, _model(r))):
        name = row["ModelName"] or row["EnglishProductName"]
        if _model(row) not in slugs:
            taken = slug(name) in slugs.values()
            slugs[_model(row)] = slug(f"{name} {_model(row)}" if taken else name)
    return slugs


def _categories(source: Path) -> pl.DataFrame:
    """Roots, then children; `key` is the source's subcategory key."""
    roots = pl.read_parquet(source / "DimProductCategory.parquet").sort("ProductCategoryKey")
    children = pl.read_parquet(source / "DimProductSubcategory.parquet").sort("ProductSubcategoryKey")
    rows: list[Row] = []
    root_slugs: dict[int, str] = {}
    for row in roots.rows(named=True):
        root_slugs[row["ProductCategoryKey"]] = slug(row["EnglishProductCategoryName"])
        rows.append(_category(row, "Category", None))
    for row in children.rows(named=True):
        rows.append(_category(row, "Subcategory", root_slugs[row["ProductCategoryKey"]]))
    return pl.DataFrame(rows, infer_schema_length=None)


def _category(row: Row, level: str, parent: str | None) -> Row:
    key = row[f"Product{level}Key"]
    return {
        "key": key if parent else None,
        "slug": slug(row[f"EnglishProduct{level}Name"]),
        "parent_slug": parent,
        "name_en": row[f"EnglishProduct{level}Name"],
        "name_es": row[f"SpanishProduct{level}Name"],
        "name_fr": row[f"FrenchProduct{level}Name"],
        "external_id": f"{level.lower()}:{key}",
    }


def _variant(row: Row, product_slug: str) -> Row:
    unit = GRAMS.get((row["WeightUnitMeasureCode"] or "").strip())
    grams = Decimal(str(row["Weight"])) * unit if unit is not None and row["Weight"] else None
    return {
        "sku": row["ProductAlternateKey"],
        "product_slug": product_slug,
        "name_en": row["EnglishProductName"],
        "name_es": row["SpanishProductName"] or None,
        "name_fr": row["FrenchProductName"] or None,
        "color": None if row["Color"] == "NA" else row["Color"],
        "size": row["Size"],
        "finished_good": row["FinishedGoodsFlag"],
        "discontinued": row["Status"] != "Current" and row["EndDate"] is not None,
        "weight_grams": None if grams is None else int(grams.quantize(Decimal(1), ROUND_HALF_UP)),
        "safety_stock_units": row["SafetyStockLevel"],
        "reorder_point_units": row["ReorderPoint"],
        "external_id": str(row["ProductKey"]),
    }


def _size_rank(size: str | None) -> tuple[int, int]:
    if size is None:
        return (0, 0)
    return (1, SIZE_ORDER[size]) if size in SIZE_ORDER else (2, int(size))


def _products(current: list[Row], variants: list[Row], slugs: dict[str, str], categories: pl.DataFrame) -> pl.DataFrame:
    category_of = {r["key"]: r["slug"] for r in categories.rows(named=True) if r["key"] is not None}
    source_row = {slugs[_model(row)]: row for row in current}
    rows: list[Row] = []
    for product_slug in dict.fromkeys(v["product_slug"] for v in variants):
        row = source_row[product_slug]
        own = [v for v in variants if v["product_slug"] == product_slug]
        rows.append(
            {
                "slug": product_slug,
                "name_en": row["ModelName"] or row["EnglishProductName"],
                "name_es": _shared([v["name_es"] for v in own]),
                "name_fr": _shared([v["name_fr"] for v in own]),
                "category_slug": category_of.get(row["ProductSubcategoryKey"]),
                "external_id": _model(row),
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def _shared(names: list[str | None]) -> str | None:
    known = [name for name in names if name is not None]
    return shared_name(known, COLORS) if len(known) == len(names) else None


def _descriptions(source: Path, versions: pl.DataFrame, slugs: dict[str, str]) -> pl.DataFrame:
    """One text a product and locale; every version and variant of a model carries the same one."""
    texts: dict[tuple[str, str], str] = {}
    product_of: dict[int, str] = {}
    for row in versions.rows(named=True):
        product_of[row["ProductKey"]] = slugs[_model(row)]
        for culture, locale in LOCALES.items():
            text = row.get(f"{culture}Description")
            if text:
                texts[slugs[_model(row)], locale] = clean(text)
    more = pl.read_parquet(source / "FactAdditionalInternationalProductDescription.parquet")
    for key, culture, text in more.sort("ProductKey", "CultureName").rows():
        if culture in LOCALES:
            texts[product_of[key], LOCALES[culture]] = clean(text)
    rows = [(product, locale, texts[product, locale]) for product, locale in sorted(texts)]
    return pl.DataFrame(rows, schema=["product_slug", "locale", "text"], orient="row")


def _prices(source: Path, current: list[Row], skus: list[str]) -> pl.DataFrame:
    """Shelf prices, tax included. The source's list price is USD before tax, as its orders show."""
    rates = usd_rates(source)
    listed = {row["ProductAlternateKey"]: row["ListPrice"] for row in current}
    rows: list[tuple[str, str, int, int]] = []
    for sku in skus:
        if listed[sku] is None:
            continue
        for currency, tax_bp in tax_bp_of_currency().items():
            gross = listed[sku] / rates[currency] * (1 + tax_bp / BASIS_POINTS)
            rows.append((sku, currency, _minor_units(gross, currency), tax_bp))
    columns = ["sku", "currency", "gross_minor_units", "tax_rate_bp"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def _minor_units(amount: Decimal, currency: str) -> int:
    """Rounded half up to the currency's shelf step, then as minor units."""
    if currency in PRICE_STEP:
        step = PRICE_STEP[currency]
        return int((amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step)
    return int(amount.quantize(CENT, ROUND_HALF_UP) / CENT)
