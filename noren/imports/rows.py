"""What becomes of every row: the cells are read, then each row gets the first outcome that fits it. Pure.

A. cells   by the mapping's columns, trimmed; empty is null
B. rows    that are empty, uneven or repeat another
C. values  parsed; what cannot be read is refused with the name of the cell
D. signs   of quantity and price, by whether the invoice is a cancellation
E. sales   rules of the whole invoice, over the rows that are left
"""

import re
from datetime import datetime, timedelta

import polars as pl

from kit.money import CURRENCY_DECIMALS, MAX_MINOR_UNITS
from noren.imports.cells import places_of
from noren.imports.mapping import Mapping, TaxTreatment, ZeroPrices
from noren.imports.model import Outcome, Remark
from noren.imports.reading import UNEVEN, Table
from services.customer.checks import MAX_EXTERNAL_VALUE
from services.order.line.model import MAX_DESCRIPTION_LENGTH, MAX_LINES, MAX_QUANTITY, MAX_SKU_LENGTH
from services.order.model import EARLIEST, MAX_CLOCK_AHEAD, MAX_NAME_LENGTH

ROLES = ("invoice", "sku", "description", "quantity", "date", "unit_price", "customer", "country")
DECIMALS = 6
"""Prices are read to a millionth; no currency's minor unit is finer than a thousandth."""
MAX_SPAN = timedelta(days=1)
"""An invoice is written over minutes, at most a night; rows further apart share a number by mistake."""
MAX_AMOUNT = MAX_MINOR_UNITS - 2 * MAX_QUANTITY
"""Minor units of one line: what an order's line takes, less what rounding its unit price up may add."""
OFFSET_FORMAT = "%Y-%m-%dT%H:%M:%S%.f%#z"

_IDENTIFIERS = {
    "invoice": (MAX_NAME_LENGTH, Outcome.INVOICE_UNUSABLE),
    "sku": (MAX_SKU_LENGTH, Outcome.SKU_UNUSABLE),
    "customer": (MAX_EXTERNAL_VALUE, Outcome.CUSTOMER_UNUSABLE),
}


def classify(table: Table, mapping: Mapping, *, now: datetime) -> pl.DataFrame:
    """Every row with its `outcome`, in the file's order; `now` is where the future begins."""
    rows = _cells(table, mapping)
    rows = _values(rows, mapping)
    rows = _decide(rows, _row_rules(rows, mapping, now))
    rows = _taken_values(rows, mapping)
    rows = _decide(rows, _sale_rules(mapping))
    return _settle(rows)


def _cells(table: Table, mapping: Mapping) -> pl.DataFrame:
    """A and B."""
    places = places_of(table.columns, mapping.columns.named())
    file_columns = [str(place) for place in range(len(table.columns))]
    first_line = pl.col("line").first().over([*file_columns, UNEVEN])
    texts = [
        (pl.col(str(places[role])).str.strip_chars() if role in places else pl.lit(None, pl.String)).alias(role)
        for role in ROLES
    ]
    empty = pl.all_horizontal(pl.col(file_columns).fill_null("").str.strip_chars() == "")
    cells = table.cells.select(
        "line",
        UNEVEN,
        *texts,
        first_line=first_line if table.rows else pl.col("line"),
        is_empty=empty,
    )
    return cells.with_columns(pl.col(ROLES).replace("", None))


