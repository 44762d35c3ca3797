"""What a channel keeps back, shows, promises and prefers. Pure rules; no I/O.

A pattern is `*` for all, a beginning with `*` behind it (`BK-*`), or the whole (`BK-R93R-62`). Of several rules that
match, the one with the most exact pattern decides: whole before beginning, longer before shorter; of equals, the first.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from kit.errors import InvalidInput, Path, Refusal
from services.inventory.backorder.rule import MAX_OVERSELL_PERCENT, BackorderMode, BackorderRule
from services.inventory.model import MAX_QUANTITY, MAX_SKU, StockBand
from services.inventory.sourcing.model import DEFAULT_RULES, SourcingRule, check_rules

ANY = "*"
"""The pattern of everything, and the channel whose policy holds for every channel without its own."""
MAX_CHANNEL = 64
MAX_PATTERN = MAX_SKU + 1
MAX_RULES = 500
"""Of each kind: a policy is one small document."""
MAX_DAYS = 30
"""Days on the way: what takes longer is no promise."""
MAX_COST = 1_000_000_000
"""Minor units: GraphQL's Int has 32 bits."""
MAX_HOLIDAYS = 400
MAX_POSTAL = 16
WEEK = 7
WHOLE = MAX_PATTERN + 1
"""How exact a whole name is: more than any beginning."""


class StockDisplay(StrEnum):
    """What shoppers see of a quantity."""

    NUMBERS = "NUMBERS"
    BANDS = "BANDS"


@dataclass(frozen=True, slots=True)
class SafetyRule:
    """So many pieces are kept back from the channel, of these SKUs at these locations."""

    pieces: int
    sku: str = ANY
    location: str = ANY


