"""The same question for OR-tools' CP-SAT, which the extra `sourcing` brings; nothing else here knows of it.

Large questions are cut down to the places that look best, and say so. All rules in one integer would not fit into the
solver's 64 bits: as many as fit are one goal, which is solved and fixed before the next. One worker, a fixed seed and a
limit in deterministic time: the same question has the same answer, unless the wall clock's cap cuts it short.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.inventory.sourcing.greedy import Found
from services.inventory.sourcing.model import SourcingRule
from services.inventory.sourcing.scaled import Place, Question, fixed_of, piece_of

PLACES = 20
"""Places the solver gets: of 40 plans the exact search left unproven it improved one with these, and one with 28 in
nearly twice the time."""
DETERMINISTIC_S = 0.004
"""The solver's own measure of work, some ten milliseconds here; of all goals together."""
MAX_GOAL = 2**53
"""Rules are packed into one goal up to here: the solver's integers have 64 bits, its bounds are doubles."""


class SolverMissing(Exception):
    """The extra `sourcing` is not installed."""


@dataclass(frozen=True, slots=True)
class Solved:
    """What the solver came to; `is_optimal` among the places it was given, `saw_all` whether these were all."""

    found: Found
    is_optimal: bool
    saw_all: bool


def solve(question: Question, start: Found, rules: Sequence[SourcingRule], cap_s: float) -> Solved:
    """`start` or better; SolverMissing if there is no solver."""
    model = _load()
    places = _promising(question, start)
    task = _Task(model, question, places, start)
    chosen, is_optimal = task.run(rules, cap_s)
    found = Found(question, chosen)
    best = found if found.cost < start.cost else start
    return Solved(best, is_optimal, len(places) == len(question.places))


def is_installed() -> bool:
    """Whether the solver can be asked."""
    try:
        _load()
    except SolverMissing:
        return False
    return True


def _load() -> Any:
    try:
        from ortools.sat.python import cp_model
    except ImportError as error:
        raise SolverMissing("sourcing needs the extra `sourcing`: pip install 'noren[sourcing]'") from error
    return cp_model


def _promising(question: Question, start: Found) -> list[Place]:
    """What the plan so far uses, then in turn those that give most, those that cost least, and of each demand the
    cheapest that gives it, until there are enough."""
    if len(question.places) <= PLACES:
        return list(question.places)
    kept = {place.index: place for place in start.places}
    most = sorted(question.places, key=lambda one: (-one.gives.bit_count(), one.fixed, one.index))
    least = sorted(question.places, key=lambda one: (one.fixed, one.index))
    by_demand = [[place for place in least if demand in place.offers] for demand in range(len(question.needs))]
    rank = 0
    while len(kept) < PLACES:
        for order in (most, least, *by_demand):
            if rank < len(order) and len(kept) < PLACES:
                kept.setdefault(order[rank].index, order[rank])
        rank += 1
    return [kept[index] for index in sorted(kept)]


