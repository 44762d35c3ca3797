"""Why a plan is what it is, and why the locations that are not in it lost: told from the same question it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.inventory.sourcing.greedy import Found
from services.inventory.sourcing.model import Candidate, Demand, Plan, SourcingRule, measure
from services.inventory.sourcing.scaled import Question, scale

MAX_LOSERS = 50
"""Losers that are explained, nearest first: more than anybody reads."""


class LostBecause(StrEnum):
    """Why a location is not in the plan."""

    NO_STOCK = "NO_STOCK"
    NO_CAPACITY = "NO_CAPACITY"
    MORE_MISSING = "MORE_MISSING"
    RULE = "RULE"
    TIE = "TIE"


@dataclass(frozen=True, slots=True)
class Loser:
    """A location without a part in the plan.

    `values` are the rules' values of the best plan that would use it in place of a chosen location or beside them all;
    `rule` is the first in which that plan is worse. Both are None where it could give nothing.
    """

    location_id: str
    because: LostBecause
    rule: SourcingRule | None = None
    values: tuple[int, ...] | None = None


def explain_losers(plan: Plan, demands: Sequence[Demand], candidates: Sequence[Candidate]) -> list[Loser]:
    """Why each candidate outside the plan lost, nearest first, at most `MAX_LOSERS`."""
    demands = sorted(demands, key=lambda demand: demand.sku)
    question = scale(demands, candidates, plan.rules)
    used = set(plan.location_ids)
    rest = sorted((one for one in candidates if one.location_id not in used), key=_nearest_first)
    return [_explain(plan, question, one) for one in rest[:MAX_LOSERS]]


def _nearest_first(candidate: Candidate) -> tuple[int, str]:
    return candidate.distance_m, candidate.location_id


def _explain(plan: Plan, question: Question, candidate: Candidate) -> Loser:
    index = next((n for n, one in enumerate(question.candidates) if one.location_id == candidate.location_id), None)
    if index is None:
        has_stock = any(candidate.stock.get(demand.sku, 0) > 0 for demand in question.demands)
        because = LostBecause.NO_CAPACITY if has_stock else LostBecause.NO_STOCK
        return Loser(candidate.location_id, because)
    missing, values = _best_with(plan, question, index)
    if missing > sum(plan.short.values()):
        return Loser(candidate.location_id, LostBecause.MORE_MISSING, None, values)
    for rule, theirs, ours in zip(plan.rules, values, plan.values, strict=True):
        if theirs != ours:
            return Loser(candidate.location_id, LostBecause.RULE, rule, values)
    return Loser(candidate.location_id, LostBecause.TIE, None, values)


def _best_with(plan: Plan, question: Question, index: int) -> tuple[int, tuple[int, ...]]:
    """Missing pieces and values of the best plan over the chosen places and this one, which must supply something."""
    number_of = {one.location_id: n for n, one in enumerate(question.candidates)}
    place = question.places[index]
    chosen = [question.places[number_of[id]] for id in plan.location_ids]
    sets = [[place, *chosen], *([place, *chosen[:n], *chosen[n + 1 :]] for n in range(len(chosen)))]
    found = [Found(question, places) for places in sets]
    using = [one for one in found if place in one.places] or [_forced(question, index)]
    best = min(using, key=lambda one: one.cost)
    picks = question.picks(best.assigned.taken)
    by_id = {one.location_id: one for one in question.candidates}
    missing = sum(question.needs) - best.supplied()
    return missing, tuple(measure(picks, by_id, rule) for rule in plan.rules)


def _forced(question: Question, index: int) -> Found:
    """What the place supplies alone."""
    return Found(question, [question.places[index]])
