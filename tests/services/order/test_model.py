"""Sales: sums that must agree, bounds, and what makes two tellings the same sale."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Refused
from services.order.identity.model import ExternalId
from services.order.line.model import Line, LineKind, line_of_gross
from services.order.model import OrderDraft, Shipping, Totals, compose, totals_of
from tests.services.order.conftest import NOW, NewDraft

POSTAGE = line_of_gross("POST", "Postage", 1, 300, kind=LineKind.NON_GOODS)
SHIPPING = Shipping(gross_minor=550, net_minor=500, tax_minor=50, tax_rate_bp=1_000)
RECEIPT = Totals(
    goods_gross_minor=5_001,
    non_goods_gross_minor=300,
    shipping_minor=550,
    net_minor=4_546 + 300 + 500,
    tax_minor=455 + 50,
    total_minor=5_851,
)


def refused(draft: OrderDraft) -> dict[str, tuple[str, str]]:
    """Field to expected and got."""
    with pytest.raises(Refused) as caught:
        compose(draft, now=NOW)
    found: Any = caught.value.refusals
    return {".".join(problem.path): (problem.expected, problem.got) for problem in found}


def test_totals_keep_goods_other_lines_and_shipping_apart(new_draft: NewDraft, mug: Line) -> None:
    order = compose(new_draft(lines=(mug, POSTAGE), shipping=SHIPPING, totals=RECEIPT), now=NOW)
    assert order.totals == RECEIPT
    assert order.number == "A-1"


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("goods_gross_minor", "goodsGross"),
        ("non_goods_gross_minor", "nonGoodsGross"),
        ("shipping_minor", "shipping"),
        ("net_minor", "net"),
        ("tax_minor", "tax"),
        ("total_minor", "total"),
    ],
)
def test_a_total_off_by_one_minor_unit_is_refused_with_what_it_should_be(
    new_draft: NewDraft, mug: Line, field: str, path: str
) -> None:
    right: int = getattr(RECEIPT, field)
    claimed = replace(RECEIPT, **{field: right + 1})
    found = refused(new_draft(lines=(mug, POSTAGE), shipping=SHIPPING, totals=claimed))
    assert list(found) == [f"input.totals.{path}"]
    expected, got = found[f"input.totals.{path}"]
    assert expected.startswith(f"{right} minor units")
    assert got == str(right + 1)


@given(
    prices=st.lists(st.tuples(st.integers(1, 99), st.integers(0, 99_999)), min_size=1, max_size=20),
    rate=st.integers(0, 10_000),
)
def test_goods_and_other_lines_and_shipping_are_net_and_tax(prices: list[tuple[int, int]], rate: int) -> None:
    lines = [line_of_gross("X", None, quantity, price, tax_rate_bp=rate) for quantity, price in prices]
    totals = totals_of([*lines, POSTAGE], SHIPPING)
    parts = totals.goods_gross_minor + totals.non_goods_gross_minor + totals.shipping_minor
    assert parts == totals.total_minor == totals.net_minor + totals.tax_minor


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"external_ids": ()}, "input.externalIds"),
        ({"external_ids": (ExternalId("", "1"),)}, "input.externalIds.0.source"),
        ({"external_ids": (ExternalId("till", "x" * 129),)}, "input.externalIds.0.value"),
        ({"external_ids": (ExternalId("till", "1"), ExternalId("till", "2"))}, "input.externalIds"),
        ({"external_ids": tuple(ExternalId(f"s{n}", "1") for n in range(9))}, "input.externalIds"),
        ({"number": ""}, "input.number"),
        ({"channel": ""}, "input.channel"),
        ({"location": "x" * 65}, "input.locationId"),
        ({"customer": "a\x00b"}, "input.customerId"),
        ({"currency": "XXX"}, "input.currency"),
        ({"placed_at": NOW + timedelta(days=2)}, "input.placedAt"),
        ({"placed_at": datetime(1969, 12, 31, tzinfo=UTC)}, "input.placedAt"),
        ({"placed_at": NOW.replace(tzinfo=None)}, "input.placedAt"),
        ({"shipping": Shipping(gross_minor=-1)}, "input.shipping.gross"),
        ({"shipping": Shipping(gross_minor=10, net_minor=10, tax_minor=1)}, "input.shipping.net"),
        ({"shipping": Shipping(gross_minor=10, net_minor=-1, tax_minor=11)}, "input.shipping.tax"),
        ({"shipping": Shipping(tax_rate_bp=-1)}, "input.shipping.taxRate"),
        ({"lines": (line_of_gross("X", None, 1, 2**31 - 1),) * 2}, "input.totals.total"),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_its_field(new_draft: NewDraft, changes: dict[str, Any], path: str) -> None:
    assert path in refused(new_draft(**changes))


def test_no_more_problems_are_told_than_anybody_mends_at_once(new_draft: NewDraft, mug: Line) -> None:
    with pytest.raises(Refused) as caught:
        compose(new_draft(lines=(replace(mug, quantity=0, sku=""),) * 50), now=NOW)
    assert len(caught.value.refusals) == 20


def test_ids_lie_in_the_order_of_the_sales(new_draft: NewDraft) -> None:
    days = [NOW - timedelta(days=days) for days in (3, 2, 1)]
    ids = [compose(new_draft(placed_at=day), now=NOW).id for day in days]
    assert ids == sorted(ids)
    assert ids[0].startswith("ord_")


def test_the_same_sale_has_the_same_fingerprint_whoever_tells_it(new_draft: NewDraft) -> None:
    first = compose(new_draft(staff="stf_1"), now=NOW)
    again = compose(
        new_draft(
            staff="stf_2",
            number="A-1",
            totals=first.totals,
            placed_at=NOW.astimezone(timezone(timedelta(hours=9))) + timedelta(microseconds=7),
        ),
        now=NOW + timedelta(days=1),
        key="other",
    )
    assert again.identity.fingerprint == first.identity.fingerprint
    assert again.placed_at == first.placed_at


@pytest.mark.parametrize(
    "changes",
    [
        {"number": "A-2"},
        {"channel": "web"},
        {"location": "loc_1"},
        {"customer": "cus_1"},
        {"currency": "USD"},
        {"placed_at": NOW - timedelta(seconds=1)},
        {"shipping": SHIPPING},
        {"lines": (POSTAGE,)},
    ],
)
def test_another_sale_has_another_fingerprint(new_draft: NewDraft, changes: dict[str, Any]) -> None:
    first = compose(new_draft(), now=NOW)
    assert compose(new_draft(**changes), now=NOW).identity.fingerprint != first.identity.fingerprint
