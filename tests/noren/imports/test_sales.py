"""From taken rows to sales and drafts: lines, times, customers and points."""

from collections.abc import Callable
from datetime import UTC, datetime

import polars as pl

from noren.imports.mapping import Mapping as FileMapping
from noren.imports.sales import (
    Sale,
    customers_of,
    order_draft,
    points_of,
    return_draft,
    sales_of,
)
from services.loyalty.earning.model import FIRST, Campaign, EarnRule, Programme, Programmes
from services.order.identity.model import ExternalId
from services.order.line.model import LineKind
from services.order.model import compose
from services.order.returns.model import check_return

Make = Callable[..., dict[str, str]]
Decide = Callable[..., pl.DataFrame]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _sales(rows: pl.DataFrame, mapping: FileMapping) -> tuple[list[Sale], list[Sale]]:
    return list(sales_of(rows, mapping, returns=False)), list(sales_of(rows, mapping, returns=True))


def test_an_invoice_is_one_sale_wherever_its_rows_stand(row: Make, decide: Decide, uci: FileMapping) -> None:
    rows = decide(
        [row(), row(invoice="2"), row(sku="POST", quantity="1", price="18"), row(invoice="C3", quantity="-2")]
    )
    orders, returns = _sales(rows, uci)
    assert [(sale.invoice, [line.sku for line in sale.lines]) for sale in orders] == [
        ("536365", ["85123A", "POST"]),
        ("2", ["85123A"]),
    ]
    assert [line.kind for line in orders[0].lines] == [LineKind.GOODS, LineKind.NON_GOODS]
    assert [(sale.invoice, sale.lines[0].quantity, sale.lines[0].gross_minor) for sale in returns] == [("C3", 2, 510)]
    assert orders[0].at == datetime(2010, 6, 1, 9, tzinfo=UTC)


def test_drafts_pass_the_order_services_own_rules(row: Make, decide: Decide, uci: FileMapping) -> None:
    rows = decide([row(), row(sku="PADS", price="0.001", quantity="700"), row(invoice="C3", quantity="-2")])
    orders, returns = _sales(rows, uci)
    order = compose(order_draft(orders[0], uci, "cus_1"), now=NOW)
    assert order.identity.external_ids == (ExternalId("uci", "536365"),)
    assert (order.number, order.customer, order.channel, order.currency) == ("536365", "cus_1", "web-uk", "GBP")
    assert [(line.unit_price_minor, line.discount_minor, line.gross_minor) for line in order.lines] == [
        (255, 0, 1530),
        (1, 630, 70),
    ]
    given_back = return_draft(returns[0], uci, None)
    check_return(given_back, NOW)
    assert (given_back.order, given_back.customer, given_back.reason) == (None, None, "cancellation")


def test_tax_is_inside_outside_or_unknown(row: Make, decide: Decide, uci: FileMapping) -> None:
    amounts = {}
    for treatment in ("included", "excluded", "unknown"):
        tax = {"treatment": treatment, "rate": 0.2}
        mapping = FileMapping.model_validate(uci.model_dump() | {"tax": tax})
        line = next(sales_of(decide([row(price="1.20", quantity="1")], tax=tax), mapping, returns=False)).lines[0]
        amounts[treatment] = (line.gross_minor, line.net_minor, line.tax_minor, line.tax_rate_bp)
    assert amounts == {
        "included": (120, 100, 20, 2000),
        "excluded": (144, 120, 24, 2000),
        "unknown": (120, 120, 0, 0),
    }


def test_customers_bring_their_external_id_and_first_day_only(row: Make, decide: Decide, uci: FileMapping) -> None:
    rows = decide(
        [
            row(date="2010-06-02"),
            row(invoice="2", date="2010-06-01"),
            row(invoice="3", customer=""),
            row(invoice="4", customer="9", price="?"),
        ]
    )
    drafts = list(customers_of(rows, uci))
    assert [(draft.external_ids[0].source, draft.external_ids[0].value) for draft in drafts] == [("uci", "17850")]
    assert drafts[0].member_since == datetime(2010, 5, 31, 23, tzinfo=UTC)
    assert (drafts[0].name, drafts[0].identities, drafts[0].emails, drafts[0].addresses) == (None, (), (), ())


def test_points_are_floored_a_sale_and_come_from_members_goods(row: Make, decide: Decide, uci: FileMapping) -> None:
    rows = decide(
        [
            row(quantity="1", price="1.99"),
            row(quantity="1", price="0.99"),
            row(sku="POST", quantity="1", price="18"),
            row(invoice="2", quantity="1", price="1.99"),
            row(invoice="3", quantity="1", price="100", customer=""),
            row(invoice="C4", quantity="-1", price="5.50"),
            row(invoice="C5", quantity="-1", price="5.50", customer=""),
            row(invoice="C6", sku="M", quantity="-1", price="5.50"),
        ]
    )
    points = points_of(rows, uci)
    assert (points.earned, points.taken_back) == (2 + 1, 5)


def test_points_are_counted_by_the_programme_of_the_day(row: Make, decide: Decide, uci: FileMapping) -> None:
    rows = decide(
        [
            row(invoice="1", quantity="1", price="10", date="2010-01-01 10:00:00"),
            row(invoice="2", quantity="1", price="10", date="2010-06-01 10:00:00"),
            row(invoice="2", sku="POST", quantity="1", price="90", date="2010-06-01 10:00:00"),
            row(invoice="3", quantity="1", price="10", date="2010-06-01 10:00:00", customer=""),
            row(invoice="C4", quantity="-1", price="10", date="2010-06-01 10:00:00"),
        ]
    )
    later = Programme(
        EarnRule(2, {"GBP": 50}), (Campaign("double", extra_bp=10_000),), valid_from=datetime(2010, 3, 1, tzinfo=UTC)
    )
    points = points_of(rows, uci, Programmes((FIRST, later)))
    assert (points.earned, points.taken_back) == (10 + 40, 20)
    assert points_of(rows, uci, Programmes()).earned == points_of(rows, uci).earned == 20
