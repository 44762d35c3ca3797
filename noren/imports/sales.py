"""From rows that are taken to sales, one an invoice, and from sales to what the services take. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl

from noren.imports.mapping import Mapping, TaxTreatment
from noren.imports.model import TAKEN
from services.customer import model as customer
from services.loyalty.earning.model import CURRENT_RULE, Basket, BasketLine, Programmes
from services.order.identity.model import ExternalId
from services.order.line.model import Line, LineKind, goods_gross_of, line_of_gross, line_of_net
from services.order.model import OrderDraft, goods_lines
from services.order.returns.model import ReturnDraft

SLICE = 20_000
"""Rows turned into Python values at a time: some megabytes."""
RETURN_REASON = "cancellation"
FIELDS = ("invoice", "sale_customer", "sale_ms", "sku_kept", "description_kept", "is_goods", "units", "amount_minor")
"""What a sale is made of, in the order in which `_sale` and `_line` read it."""


@dataclass(frozen=True, slots=True)
class Sale:
    """An invoice: an order, or a return whose order is unknown. `customer` is the file's id; None is a guest."""

    invoice: str
    customer: str | None
    at: datetime
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Points:
    """What the members' sales earn and give back by the programmes they fall under, each for itself."""

    earned: int
    taken_back: int


def sales_of(rows: pl.DataFrame, mapping: Mapping, *, returns: bool) -> Iterator[Sale]:
    """The orders, or the returns, in the order of the file; each with all its lines, wherever they stand in it."""
    of_way = pl.col("is_return") == returns
    chosen = _taken(rows.select(*FIELDS, "line", "sale_line", "is_return", "outcome"), of_way).sort("sale_line", "line")
    flat = (row for part in chosen.select(FIELDS).iter_slices(SLICE) for row in part.iter_rows())
    for invoice, group in groupby(flat, key=itemgetter(0)):
        yield _sale(invoice, list(group), mapping)


def customers_of(rows: pl.DataFrame, mapping: Mapping) -> Iterator[customer.CustomerDraft]:
    """Every customer who is named: the external id and nothing else, a member since the first sale in the file."""
    first = (
        _taken(rows.select("outcome", "sale_customer", "sale_ms"), pl.col("sale_customer").is_not_null())
        .group_by("sale_customer")
        .agg(pl.col("sale_ms").min())
        .sort("sale_ms", "sale_customer")
    )
    for value, since_ms in first.iter_rows():
        yield customer.CustomerDraft(
            external_ids=(customer.ExternalId(mapping.source, value),), member_since=_instant(since_ms)
        )


def count_sales(rows: pl.DataFrame, *, returns: bool) -> int:
    """How many invoices `sales_of` yields."""
    of_way = pl.col("is_return") == returns
    return int(_taken(rows.select("outcome", "is_return", "invoice"), of_way)["invoice"].n_unique())


def count_customers(rows: pl.DataFrame) -> int:
    """How many customers `customers_of` yields."""
    return int(_taken(rows.select("outcome", "sale_customer"))["sale_customer"].drop_nulls().n_unique())


def points_of(rows: pl.DataFrame, mapping: Mapping, programmes: Programmes | None = None) -> Points:
    """Points of the members' goods, each sale by the programme in force when it was made, campaigns included.

    Ranks are not known here. None: by the programme every installation begins with, floored a sale as loyalty does it.
    """
    if programmes is not None and len(programmes.all) > 1:
        return _points_by(rows, mapping, programmes)
    per_point = CURRENT_RULE.minor_units_per_point[mapping.currency]
    of_member = pl.col("sale_customer").is_not_null() & pl.col("is_goods")
    sums = (
        _taken(rows.select("outcome", "invoice", "is_return", "is_goods", "gross_minor", "sale_customer"), of_member)
        .group_by("invoice", "is_return")
        .agg(points=pl.col("gross_minor").sum() // per_point)
    )
    by_way = {way: int(sums.filter(pl.col("is_return") == way)["points"].sum()) for way in (False, True)}
    return Points(by_way[False], by_way[True])


def _points_by(rows: pl.DataFrame, mapping: Mapping, programmes: Programmes) -> Points:
    """Sale by sale, by the function that counts orders; a return whose order is unknown takes back the base."""
    moved = {False: 0, True: 0}
    for returns in moved:
        for sale in sales_of(rows, mapping, returns=returns):
            programme, gross = programmes.at(sale.at), goods_gross_of(sale.lines)
            if sale.customer is None:
                continue
            if returns:
                moved[returns] += programme.base.points(gross, mapping.currency)
                continue
            lines = tuple(BasketLine(line.sku, line.quantity, line.gross_minor) for line in goods_lines(sale.lines))
            basket = Basket(gross, mapping.currency, sale.at, mapping.channel, mapping.location, lines)
            moved[returns] += programme.points(basket)
    return Points(moved[False], moved[True])


def order_draft(sale: Sale, mapping: Mapping, customer_id: str | None) -> OrderDraft:
    """What the order service records of an order."""
    return OrderDraft(
        external_ids=(ExternalId(mapping.source, sale.invoice),),
        channel=mapping.channel,
        location=mapping.location,
        customer=customer_id,
        placed_at=sale.at,
        currency=mapping.currency,
        lines=sale.lines,
    )


def return_draft(sale: Sale, mapping: Mapping, customer_id: str | None) -> ReturnDraft:
    """What the order service records of a cancellation: a return whose order is unknown."""
    return ReturnDraft(
        external_ids=(ExternalId(mapping.source, sale.invoice),),
        currency=mapping.currency,
        lines=sale.lines,
        channel=mapping.channel,
        location=mapping.location,
        customer=customer_id,
        returned_at=sale.at,
        reason=RETURN_REASON,
    )


def _taken(rows: pl.DataFrame, also: pl.Expr | None = None) -> pl.DataFrame:
    """Of frames of few columns only: what is filtered is copied."""
    taken = pl.col("outcome").is_in([outcome.value for outcome in TAKEN])
    return rows.filter(taken if also is None else taken & also)


def _sale(invoice: str, rows: list[tuple[Any, ...]], mapping: Mapping) -> Sale:
    _, named, at_ms, *_ = rows[0]
    return Sale(invoice, named, _instant(at_ms), tuple(_line(*row[3:], mapping=mapping) for row in rows))


def _line(
    sku: str, description: str | None, is_goods: bool, units: int, amount_minor: int, *, mapping: Mapping
) -> Line:
    """The line of an amount; a unit price that is no whole minor unit is rounded up, the discount takes the rest."""
    kind = LineKind.GOODS if is_goods else LineKind.NON_GOODS
    rate = mapping.tax.rate_bp
    if mapping.tax.treatment is TaxTreatment.EXCLUDED:
        tax = (amount_minor * rate * 2 + 10_000) // 20_000
        return line_of_net(sku, description, units, amount_minor, tax, kind=kind, tax_rate_bp=rate)
    unit_price = -(-amount_minor // units)
    discount = units * unit_price - amount_minor
    return line_of_gross(sku, description, units, unit_price, kind=kind, discount_minor=discount, tax_rate_bp=rate)


def _instant(ms: int) -> datetime:
    """Milliseconds since 1970, exactly: a float of seconds would lose some."""
    return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)
