"""Choosing the locations: exactly where that can be done in time, else with a solver, else greedily; it says which.

Pure and deterministic: the same demands, candidates and rules give the same plan, in whatever order they come.
"""

from collections.abc import Mapping, Sequence

from services.inventory.sourcing.cpsat import SolverMissing, solve
from services.inventory.sourcing.exact import WORK, exact
from services.inventory.sourcing.greedy import Found, greedy
from services.inventory.sourcing.model import (
    DEFAULT_RULES,
    Candidate,
    Demand,
    Plan,
    SourcingMethod,
    SourcingRule,
    measure,
)
from services.inventory.sourcing.scaled import Question, scale

SOLVER_CAP_S = 0.1
"""Wall clock the solver may take on a slow machine; on a usual one its deterministic limit comes first."""


def source(
    demands: Sequence[Demand],
    candidates: Sequence[Candidate],
    rules: Sequence[SourcingRule] = DEFAULT_RULES,
    method: SourcingMethod | None = None,
) -> Plan:
    """The best plan found for these demands, each of another SKU; it never takes more than a candidate has.

    `method` insists on one: EXACT then searches until it is done, however long that takes. Without, the exact search
    may do `exact.WORK`; then CP-SAT goes on from the best of them. Pieces that nobody can supply are in
    `Plan.short`; the rest of the plan is still the best for what can be supplied.
    """
    demands = sorted(demands, key=lambda demand: demand.sku)
    question = scale(demands, candidates, rules)
    start = first = greedy(question)
    if method is SourcingMethod.GREEDY:
        return _plan(question, rules, start, SourcingMethod.GREEDY, False, "the greedy method was asked for")
    if method is not SourcingMethod.CP_SAT:
        work = WORK if method is None else UNBOUNDED
        start, is_proven = exact(question, start, work)
        if is_proven:
            return _plan(question, rules, start, SourcingMethod.EXACT, True, None)
    how = SourcingMethod.GREEDY if start is first else SourcingMethod.EXACT
    return _solved(question, rules, start, how)


UNBOUNDED = 10**12
"""Work nobody lives to see the end of."""


def _solved(question: Question, rules: Sequence[SourcingRule], start: Found, how: SourcingMethod) -> Plan:
    """The solver's plan where it is better than `start` or proves the best; else `start`, which `how` found."""
    try:
        solved = solve(question, start, rules, SOLVER_CAP_S)
    except SolverMissing as missing:
        reason = f"the exact search would have taken too long, and {missing}"
        return _plan(question, rules, start, how, False, reason)
    if solved.is_optimal and solved.saw_all:
        return _plan(question, rules, solved.found, SourcingMethod.CP_SAT, True, None)
    why = "CP-SAT's time was over before a proof"
    if solved.is_optimal:
        why = "CP-SAT was given the most promising locations only, and proved the best plan among these"
    if solved.found is not start:
        return _plan(question, rules, solved.found, SourcingMethod.CP_SAT, False, f"better than {SEARCH[how]}; {why}")
    return _plan(question, rules, start, how, False, f"CP-SAT found nothing better than {SEARCH[how]}; {why}")


SEARCH = {
    SourcingMethod.GREEDY: "the greedy plan",
    SourcingMethod.EXACT: "the best plan of the exact search, which had no time for a proof",
}


def _plan(
    question: Question,
    rules: Sequence[SourcingRule],
    found: Found,
    method: SourcingMethod,
    is_proven: bool,
    remark: str | None,
) -> Plan:
    picks = question.picks(found.assigned.taken)
    by_id: Mapping[str, Candidate] = {one.location_id: one for one in question.candidates}
    supplied: dict[str, int] = {}
    for pick in picks:
        supplied[pick.sku] = supplied.get(pick.sku, 0) + pick.quantity
    short = {
        demand.sku: demand.quantity - supplied.get(demand.sku, 0)
        for demand in question.demands
        if supplied.get(demand.sku, 0) < demand.quantity
    }
    values = tuple(measure(picks, by_id, rule) for rule in rules)
    return Plan(picks, short, values, tuple(rules), method, is_proven, remark)
