"""Rank schemes, and the one function that says which rank a member has. No I/O, no clock.

A scheme has tiers, each with what it takes. Whoever reaches a higher tier has it at once, until the end of the period
that follows; then the period just over is looked at, and the rank is renewed or goes down to what was reached in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

from kit.errors import InvalidInput, Path, Refusal
from kit.money import CURRENCY_DECIMALS
from services.loyalty.model import CustomerId

MAX_TIERS = 10
MAX_NAME = 40
MAX_WINDOW_DAYS = 1_100
"""Three years: what lies longer ago says nothing of a member today."""
MAX_GRACE_DAYS = 366
MAX_AT_LEAST = 2**53
"""Minor units or visits: far above any member's, and exact in every client."""
INSTANT = timedelta(milliseconds=1)


class Measure(StrEnum):
    """What qualifies."""

    SPEND = "SPEND"
    VISITS = "VISITS"


class Window(StrEnum):
    """The period that is looked at: a calendar year of the scheme's time zone, or the last days."""

    CALENDAR_YEAR = "CALENDAR_YEAR"
    ROLLING = "ROLLING"


@dataclass(frozen=True, slots=True)
class Tier:
    """A rank and what it takes: minor units of the scheme's currency, or visits."""

    name: str
    at_least: int


@dataclass(frozen=True, slots=True)
class Activity:
    """What a member did within a window: goods bought less returned, in minor units, and orders that kept goods."""

    spend_minor: int = 0
    visits: int = 0


