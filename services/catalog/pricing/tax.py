"""Consumption tax of a channel: rates by tax class and time, inside prices or on top of them, and how it is rounded.

Whole minor units throughout. Japan's qualified invoice (適格請求書) allows one rounding a rate and invoice, never one a
line (Consumption Tax Act art. 57-4 (1) no. 5, its Enforcement Order art. 70-10): that is `TaxBasis.RATE`, the default.
Which way to round is the seller's choice there, so it is the channel's here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from kit.errors import InvalidInput, Path, Refusal

BASIS_POINTS = 10_000
"""A whole: 1000 basis points are 10 %."""
MAX_RATES = 50
"""Rates of one channel: a few classes times their history."""


class Span(Protocol):
    """A half-open time; None is open."""

    @property
    def valid_from(self) -> datetime | None:
        """The first instant inside."""

    @property
    def valid_until(self) -> datetime | None:
        """The first instant behind."""


class TaxClass(StrEnum):
    """What a product is to the tax office."""

    STANDARD = "STANDARD"
    REDUCED = "REDUCED"
    EXEMPT = "EXEMPT"


class TaxMode(StrEnum):
    """Whether a channel's prices are with tax, as shoppers are shown them, or without, as businesses are."""

    INCLUSIVE = "INCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"


class Rounding(StrEnum):
    """Which way a fraction of a minor unit of tax goes; HALF_UP takes half a unit away from zero."""

    FLOOR = "FLOOR"
    HALF_UP = "HALF_UP"
    CEIL = "CEIL"


class TaxBasis(StrEnum):
    """What is rounded: every line, or once all lines of a rate together."""

    LINE = "LINE"
    RATE = "RATE"


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate in basis points for a class, from `valid_from` until before `valid_until`."""

    tax_class: TaxClass
    rate_bp: int
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it is in force."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_until is None or at < self.valid_until
        )


@dataclass(frozen=True, slots=True)
class TaxPolicy:
    """How a channel is taxed. Without a rate of its own, a class has the channel's rate, and EXEMPT has none."""

    channel: str
    channel_rate_bp: int
    mode: TaxMode = TaxMode.INCLUSIVE
    rounding: Rounding = Rounding.HALF_UP
    basis: TaxBasis = TaxBasis.RATE
    rates: tuple[TaxRate, ...] = ()
    version: int = 0

    def rate_bp(self, tax_class: TaxClass, at: datetime) -> int:
        """The rate of a class at an instant, in basis points."""
        for rate in self.rates:
            if rate.tax_class is tax_class and rate.holds(at):
                return rate.rate_bp
        return 0 if tax_class is TaxClass.EXEMPT else self.channel_rate_bp

    def tax_on(self, amount_minor: int, rate_bp: int) -> int:
        """The tax inside `amount_minor`, or on top of it, by the channel's mode."""
        whole = BASIS_POINTS + (rate_bp if self.mode is TaxMode.INCLUSIVE else 0)
        return round_fraction(amount_minor * rate_bp, whole, self.rounding)


def round_fraction(numerator: int, denominator: int, rounding: Rounding) -> int:
    """numerator / denominator as a whole number; both at least 0."""
    if rounding is Rounding.FLOOR:
        return numerator // denominator
    if rounding is Rounding.CEIL:
        return -(-numerator // denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in whole parts proportional to `weights` (largest remainder; of equal remainders the first).

    The parts add up to `total`; with `total` at most the sum of weights, no part passes its weight.
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    order = sorted(range(len(weights)), key=lambda index: (-(total * weights[index] % whole), index))
    for index in order[:left]:
        parts[index] += 1
    return parts


def tax_lines(policy: TaxPolicy, amounts: Sequence[tuple[int, int]]) -> list[int]:
    """The tax of every line of (amount, rate); the lines of one rate add up to what the invoice says of that rate."""
    if policy.basis is TaxBasis.LINE:
        return [policy.tax_on(amount, rate_bp) for amount, rate_bp in amounts]
    taxes = [0] * len(amounts)
    for rate_bp in {rate_bp for _, rate_bp in amounts}:
        places = [place for place, (_, rate) in enumerate(amounts) if rate == rate_bp]
        weights = [amounts[place][0] for place in places]
        total = policy.tax_on(sum(weights), rate_bp)
        for place, tax in zip(places, allocate(total, weights), strict=True):
            taxes[place] = tax
    return taxes


def check_policy(policy: TaxPolicy, at: Path = ("input", "rates")) -> list[Refusal]:
    """Rates are shares, hold for some time, and no two of one class hold at once."""
    if len(policy.rates) > MAX_RATES:
        return [InvalidInput(path=at, expected=f"at most {MAX_RATES} rates", got=str(len(policy.rates)))]
    problems: list[Refusal] = []
    for index, rate in enumerate(policy.rates):
        here = (*at, str(index))
        if not 0 <= rate.rate_bp <= BASIS_POINTS:
            problems.append(InvalidInput(path=(*here, "rate"), expected="0 to 1", got=str(rate.rate_bp / BASIS_POINTS)))
        if rate.valid_from is not None and rate.valid_until is not None and rate.valid_until <= rate.valid_from:
            problems.append(InvalidInput(path=(*here, "validUntil"), expected="later than validFrom", got="not later"))
        for place, other in enumerate(policy.rates[:index]):
            if other.tax_class is rate.tax_class and spans_meet(rate, other):
                expected = "one rate a class at a time"
                problems.append(InvalidInput(path=here, expected=expected, got=f"also in force: rates.{place}"))
    return problems


def spans_meet(one: Span, other: Span) -> bool:
    """Whether two half-open spans have an instant in common."""
    return _before(one.valid_from, other.valid_until) and _before(other.valid_from, one.valid_until)


def _before(start: datetime | None, end: datetime | None) -> bool:
    return start is None or end is None or start < end
