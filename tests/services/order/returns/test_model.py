"""Returns: refunds that add up to what was paid, and quantities that never exceed what was sold."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Refused
from services.order.identity.model import ExternalId
from services.order.line.model import Line, LineKind, check_lines, line_of_gross
from services.order.model import AppliedReturn, OrderId, Piece, ReturnId, compose
from services.order.problems import Problems
from services.order.returns.model import (
    MAX_RETURNS,
    ReturnExceedsSold,
    ReturnState,
    TooManyReturns,
    check_against,
    check_return,
    compose_return,
    refund_lines,
    refund_of,
    refusals_of,
)
from tests.services.order.conftest import NOW, NewDraft, NewReturn

ORDER = OrderId("ord_1")


@st.composite
def sold_lines(draw: st.DrawFn) -> Line:
    quantity = draw(st.integers(1, 60))
    kind = draw(st.sampled_from(LineKind))
    price = draw(st.integers(0 if kind is LineKind.GOODS else -20_000, 20_000))
    discount = draw(st.integers(0, max(0, quantity * price)))
    gross = quantity * price - discount
    tax = draw(st.integers(min(0, gross), max(0, gross)))
    return Line("X", None, kind, quantity, price, discount, gross, gross - tax, tax, 1_000)


@given(sold=sold_lines(), data=st.data())
def test_partial_refunds_add_up_to_the_line_to_the_minor_unit(sold: Line, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, sold.quantity), max_size=10))
    steps = sorted({0, sold.quantity, *cuts})
    parts = [refund_of(sold, before, after - before) for before, after in pairwise(steps)]
    assert sum(part.quantity for part in parts) == sold.quantity
    assert sum(part.gross_minor for part in parts) == sold.gross_minor
    assert sum(part.net_minor for part in parts) == sold.net_minor
    assert sum(part.tax_minor for part in parts) == sold.tax_minor


@given(sold=sold_lines(), data=st.data())
def test_every_part_has_its_tax_inside_its_gross_and_is_at_most_a_minor_unit_off(
    sold: Line, data: st.DataObject
) -> None:
    before = data.draw(st.integers(0, sold.quantity - 1))
    part = refund_of(sold, before, data.draw(st.integers(1, sold.quantity - before)))
    assert min(0, part.gross_minor) <= part.tax_minor <= max(0, part.gross_minor)
    assert part.net_minor == part.gross_minor - part.tax_minor
    assert part.gross_minor == part.quantity * part.unit_price_minor - part.discount_minor
    assert abs(part.gross_minor * sold.quantity - sold.gross_minor * part.quantity) <= sold.quantity


def test_the_last_piece_takes_the_remainder(mug: Line) -> None:
    grosses = [refund_of(mug, before, 1).gross_minor for before in range(5)]
    assert grosses == [1_000, 1_000, 1_001, 1_000, 1_000]
    assert sum(grosses) == mug.gross_minor
    thirds = line_of_gross("X", None, 3, 100, discount_minor=200)
    assert [refund_of(thirds, before, 1).gross_minor for before in range(3)] == [33, 34, 33]


def test_refunds_follow_from_the_turn_in_the_order_not_from_who_computes(new_draft: NewDraft, mug: Line) -> None:
    turns = tuple(AppliedReturn(ReturnId(f"ret_{n}"), (Piece(1, 1),)) for n in range(5))
    order = replace(compose(new_draft(), now=NOW), returned=(5,), returns=turns)
    amounts = {turn.id: refund_lines(order, turn)[0].line.gross_minor for turn in reversed(turns)}
    assert amounts[turns[2].id] == 1_001
    assert sum(amounts.values()) == mug.gross_minor


def test_a_known_orders_return_is_pending_until_the_order_decides(new_draft: NewDraft, new_return: NewReturn) -> None:
    order = compose(new_draft(customer="cus_1", currency="JPY"), now=NOW)
    made = compose_return(new_return(order=order.id, pieces=(Piece(1, 2),)), order, now=NOW)
    assert (made.state, made.lines, made.is_recorded) == (ReturnState.PENDING, (), False)
    assert (made.customer, made.currency) == ("cus_1", "JPY")


def test_a_return_without_its_order_is_recorded_with_its_own_lines(new_return: NewReturn, mug: Line) -> None:
    postage = line_of_gross("POST", None, 1, 300, kind=LineKind.NON_GOODS)
    made = compose_return(new_return(currency="EUR", lines=(mug, postage)), None, now=NOW)
    assert made.is_recorded
    assert (made.totals.goods_gross_minor, made.totals.non_goods_gross_minor) == (5_001, 300)
    assert made.totals.total_minor == made.totals.net_minor + made.totals.tax_minor == 5_301


def test_an_order_refuses_more_than_was_sold_with_the_facts(new_draft: NewDraft) -> None:
    order = replace(compose(new_draft(), now=NOW), returned=(4,))
    assert refusals_of(order, [Piece(1, 1)]) == []
    (refusal,) = refusals_of(order, [Piece(1, 2)])
    path = ("input", "lines", "0", "quantity")
    assert refusal == ReturnExceedsSold(path=path, line=1, sold=5, returned=4, requested=2)
    assert refusal.message == "line 1: 5 sold, 4 returned before, 2 requested"


def test_an_order_keeps_a_bounded_number_of_returns(new_draft: NewDraft) -> None:
    turns = (AppliedReturn(ReturnId("ret_1"), (Piece(1, 1),)),) * MAX_RETURNS
    order = replace(compose(new_draft(), now=NOW), returns=turns)
    (refusal,) = refusals_of(order, [Piece(1, 1)])
    assert refusal == TooManyReturns(path=("input", "order"), order_id=order.id, limit=MAX_RETURNS)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"order": ORDER}, "input.lines"),
        ({"order": ORDER, "pieces": (Piece(0, 1),)}, "input.lines.0.line"),
        ({"order": ORDER, "pieces": (Piece(1, 1), Piece(1, 1))}, "input.lines.1.line"),
        ({"order": ORDER, "pieces": (Piece(1, 0),)}, "input.lines.0.quantity"),
        (
            {"order": ORDER, "pieces": (Piece(1, 1),), "lines": (line_of_gross("X", None, 1, 1),)},
            "input.linesWithoutOrder",
        ),
        ({"pieces": (Piece(1, 1),), "currency": "EUR"}, "input.lines"),
        ({"currency": "EUR"}, "input.linesWithoutOrder"),
        ({"lines": (line_of_gross("X", None, 1, 1),)}, "input.currency"),
        ({"lines": (line_of_gross("X", None, 0, 1),), "currency": "EUR"}, "input.linesWithoutOrder.0.quantity"),
        ({"external_ids": (), "currency": "EUR"}, "input.externalIds"),
        ({"external_ids": (ExternalId("till", ""),)}, "input.externalIds.0.value"),
        ({"reason": "x" * 201}, "input.reason"),
    ],
)
def test_what_does_not_hold_is_refused_by_its_field(new_return: NewReturn, changes: dict[str, Any], path: str) -> None:
    with pytest.raises(Refused) as caught:
        check_return(new_return(**changes), NOW)
    assert path in {".".join(refusal.path) for refusal in caught.value.refusals}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"pieces": (Piece(2, 1),)}, "input.lines.0.line"),
        ({"customer": "cus_2"}, "input.customerId"),
        ({"currency": "USD"}, "input.currency"),
    ],
)
def test_what_contradicts_the_order_is_refused_by_its_field(
    new_draft: NewDraft, new_return: NewReturn, changes: dict[str, Any], path: str
) -> None:
    order = compose(new_draft(), now=NOW)
    with pytest.raises(Refused) as caught:
        check_against(order, new_return(order=order.id, **({"pieces": (Piece(1, 1),)} | changes)))
    assert [".".join(refusal.path) for refusal in caught.value.refusals] == [path]


def test_refund_parts_pass_the_rules_of_lines(mug: Line) -> None:
    problems = Problems()
    check_lines([refund_of(mug, 0, 5)], problems)
    assert problems.found == []
