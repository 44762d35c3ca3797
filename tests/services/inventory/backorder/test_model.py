"""What may be sold ahead, when it is due, and who is told of a late delivery. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kit.errors import InvalidInput
from services.inventory.backorder.model import (
    Backlog,
    Backorder,
    BackorderDraft,
    BackorderState,
    Offer,
    Supply,
    audit_backlog,
    check_backorder,
    due_at,
    offered,
    reckoned,
)
from services.inventory.backorder.rule import BackorderMode, BackorderRule
from services.inventory.model import Actor, Sku, stock_id
from services.inventory.policy.model import Policy, PolicyDraft, check_policy

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
MON, FRI = NOW + timedelta(days=5), NOW + timedelta(days=9)
BACK = BackorderRule(BackorderMode.BACKORDER)
PRE = BackorderRule(BackorderMode.PREORDER, limit=5, release_at=FRI)


def order(n: int, quantity: int, promised: datetime | None = MON, mode: BackorderMode = BACK.mode) -> Backorder:
    return Backorder(
        f"bo_{n}",
        "f",
        Sku("MUG"),
        "loc",
        quantity,
        mode,
        Actor("web"),
        None,
        BackorderState.WAITING,
        NOW,
        promised,
        promised,
    )


def line(*orders: Backorder, preordered: int = 0) -> Backlog:
    waiting = sum(one.quantity for one in orders if one.state.is_open)
    return Backlog(stock_id("MUG", "loc"), Sku("MUG"), "loc", waiting, preordered, 0, orders)


@pytest.mark.parametrize(
    ("rule", "most"),
    [
        (BACK, 21),
        (replace(BACK, oversell_percent=10), 23),
        (replace(BACK, limit=4, oversell_percent=100), 4),
        (PRE, 5),
    ],
)
def test_how_much_may_be_sold_of_21_that_are_announced(rule: BackorderRule, most: int) -> None:
    assert rule.most(21) == most


def test_a_preorder_ends_with_its_release() -> None:
    assert PRE.is_open(FRI - timedelta(milliseconds=1))
    assert not PRE.is_open(FRI)


def test_an_order_is_due_when_everybody_before_it_is_served() -> None:
    supplies = [Supply(3, FRI), Supply(2, MON)]
    assert [due_at(supplies, n) for n in (1, 2, 3, 5, 6)] == [MON, MON, FRI, FRI, None]


def test_what_is_offered_is_what_nobody_waits_for() -> None:
    supplies = [Supply(2, MON), Supply(3, FRI)]
    assert offered(BACK, None, supplies) == Offer(BACK.mode, 5, MON)
    assert offered(BACK, line(order(1, 2)), supplies) == Offer(BACK.mode, 3, FRI)
    assert offered(BACK, line(order(1, 5)), supplies) == Offer(BACK.mode, 0, None)
    assert offered(PRE, line(preordered=4), []) == Offer(PRE.mode, 1, FRI)
    assert offered(PRE, None, supplies) == Offer(PRE.mode, 5, FRI)


def test_who_will_be_served_late_is_at_risk_once_and_who_will_not_is_not() -> None:
    first, second = order(1, 2), order(2, 2)
    (late,) = reckoned(line(first, second), [Supply(2, MON), Supply(2, FRI)], NOW)
    assert (late.id, late.at_risk, late.expected_at) == ("bo_2", True, FRI)
    assert reckoned(line(first, late), [Supply(2, MON), Supply(2, FRI)], NOW) == []
    unknown, gone = reckoned(line(first, late), [], NOW)
    assert (unknown.at_risk, unknown.expected_at, gone.expected_at) == (True, None, None)
    well, good = reckoned(line(unknown, gone), [Supply(9, MON)], NOW)
    assert (well.at_risk, good.at_risk, good.expected_at) == (False, False, MON)


def test_a_preorder_of_which_nothing_is_announced_is_at_risk_from_its_release_on() -> None:
    pre = order(1, 2, FRI, PRE.mode)
    assert reckoned(line(pre), [], NOW) == []
    assert reckoned(line(pre), [Supply(2, MON)], NOW) == []  # not before its release
    (late,) = reckoned(line(pre), [], FRI)
    assert late.at_risk
    (later,) = reckoned(line(pre), [Supply(2, FRI + timedelta(days=2))], NOW)
    assert (later.at_risk, later.expected_at) == (True, FRI + timedelta(days=2))


def test_the_most_exact_rule_decides_and_none_is_nothing() -> None:
    none = BackorderRule(BackorderMode.NONE, sku="MUG-RED")
    rules = (BACK, replace(BACK, sku="MUG-*", limit=1), none, replace(BACK, sku="MUG-*", location="loc_1", limit=2))
    policy = Policy("web", PolicyDraft(backorders=rules), 1)
    assert policy.backorder("CUP", "loc_1") == BACK
    assert policy.backorder("MUG-BLUE", "loc_1") == rules[3]
    assert policy.backorder("MUG-BLUE", "loc_2") == rules[1]
    assert policy.backorder("MUG-RED", "loc_1") is None
    assert Policy("web", PolicyDraft(), 1).backorder("MUG", "loc_1") is None


@pytest.mark.parametrize(
    ("rule", "at"),
    [
        (replace(PRE, limit=None), "limit"),
        (replace(PRE, release_at=None), "releaseAt"),
        (replace(BACK, release_at=FRI), "releaseAt"),
        (replace(BACK, limit=-1), "limit"),
        (replace(BACK, oversell_percent=101), "oversellPercent"),
        (replace(BACK, sku="A*B"), "sku"),
    ],
)
def test_a_rule_that_contradicts_itself_is_named(rule: BackorderRule, at: str) -> None:
    problems = check_policy("web", PolicyDraft(backorders=(BACK, rule)))
    assert [problem.path for problem in problems] == [("input", "backorders", "1", at)]


def test_absurd_orders_are_named_by_field() -> None:
    wrong = check_backorder(BackorderDraft("k", Sku(""), "loc", 0, "r" * 129))
    assert [problem.path[-1] for problem in wrong] == ["sku", "quantity", "reference"]
    assert all(isinstance(problem, InvalidInput) for problem in wrong)


def test_a_line_that_lies_is_found() -> None:
    assert audit_backlog(line(order(1, 2))) == []
    assert len(audit_backlog(replace(line(order(1, 2)), ordered=3))) == 1
    assert len(audit_backlog(line(order(1, 2, mode=PRE.mode), preordered=1))) == 1
    held = replace(order(1, 2), state=BackorderState.HELD)
    assert len(audit_backlog(line(held))) == 1
