"""One rule a test: which outcome a row gets, and what is read from it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from noren.imports.errors import ImportStopped
from noren.imports.mapping import Mapping as FileMapping
from noren.imports.model import MEANING, REMARK_MEANING, Outcome, Remark
from noren.imports.reading import csv_table
from noren.imports.rows import classify
from services.order.line.model import MAX_LINES

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Make = Callable[..., dict[str, str]]
Decide = Callable[..., pl.DataFrame]


def _outcomes(rows: pl.DataFrame) -> list[str]:
    return list(rows["outcome"])


def test_every_outcome_and_remark_has_a_meaning() -> None:
    assert set(MEANING) == set(Outcome)
    assert set(REMARK_MEANING) == set(Remark)


@pytest.mark.parametrize(
    ("cells", "outcome"),
    [
        ({}, "ORDER_GOODS"),
        ({"sku": "POST"}, "ORDER_NON_GOODS"),
        ({"sku": "m"}, "ORDER_NON_GOODS"),
        ({"sku": "gift_0001_30"}, "ORDER_NON_GOODS"),
        ({"sku": "POSTCARD"}, "ORDER_GOODS"),
        ({"invoice": "C1", "quantity": "-1"}, "RETURN_GOODS"),
        ({"invoice": "C1", "quantity": "-1", "sku": "D"}, "RETURN_NON_GOODS"),
        ({"invoice": "C1", "quantity": "1"}, "CANCELLATION_POSITIVE"),
        ({"quantity": "-1", "price": "0", "customer": ""}, "QUANTITY_NEGATIVE"),
        ({"quantity": "-1"}, "QUANTITY_NEGATIVE"),
        ({"quantity": "0"}, "QUANTITY_ZERO"),
        ({"quantity": ""}, "QUANTITY_UNREADABLE"),
        ({"quantity": "1.5"}, "QUANTITY_UNREADABLE"),
        ({"quantity": "6.0"}, "ORDER_GOODS"),
        ({"quantity": "６"}, "ORDER_GOODS"),
        ({"quantity": "1000001"}, "QUANTITY_TOO_LARGE"),
        ({"quantity": "9" * 30}, "QUANTITY_UNREADABLE"),
        ({"price": "-53594.36", "invoice": "A506401", "sku": "B"}, "PRICE_NEGATIVE"),
        ({"price": ""}, "PRICE_UNREADABLE"),
        ({"price": "£2.55"}, "PRICE_UNREADABLE"),
        ({"price": "nan"}, "PRICE_UNREADABLE"),
        ({"price": "21474837"}, "AMOUNT_TOO_LARGE"),
        ({"price": "9" * 30}, "AMOUNT_TOO_LARGE"),
        ({"price": "0"}, "ORDER_GOODS"),
        ({"price": "0", "customer": ""}, "NOTHING_SOLD"),
        ({"date": ""}, "DATE_UNREADABLE"),
        ({"date": "01/06/2010"}, "DATE_UNREADABLE"),
        ({"date": "2010-02-30 10:00:00"}, "DATE_UNREADABLE"),
        ({"date": "2010-03-28 01:30:00"}, "DATE_UNREADABLE"),
        ({"date": "1969-12-31"}, "DATE_OUT_OF_RANGE"),
        ({"date": "2030-01-01"}, "DATE_OUT_OF_RANGE"),
        ({"invoice": ""}, "INVOICE_MISSING"),
        ({"invoice": "9" * 65}, "INVOICE_UNUSABLE"),
        ({"invoice": "1\t2"}, "INVOICE_UNUSABLE"),
        ({"sku": " "}, "SKU_MISSING"),
        ({"sku": "A" * 65}, "SKU_UNUSABLE"),
        ({"sku": "A\u200bB"}, "SKU_UNUSABLE"),
        ({"customer": "9" * 129}, "CUSTOMER_UNUSABLE"),
        ({"customer": ""}, "ORDER_GOODS"),
    ],
)
def test_outcome_of_a_row(row: Make, decide: Decide, cells: dict[str, str], outcome: str) -> None:
    assert _outcomes(decide([row(**cells)])) == [outcome]


def test_a_row_that_repeats_an_earlier_one_is_dropped_wherever_it_stands(row: Make, decide: Decide) -> None:
    rows = decide([row(), row(invoice="2"), row(), row(quantity="7"), row()])
    assert _outcomes(rows) == ["ORDER_GOODS", "ORDER_GOODS", "DUPLICATE", "ORDER_GOODS", "DUPLICATE"]
    assert rows["first_line"].to_list() == [2, 3, 2, 5, 2]


def test_a_refused_row_that_is_repeated_is_a_duplicate_the_second_time(row: Make, decide: Decide) -> None:
    assert _outcomes(decide([row(price="?"), row(price="?")])) == ["PRICE_UNREADABLE", "DUPLICATE"]


def test_rows_that_differ_in_an_unmapped_column_are_no_duplicates(row: Make, uci: FileMapping) -> None:
    text = "{},Note\n{},a\n{},b\n{},b\n".format(",".join(row()), *[",".join(row().values())] * 3)
    decided = classify(csv_table(text, "t.csv"), uci, now=NOW)
    assert _outcomes(decided) == ["ORDER_GOODS", "ORDER_GOODS", "DUPLICATE"]


def test_empty_and_uneven_rows_are_refused_one_by_one(row: Make, uci: FileMapping, decide: Decide) -> None:
    plain = ",".join(row().values())
    text = f"{','.join(row())}\n{plain}\n\n,,,,,,,\n{plain},more\n1,2\n"
    decided = classify(csv_table(text, "t.csv"), uci, now=NOW)
    assert _outcomes(decided) == ["ORDER_GOODS", "ROW_EMPTY", "ROW_EMPTY", "CELLS_UNEVEN", "CELLS_UNEVEN"]


def test_codes_that_differ_by_case_become_one(row: Make, decide: Decide) -> None:
    rows = decide([row(sku="85049a"), row(sku="85049A", quantity="7")])
    assert rows["sku_kept"].to_list() == ["85049A", "85049A"]
    assert rows["SKU_CASE"].to_list() == [True, False]
    assert decide([row(sku="85049a")], sku_case="keep")["sku_kept"].to_list() == ["85049a"]


def test_ids_that_passed_through_a_spreadsheet_lose_their_decimals(row: Make, decide: Decide) -> None:
    rows = decide([row(invoice="536365.0", sku="22041.0", customer="17850.0")])
    assert rows.select("invoice", "sku_kept", "sale_customer").row(0) == ("536365", "22041", "17850")


@pytest.mark.parametrize(
    ("price", "quantity", "minor"),
    [("2.55", "6", 1530), ("0.1", "3", 30), ("0.001", "1", 0), ("0.005", "1", 1), ("1.005", "3", 302), ("7", "1", 700)],
)
def test_amounts_are_exact_and_round_half_up(row: Make, decide: Decide, price: str, quantity: str, minor: int) -> None:
    assert decide([row(price=price, quantity=quantity)])["amount_minor"].to_list() == [minor]


def test_currencies_without_decimals_count_whole_units(row: Make, decide: Decide) -> None:
    assert decide([row(price="1980", quantity="2")], currency="JPY")["amount_minor"].to_list() == [3960]


def test_tax_outside_the_price_is_added_for_points(row: Make, decide: Decide) -> None:
    rows = decide([row(price="1.15", quantity="1")], tax={"treatment": "excluded", "rate": 0.175})
    assert rows["gross_minor"].to_list() == [135]


@pytest.mark.parametrize(
    ("date", "utc"),
    [
        ("2010-01-15 10:00:00", "2010-01-15T10:00:00Z"),
        ("2010-06-15 10:00:00", "2010-06-15T09:00:00Z"),
        ("2010-06-15", "2010-06-14T23:00:00Z"),
        ("2010-10-31 01:30:00", "2010-10-31T00:30:00Z"),
        ("2010-06-15T10:00:00+09:00", "2010-06-15T01:00:00Z"),
        ("2010-06-15T10:00:00Z", "2010-06-15T10:00:00Z"),
    ],
)
def test_local_times_become_utc(row: Make, decide: Decide, date: str, utc: str) -> None:
    rows = decide([row(date=date)]).select(pl.from_epoch("sale_ms", "ms").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert rows.item() == utc


def test_other_date_formats_come_from_the_mapping(row: Make, decide: Decide) -> None:
    formats = {"date_formats": ["%m/%d/%Y %H:%M"]}
    assert _outcomes(decide([row(date="12/1/2010 8:26")], file=formats)) == ["ORDER_GOODS"]


@pytest.mark.parametrize(
    ("rule", "outcomes"),
    [
        ("gifts", ["ORDER_GOODS", "ORDER_GOODS", "NOTHING_SOLD", "ORDER_GOODS"]),
        ("keep", ["ORDER_GOODS"] * 4),
        ("refuse", ["ORDER_GOODS", "PRICE_ZERO", "PRICE_ZERO", "PRICE_ZERO"]),
    ],
)
def test_zero_prices_by_the_mapping(row: Make, decide: Decide, rule: str, outcomes: list[str]) -> None:
    rows = [
        row(customer=""),
        row(customer="", price="0"),
        row(invoice="alone", customer="", price="0"),
        row(invoice="member's", price="0"),
    ]
    assert _outcomes(decide(rows, zero_prices=rule)) == outcomes


def test_without_a_prefix_nothing_is_a_cancellation(row: Make, decide: Decide) -> None:
    rows = [row(invoice="C1"), row(invoice="C1", quantity="-1")]
    assert _outcomes(decide(rows, cancellation_prefix=None)) == ["ORDER_GOODS", "QUANTITY_NEGATIVE"]


def test_the_earliest_date_of_an_invoice_counts(row: Make, decide: Decide) -> None:
    rows = decide([row(date="2010-06-01 10:01:00"), row(date="2010-06-01 10:00:00")])
    assert rows["sale_ms"].n_unique() == 1
    assert rows["DATE_ALIGNED"].to_list() == [True, False]


def test_dates_more_than_a_day_apart_refuse_the_invoice(row: Make, decide: Decide) -> None:
    rows = [row(), row(date="2010-06-02 10:00:01"), row(invoice="other")]
    assert _outcomes(decide(rows)) == ["SEVERAL_DAYS", "SEVERAL_DAYS", "ORDER_GOODS"]


def test_an_invoice_of_two_customers_is_refused_whole(row: Make, decide: Decide) -> None:
    rows = [row(), row(customer="2"), row(customer=""), row(invoice="other")]
    assert _outcomes(decide(rows)) == ["SEVERAL_CUSTOMERS"] * 3 + ["ORDER_GOODS"]


def test_rows_without_a_customer_take_their_invoices(row: Make, decide: Decide) -> None:
    rows = decide([row(customer=""), row()])
    assert rows["sale_customer"].to_list() == ["17850", "17850"]
    assert rows["CUSTOMER_FILLED"].to_list() == [True, False]


def test_refused_rows_have_no_say_in_their_invoice(row: Make, decide: Decide) -> None:
    rows = decide([row(), row(customer="2", date="2012-01-01", price="?")])
    assert _outcomes(rows) == ["ORDER_GOODS", "PRICE_UNREADABLE"]
    assert rows["sale_customer"].to_list()[0] == "17850"


def test_invoices_too_long_or_too_dear_are_refused_whole(row: Make, decide: Decide) -> None:
    many = [row(quantity=str(n + 1)) for n in range(MAX_LINES + 1)]
    dear = [row(invoice="dear", price="1400000", quantity=str(n)) for n in (8, 9)]
    assert set(_outcomes(decide(many))) == {"TOO_MANY_LINES"}
    assert set(_outcomes(decide(dear))) == {"SUM_TOO_LARGE"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Invoice,StockCode,Prise\n", "columns missing: 'Quantity' .quantity., .*; found: 'Invoice', 'StockCode', 'P"),
        ("", "columns missing: .*; found: none"),
        ("Invoice,Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n", "once: 'Invoice'"),
    ],
)
def test_columns_that_are_missing_are_named_with_those_found(uci: FileMapping, text: str, told: str) -> None:
    with pytest.raises(ImportStopped, match=told):
        classify(csv_table(text, "t.csv"), uci, now=NOW)


def test_a_file_of_a_header_has_no_rows(decide: Decide) -> None:
    rows: list[Any] = []
    assert decide(rows).height == 0
