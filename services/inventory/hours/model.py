"""When a location is open: weekly hours, special days, and the instants they come to. No I/O, no clock.

Hours are minutes on the location's wall clock; an interval that ends past 24:00 ends on the next day and belongs to
the day it began on. Where clocks change, a wall time that comes twice opens at the first and closes at the second, one
that is skipped stands for the instant the clock shows instead (PEP 495).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from kit.errors import InvalidInput, Path, Refusal

DAY_MIN = 24 * 60
LATEST_MIN = 2 * DAY_MIN
"""An interval ends on the day after it began at the latest."""
MAX_INTERVALS = 8
"""Openings of one day: a clinic with breaks has three."""
MAX_SPECIAL_DAYS = 400
"""A year of holidays and exceptions, and the next one's begun."""
MAX_DAY_NAME = 100
HORIZON_DAYS = 60
"""How far ahead an opening is looked for: what is closed longer has no next opening to promise."""
WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From `opens` to before `closes`, in minutes after midnight of the day it begins on."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day that goes by other hours than its weekday; closed without any."""

    day: date
    intervals: tuple[Interval, ...] = ()
    name: str | None = None


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """The intervals of Monday to Sunday, and the days that are different."""

    week: tuple[tuple[Interval, ...], ...]
    special: tuple[SpecialDay, ...] = ()

    def on(self, day: date) -> tuple[Interval, ...]:
        """The intervals that begin on this day."""
        for other in self.special:
            if other.day == day:
                return other.intervals
        return self.week[day.weekday()]


@dataclass(frozen=True, slots=True)
class Period:
    """From an opening to a closing, aware UTC, and the business day it belongs to."""

    opens_at: datetime
    closes_at: datetime
    day: date


