"""Sourcing of 20 lines over 500 locations: time and optimality gap by method. `python -m benchmarks.inventory.sourcing`

Shops lie at random in a square of 1,000 km; each keeps a part of the range, as shops do. The gap is against the exact
search with `PROOF_WORK`, which is some ten seconds, or the best plan known where that does not prove it: in how many
questions the first rule is worse, and by how much the second is on average in the others. Times are CPU milliseconds of
this process, the median of the questions; the worst is in brackets.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from benchmarks.rates import machine
from services.inventory.sourcing.choose import SOLVER_CAP_S, source
from services.inventory.sourcing.cpsat import is_installed, solve
from services.inventory.sourcing.exact import WORK, exact
from services.inventory.sourcing.greedy import Found, greedy
from services.inventory.sourcing.model import DEFAULT_RULES, Candidate, Demand, SourcingMethod, SourcingRule
from services.inventory.sourcing.model import measure as value_of
from services.inventory.sourcing.scaled import Question, scale

LINES = 20
PLACES = 500
DENSITIES = (0.2, 0.3, 0.5, 0.7)
PROOF_WORK = 60_000_000
"""Enough for most questions here."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of question."""

    density: float
    scarce: bool
    rules: tuple[SourcingRule, ...] = DEFAULT_RULES

    def __str__(self) -> str:
        rules = "default rules" if self.rules == DEFAULT_RULES else "cost first"
        return f"{self.density:.0%} of the range, {rules}{', picks scarce' if self.scarce else ''}"


def draw(chance: Random, case: Case) -> tuple[list[Demand], list[Candidate]]:
    skus = [f"SKU-{n}" for n in range(LINES)]
    demands = [Demand(sku, chance.randint(1, 5)) for sku in skus]
    candidates = []
    for number in range(PLACES):
        stock = {sku: chance.randint(1, 12) for sku in skus if chance.random() < case.density}
        away = (chance.uniform(-500, 500) ** 2 + chance.uniform(-500, 500) ** 2) ** 0.5
        candidates.append(
            Candidate(
                f"loc_{number:03}",
                stock,
                distance_m=round(away * 1_000),
                parcel_cost=chance.randint(300, 900),
                piece_cost=chance.randint(0, 20),
                capacity_left=chance.randint(5, 60) if case.scarce else None,
                load_bp=chance.randint(0, 10_000),
                strain_bp={sku: chance.randint(0, 10_000) for sku in stock},
            )
        )
    return demands, candidates


@dataclass(frozen=True, slots=True)
class Tried:
    """What a method came to in one question."""

    taken_ms: float
    values: tuple[int, ...]
    is_best: bool


def measure(case: Case, questions: int) -> None:
    chance = Random(str(case))
    rows: dict[str, list[Tried]] = {}
    bests: list[tuple[int, ...]] = []
    whole: list[float] = []
    proven = solved = 0
    for _ in range(questions):
        demands, candidates = draw(chance, case)
        plan, taken = timed(source, demands, candidates, case.rules)
        whole.append(taken)
        proven += plan.is_proven
        solved += plan.method is SourcingMethod.CP_SAT
        question = scale(demands, candidates, case.rules)
        best = compare(question, case, rows)
        bests.append(values(question, best, case))
    print(f"\n{case}: whole call {_shown(whole)}, {proven} of {questions} proven, {solved} went on to CP-SAT")
    for name, tried in rows.items():
        found = sum(one.is_best for one in tried)
        worse = sum(one.values[0] > best[0] for one, best in zip(tried, bests, strict=True))
        ratios = [
            one.values[1] / best[1] - 1
            for one, best in zip(tried, bests, strict=True)
            if one.values[0] == best[0] and best[1]
        ]
        second = f"{statistics.mean(ratios):+.1%}" if ratios else "-"
        times = _shown([one.taken_ms for one in tried])
        print(f"  {name:<7}{times}, best plan in {found}, first rule worse in {worse}, else the second {second}")


def compare(question: Question, case: Case, rows: dict[str, list[Tried]]) -> Found:
    """Ask every method, write down what it came to, and return the best plan known."""
    start, greedy_ms = timed(greedy, question)
    (searched, _), exact_ms = timed(exact, question, start, WORK)
    found = {"greedy": (start, greedy_ms), "exact": (searched, exact_ms)}
    if is_installed():
        solved, solver_ms = timed(solve, question, start, case.rules, SOLVER_CAP_S)
        found["CP-SAT"] = (solved.found, solver_ms)
    better = min((one for one, _ in found.values()), key=_cost)
    best, _ = exact(question, better, PROOF_WORK)
    for name, (one, taken) in found.items():
        rows.setdefault(name, []).append(Tried(taken, values(question, one, case), one.cost == best.cost))
    return best


def values(question: Question, found: Found, case: Case) -> tuple[int, ...]:
    by_id = {one.location_id: one for one in question.candidates}
    picks = question.picks(found.assigned.taken)
    return tuple(value_of(picks, by_id, rule) for rule in case.rules[:2])


def timed(run: Callable[..., T], *arguments: Any) -> tuple[T, float]:
    begin = time.process_time()
    result = run(*arguments)
    return result, (time.process_time() - begin) * 1e3


def _cost(found: Found) -> int:
    return found.cost


def _shown(times: Sequence[float]) -> str:
    return f"{statistics.median(times):6.1f} ms [{max(times):6.1f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10, help="of each kind")
    questions = parser.parse_args().questions
    print(f"{machine()}, CP-SAT {'there' if is_installed() else 'missing'}")
    cases = [Case(density, scarce) for scarce in (False, True) for density in DENSITIES]
    for case in (*cases, Case(0.5, False, (SourcingRule.COST, SourcingRule.DISTANCE))):
        measure(case, questions)


if __name__ == "__main__":
    main()