@dataclass(frozen=True, slots=True)
class LeadRule:
    """To a country and postal codes that begin so, from these locations: so many delivery days after dispatch.

    `weekdays`: those on which there is delivery, Monday is 0. A parcel costs `parcel_cost` and `piece_cost` a piece, in
    minor units of the channel's currency; sourcing compares them.
    """

    days: int
    country: str = ANY
    postal_prefix: str = ""
    location: str = ANY
    weekdays: frozenset[int] = frozenset(range(WEEK))
    parcel_cost: int = 0
    piece_cost: int = 0


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """A policy as somebody sets it.

    `few_left`: up to so many pieces are few. `transfer_days`: from a location's dispatch to another shop's opening,
    None: no transfers are promised. `no_delivery`: days without any delivery. `sourcing`: the rules in their order.
    """

    display: StockDisplay = StockDisplay.NUMBERS
    few_left: int = 3
    safety: tuple[SafetyRule, ...] = ()
    leads: tuple[LeadRule, ...] = ()
    transfer_days: int | None = None
    no_delivery: frozenset[date] = frozenset()
    sourcing: tuple[SourcingRule, ...] = DEFAULT_RULES
    backorders: tuple[BackorderRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as it is kept; version 0 is what holds where nobody has set one."""

    channel: str
    draft: PolicyDraft
    version: int
    updated_at: datetime | None = None

    def keeps_back(self, sku: str, location_id: str) -> int:
        """Pieces of this SKU there that the channel may not promise."""
        best, kept = (-1, -1), 0
        for rule in self.draft.safety:
            rank = (exactness(rule.sku, sku), exactness(rule.location, location_id))
            if min(rank) >= 0 and rank > best:
                best, kept = rank, rule.pieces
        return kept

    def backorder(self, sku: str, location_id: str) -> BackorderRule | None:
        """What may be sold of this SKU there before it is there; None: nothing, as where no rule matches."""
        best, found = (-1, -1), None
        for rule in self.draft.backorders:
            rank = (exactness(rule.sku, sku), exactness(rule.location, location_id))
            if min(rank) >= 0 and rank > best:
                best, found = rank, rule
        return None if found is None or found.mode is BackorderMode.NONE else found

    def band(self, available: int) -> StockBand:
        """What a quantity is called."""
        if available <= 0:
            return StockBand.OUT
        return StockBand.FEW_LEFT if available <= self.draft.few_left else StockBand.IN_STOCK

    def lead(self, country: str, postal_code: str | None, location_id: str) -> LeadRule | None:
        """How long it takes from this location to there; None: nothing is delivered. Place goes before location."""
        best, found = (-1, -1, -1), None
        for rule in self.draft.leads:
            begins = (postal_code or "").startswith(rule.postal_prefix)
            postal = len(rule.postal_prefix) if begins else -1
            rank = (exactness(rule.country, country), postal, exactness(rule.location, location_id))
            if min(rank) >= 0 and rank > best:
                best, found = rank, rule
        return found


DEFAULT = Policy(ANY, PolicyDraft(), 0)
"""Exact numbers, nothing kept back, nothing delivered: what holds where nobody has set a policy."""


def exactness(pattern: str, name: str) -> int:
    """How exactly a pattern names `name`: -1 not at all, 0 like everything, then by length, the whole most."""
    if pattern == name:
        return WHOLE
    if pattern.endswith(ANY) and name.startswith(pattern[:-1]):
        return len(pattern) - 1
    return -1


def check_policy(channel: str, draft: PolicyDraft, at: Path = ("input",)) -> list[Refusal]:
    """Every reason why this cannot be a policy, each with its path below `at`."""
    problems: list[Refusal] = []
    if not 1 <= len(channel) <= MAX_CHANNEL or not channel.isprintable():
        problems.append(_invalid((*at, "channel"), f"1 to {MAX_CHANNEL} printable characters", repr(channel[:80])))
    problems += _check_range(draft.few_left, MAX_QUANTITY, (*at, "fewLeft"))
    if draft.transfer_days is not None:
        problems += _check_range(draft.transfer_days, MAX_DAYS, (*at, "transferDays"))
    for name, count, most in (
        ("safety", len(draft.safety), MAX_RULES),
        ("leadTimes", len(draft.leads), MAX_RULES),
        ("noDelivery", len(draft.no_delivery), MAX_HOLIDAYS),
        ("backorders", len(draft.backorders), MAX_RULES),
    ):
        if count > most:
            problems.append(_invalid((*at, name), f"at most {most}", str(count)))
    for index, rule in enumerate(draft.safety[:MAX_RULES]):
        problems += _check_safety(rule, (*at, "safety", str(index)))
    for index, lead in enumerate(draft.leads[:MAX_RULES]):
        problems += _check_lead(lead, (*at, "leadTimes", str(index)))
    for index, backorder in enumerate(draft.backorders[:MAX_RULES]):
        problems += _check_backorder(backorder, (*at, "backorders", str(index)))
    return problems + check_rules(draft.sourcing, (*at, "sourcing"))


def _check_safety(rule: SafetyRule, at: Path) -> list[Refusal]:
    problems = _check_range(rule.pieces, MAX_QUANTITY, (*at, "pieces"))
    problems += _check_pattern(rule.sku, (*at, "sku"))
    return problems + _check_pattern(rule.location, (*at, "location"))


def _check_backorder(rule: BackorderRule, at: Path) -> list[Refusal]:
    problems = _check_pattern(rule.sku, (*at, "sku")) + _check_pattern(rule.location, (*at, "location"))
    if rule.limit is not None:
        problems += _check_range(rule.limit, MAX_QUANTITY, (*at, "limit"))
    if not 0 <= rule.oversell_percent <= MAX_OVERSELL_PERCENT:
        problems.append(_invalid((*at, "oversellPercent"), f"0 to {MAX_OVERSELL_PERCENT}", str(rule.oversell_percent)))
    is_preorder = rule.mode is BackorderMode.PREORDER
    if is_preorder and rule.limit is None:
        problems.append(_invalid((*at, "limit"), "how many may be sold before the release", "none"))
    if is_preorder != (rule.release_at is not None):
        problems.append(_invalid((*at, "releaseAt"), "a time, for a pre-order only", str(rule.release_at)))
    return problems


def _check_lead(rule: LeadRule, at: Path) -> list[Refusal]:
    problems = _check_range(rule.days, MAX_DAYS, (*at, "days"))
    problems += _check_range(rule.parcel_cost, MAX_COST, (*at, "parcelCost"))
    problems += _check_range(rule.piece_cost, MAX_COST, (*at, "pieceCost"))
    problems += _check_pattern(rule.location, (*at, "location"))
    if rule.country != ANY and not (len(rule.country) == 2 and rule.country.isascii() and rule.country.isupper()):
        problems.append(_invalid((*at, "country"), "two capital letters or *", repr(rule.country[:16])))
    if len(rule.postal_prefix) > MAX_POSTAL or not rule.postal_prefix.isprintable():
        expected = f"at most {MAX_POSTAL} printable characters"
        problems.append(_invalid((*at, "postalPrefix"), expected, repr(rule.postal_prefix[:40])))
    if not rule.weekdays:
        problems.append(_invalid((*at, "weekdays"), "at least one day", "none"))
    return problems


def _check_pattern(pattern: str, at: Path) -> list[Refusal]:
    is_plain = ANY not in pattern[:-1] and pattern.isprintable()
    if 1 <= len(pattern) <= MAX_PATTERN and is_plain:
        return []
    return [_invalid(at, f"1 to {MAX_PATTERN} printable characters, * at the end only", repr(pattern[:80]))]


def _check_range(value: int, most: int, at: Path) -> list[Refusal]:
    return [] if 0 <= value <= most else [_invalid(at, f"0 to {most}", str(value))]


def _invalid(path: Path, expected: str, got: str) -> InvalidInput:
    return InvalidInput(path=path, expected=expected, got=got)
