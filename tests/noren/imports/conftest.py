"""A small shop's file in the columns of Online Retail II, made here row by row; none of it is anybody's data."""

import csv
import io
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from noren.imports.mapping import Mapping as FileMapping
from noren.imports.mapping import load_mapping
from noren.imports.reading import csv_table
from noren.imports.rows import classify

HEADER = ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Row = Mapping[str, str]
Decide = Callable[..., pl.DataFrame]


@pytest.fixture
def header() -> tuple[str, ...]:
    return HEADER


@pytest.fixture
def row() -> Callable[..., dict[str, str]]:
    """A plain sale; whatever is named replaces a cell."""

    def make(**cells: str) -> dict[str, str]:
        plain = ("536365", "85123A", "WHITE LANTERN", "6", "2010-06-01 10:00:00", "2.55", "17850", "United Kingdom")
        names = ("invoice", "sku", "description", "quantity", "date", "price", "customer", "country")
        given = dict(zip(names, plain, strict=True)) | cells
        return {column: given[name] for column, name in zip(HEADER, names, strict=True)}

    return make


@pytest.fixture
def uci() -> FileMapping:
    return load_mapping("uci-online-retail")


@pytest.fixture
def decide(uci: FileMapping) -> Decide:
    """The rows with their outcomes; named arguments replace keys of the mapping."""

    def run(rows: Sequence[Row], **changes: Any) -> pl.DataFrame:
        mapping = FileMapping.model_validate(uci.model_dump() | changes)
        return classify(csv_table(as_csv(rows), "t.csv"), mapping, now=NOW)

    return run


@pytest.fixture
def to_csv() -> Callable[[Sequence[Row]], str]:
    return as_csv


@pytest.fixture
def generated() -> list[dict[str, str]]:
    """Some hundred rows with everything in them that the rules are about; the same every time."""
    return generate(random.Random(20091201))


def as_csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows([row[name] for name in HEADER] for row in rows)
    return text.getvalue()


def generate(dice: random.Random) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    at = datetime(2009, 12, 1, 8, tzinfo=UTC)
    for number in range(489_434, 489_434 + 80):
        at += timedelta(minutes=dice.randint(1, 600))
        kind = dice.choices(("sale", "return", "written off", "found"), (70, 18, 8, 4))[0]
        customer = str(dice.randint(13_000, 13_012)) if dice.random() < 0.8 and kind in ("sale", "return") else ""
        invoice = f"C{number}" if kind == "return" else str(number)
        for _ in range(dice.randint(1, 7) if kind in ("sale", "return") else 1):
            quantity = dice.randint(1, 48) * (-1 if kind in ("return", "written off") else 1)
            price = f"{dice.randint(0, 1200) / 100}" if kind in ("sale", "return") else "0"
            sku = dice.choice(("22041", "85123A", "85123a", "79323P", "21733", "POST", "M", "gift_0001_20"))
            cells = (
                invoice,
                sku,
                f"THING {sku}",
                str(quantity),
                f"{at:%Y-%m-%d %H:%M:%S}",
                price,
                customer,
                "United Kingdom",
            )
            rows.append(dict(zip(HEADER, cells, strict=True)))
    doubles = [dict(dice.choice(rows)) for _ in range(12)]
    broken = [dict(dice.choice(rows)) | {dice.choice(("Quantity", "Price", "InvoiceDate")): "?"} for _ in range(6)]
    return rows + doubles + broken
