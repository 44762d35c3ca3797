"""However dirty a file is, every row of it is accounted for once."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noren.imports.accounting import account_of, not_taken, prove, with_troubles
from noren.imports.errors import CountsDisagree
from noren.imports.mapping import load_mapping
from noren.imports.model import Outcome, Trouble
from noren.imports.reading import csv_table
from noren.imports.rows import classify
from noren.imports.sales import order_draft, points_of, return_draft, sales_of
from services.loyalty.earning.model import CURRENT_RULE
from services.order.line.model import goods_gross_of
from services.order.model import compose
from services.order.returns.model import check_return

HEADER = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Make = Callable[..., dict[str, str]]
Decide = Callable[..., pl.DataFrame]

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
invoices = st.sampled_from(["1", "2", "3", "C1", "C2", "C", "", " 1", "1.0"])
skus = st.sampled_from(["85123A", "85123a", "POST", "m", "gift_0001_20", "", "\u3000", "A" * 65])
quantities = st.integers(-3, 3).map(str) | st.sampled_from(["", "1.5", "2.0", "1e2", "９", "1000001", "9" * 20])
prices = st.decimals(-2, 5, places=3).map(str) | st.sampled_from(["0", "", "nan", "inf", "-0", "1e3", "21474836.47"])
dates = st.sampled_from(
    ["2010-06-01 10:00:00", "2010-06-02 09:00:00", "2010-06-09", "", "2010-03-28 01:30:00", "1960-01-01", "9999-12-31"]
)
customers = st.sampled_from(["", "17850", "17850.0", "1", "9" * 129])
sound = st.tuples(invoices, skus, anything, quantities, dates, prices, customers, st.just("UK")).map(list)
rows_of_a_file = st.lists(sound | st.lists(anything, max_size=10), max_size=40)


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows(rows)
    return text.getvalue()


@settings(max_examples=150, deadline=None)
@given(rows_of_a_file)
def test_rows_in_are_rows_accounted_for(dirty: list[list[str]]) -> None:
    mapping = load_mapping("uci-online-retail")
    table = csv_table(_csv(dirty), "t.csv")
    assert table.rows == len(dirty)
    rows = classify(table, mapping, now=NOW)
    orders = list(sales_of(rows, mapping, returns=False))
    returns = list(sales_of(rows, mapping, returns=True))
    lines = sum(len(sale.lines) for sale in orders + returns)
    account = account_of(rows, table.rows)
    prove(account, lines_handed_over=lines, rows_listed=not_taken(rows).height)
    for sale in orders:
        compose(order_draft(sale, mapping, sale.customer), now=NOW)
    for sale in returns:
        check_return(return_draft(sale, mapping, sale.customer), NOW)
    earned = [CURRENT_RULE.points(goods_gross_of(sale.lines), "GBP") for sale in orders if sale.customer is not None]
    assert points_of(rows, mapping).earned == sum(earned)


def test_counts_that_differ_are_an_error(row: Make, decide: Decide) -> None:
    rows = decide([row(), row(), row(price="?")])
    account = account_of(rows, 3)
    assert account.outcomes == {Outcome.ORDER_GOODS: 1, Outcome.DUPLICATE: 1, Outcome.PRICE_UNREADABLE: 1}
    prove(account, lines_handed_over=1, rows_listed=2)
    with pytest.raises(CountsDisagree, match="3 rows were read, but 2 became lines"):
        prove(account, lines_handed_over=2, rows_listed=2)
    with pytest.raises(CountsDisagree):
        prove(account, lines_handed_over=1, rows_listed=1)
    with pytest.raises(CountsDisagree, match="4 rows were read"):
        prove(account_of(rows, 4), lines_handed_over=1, rows_listed=2)


def test_the_list_says_what_a_row_repeats_and_what_the_services_said(row: Make, decide: Decide) -> None:
    rows = decide([row(), row(), row(invoice="2"), row(invoice="2", price="?")])
    told = with_troubles(rows, {"2": Trouble(Outcome.RECORDED_DIFFERENTLY, "ord_1")})
    assert not_taken(told).select("line", "outcome", "detail").rows() == [
        (3, "DUPLICATE", "repeats line 2"),
        (4, "RECORDED_DIFFERENTLY", "ord_1"),
        (5, "PRICE_UNREADABLE", None),
    ]
    assert account_of(told, 4).taken == 1