@dataclass(frozen=True, slots=True)
class RankScheme:
    """The tiers from the lowest up. `days`: the length of a rolling window; `grace_days` are added to every period."""

    version: int
    tiers: tuple[Tier, ...]
    measure: Measure = Measure.SPEND
    currency: str = "JPY"
    window: Window = Window.CALENDAR_YEAR
    days: int = 365
    zone: str = "UTC"
    grace_days: int = 0

    def window_start(self, at: datetime) -> datetime:
        """Where the window that ends at `at` begins, inclusive."""
        if self.window is Window.ROLLING:
            return at - timedelta(days=self.days)
        return datetime(at.astimezone(ZoneInfo(self.zone)).year, 1, 1, tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    def valid_until(self, at: datetime) -> datetime:
        """Until when a rank reached or renewed at `at` is had, exclusive, grace included."""
        grace = timedelta(days=self.grace_days)
        if self.window is Window.ROLLING:
            return at + timedelta(days=self.days) + grace
        year = at.astimezone(ZoneInfo(self.zone)).year + 2
        return datetime(year, 1, 1, tzinfo=ZoneInfo(self.zone)).astimezone(UTC) + grace

    def amount(self, activity: Activity) -> int:
        """What of an activity qualifies."""
        return activity.spend_minor if self.measure is Measure.SPEND else activity.visits

    def level(self, activity: Activity) -> int:
        """How many tiers were reached; 0: none."""
        return sum(tier.at_least <= self.amount(activity) for tier in self.tiers)

    def level_of(self, rank: str | None) -> int:
        """The level of a rank by name; 0 for none, and for one that this scheme has no more."""
        return next((level for level, tier in enumerate(self.tiers, start=1) if tier.name == rank), 0)

    def name_of(self, level: int) -> str | None:
        """The rank of a level."""
        return self.tiers[level - 1].name if level else None


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's rank: since when, and until when it is had without qualifying anew. `version` counts its changes."""

    customer_id: CustomerId
    rank: str | None = None
    since: datetime | None = None
    valid_until: datetime | None = None
    version: int = 0

    def period_end(self, scheme: RankScheme) -> datetime | None:
        """The instant by whose window the rank is judged anew: the last one before the grace began."""
        return None if self.valid_until is None else self.valid_until - timedelta(days=scheme.grace_days) - INSTANT


@dataclass(frozen=True, slots=True)
class Progress:
    """The way to the next rank: what is reached in the window of now, what it takes, what is missing."""

    rank: str
    reached: int
    needed: int

    @property
    def missing(self) -> int:
        """Zero or more."""
        return max(self.needed - self.reached, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TiersNotAscending(Refusal):
    """A tier that takes no more than the one below it."""

    tier: str
    below: str
    code: ClassVar[str] = "TIERS_NOT_ASCENDING"

    @property
    def message(self) -> str:
        """Both tiers."""
        return f"rank {self.tier!r} must take more than {self.below!r} below it"


def raised(scheme: RankScheme, standing: Standing, activity: Activity, at: datetime) -> Standing | None:
    """The standing after something was bought; None if it stays."""
    reached = scheme.level(activity)
    if reached <= scheme.level_of(standing.rank):
        return None
    return Standing(standing.customer_id, scheme.name_of(reached), at, scheme.valid_until(at), standing.version)


def judged(scheme: RankScheme, standing: Standing, activity: Activity) -> Standing:
    """The standing at the end of its period: renewed, or down to what was reached in it, which `activity` says."""
    assert standing.valid_until is not None, "a rank that ends has an end"
    level = min(scheme.level(activity), scheme.level_of(standing.rank))
    if level == 0:
        return Standing(standing.customer_id, None, standing.valid_until, None, standing.version)
    rank, end = scheme.name_of(level), standing.valid_until
    since = standing.since if rank == standing.rank else end
    until = end + timedelta(days=scheme.days)
    if scheme.window is Window.CALENDAR_YEAR:
        until = scheme.valid_until(end - timedelta(days=scheme.grace_days) - INSTANT)
    return Standing(standing.customer_id, rank, since, until, standing.version)


def progress(scheme: RankScheme, standing: Standing, activity: Activity) -> Progress | None:
    """The way to the next rank; None at the top, or without ranks."""
    level = scheme.level_of(standing.rank)
    if level >= len(scheme.tiers):
        return None
    following = scheme.tiers[level]
    return Progress(following.name, scheme.amount(activity), following.at_least)


def check_scheme(scheme: RankScheme) -> list[Refusal]:
    """Everything that is wrong with a scheme, by field."""
    problems: list[Refusal] = []

    def bound(path: Path, low: int, value: int, high: int) -> None:
        if not low <= value <= high:
            problems.append(InvalidInput(path=("input", *path), expected=f"{low} to {high}", got=str(value)))

    bound(("tiers",), 0, len(scheme.tiers), MAX_TIERS)
    bound(("windowDays",), 1, scheme.days, MAX_WINDOW_DAYS)
    bound(("graceDays",), 0, scheme.grace_days, MAX_GRACE_DAYS)
    if scheme.zone not in available_timezones():
        expected = "an IANA time zone"
        problems.append(InvalidInput(path=("input", "timeZone"), expected=expected, got=repr(scheme.zone[:60])))
    if scheme.currency not in CURRENCY_DECIMALS:
        expected = "a currency the graph knows"
        problems.append(InvalidInput(path=("input", "currency"), expected=expected, got=repr(scheme.currency)))
    return problems + _check_tiers(scheme.tiers[:MAX_TIERS])


def _check_tiers(tiers: Sequence[Tier]) -> list[Refusal]:
    problems: list[Refusal] = []
    names = [tier.name for tier in tiers]
    for place, tier in enumerate(tiers):
        at = ("input", "tiers", str(place))
        if not 1 <= len(tier.name) <= MAX_NAME or names.index(tier.name) != place:
            expected = f"a name of its own, 1 to {MAX_NAME} characters"
            problems.append(InvalidInput(path=(*at, "name"), expected=expected, got=repr(tier.name[:MAX_NAME])))
        if not 1 <= tier.at_least <= MAX_AT_LEAST:
            expected = f"1 to {MAX_AT_LEAST}"
            problems.append(InvalidInput(path=(*at, "atLeast"), expected=expected, got=str(tier.at_least)))
        if place and tier.at_least <= tiers[place - 1].at_least:
            problems.append(TiersNotAscending(path=(*at, "atLeast"), tier=tier.name, below=tiers[place - 1].name))
    return problems
