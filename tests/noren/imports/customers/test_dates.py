"""Days as people write them in Japan."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from noren.imports.customers.dates import read_day, read_time
from noren.imports.customers.mapping import CustomerFormat

FORMATS = CustomerFormat().date_formats


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1985-04-01", date(1985, 4, 1)),
        ("1985/4/1", date(1985, 4, 1)),
        ("19850401", date(1985, 4, 1)),
        ("1985年4月1日", date(1985, 4, 1)),
        ("昭和60年4月1日", date(1985, 4, 1)),
        ("Ｓ６０．４．１", date(1985, 4, 1)),
        ("s60/04/01", date(1985, 4, 1)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("大正15年12月24日", date(1926, 12, 24)),
        ("平成31年5月1日", None),
        ("昭和64年1月8日", None),
        ("昭和60年2月30日", None),
        ("1985-02-30", None),
        ("令和0年1月1日", None),
        ("不明", None),
        ("", None),
    ],
)
def test_a_day_is_read_or_is_none(text: str, expected: date | None) -> None:
    assert read_day(text, FORMATS) == expected


def test_a_time_is_of_the_sources_place() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")

    assert read_time("2026/11/25 09:00", FORMATS, tokyo) == datetime(2026, 11, 25, tzinfo=UTC)
    assert read_time("2026-11-25T09:00:00+00:00", FORMATS, tokyo) == datetime(2026, 11, 25, 9, tzinfo=UTC)
    assert read_time("yesterday", FORMATS, tokyo) is None