class _Task:
    """One model: whether a place is used, how many pieces of each demand it gives, how many are missing."""

    def __init__(self, cp_model: Any, question: Question, places: Sequence[Place], start: Found) -> None:
        self._cp = cp_model
        self._question = question
        self._places = places
        self._model = cp_model.CpModel()
        self._used = {place.index: self._model.new_bool_var("") for place in places}
        self._given: dict[tuple[int, int], Any] = {}
        for place in places:
            self._add_place(place)
        self._missing = [self._add_demand(demand, need) for demand, need in enumerate(question.needs)]
        self._hint(start)

    def run(self, rules: Sequence[SourcingRule], cap_s: float) -> tuple[list[Place], bool]:
        """Solve group by group; the places of the last answer, and whether every group's best was proven."""
        groups = list(self._groups(rules))
        chosen: list[Place] = []
        is_optimal = True
        work_left, time_left = DETERMINISTIC_S, cap_s
        for place, goal in enumerate(groups):
            share = 1 / (len(groups) - place)  # what a goal does not need is left to those after it
            solver = self._solver(time_left * share, work_left * share)
            self._model.minimize(goal)
            status = solver.solve(self._model)
            work_left = max(0.0, work_left - solver.response_proto.deterministic_time)
            time_left = max(0.0, time_left - solver.wall_time)
            if status not in (self._cp.OPTIMAL, self._cp.FEASIBLE):
                return chosen, False
            is_optimal = is_optimal and status == self._cp.OPTIMAL
            chosen = [place for place in self._places if solver.boolean_value(self._used[place.index])]
            if goal is not groups[-1]:
                self._model.add(goal <= int(solver.objective_value))
                self._rehint(solver)
        return chosen, is_optimal

    def _groups(self, rules: Sequence[SourcingRule]) -> Iterator[Any]:
        """The goals in order, as many in one number as fit: missing pieces first, then the rules'."""
        group: Any = sum(self._missing)
        most = sum(self._question.needs)
        for rule, weight, above in zip(rules, self._question.weights, self._above(), strict=True):
            radix = above // weight
            goal = self._goal(rule)
            if isinstance(goal, int):
                continue
            if most * radix > MAX_GOAL:
                yield group
                group, most = goal, radix
            else:
                group, most = group * radix + goal, most * radix
        yield group

    def _above(self) -> list[int]:
        """Of every rule the weight of what stands before it."""
        return [self._question.miss, *self._question.weights[:-1]]

    def _solver(self, cap_s: float, deterministic_s: float) -> Any:
        solver = self._cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        solver.parameters.cp_model_presolve = False  # takes longer than the whole search may
        solver.parameters.linearization_level = 2  # covering has a strong linear bound
        solver.parameters.max_time_in_seconds = cap_s
        solver.parameters.max_deterministic_time = deterministic_s
        return solver

    def _add_place(self, place: Place) -> None:
        used = self._used[place.index]
        for demand, offer in place.offers.items():
            given = self._model.new_int_var(0, offer.pieces, "")
            self._given[demand, place.index] = given
            self._model.add(given <= offer.pieces * used)
        if sum(offer.pieces for offer in place.offers.values()) > place.room:
            self._model.add(sum(self._given[demand, place.index] for demand in place.offers) <= place.room)

    def _add_demand(self, demand: int, need: int) -> Any:
        missing = self._model.new_int_var(0, need, "")
        given = [self._given[demand, place.index] for place in self._places if demand in place.offers]
        self._model.add(sum(given) + missing == need)
        return missing

    def _goal(self, rule: SourcingRule) -> Any:
        """The rule's value as an expression; the number 0 if it is the same for all plans."""
        candidates, demands = self._question.candidates, self._question.demands
        terms = [
            fixed * self._used[place.index]
            for place in self._places
            if (fixed := fixed_of(candidates[place.index], rule))
        ]
        terms += [
            cost * given
            for (demand, place), given in self._given.items()
            if (cost := piece_of(candidates[place], demands[demand].sku, rule))
        ]
        return sum(terms)

    def _hint(self, start: Found) -> None:
        used = {place.index for place in start.places}
        for index, variable in self._used.items():
            self._model.add_hint(variable, index in used)
        for key, variable in self._given.items():
            self._model.add_hint(variable, start.assigned.taken.get(key, 0))
        supplied: Counter[int] = Counter()
        for (demand, _), pieces in start.assigned.taken.items():
            supplied[demand] += pieces
        for demand, variable in enumerate(self._missing):
            self._model.add_hint(variable, self._question.needs[demand] - supplied[demand])

    def _rehint(self, solver: Any) -> None:
        self._model.clear_hints()
        value: Callable[[Any], int] = solver.value
        for variable in (*self._used.values(), *self._given.values(), *self._missing):
            self._model.add_hint(variable, value(variable))