def _values(rows: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """C. Parsed values beside the texts they were read from."""
    whole = pl.col("invoice", "sku", "customer").str.replace(r"^(\d+)\.0$", "$1").str.normalize("NFC")
    sku = pl.col("sku").str.to_uppercase() if mapping.sku_case == "upper" else pl.col("sku")
    plain_quantity = pl.col("quantity").str.normalize("NFKC").str.replace(r"\.0+$", "")
    plain_price = pl.col("unit_price").str.normalize("NFKC")
    prefix = mapping.cancellation_prefix
    return (
        rows.with_columns(whole)
        .with_columns(
            sku_kept=sku,
            quantity_value=plain_quantity.cast(pl.Int64, strict=False),
            price_value=plain_price.cast(pl.Decimal(38, DECIMALS), strict=False),
            at=_times(mapping),
            is_return=pl.lit(False) if prefix is None else pl.col("invoice").str.starts_with(prefix).fill_null(False),
        )
        .with_columns(outcome=pl.lit(None, pl.String))
    )


def _times(mapping: Mapping) -> pl.Expr:
    """Absolute times as they stand, local ones by the zone: a repeated hour is its first, a skipped one none."""
    text = pl.col("date").str.normalize("NFKC")
    local = pl.coalesce(
        text.str.to_datetime(form, strict=False, time_unit="ms", ambiguous="null") for form in mapping.file.date_formats
    )
    zoned = local.dt.replace_time_zone(mapping.time_zone, ambiguous="earliest", non_existent="null")
    absolute = text.str.to_datetime(OFFSET_FORMAT, strict=False, time_unit="ms", time_zone="UTC")
    return pl.coalesce(zoned.dt.convert_time_zone("UTC"), absolute)


Rules = list[tuple[pl.Expr, Outcome]]


def _row_rules(rows: pl.DataFrame, mapping: Mapping, now: datetime) -> Rules:
    """B, C and D: the first that holds decides. A condition that is null does not hold."""
    cell = pl.col
    latest = pl.lit(now + MAX_CLOCK_AHEAD).dt.cast_time_unit("ms")
    earliest = pl.lit(EARLIEST).dt.cast_time_unit("ms")
    # a float only to see whether the exact product, made later, is within bounds
    amount = cell("quantity_value").cast(pl.Float64) * cell("price_value").cast(pl.Float64)
    most = MAX_AMOUNT / 10 ** CURRENCY_DECIMALS[mapping.currency] / (1 + mapping.tax.rate_bp / 10_000)
    rules: Rules = [
        (cell("is_empty"), Outcome.ROW_EMPTY),
        (cell("line") != cell("first_line"), Outcome.DUPLICATE),
        (cell(UNEVEN).is_not_null(), Outcome.CELLS_UNEVEN),
        (cell("invoice").is_null(), Outcome.INVOICE_MISSING),
        (cell("sku").is_null(), Outcome.SKU_MISSING),
        *[(_unusable(rows, role, limit), outcome) for role, (limit, outcome) in _IDENTIFIERS.items()],
        (cell("at").is_null(), Outcome.DATE_UNREADABLE),
        (~cell("at").is_between(earliest, latest), Outcome.DATE_OUT_OF_RANGE),
        (cell("quantity_value").is_null(), Outcome.QUANTITY_UNREADABLE),
        (cell("price_value").is_null(), Outcome.PRICE_UNREADABLE),
        (cell("price_value") < 0, Outcome.PRICE_NEGATIVE),
        (cell("quantity_value") == 0, Outcome.QUANTITY_ZERO),
        (cell("is_return") & (cell("quantity_value") > 0), Outcome.CANCELLATION_POSITIVE),
        (~cell("is_return") & (cell("quantity_value") < 0), Outcome.QUANTITY_NEGATIVE),
        (~cell("quantity_value").is_between(-MAX_QUANTITY, MAX_QUANTITY), Outcome.QUANTITY_TOO_LARGE),
        (amount.abs() > most, Outcome.AMOUNT_TOO_LARGE),
    ]
    if mapping.zero_prices is ZeroPrices.REFUSE:
        rules.append((cell("price_value") == 0, Outcome.PRICE_ZERO))
    return rules


def _unusable(rows: pl.DataFrame, role: str, limit: int) -> pl.Expr:
    """Whether the identifier is one the services refuse; asked once a different value."""
    values = rows[role].drop_nulls().unique().to_list()
    return pl.col(role).is_in([value for value in values if len(value) > limit or not value.isprintable()])


def _decide(rows: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """Give each undecided row the outcome of the first rule that holds."""
    first = pl.coalesce(pl.when(holds.fill_null(False)).then(pl.lit(outcome.value)) for holds, outcome in rules)
    return rows.with_columns(outcome=pl.coalesce("outcome", first))


def _taken_values(rows: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Exact amounts in minor units, and what is true of the invoice, of the rows that are still undecided."""
    open_ = pl.col("outcome").is_null()
    minor = 10 ** (DECIMALS - CURRENCY_DECIMALS[mapping.currency])
    price = pl.when(open_).then(pl.col("price_value").to_physical()).cast(pl.Int64, strict=False)
    units = pl.when(open_).then(pl.col("quantity_value").abs())
    rows = rows.with_columns(price_fine=price, units=units).with_columns(
        amount_minor=((pl.col("units").cast(pl.Int128) * pl.col("price_fine") * 2 + minor) // (2 * minor)).cast(
            pl.Int64
        ),
        is_rounded=pl.col("price_fine") % minor != 0,
        is_goods=~pl.col("sku_kept").is_in(_non_goods(rows, mapping)),
    )
    rows = rows.with_columns(gross_minor=pl.col("amount_minor") + _tax_on_top(mapping))
    of_sale = {
        "sale_at": pl.col("at").filter(open_).min(),
        "sale_until": pl.col("at").filter(open_).max(),
        "sale_customer": pl.col("customer").filter(open_).drop_nulls().first(),
        "sale_customers": pl.col("customer").filter(open_).drop_nulls().n_unique(),
        "sale_lines": open_.sum(),
        "sale_gross": pl.col("gross_minor").filter(open_).sum(),
        "sale_line": pl.col("line").filter(open_).min(),
    }
    return rows.with_columns(**{name: value.over("invoice") for name, value in of_sale.items()})


def _tax_on_top(mapping: Mapping) -> pl.Expr:
    """The tax of the amount where the file's prices are without it, half a minor unit up."""
    if mapping.tax.treatment is not TaxTreatment.EXCLUDED:
        return pl.lit(0, pl.Int64)
    return (pl.col("amount_minor") * mapping.tax.rate_bp * 2 + 10_000) // 20_000


def _non_goods(rows: pl.DataFrame, mapping: Mapping) -> list[str]:
    """The codes in this file that are no goods, as they are kept."""
    upper = mapping.sku_case == "upper"
    codes = {code.upper() if upper else code for code in mapping.non_goods.codes}
    patterns = [re.compile(pattern) for pattern in mapping.non_goods.patterns]
    there = rows["sku_kept"].drop_nulls().unique().to_list()
    return [sku for sku in there if sku in codes or any(pattern.fullmatch(sku) for pattern in patterns)]


def _sale_rules(mapping: Mapping) -> Rules:
    """E. All rows of an invoice that are left share its outcome."""
    cell = pl.col
    rules: Rules = [
        (cell("sale_customers") > 1, Outcome.SEVERAL_CUSTOMERS),
        (cell("sale_until") - cell("sale_at") > MAX_SPAN, Outcome.SEVERAL_DAYS),
        (cell("sale_lines") > MAX_LINES, Outcome.TOO_MANY_LINES),
        (cell("sale_gross") > MAX_MINOR_UNITS, Outcome.SUM_TOO_LARGE),
    ]
    if mapping.zero_prices is ZeroPrices.GIFTS:
        nothing = (cell("sale_gross") == 0) & cell("sale_customer").is_null()
        rules.append((nothing, Outcome.NOTHING_SOLD))
    return rules


def _settle(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows left are taken; remarks only on them."""
    taken = pl.col("outcome").is_null()
    kind = (
        pl.when("is_return", "is_goods").then(pl.lit(Outcome.RETURN_GOODS.value))
        .when("is_return").then(pl.lit(Outcome.RETURN_NON_GOODS.value))
        .when("is_goods").then(pl.lit(Outcome.ORDER_GOODS.value))
        .otherwise(pl.lit(Outcome.ORDER_NON_GOODS.value))
    )  # fmt: skip
    remarks = {
        Remark.SKU_CASE: pl.col("sku") != pl.col("sku_kept"),
        Remark.PRICE_ROUNDED: pl.col("is_rounded"),
        Remark.DATE_ALIGNED: pl.col("at") != pl.col("sale_at"),
        Remark.CUSTOMER_FILLED: pl.col("customer").is_null() & pl.col("sale_customer").is_not_null(),
        Remark.DESCRIPTION_CUT: pl.col("description").str.len_chars() > MAX_DESCRIPTION_LENGTH,
        Remark.GIFT: pl.col("price_value") == 0,
    }
    return rows.select(
        "line",
        "first_line",
        UNEVEN,
        "invoice",
        "sku",
        "quantity",
        "unit_price",
        "date",
        "sku_kept",
        "units",
        "amount_minor",
        "gross_minor",
        "is_goods",
        "is_return",
        "sale_customer",
        "sale_line",
        outcome=pl.coalesce("outcome", kind),
        description_kept=pl.col("description").str.slice(0, MAX_DESCRIPTION_LENGTH),
        sale_ms=pl.col("sale_at").dt.epoch("ms"),
        **{remark.value: taken & condition.fill_null(False) for remark, condition in remarks.items()},
    )
