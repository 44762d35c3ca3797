"""Lines, their order, who may touch a reservation, and what an attempt means."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InvalidInput, NotFound
from kit.times import utc_now
from services.inventory.model import MAX_QUANTITY, Actor, InsufficientStock, LocationId, ReservationId, Sku
from services.inventory.reservation.model import (
    MAX_HOLD_S,
    MAX_INPUT_LINES,
    MAX_LINES,
    MIN_HOLD_S,
    Attempt,
    Line,
    LineSeen,
    Reservation,
    ReservationDraft,
    ReservationState,
    check_draft,
    judge_attempt,
    merge_lines,
    refuse_lines,
    state_at,
)
from services.inventory.reservation.proof import audit_holds
from services.inventory.stock.model import Quantities, StockLevel
from tests.services.inventory.world import STAFF, WEB

AT = LocationId("loc_1")
NOW = utc_now()
ANNA, BERT = Actor("web", customer="cus_a"), Actor("web", customer="cus_b")


def line(sku: str, quantity: int = 1, at: str = AT) -> Line:
    return Line(Sku(sku), LocationId(at), quantity)


def reservation(actor: Actor = WEB, state: ReservationState = ReservationState.HELD) -> Reservation:
    later = NOW + timedelta(minutes=15)
    return Reservation(ReservationId("rsv_1"), "f", state, (line("MUG", 2),), actor, NOW, later, later)


def seen(available: int, held: int | None) -> LineSeen:
    pieces = held or 0
    return LineSeen(StockLevel(Sku("MUG"), AT, Quantities(available + pieces, available, pieces), 1, NOW), held)


lines = st.lists(st.builds(line, st.sampled_from("abc"), st.integers(1, 9), st.sampled_from(["loc_1", "loc_2"])))


@given(lines)
def test_merged_lines_keep_every_piece_once_a_stock_and_in_order(given_lines: list[Line]) -> None:
    merged = merge_lines(given_lines)
    wanted: Counter[str] = Counter()
    for each in given_lines:
        wanted[each.stock_id] += each.quantity
    assert {each.stock_id: each.quantity for each in merged} == wanted
    assert [each.stock_id for each in merged] == sorted(wanted)
    assert merge_lines(list(reversed(given_lines))) == tuple(
        replace(each, place=other.place)
        for each, other in zip(merged, merge_lines(list(reversed(given_lines))), strict=True)
    )


@given(lines.filter(bool))
def test_a_merged_line_remembers_where_it_was_first_named(given_lines: list[Line]) -> None:
    for each in merge_lines(given_lines):
        assert each.place == next(i for i, raw in enumerate(given_lines) if raw.stock_id == each.stock_id)


@pytest.mark.parametrize(
    ("draft", "path"),
    [
        (ReservationDraft("k", ()), "input.lines"),
        (ReservationDraft("k", (line("MUG"),) * (MAX_INPUT_LINES + 1)), "input.lines"),
        (ReservationDraft("k", tuple(line(f"S{n}") for n in range(MAX_LINES + 1))), "input.lines"),
        (ReservationDraft("k", (line("MUG"), line("CUP", 0))), "input.lines.1.quantity"),
        (ReservationDraft("k", (line("MUG", -3),)), "input.lines.0.quantity"),
        (ReservationDraft("k", (line("MUG", MAX_QUANTITY + 1),)), "input.lines.0.quantity"),
        (ReservationDraft("k", (line("MUG", MAX_QUANTITY), line("MUG"))), "input.lines.0.quantity"),
        (ReservationDraft("k", (line(" MUG"),)), "input.lines.0.sku"),
        (ReservationDraft("k", (line("MUG"),), MIN_HOLD_S - 1), "input.holdSeconds"),
        (ReservationDraft("k", (line("MUG"),), MAX_HOLD_S + 1), "input.holdSeconds"),
    ],
)
def test_an_absurd_draft_is_refused_by_the_exact_path(draft: ReservationDraft, path: str) -> None:
    (problem,) = check_draft(draft)
    assert isinstance(problem, InvalidInput)
    assert ".".join(problem.path) == path


def test_refused_lines_say_what_was_asked_and_what_is_there() -> None:
    wanted = merge_lines([line("MUG", 2), line("GONE"), line("MUG", 2)])
    levels = {"MUG@loc_1": seen(3, None).level}
    unknown, short = refuse_lines(wanted, levels)  # type: ignore[arg-type]
    assert unknown == NotFound(path=("input", "lines", "1", "sku"), kind="Stock", id="GONE@loc_1")
    assert isinstance(short, InsufficientStock)
    assert (short.requested, short.available, short.path) == (4, 3, ("input", "lines", "0", "quantity"))


def test_an_attempt_is_judged_by_what_its_lines_show() -> None:
    wanted = (line("MUG", 2),)
    judged = [judge_attempt(wanted, {wanted[0].stock_id: each}) for each in (seen(0, 2), seen(5, 0), seen(5, None))]
    assert judged == [Attempt.HELD, Attempt.FENCED, Attempt.UNDECIDED]
    short = judge_attempt(wanted, {wanted[0].stock_id: seen(1, None)})
    assert isinstance(short, list)
    assert isinstance(short[0], InsufficientStock)


@pytest.mark.parametrize(
    ("owner", "caller", "may"),
    [
        (ANNA, ANNA, True),
        (ANNA, BERT, False),
        (ANNA, Actor("app", customer="cus_a"), True),
        (WEB, ANNA, False),
        (ANNA, STAFF, True),
        (WEB, WEB, True),
        (WEB, Actor("partner"), False),
    ],
)
def test_customers_touch_their_own_channels_their_own_staff_all(owner: Actor, caller: Actor, may: bool) -> None:
    assert caller.may_touch(reservation(owner).actor) is may


def test_a_hold_whose_time_is_over_has_expired_though_unswept() -> None:
    held = reservation()
    assert state_at(held, held.expires_at - timedelta(milliseconds=1)) is ReservationState.HELD
    assert state_at(held, held.expires_at) is ReservationState.EXPIRED


def test_the_audit_names_holds_and_reservations_that_do_not_match() -> None:
    held = reservation()
    assert audit_holds({held.id: held}, {"MUG@loc_1": {held.id: 2}}) == []
    assert len(audit_holds({}, {"MUG@loc_1": {held.id: 2}})) == 1
    assert len(audit_holds({held.id: held}, {})) == 1
    assert len(audit_holds({held.id: held}, {"MUG@loc_1": {held.id: 1}})) == 2
