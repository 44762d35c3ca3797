"""Sourcing finds what a search of every plan finds, never takes what is not there, and says how it went about it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.inventory.sourcing import choose, cpsat
from services.inventory.sourcing.choose import source
from services.inventory.sourcing.exact import _Counts, bits
from services.inventory.sourcing.model import (
    DEFAULT_RULES,
    Candidate,
    Demand,
    Pick,
    Plan,
    SourcingMethod,
    SourcingRule,
    measure,
)

SKUS = ("A", "B", "C")


@st.composite
def candidates_of(draw: st.DrawFn, scarce: bool) -> list[Candidate]:
    small = st.integers(0, 3)
    count = draw(st.integers(0, 4))
    return [
        Candidate(
            f"loc_{number}",
            stock={sku: draw(small) for sku in SKUS},
            distance_m=draw(small),
            parcel_cost=draw(small),
            piece_cost=draw(small),
            capacity_left=draw(st.none() | small) if scarce else None,
            load_bp=draw(small),
            strain_bp={sku: draw(small) for sku in SKUS},
        )
        for number in range(count)
    ]


DEMANDS = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 3), min_size=1, max_size=3).map(
    lambda wanted: [Demand(sku, pieces) for sku, pieces in wanted.items()]
)
RULES = st.permutations(DEFAULT_RULES).flatmap(
    lambda rules: st.integers(1, len(rules)).map(lambda count: tuple(rules[:count]))
)


def shares(need: int, most: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every way to take at most `need` pieces from places that have `most`."""
    for taken in product(*(range(min(need, pieces) + 1) for pieces in most)):
        if sum(taken) <= need:
            yield taken


def every_rank(
    demands: Sequence[Demand], candidates: Sequence[Candidate], rules: Sequence[SourcingRule]
) -> Iterator[tuple[int, ...]]:
    """The rank of every plan there is."""
    by_id = {one.location_id: one for one in candidates}
    wanted = sum(demand.quantity for demand in demands)
    ways = [list(shares(d.quantity, [one.stock.get(d.sku, 0) for one in candidates])) for d in demands]
    for way in product(*ways):
        loads = [sum(taken[n] for taken in way) for n in range(len(candidates))]
        if any(
            one.capacity_left is not None and load > one.capacity_left
            for one, load in zip(candidates, loads, strict=True)
        ):
            continue
        picks = [
            Pick(demand.sku, one.location_id, pieces)
            for demand, taken in zip(demands, way, strict=True)
            for one, pieces in zip(candidates, taken, strict=True)
            if pieces
        ]
        missing = wanted - sum(pick.quantity for pick in picks)
        yield (missing, *(measure(picks, by_id, rule) for rule in rules))


def check_possible(plan: Plan, demands: Sequence[Demand], candidates: Sequence[Candidate]) -> None:
    """Nothing is taken that is not there, and every demand is supplied or short."""
    by_id = {one.location_id: one for one in candidates}
    loads: dict[str, int] = {}
    supplied: dict[str, int] = {}
    assert len({(pick.sku, pick.location_id) for pick in plan.picks}) == len(plan.picks)
    for pick in plan.picks:
        assert 0 < pick.quantity <= by_id[pick.location_id].stock[pick.sku]
        loads[pick.location_id] = loads.get(pick.location_id, 0) + pick.quantity
        supplied[pick.sku] = supplied.get(pick.sku, 0) + pick.quantity
    for id, load in loads.items():
        capacity = by_id[id].capacity_left
        assert capacity is None or load <= capacity
    for demand in demands:
        assert supplied.get(demand.sku, 0) + plan.short.get(demand.sku, 0) == demand.quantity
    assert all(pieces > 0 for pieces in plan.short.values())


@given(DEMANDS, candidates_of(scarce=False) | candidates_of(scarce=True), RULES)
@settings(max_examples=150, deadline=None)
def test_the_exact_plan_is_the_best_of_all_plans(
    demands: list[Demand], candidates: list[Candidate], rules: tuple[SourcingRule, ...]
) -> None:
    plan = source(demands, candidates, rules)
    check_possible(plan, demands, candidates)
    assert (plan.method, plan.is_proven) == (SourcingMethod.EXACT, True)
    assert plan.rank == min(every_rank(demands, candidates, rules))


@given(DEMANDS, candidates_of(scarce=True), RULES)
@settings(max_examples=60, deadline=None)
def test_the_greedy_plan_is_possible_and_never_better_than_the_best(
    demands: list[Demand], candidates: list[Candidate], rules: tuple[SourcingRule, ...]
) -> None:
    plan = source(demands, candidates, rules, SourcingMethod.GREEDY)
    check_possible(plan, demands, candidates)
    assert plan.rank >= source(demands, candidates, rules).rank
    assert not plan.is_proven
    assert plan.remark


