"""Lines: exact amounts, and refusals that name the field."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.money import MAX_MINOR_UNITS
from services.order.line.model import (
    MAX_LINES,
    MAX_QUANTITY,
    Line,
    LineKind,
    check_lines,
    line_of_gross,
    line_of_net,
)
from services.order.problems import Problems


def problems_of(*lines: Line) -> list[tuple[str, str]]:
    problems = Problems()
    check_lines(lines, problems)
    return [(".".join(problem.path), problem.expected) for problem in problems.found]


def test_a_line_of_gross_prices_carries_the_tax_inside(mug: Line) -> None:
    assert (mug.gross_minor, mug.net_minor, mug.tax_minor) == (5_001, 4_546, 455)
    assert problems_of(mug) == []


def test_a_line_of_net_amounts_whose_gross_does_not_divide_gives_the_rest_as_discount() -> None:
    line = line_of_net("BIKE", None, 3, net_minor=1_000, tax_minor=80, tax_rate_bp=800)
    assert (line.unit_price_minor, line.discount_minor, line.gross_minor) == (360, 0, 1_080)
    uneven = line_of_net("BIKE", None, 7, net_minor=1_000, tax_minor=80, tax_rate_bp=800)
    assert (uneven.unit_price_minor, uneven.discount_minor, uneven.gross_minor) == (155, 5, 1_080)
    assert problems_of(line, uneven) == []


@given(
    quantity=st.integers(1, 1_000),
    net=st.integers(0, 1_000_000),
    rate=st.integers(0, 10_000),
    discount=st.integers(0, 1_000),
)
def test_every_line_of_net_amounts_holds(quantity: int, net: int, rate: int, discount: int) -> None:
    line = line_of_net("X", None, quantity, net, net * rate // 10_000, discount_minor=discount, tax_rate_bp=rate)
    assert problems_of(line) == []
    assert line.net_minor == net


@given(quantity=st.integers(1, 1_000), price=st.integers(0, 1_000_000), rate=st.integers(0, 10_000))
def test_every_line_of_gross_prices_holds(quantity: int, price: int, rate: int) -> None:
    assert problems_of(line_of_gross("X", None, quantity, price, tax_rate_bp=rate)) == []


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"sku": ""}, "sku", "1 to 64 printable characters"),
        ({"sku": "A\nB"}, "sku", "1 to 64 printable characters"),
        ({"description": "x" * 501}, "description", "at most 500 characters"),
        ({"quantity": 0}, "quantity", f"1 to {MAX_QUANTITY}"),
        ({"quantity": -1}, "quantity", f"1 to {MAX_QUANTITY}"),
        ({"tax_rate_bp": 10_001}, "taxRate", "0 to 1 in steps of 0.0001 (0 to 10000)"),
        ({"unit_price_minor": -1}, "unitPrice", "0 or more for GOODS"),
        ({"unit_price_minor": MAX_MINOR_UNITS}, "unitPrice", f"a line of at most {MAX_MINOR_UNITS}"),
        ({"discount_minor": -1}, "discount", "0 to 5005, which is quantity × unit price"),
        ({"discount_minor": 5_006}, "discount", "0 to 5005, which is quantity × unit price"),
        ({"gross_minor": 5_002}, "gross", "5001 minor units (quantity × unit price - discount)"),
        ({"tax_minor": 5_002}, "tax", "0 to 5001, inside the gross"),
        ({"tax_minor": -1}, "tax", "0 to 5001, inside the gross"),
        ({"net_minor": 4_547}, "net", "4546 minor units (gross - tax)"),
    ],
)
def test_a_line_that_does_not_hold_is_refused_by_its_field(
    mug: Line, changes: dict[str, Any], field: str, expected: str
) -> None:
    found = problems_of(mug, replace(mug, **changes))
    assert (f"input.lines.1.{field}", expected) in found


def test_an_adjustment_may_be_negative_and_goods_may_not() -> None:
    adjustment = line_of_gross("B", "Adjust bad debt", 1, -5_359_436, kind=LineKind.NON_GOODS)
    assert problems_of(adjustment) == []
    assert problems_of(replace(adjustment, kind=LineKind.GOODS)) == [("input.lines.0.unitPrice", "0 or more for GOODS")]


def test_a_document_has_at_least_one_line_and_not_too_many(mug: Line) -> None:
    assert problems_of() == [("input.lines", f"1 to {MAX_LINES} lines")]
    assert problems_of(*[mug] * MAX_LINES) == []
    assert problems_of(*[mug] * (MAX_LINES + 1)) == [("input.lines", f"1 to {MAX_LINES} lines")]
