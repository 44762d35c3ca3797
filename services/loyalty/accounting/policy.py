"""How points are valued: face value, expected breakage, and the split of a sale's price (IFRS 15). No I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kit.errors import InvalidInput, Refusal
from kit.money import CURRENCY_DECIMALS
from services.loyalty.model import LotKind

WHOLE_BP = 10_000
MAX_VALUE_MINOR = 1_000_000
"""Minor units one point is worth at most: above it somebody typed an amount."""
MAX_RATES = 20
AGES = (0, 31, 91, 181, 366)
"""First days of the age buckets: a month, a quarter, half a year, a year, older."""


@dataclass(frozen=True, slots=True)
class BreakageRate:
    """Of points of a kind that are at least so many days old, this share will never be spent, in basis points."""

    kind: LotKind
    from_age_days: int
    rate_bp: int


@dataclass(frozen=True, slots=True)
class AccountingPolicy:
    """A version of how points are valued, for days from `from_day` on. `value_minor`: of one point, in minor units."""

    version: int
    from_day: date
    zone: str
    currency: str
    value_minor: int
    rates: tuple[BreakageRate, ...] = ()

    def breakage_bp(self, kind: LotKind, from_age_days: int) -> int:
        """The rate of the oldest bucket reached; 0 where none is set."""
        reached = [rate for rate in self.rates if rate.kind is kind and rate.from_age_days <= from_age_days]
        return max(reached, key=lambda rate: rate.from_age_days).rate_bp if reached else 0


FIRST_POLICY = AccountingPolicy(0, date.min, "Asia/Tokyo", "JPY", 1)
"""In force until one is set: a point is a yen, and all will be spent."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """The price of a sale, split: what is revenue now, and what waits with the points (contract liability)."""

    price_minor: int
    points: int
    breakage_bp: int
    goods_minor: int
    points_minor: int


def policy_on(policies: Sequence[AccountingPolicy], day: date) -> AccountingPolicy:
    """The newest version whose first day has come."""
    begun = [policy for policy in policies if policy.from_day <= day]
    return max(begun, key=lambda policy: policy.version, default=FIRST_POLICY)


def allocate(policy: AccountingPolicy, price_minor: int, points: int) -> Allocation:
    """Split a price, net of tax, between goods and the points they earned, by relative stand-alone selling prices.

    IFRS 15.74 and B40: goods stand at their price, points at face value less expected breakage. The points' part is
    rounded half up to a minor unit; the goods have the rest, so that both are the price.
    """
    bp = policy.breakage_bp(LotKind.REGULAR, 0)
    points_alone = points * policy.value_minor * (WHOLE_BP - bp)
    alone = price_minor * WHOLE_BP + points_alone
    points_minor = 0 if alone == 0 else (2 * price_minor * points_alone + alone) // (2 * alone)
    return Allocation(price_minor, points, bp, price_minor - points_minor, points_minor)


def recognised(points_minor: int, issued: int, redeemed: int, breakage_bp: int) -> int:
    """Revenue of points so far: in the proportion of what was spent to what is expected to be (IFRS 15.B46).

    Cumulative: what is booked is the difference to what was recognised before, also where the expectation changed.
    """
    expected = issued * (WHOLE_BP - breakage_bp)
    if expected <= 0:
        return points_minor
    spent = min(redeemed * WHOLE_BP, expected)
    return (2 * points_minor * spent + expected) // (2 * expected)


def aged(points: int, issued: Sequence[tuple[date, int]], day: date) -> Mapping[int, int]:
    """`points` that are left on a day, by age bucket: the oldest are spent first (FIFO), so the newest issues are left.

    `issued`: points by day. What no issue explains, such as points from before the first day, is of the oldest bucket.
    """
    left, buckets = points, dict.fromkeys(AGES, 0)
    for issued_on, count in sorted(issued, reverse=True):
        if issued_on <= day and count > 0 and left > 0:
            age = max(first for first in AGES if first <= (day - issued_on).days)
            buckets[age] += min(count, left)
            left -= min(count, left)
    buckets[AGES[-1]] += left
    return buckets


def broken(points: int, rate_bp: int) -> int:
    """Points of these that are expected never to be spent, half up."""
    return (2 * points * rate_bp + WHOLE_BP) // (2 * WHOLE_BP)


def check_policy(policy: AccountingPolicy) -> list[Refusal]:
    """Every value of a policy that cannot be."""
    problems: list[Refusal] = []

    def bound(path: tuple[str, ...], low: int, value: int, high: int) -> None:
        if not low <= value <= high:
            problems.append(InvalidInput(path=("input", *path), expected=f"{low} to {high}", got=str(value)))

    bound(("valueMinor",), 1, policy.value_minor, MAX_VALUE_MINOR)
    bound(("rates",), 0, len(policy.rates), MAX_RATES)
    for place, rate in enumerate(policy.rates):
        bound(("rates", str(place), "rateBp"), 0, rate.rate_bp, WHOLE_BP)
        if rate.from_age_days not in AGES:
            expected = "one of " + ", ".join(map(str, AGES))
            path = ("input", "rates", str(place), "fromAgeDays")
            problems.append(InvalidInput(path=path, expected=expected, got=str(rate.from_age_days)))
    if len({(rate.kind, rate.from_age_days) for rate in policy.rates}) < len(policy.rates):
        problems.append(InvalidInput(path=("input", "rates"), expected="one rate a kind and age", got="two"))
    if policy.currency not in CURRENCY_DECIMALS:
        problems.append(InvalidInput(path=("input", "currency"), expected="a known currency", got=policy.currency))
    try:
        ZoneInfo(policy.zone)
    except (ZoneInfoNotFoundError, ValueError):
        problems.append(InvalidInput(path=("input", "timeZone"), expected="a time zone", got=policy.zone[:40]))
    return problems
