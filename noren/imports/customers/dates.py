"""Dates as forms have them, those of a Japanese era included. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final
from unicodedata import normalize
from zoneinfo import ZoneInfo

ERAS: Final[Mapping[str, tuple[date, date | None]]] = {
    "明治": (date(1868, 1, 25), date(1912, 7, 29)),
    "大正": (date(1912, 7, 30), date(1926, 12, 24)),
    "昭和": (date(1926, 12, 25), date(1989, 1, 7)),
    "平成": (date(1989, 1, 8), date(2019, 4, 30)),
    "令和": (date(2019, 5, 1), None),
}
"""First and last day of each era (National Diet Library, 年号); a date outside its era is a slip of the pen."""
LETTERS: Final[Mapping[str, str]] = {"M": "明治", "T": "大正", "S": "昭和", "H": "平成", "R": "令和"}
_OF_ERA = re.compile(
    r"(?P<era>明治|大正|昭和|平成|令和|[MTSHR])\.?(?P<year>元|\d{1,2})[年./-](?P<month>\d{1,2})[月./-](?P<day>\d{1,2})日?"
)


def read_day(text: str, formats: Iterable[str]) -> date | None:
    """The day, or None for what is none; a time of day is passed over."""
    wide = normalize("NFKC", text).strip()
    if (found := _OF_ERA.fullmatch(wide.replace(" ", "").upper())) is not None:
        return _of_era(found)
    moment = _moment(wide, formats)
    return None if moment is None else moment.date()


def read_time(text: str, formats: Iterable[str], zone: ZoneInfo) -> datetime | None:
    """The moment, in `zone` where it has no offset of its own; None for what is none."""
    moment = _moment(normalize("NFKC", text).strip(), formats)
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _moment(text: str, formats: Iterable[str]) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in formats:
        try:
            return datetime.strptime(text, form.replace("%.f", ".%f"))  # noqa: DTZ007 - `read_time` gives the zone
        except ValueError:
            continue
    return None


def _of_era(found: re.Match[str]) -> date | None:
    first, last = ERAS[LETTERS.get(found["era"], found["era"])]
    year = 1 if found["year"] == "元" else int(found["year"])
    try:
        day = date(first.year + year - 1, int(found["month"]), int(found["day"]))
    except ValueError:
        return None
    return day if first <= day and (last is None or day <= last) else None