def wall_instant(zone: str, day: date, minute: int, *, last: bool = False) -> datetime:
    """The instant, in UTC, at which the clock there shows this minute of `day`; `last` of two such instants."""
    there = day + timedelta(days=minute // DAY_MIN)
    shown = datetime.combine(there, time(minute % DAY_MIN // 60, minute % 60), _zone(zone))
    first = shown.astimezone(UTC)
    return max(first, shown.replace(fold=1).astimezone(UTC)) if last else first


def local_day(zone: str, at: datetime) -> date:
    """The calendar's day there."""
    return at.astimezone(_zone(zone)).date()


def local_minute(zone: str, at: datetime) -> int:
    """What the clock there shows, in whole minutes after midnight."""
    there = at.astimezone(_zone(zone))
    return there.hour * 60 + there.minute


@lru_cache(maxsize=8_192)
def periods_on(hours: OpeningHours, zone: str, day: date) -> tuple[Period, ...]:
    """The openings that begin on `day`, in order; one that a clock change swallows is left out."""
    found = []
    for interval in sorted(hours.on(day)):
        opens = wall_instant(zone, day, interval.opens)
        closes = wall_instant(zone, day, interval.closes, last=True)
        if opens < closes:
            found.append(Period(opens, closes, day))
    return tuple(found)


def period_at(hours: OpeningHours, zone: str, at: datetime) -> Period | None:
    """The opening that `at` falls into; of two, which began on different days, the later day's."""
    today = local_day(zone, at)
    for day in (today, today - timedelta(days=1)):
        for period in periods_on(hours, zone, day):
            if period.opens_at <= at < period.closes_at:
                return period
    return None


def is_open(hours: OpeningHours | None, zone: str, at: datetime) -> bool:
    """Whether somebody is there; who keeps no hours is always there."""
    return hours is None or period_at(hours, zone, at) is not None


def next_opening(hours: OpeningHours, zone: str, after: datetime) -> Period | None:
    """The first opening that begins after `after`; None if there is none within `HORIZON_DAYS`."""
    return next((period for period in _periods_from(hours, zone, after) if period.opens_at > after), None)


def business_day(hours: OpeningHours | None, zone: str, at: datetime) -> date:
    """The day whose business it is: yesterday's until yesterday's last opening ends, else the calendar's."""
    if hours is not None and (period := period_at(hours, zone, at)) is not None:
        return period.day
    return local_day(zone, at)


def after_open_minutes(hours: OpeningHours | None, zone: str, at: datetime, minutes: int) -> datetime | None:
    """When `minutes` of open time have passed since `at`, at an instant when it is open.

    None if that is more than `HORIZON_DAYS` away.
    """
    left = timedelta(minutes=minutes)
    if hours is None:
        return at + left
    for period in _periods_from(hours, zone, at):
        begins = max(period.opens_at, at)
        if begins >= period.closes_at:
            continue
        if begins + left < period.closes_at:
            return begins + left
        left -= period.closes_at - begins
        at = period.closes_at
    return None


def opens_on(hours: OpeningHours | None, day: date) -> bool:
    """Whether any opening begins on this day."""
    return hours is None or bool(hours.on(day))


def check_hours(hours: OpeningHours, at: Path) -> list[Refusal]:
    """Every reason why these hours cannot be, each with its path below `at`."""
    problems: list[Refusal] = []
    for weekday, intervals in zip(WEEKDAYS, hours.week, strict=True):
        problems += _check_intervals(intervals, (*at, "weekly", weekday))
    if len(hours.special) > MAX_SPECIAL_DAYS:
        expected = f"at most {MAX_SPECIAL_DAYS} special days"
        return [*problems, InvalidInput(path=(*at, "specialDays"), expected=expected, got=str(len(hours.special)))]
    seen: set[date] = set()
    for index, special in enumerate(hours.special):
        path = (*at, "specialDays", str(index))
        problems += _check_intervals(special.intervals, path)
        if special.day in seen:
            problems.append(InvalidInput(path=(*path, "day"), expected="every day once", got=special.day.isoformat()))
        seen.add(special.day)
        name = special.name
        if name is not None and not (1 <= len(name) <= MAX_DAY_NAME and name.isprintable()):
            expected = f"1 to {MAX_DAY_NAME} printable characters"
            problems.append(InvalidInput(path=(*path, "name"), expected=expected, got=repr(name[:MAX_DAY_NAME])))
    return problems


def parse_minute(text: str, latest: int = DAY_MIN) -> int | None:
    """Minutes after midnight of `HH:MM`, up to `latest`; None if it is not that."""
    hours, colon, minutes = text.partition(":")
    if not (colon and len(hours) == len(minutes) == 2 and (hours + minutes).isascii() and (hours + minutes).isdigit()):
        return None
    minute = int(hours) * 60 + int(minutes)
    return minute if int(minutes) < 60 and minute <= latest else None


def show_minute(minute: int) -> str:
    """`HH:MM` on the clock; 24:00 for the end of the day."""
    shown = minute if minute <= DAY_MIN else minute - DAY_MIN
    return f"{shown // 60:02}:{shown % 60:02}"


def _periods_from(hours: OpeningHours, zone: str, at: datetime) -> Iterator[Period]:
    """Openings in order, from those that began the day before."""
    today = local_day(zone, at)
    for ahead in range(-1, HORIZON_DAYS + 1):
        yield from periods_on(hours, zone, today + timedelta(days=ahead))


def _check_intervals(intervals: Sequence[Interval], at: Path) -> list[Refusal]:
    if len(intervals) > MAX_INTERVALS:
        return [InvalidInput(path=at, expected=f"at most {MAX_INTERVALS} intervals", got=str(len(intervals)))]
    problems: list[Refusal] = []
    for index, interval in enumerate(intervals):
        path = (*at, "intervals", str(index))
        shown = f"{interval.opens} to {interval.closes} min"
        if not 0 <= interval.opens < DAY_MIN:
            problems.append(InvalidInput(path=(*path, "opens"), expected="00:00 to 23:59", got=shown))
        elif not interval.opens < interval.closes <= min(LATEST_MIN, interval.opens + DAY_MIN):
            problems.append(InvalidInput(path=(*path, "closes"), expected="at most 24 hours later", got=shown))
        elif any(interval.opens < other.closes and other.opens < interval.closes for other in intervals[:index]):
            problems.append(InvalidInput(path=path, expected="intervals that do not overlap", got=shown))
    return problems


@lru_cache(maxsize=1_024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
