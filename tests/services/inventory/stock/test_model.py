"""What may change stock by hand, and what the books must show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InvalidInput
from kit.times import utc_now
from services.inventory.model import MAX_ON_HAND, MAX_QUANTITY, InsufficientStock, LocationId, Sku
from services.inventory.stock.model import (
    Adjustment,
    AdjustmentReason,
    Books,
    OnHandChanged,
    Quantities,
    Recount,
    StockLevel,
    audit_books,
    check_adjustment,
    refuse_adjustment,
)

AT = LocationId("loc_1")


def adjust(delta: int | None = None, recount: Recount | None = None, sku: str = "MUG") -> Adjustment:
    return Adjustment("key", Sku(sku), AT, AdjustmentReason.CORRECTED, delta, recount)


def level(on_hand: int, reserved: int) -> StockLevel:
    return StockLevel(Sku("MUG"), AT, Quantities(on_hand, on_hand - reserved, reserved), 1, utc_now())


@pytest.mark.parametrize(
    ("adjustment", "path"),
    [
        (adjust(delta=0), "input.delta"),
        (adjust(delta=MAX_QUANTITY + 1), "input.delta"),
        (adjust(delta=-MAX_QUANTITY - 1), "input.delta"),
        (adjust(), "input"),
        (adjust(delta=1, recount=Recount(1, 1)), "input"),
        (adjust(recount=Recount(-1, 1)), "input.recount.counted"),
        (adjust(recount=Recount(1, -1)), "input.recount.expectedOnHand"),
        (adjust(delta=1, sku=""), "input.sku"),
        (adjust(delta=1, sku="a\nb"), "input.sku"),
        (adjust(delta=1, sku="x" * 65), "input.sku"),
    ],
)
def test_an_absurd_adjustment_is_refused_by_the_exact_path(adjustment: Adjustment, path: str) -> None:
    (problem,) = check_adjustment(adjustment)
    assert isinstance(problem, InvalidInput)
    assert ".".join(problem.path) == path


@given(st.integers(0, 50), st.integers(0, 50), st.integers(-100, 100).filter(bool))
def test_a_delta_is_refused_exactly_if_available_would_fall_below_zero(available: int, reserved: int, d: int) -> None:
    refusal = refuse_adjustment(adjust(delta=d), level(available + reserved, reserved))
    if available + d < 0:
        assert isinstance(refusal, InsufficientStock)
        assert (refusal.requested, refusal.available) == (-d, available)
    else:
        assert refusal is None


def test_a_count_against_a_moved_figure_is_refused_with_both() -> None:
    refusal = refuse_adjustment(adjust(recount=Recount(5, 9)), level(10, 0))
    assert isinstance(refusal, OnHandChanged)
    assert (refusal.expected_on_hand, refusal.actual_on_hand) == (9, 10)


def test_a_count_below_what_is_held_is_refused() -> None:
    assert isinstance(refuse_adjustment(adjust(recount=Recount(3, 10)), level(10, 4)), InsufficientStock)
    assert refuse_adjustment(adjust(recount=Recount(4, 10)), level(10, 4)) is None


def test_more_than_an_int_can_show_is_refused() -> None:
    assert isinstance(refuse_adjustment(adjust(delta=1), level(MAX_ON_HAND, 0)), InvalidInput)


def test_books_that_agree_have_no_problems() -> None:
    assert audit_books(Books(level(10, 4), {"rsv_1": 3, "rsv_2": 1}, Quantities(10, 6, 4))) == []


@pytest.mark.parametrize(
    ("quantities", "holds", "moved"),
    [
        (Quantities(-1, -1, 0), {}, Quantities(-1, -1, 0)),
        (Quantities(10, 9, 0), {}, Quantities(10, 9, 0)),
        (Quantities(10, 6, 4), {"rsv_1": 3}, Quantities(10, 6, 4)),
        (Quantities(10, 10, 0), {}, Quantities(11, 11, 0)),
    ],
)
def test_every_contradiction_in_the_books_is_named(
    quantities: Quantities, holds: dict[str, int], moved: Quantities
) -> None:
    wrong = StockLevel(Sku("MUG"), AT, quantities, 1, utc_now())
    (problem,) = audit_books(Books(wrong, holds, moved))
    assert problem.startswith("MUG@loc_1: ")
