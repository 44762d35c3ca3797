"""Which rule decides, what a quantity is called, and what can be no policy."""

from datetime import date

import pytest

from services.inventory.model import StockBand
from services.inventory.policy.model import (
    LeadRule,
    Policy,
    PolicyDraft,
    SafetyRule,
    check_policy,
    exactness,
)
from services.inventory.sourcing.model import SourcingRule


def policy(**draft: object) -> Policy:
    return Policy("web", PolicyDraft(**draft), 1)  # type: ignore[arg-type]


SAFETY = policy(
    safety=(
        SafetyRule(1),
        SafetyRule(2, location="loc_a"),
        SafetyRule(3, sku="BK-*"),
        SafetyRule(4, sku="BK-R*"),
        SafetyRule(5, sku="BK-*", location="loc_a"),
        SafetyRule(6, sku="BK-R1"),
        SafetyRule(0, sku="BK-R1", location="loc_a"),
        SafetyRule(9, sku="BK-R1"),
    )
)


@pytest.mark.parametrize(
    ("sku", "location", "kept"),
    [
        ("CAP", "loc_b", 1),
        ("CAP", "loc_a", 2),
        ("BK-M1", "loc_b", 3),
        ("BK-M1", "loc_a", 5),
        ("BK-R2", "loc_a", 4),
        ("BK-R1", "loc_b", 6),
        ("BK-R1", "loc_a", 0),
    ],
)
def test_the_most_exact_rule_decides_how_much_is_kept_back(sku: str, location: str, kept: int) -> None:
    assert SAFETY.keeps_back(sku, location) == kept


def test_without_a_rule_nothing_is_kept_back() -> None:
    assert policy(safety=(SafetyRule(3, sku="BK-*"),)).keeps_back("CAP", "loc_a") == 0


def test_a_pattern_names_all_a_beginning_or_the_whole() -> None:
    assert [exactness(pattern, "BK-1") for pattern in ("*", "B*", "BK-1", "BK-1*", "BK", "X*")] == [0, 1, 66, 4, -1, -1]


@pytest.mark.parametrize(
    ("available", "band"),
    [
        (-1, StockBand.OUT),
        (0, StockBand.OUT),
        (1, StockBand.FEW_LEFT),
        (3, StockBand.FEW_LEFT),
        (4, StockBand.IN_STOCK),
    ],
)
def test_a_quantity_has_a_name(available: int, band: StockBand) -> None:
    assert policy(few_left=3).band(available) is band


def test_the_most_exact_place_decides_the_lead_time() -> None:
    rules = (
        LeadRule(5),
        LeadRule(3, country="JP"),
        LeadRule(1, country="JP", postal_prefix="1"),
        LeadRule(2, country="JP", location="loc_a"),
    )
    found = policy(leads=rules)

    def days(country: str, postal: str | None, location: str) -> int | None:
        rule = found.lead(country, postal, location)
        return None if rule is None else rule.days

    assert days("DE", "10115", "loc_a") == 5
    assert days("JP", "900-0001", "loc_b") == 3
    assert days("JP", "100-0001", "loc_a") == 1
    assert days("JP", None, "loc_a") == 2
    assert policy(leads=rules[1:]).lead("DE", None, "loc_a") is None


@pytest.mark.parametrize(
    ("draft", "path"),
    [
        (PolicyDraft(few_left=-1), "fewLeft"),
        (PolicyDraft(transfer_days=31), "transferDays"),
        (PolicyDraft(safety=(SafetyRule(-1),)), "safety.0.pieces"),
        (PolicyDraft(safety=(SafetyRule(1, sku="A*B"),)), "safety.0.sku"),
        (PolicyDraft(safety=(SafetyRule(1, location=""),)), "safety.0.location"),
        (PolicyDraft(leads=(LeadRule(31),)), "leadTimes.0.days"),
        (PolicyDraft(leads=(LeadRule(1, country="Japan"),)), "leadTimes.0.country"),
        (PolicyDraft(leads=(LeadRule(1, weekdays=frozenset()),)), "leadTimes.0.weekdays"),
        (PolicyDraft(safety=(SafetyRule(1),) * 501), "safety"),
        (PolicyDraft(sourcing=()), "sourcing"),
        (PolicyDraft(sourcing=(SourcingRule.COST,) * 2), "sourcing.1"),
        (PolicyDraft(no_delivery=frozenset(date.fromordinal(n) for n in range(1, 402))), "noDelivery"),
    ],
)
def test_what_can_be_no_policy_is_refused_by_the_exact_path(draft: PolicyDraft, path: str) -> None:
    (problem,) = check_policy("web", draft)
    assert ".".join(problem.path) == f"input.{path}"


def test_a_channel_has_a_name() -> None:
    (problem,) = check_policy("", PolicyDraft())
    assert problem.path == ("input", "channel")
