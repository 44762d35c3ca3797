"""Customers and online orders from AdventureWorks. Reseller orders are wholesale and are left out.

Every amount of the source is USD whatever currency an order names: a line costs its SKU's list price in all
of them. Amounts have four decimals there; here each is rounded half up to the cent, line by line, and an
order's totals are the sums of its rounded lines.
"""

from pathlib import Path

import polars as pl

from noren.sample.derive.channels import channel_of_country

BOOK_CURRENCY = "USD"
LINE_AMOUNTS = ("unit_net_minor_units", "discount_minor_units", "tax_minor_units", "freight_minor_units")


def customers(source: Path) -> pl.DataFrame:
    """Every customer, by external id."""
    places = pl.read_parquet(source / "DimGeography.parquet")
    joined = pl.read_parquet(source / "DimCustomer.parquet").join(places, on="GeographyKey", how="left")
    return joined.sort("CustomerAlternateKey").select(
        external_id="CustomerAlternateKey",
        title="Title",
        given_name="FirstName",
        middle_name="MiddleName",
        family_name="LastName",
        suffix="Suffix",
        email="EmailAddress",
        phone="Phone",
        phone_shared=pl.len().over("Phone") > 1,
        birthday="BirthDate",
        gender="Gender",
        line1="AddressLine1",
        line2="AddressLine2",
        city="City",
        region="StateProvinceName",
        postal_code="PostalCode",
        country="CountryRegionCode",
        home_channel=pl.col("CountryRegionCode").replace_strict(channel_of_country()),
        member_since="DateFirstPurchase",
    )


def orders_and_lines(source: Path, members: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders oldest first, and their lines in the same order."""
    sold = _sold(source, members)
    orders = sold.group_by("number", maintain_order=True).agg(
        pl.first("home_channel").alias("channel"),
        pl.first("external_id").alias("customer"),
        pl.first("placed_on", "shipped_on"),
        pl.lit(BOOK_CURRENCY).alias("currency"),
        pl.first("placed_currency", "placed_currency_usd"),
        (pl.col("quantity") * pl.col("unit_net_minor_units") - pl.col("discount_minor_units"))
        .sum()
        .alias("net_minor_units"),
        pl.sum("tax_minor_units", "freight_minor_units"),
        pl.len().cast(pl.Int64).alias("line_count"),
    )
    totals = pl.sum_horizontal("net_minor_units", "tax_minor_units", "freight_minor_units")
    orders = orders.with_columns(total_minor_units=totals)
    lines = sold.select(pl.col("line").alias("number"), "sku", "quantity", *LINE_AMOUNTS)
    return orders, lines


def _sold(source: Path, members: pl.DataFrame) -> pl.DataFrame:
    """One row a line with its order's facts, oldest order first."""
    keys = pl.read_parquet(source / "DimCustomer.parquet", columns=["CustomerKey", "CustomerAlternateKey"])
    buyers = keys.join(members, left_on="CustomerAlternateKey", right_on="external_id", coalesce=False)
    skus = pl.read_parquet(source / "DimProduct.parquet", columns=["ProductKey", "ProductAlternateKey"])
    currencies = pl.read_parquet(source / "DimCurrency.parquet")
    rates = pl.read_parquet(source / "FactCurrencyRate.parquet").select(
        "CurrencyKey", pl.col("DateKey").alias("OrderDateKey"), "EndOfDayRate"
    )
    sales = (
        pl.read_parquet(source / "FactInternetSales.parquet")
        .join(buyers, on="CustomerKey", how="left")
        .join(skus, on="ProductKey", how="left")
        .join(currencies, on="CurrencyKey", how="left")
        .join(rates, on=["CurrencyKey", "OrderDateKey"], how="left")
    )
    return sales.select(
        "home_channel",
        "external_id",
        number="SalesOrderNumber",
        line=pl.col("SalesOrderLineNumber").cast(pl.Int64),
        sku="ProductAlternateKey",
        quantity=pl.col("OrderQuantity").cast(pl.Int64),
        placed_on=pl.col("OrderDate").dt.date(),
        shipped_on=pl.col("ShipDate").dt.date(),
        placed_currency="CurrencyAlternateKey",
        placed_currency_usd=pl.col("EndOfDayRate").cast(pl.String),
        unit_net_minor_units=_cents("UnitPrice"),
        discount_minor_units=_cents("DiscountAmount"),
        tax_minor_units=_cents("TaxAmt"),
        freight_minor_units=_cents("Freight"),
    ).sort("placed_on", "number", "line")


def _cents(amount: str) -> pl.Expr:
    """A non-negative amount of four decimals as cents, rounded half up in integers."""
    ten_thousandths = (pl.col(amount).cast(pl.Decimal(19, 4)) * 10_000).cast(pl.Int64)
    return (ten_thousandths + 50) // 100
