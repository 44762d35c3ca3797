"""Why the losers lost."""

from services.inventory.sourcing.choose import source
from services.inventory.sourcing.explain import MAX_LOSERS, LostBecause, explain_losers
from services.inventory.sourcing.model import Candidate, Demand, SourcingRule


def test_every_loser_is_told_the_first_rule_it_lost_by() -> None:
    demands = [Demand("A", 1), Demand("B", 1)]
    candidates = [
        Candidate("whole", {"A": 1, "B": 1}, distance_m=500, parcel_cost=700),
        Candidate("far", {"A": 1, "B": 1}, distance_m=900, parcel_cost=1),
        Candidate("dear", {"A": 1, "B": 1}, distance_m=500, parcel_cost=800),
        Candidate("half", {"A": 1}, distance_m=10),
        Candidate("empty", {"C": 4}, distance_m=20),
        Candidate("full", {"A": 9, "B": 9}, distance_m=30, capacity_left=0),
        Candidate("twin", {"A": 1, "B": 1}, distance_m=500, parcel_cost=700),
    ]
    plan = source(demands, candidates)
    assert plan.location_ids == ("twin",), "of equals the first by id"
    losers = {loser.location_id: loser for loser in explain_losers(plan, demands, candidates)}
    assert {id: (loser.because, loser.rule) for id, loser in losers.items()} == {
        "half": (LostBecause.RULE, SourcingRule.FEWEST_SPLITS),
        "empty": (LostBecause.NO_STOCK, None),
        "full": (LostBecause.NO_CAPACITY, None),
        "whole": (LostBecause.TIE, None),
        "dear": (LostBecause.RULE, SourcingRule.COST),
        "far": (LostBecause.RULE, SourcingRule.DISTANCE),
    }
    half = losers["half"].values
    assert half is not None
    assert half[:2] == (2, 510)


def test_a_location_that_could_only_supply_a_part_is_told_so() -> None:
    demands = [Demand("A", 5)]
    candidates = [Candidate("much", {"A": 5}, distance_m=900), Candidate("little", {"A": 2}, distance_m=1)]
    plan = source(demands, candidates, (SourcingRule.DISTANCE,))
    assert plan.location_ids == ("much",)
    (little,) = explain_losers(plan, demands, candidates)
    assert (little.because, little.rule, little.values) == (LostBecause.RULE, SourcingRule.DISTANCE, (901,))


def test_only_the_nearest_losers_are_explained() -> None:
    candidates = [Candidate(f"loc_{n:03}", {"A": 1}, distance_m=n) for n in range(MAX_LOSERS + 10)]
    plan = source([Demand("A", 1)], candidates)
    losers = explain_losers(plan, [Demand("A", 1)], candidates)
    assert [loser.location_id for loser in losers] == [f"loc_{n:03}" for n in range(1, MAX_LOSERS + 1)]
