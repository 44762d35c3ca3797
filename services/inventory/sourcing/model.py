"""What sourcing decides about: demands, candidates, rules in order, and the plan it comes to. No I/O, no clock.

A plan is judged by its values, one a rule, compared in the rules' order: the first rule in which two plans differ
decides between them (lexicographic). Before every rule stands how many pieces nobody could supply.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from kit.errors import InvalidInput, Path, Refusal
from services.inventory.model import MAX_QUANTITY, StockBand, check_sku

MAX_DEMANDS = 100
"""Different SKUs of one question: what a reservation may have."""
FULL_BP = 10_000
"""Basis points of a whole."""


class SourcingRule(StrEnum):
    """What a plan is judged by. Every value is a whole number, and less is better."""

    FEWEST_SPLITS = "FEWEST_SPLITS"
    DISTANCE = "DISTANCE"
    COST = "COST"
    CAPACITY = "CAPACITY"
    STOCK_HEALTH = "STOCK_HEALTH"


DEFAULT_RULES = tuple(SourcingRule)
"""One parcel where it can be, then the nearest, the cheapest, the least busy, the best stocked."""


class SourcingMethod(StrEnum):
    """How a plan was found."""

    EXACT = "EXACT"
    CP_SAT = "CP_SAT"
    GREEDY = "GREEDY"


@dataclass(frozen=True, slots=True)
class Demand:
    """So many pieces of one SKU; no two demands of a question are of the same."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A location that may supply, with all that the rules look at.

    `stock`: pieces that may be taken, by SKU. `distance_m`: metres to the destination or pickup shop. `parcel_cost` for
    using the location at all and `piece_cost` a piece, in minor units of one currency. `capacity_left`: pieces it can
    still pick that day, None for no limit; `load_bp`: how much of the day's capacity is taken. `strain_bp`: how badly
    a piece of the SKU would be missed there, 0 where there is plenty.
    """

    location_id: str
    stock: Mapping[str, int]
    distance_m: int = 0
    parcel_cost: int = 0
    piece_cost: int = 0
    capacity_left: int | None = None
    load_bp: int = 0
    strain_bp: Mapping[str, int] = field(default_factory=dict)

    def takes_part(self, demands: Sequence[Demand]) -> bool:
        """Whether it could supply a single piece."""
        can_pick = self.capacity_left is None or self.capacity_left > 0
        stock = self.stock
        return can_pick and any(stock.get(demand.sku, 0) > 0 for demand in demands)


@dataclass(frozen=True, slots=True)
class Pick:
    """So many pieces of a SKU from one location."""

    sku: str
    location_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Which pieces come from where.

    `values` are the rules' in their order; `short` the pieces of each SKU nobody could supply; `is_proven` says that
    no plan is better; `remark` why the method is not a better one, if it is not.
    """

    picks: tuple[Pick, ...]
    short: Mapping[str, int]
    values: tuple[int, ...]
    rules: tuple[SourcingRule, ...]
    method: SourcingMethod
    is_proven: bool
    remark: str | None = None

    @property
    def location_ids(self) -> tuple[str, ...]:
        """The locations used, each once, sorted."""
        return tuple(sorted({pick.location_id for pick in self.picks}))

    @property
    def rank(self) -> tuple[int, ...]:
        """What plans are compared by: missing pieces, then the rules' values."""
        return (sum(self.short.values()), *self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcingShort(Refusal):
    """All locations together cannot supply it.

    `available` is None where the caller's channel shows no numbers; `band` then says what it would call them.
    """

    sku: str
    requested: int
    available: int | None
    band: StockBand | None = None
    code: ClassVar[str] = "SOURCING_SHORT"

    @property
    def message(self) -> str:
        """Both quantities."""
        there = "fewer" if self.available is None else self.available
        return f"{self.requested} of {self.sku!r} requested, {there} can be supplied"


def check_demands(demands: Sequence[Demand], at: Path) -> list[Refusal]:
    """Every reason why these lines can never be sourced, each with its exact path."""
    if not 1 <= len(demands) <= MAX_DEMANDS:
        return [InvalidInput(path=at, expected=f"1 to {MAX_DEMANDS} lines", got=str(len(demands)))]
    problems: list[Refusal] = []
    seen: set[str] = set()
    for index, demand in enumerate(demands):
        path = (*at, str(index))
        problems += check_sku(demand.sku, (*path, "sku"))
        if not 1 <= demand.quantity <= MAX_QUANTITY:
            expected = f"1 to {MAX_QUANTITY}"
            problems.append(InvalidInput(path=(*path, "quantity"), expected=expected, got=str(demand.quantity)))
        if demand.sku in seen:
            problems.append(InvalidInput(path=(*path, "sku"), expected="every SKU once", got=repr(demand.sku)))
        seen.add(demand.sku)
    return problems


def check_rules(rules: Sequence[SourcingRule], at: Path) -> list[Refusal]:
    """At least one rule, none of them twice."""
    if not rules:
        return [InvalidInput(path=at, expected="at least one rule", got="none")]
    return [
        InvalidInput(path=(*at, str(index)), expected="every rule once", got=rule.value)
        for index, rule in enumerate(rules)
        if rule in rules[:index]
    ]


TELLING = frozenset({SourcingRule.COST, SourcingRule.CAPACITY, SourcingRule.STOCK_HEALTH})
"""Rules whose value tells how many pieces lie or are taken somewhere."""


def measure(picks: Sequence[Pick], candidates: Mapping[str, Candidate], rule: SourcingRule) -> int:
    """The rule's value of these picks, straight from its definition.

    FEWEST_SPLITS: locations used. DISTANCE: metres, each location once. COST: parcels and pieces, in minor units.
    CAPACITY: pieces, each times the load of its location. STOCK_HEALTH: pieces, each times its strain there.
    """
    used = [candidates[id] for id in sorted({pick.location_id for pick in picks})]
    match rule:
        case SourcingRule.FEWEST_SPLITS:
            return len(used)
        case SourcingRule.DISTANCE:
            return sum(place.distance_m for place in used)
        case SourcingRule.COST:
            pieces = sum(candidates[pick.location_id].piece_cost * pick.quantity for pick in picks)
            return pieces + sum(place.parcel_cost for place in used)
        case SourcingRule.CAPACITY:
            return sum(candidates[pick.location_id].load_bp * pick.quantity for pick in picks)
        case SourcingRule.STOCK_HEALTH:
            return sum(candidates[pick.location_id].strain_bp.get(pick.sku, 0) * pick.quantity for pick in picks)


def strain_bp(available: int, keep: int) -> int:
    """How badly one of `available` pieces is missed where `keep` should stay: 10 000 at or below it, then falling."""
    return FULL_BP if available <= keep else FULL_BP * (keep + 1) // (available + 1)
