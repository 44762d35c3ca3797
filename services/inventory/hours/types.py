"""Opening hours in the graph."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum

import strawberry

from kit.errors import InvalidInput, Path, Refusal, Refused
from services.inventory.hours import model


@strawberry.enum(description="A day of the week.")
class Weekday(Enum):
    """In the order of `date.weekday()`."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


@strawberry.type(description="From an opening to a closing by the location's clock.")
class OpeningInterval:
    """See `hours.model.Interval`."""

    opens: str = strawberry.field(description="HH:MM, 00:00 to 23:59.")
    closes: str = strawberry.field(description="HH:MM, up to 24:00; not later than `opens`: on the next day.")

    @classmethod
    def of(cls, interval: model.Interval) -> "OpeningInterval":
        """From the model."""
        return cls(opens=model.show_minute(interval.opens), closes=model.show_minute(interval.closes))


@strawberry.type(description="When it is open on a day of the week.")
class WeekdayHours:
    """One of seven."""

    weekday: Weekday = strawberry.field(description="Which day.")
    intervals: list[OpeningInterval] = strawberry.field(description="In order; none if it is closed.")


@strawberry.type(description="A day with hours of its own: a holiday, a late opening.")
class SpecialDay:
    """See `hours.model.SpecialDay`."""

    day: date = strawberry.field(description="By the location's calendar.")
    intervals: list[OpeningInterval] = strawberry.field(description="In order; none if it is closed.")
    name: str | None = strawberry.field(description="What day it is.")


@strawberry.type(description="When a location is open, by its own clock.")
class OpeningHours:
    """See `hours.model.OpeningHours`."""

    weekly: list[WeekdayHours] = strawberry.field(description="Monday to Sunday.")
    special_days: list[SpecialDay] = strawberry.field(description="Days that are different, by date.")

    @classmethod
    def of(cls, hours: model.OpeningHours) -> "OpeningHours":
        """From the model."""
        special = sorted(hours.special, key=lambda one: one.day)
        return cls(
            weekly=[WeekdayHours(weekday=day, intervals=_shown(hours.week[n])) for n, day in enumerate(Weekday)],
            special_days=[SpecialDay(day=one.day, intervals=_shown(one.intervals), name=one.name) for one in special],
        )


@strawberry.type(description="One opening of a location.")
class OpeningPeriod:
    """See `hours.model.Period`."""

    opens_at: datetime = strawberry.field(description="From this instant.")
    closes_at: datetime = strawberry.field(description="Until before this one.")
    business_day: date = strawberry.field(description="The day it belongs to, by the location's calendar.")

    @classmethod
    def of(cls, period: model.Period) -> "OpeningPeriod":
        """From the model."""
        return cls(opens_at=period.opens_at, closes_at=period.closes_at, business_day=period.day)


@strawberry.input(description="From an opening to a closing by the location's clock.")
class OpeningIntervalInput:
    """See `hours.model.Interval`."""

    opens: str = strawberry.field(description="HH:MM, 00:00 to 23:59.")
    closes: str = strawberry.field(description="HH:MM, up to 24:00; not later than `opens`: on the next day.")


@strawberry.input(description="When it is open on a day of the week.")
class WeekdayHoursInput:
    """One of up to seven; a day that is not named is closed."""

    weekday: Weekday = strawberry.field(description="Which day; each once.")
    intervals: list[OpeningIntervalInput] = strawberry.field(
        description=f"At most {model.MAX_INTERVALS}, which do not overlap; none if it is closed."
    )


@strawberry.input(description="A day with hours of its own: a holiday, a late opening.")
class SpecialDayInput:
    """See `hours.model.SpecialDay`."""

    day: date = strawberry.field(description="By the location's calendar; each once.")
    intervals: list[OpeningIntervalInput] = strawberry.field(
        default_factory=list, description="Instead of the weekday's; none if it is closed."
    )
    name: str | None = strawberry.field(default=None, description="What day it is.")


@strawberry.input(description="When a location is open, by its own clock.")
class OpeningHoursInput:
    """See `hours.model.OpeningHours`."""

    weekly: list[WeekdayHoursInput] = strawberry.field(description="A day that is not named is closed.")
    special_days: list[SpecialDayInput] = strawberry.field(
        default_factory=list, description=f"Days that are different, at most {model.MAX_SPECIAL_DAYS}."
    )

    def to_hours(self, at: Path) -> model.OpeningHours:
        """For the model; Refused names every time that is none and every weekday that comes twice."""
        problems: list[Refusal] = []
        week: dict[str, tuple[model.Interval, ...]] = {}
        for index, hours in enumerate(self.weekly):
            path = (*at, "weekly", str(index))
            if hours.weekday.value in week:
                expected = "every weekday once"
                problems.append(InvalidInput(path=(*path, "weekday"), expected=expected, got=hours.weekday.value))
            week[hours.weekday.value] = _read(hours.intervals, path, problems)
        special = tuple(
            model.SpecialDay(one.day, _read(one.intervals, (*at, "specialDays", str(index)), problems), one.name)
            for index, one in enumerate(self.special_days)
        )
        if problems:
            raise Refused(*problems)
        return model.OpeningHours(tuple(week.get(day, ()) for day in model.WEEKDAYS), special)


def _shown(intervals: Sequence[model.Interval]) -> list[OpeningInterval]:
    return [OpeningInterval.of(interval) for interval in sorted(intervals)]


def _read(intervals: Sequence[OpeningIntervalInput], at: Path, problems: list[Refusal]) -> tuple[model.Interval, ...]:
    found = []
    for index, interval in enumerate(intervals):
        opens = read_minute(interval.opens, (*at, "intervals", str(index), "opens"), problems)
        closes = read_minute(interval.closes, (*at, "intervals", str(index), "closes"), problems)
        if opens is not None and closes is not None:
            found.append(model.Interval(opens, closes if closes > opens else closes + model.DAY_MIN))
    return tuple(found)


def read_minute(text: str, at: Path, problems: list[Refusal]) -> int | None:
    """Minutes after midnight, or None and a problem."""
    minute = model.parse_minute(text)
    if minute is None:
        problems.append(InvalidInput(path=at, expected="HH:MM, 00:00 to 24:00", got=repr(text[:16])))
    return minute