@given(DEMANDS, candidates_of(scarce=True), RULES, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_input_changes_nothing(
    demands: list[Demand], candidates: list[Candidate], rules: tuple[SourcingRule, ...], random: Random
) -> None:
    plan = source(demands, candidates, rules)
    random.shuffle(demands)
    random.shuffle(candidates)
    assert source(demands, candidates, rules) == plan


@given(DEMANDS, candidates_of(scarce=True), RULES)
@settings(max_examples=15, deadline=None)
def test_the_solver_finds_the_best_plan_too(
    demands: list[Demand], candidates: list[Candidate], rules: tuple[SourcingRule, ...]
) -> None:
    plan = source(demands, candidates, rules, SourcingMethod.CP_SAT)
    check_possible(plan, demands, candidates)
    assert plan.rank <= source(demands, candidates, rules, SourcingMethod.GREEDY).rank
    if plan.is_proven:
        assert plan.rank == source(demands, candidates, rules).rank


def test_the_solver_finds_what_no_single_exchange_of_the_greedy_plan_leads_to() -> None:
    """The nearest shop of all leaves what only a far one has; two others would have it all."""
    demands = [Demand(sku, 1) for sku in "ABCD"]
    stocks = {"near": ("AB", 1), "far": ("CD", 100), "one": ("AC", 2), "two": ("BD", 2)}
    candidates = [Candidate(id, dict.fromkeys(skus, 1), distance_m=away) for id, (skus, away) in stocks.items()]
    greedy = source(demands, candidates, method=SourcingMethod.GREEDY)
    assert (greedy.location_ids, greedy.values[:2]) == (("far", "near"), (2, 101))
    solved = source(demands, candidates, method=SourcingMethod.CP_SAT)
    assert (solved.location_ids, solved.values[:2]) == (("one", "two"), (2, 4))
    assert (solved.method, solved.is_proven, solved.remark) == (SourcingMethod.CP_SAT, True, None)
    assert solved.rank == source(demands, candidates).rank


def shops(count: int, stock: Mapping[str, int]) -> list[Candidate]:
    return [Candidate(f"loc_{n:02}", stock, distance_m=100 - n) for n in range(count)]


def test_one_parcel_from_far_beats_two_from_near_and_the_other_way_round_by_the_rules() -> None:
    demands = [Demand("A", 1), Demand("B", 1)]
    near = [Candidate("near_1", {"A": 5}, distance_m=10), Candidate("near_2", {"B": 5}, distance_m=10)]
    far = Candidate("far", {"A": 5, "B": 5}, distance_m=1_000_000)
    splits_first = source(demands, [*near, far])
    assert (splits_first.location_ids, splits_first.values[:2]) == (("far",), (1, 1_000_000))
    nearest_first = source(demands, [*near, far], (SourcingRule.DISTANCE, SourcingRule.FEWEST_SPLITS))
    assert (nearest_first.location_ids, nearest_first.values) == (("near_1", "near_2"), (20, 2))


def test_what_nobody_has_is_short_and_the_rest_is_still_planned() -> None:
    plan = source([Demand("A", 7), Demand("B", 2)], [Candidate("shop", {"A": 3})])
    assert plan.picks == (Pick("A", "shop", 3),)
    assert plan.short == {"A": 4, "B": 2}


def test_a_full_location_gives_room_to_what_only_it_has() -> None:
    only = Candidate("only", {"A": 1, "B": 1}, capacity_left=1)
    other = Candidate("other", {"A": 1}, distance_m=9_000)
    plan = source([Demand("A", 1), Demand("B", 1)], [only, other])
    assert plan.picks == (Pick("A", "other", 1), Pick("B", "only", 1))


def test_scarce_stock_is_spared_where_all_else_is_equal() -> None:
    last = Candidate("last", {"A": 1}, strain_bp={"A": 9_000})
    plenty = Candidate("plenty", {"A": 50}, strain_bp={"A": 10})
    assert source([Demand("A", 1)], [last, plenty]).location_ids == ("plenty",)


def test_no_candidate_at_all_is_no_error() -> None:
    plan = source([Demand("A", 1)], [])
    assert (plan.picks, plan.short, plan.is_proven) == ((), {"A": 1}, True)


def hard() -> tuple[list[Demand], list[Candidate]]:
    """A question the exact search needs more than 500 looks for: thirty SKUs scattered over ninety locations."""
    chance = Random(7)
    skus = [f"S{n:02}" for n in range(30)]
    stocks = [{sku: 1 for sku in skus if chance.random() < 0.2} for _ in range(90)]
    places = [Candidate(f"loc_{n:02}", stock, distance_m=n) for n, stock in enumerate(stocks)]
    return [Demand(sku, 1) for sku in skus], places


def test_a_large_question_goes_to_the_solver_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "WORK", 500)
    demands, candidates = hard()
    plan = source(demands, candidates)
    check_possible(plan, demands, candidates)
    assert "CP-SAT" in (plan.remark or "")
    assert (plan.method is SourcingMethod.CP_SAT) == (plan.remark or "").startswith("better than")
    assert plan.rank <= source(demands, candidates, method=SourcingMethod.GREEDY).rank


def test_without_the_extra_the_plan_is_greedy_and_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> object:
        raise cpsat.SolverMissing("sourcing needs the extra `sourcing`: pip install 'noren[sourcing]'")

    monkeypatch.setattr(choose, "WORK", 500)
    monkeypatch.setattr(cpsat, "_load", missing)
    demands, candidates = hard()
    plan = source(demands, candidates)
    check_possible(plan, demands, candidates)
    assert (plan.method, plan.is_proven) == (SourcingMethod.GREEDY, False)
    assert "noren[sourcing]" in (plan.remark or "")


def test_places_are_counted_by_what_they_give_all_at_once() -> None:
    sets = [0b1011, 0b0011, 0b0110, 0b0010, 0b1010]
    counts = _Counts(sets)
    expected = [sum(each >> place & 1 for each in sets) for place in range(4)]
    assert counts.any == 0b1111
    assert counts.most(0b1111) == max(expected) == 5
    assert counts.most(0b1101) == 2
    for number in range(6):
        assert list(bits(counts.exactly(0b1111, number))) == [p for p, count in enumerate(expected) if count == number]
