"""The mapping of a file of customers: which column is which, what the source has proven. README.md has every key."""

from typing import Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from noren.imports.mapping import DATE_FORMATS, FileFormat, Strict, read_mapping

FOLDER: Final = "customers/mappings"
"""Of the mappings for customers that come with Noren."""
SEVERAL: Final = ("email", "phone")
"""Roles that may be several columns."""
JAPANESE_DATES: Final = ("%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日", "%Y%m%d")
"""Beside ISO 8601; dates of an era (昭和60年4月1日, S60.4.1) are understood without being named."""


class CustomerFormat(FileFormat):
    """As for the other imports, and more of the ways in which dates are written here."""

    date_formats: tuple[str, ...] = DATE_FORMATS + JAPANESE_DATES


class CustomerColumns(Strict):
    """The file's name of each column. `name` and `name_kana` are in one piece, parted by a space."""

    id: str | None = None
    email: str | tuple[str, ...] | None = None
    phone: str | tuple[str, ...] | None = None
    card: str | None = None
    line: str | None = None
    name: str | None = None
    family: str | None = None
    given: str | None = None
    name_kana: str | None = None
    family_kana: str | None = None
    given_kana: str | None = None
    birthday: str | None = None
    postal_code: str | None = None
    region: str | None = None
    city: str | None = None
    line1: str | None = None
    line2: str | None = None
    language: str | None = None
    seen_at: str | None = None
    member_since: str | None = None

    def named(self) -> dict[str, str]:
        """Role to column name, of those there are; the second of several is `email:1`."""
        named: dict[str, str] = {}
        for role, value in self.model_dump().items():
            names: tuple[str, ...] = () if value is None else (value,) if isinstance(value, str) else value
            named |= {role if place == 0 else f"{role}:{place}": name for place, name in enumerate(names)}
        return named


class CustomerMapping(Strict):
    """A mapping file, checked.

    `source` is who says it, and the system of the external id that a row's `id` becomes. `verified`: which identifiers
    the source has proven, by a message that was answered; the others are hints, which merge nobody.
    """

    source: str = Field(pattern="^[a-z][a-z0-9_-]{0,31}$")
    time_zone: str = "Asia/Tokyo"
    phone_region: str = Field(default="JP", pattern="^[A-Z]{2}$")
    country: str = Field(default="JP", pattern="^[A-Z]{2}$")
    verified: tuple[Literal["email", "phone"], ...] = ()
    file: CustomerFormat = CustomerFormat()
    columns: CustomerColumns

    @field_validator("time_zone")
    @classmethod
    def _exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{name!r} is no IANA time zone, such as Asia/Tokyo") from None
        return name

    @model_validator(mode="after")
    def _tells_people_apart(self) -> Self:
        columns: dict[str, Any] = self.columns.named()
        if not columns.keys() & {"id", "email", "phone", "card", "line"}:
            raise ValueError("columns name none of id, email, phone, card, line: nobody could be told from another")
        return self


def load_customer_mapping(name: str) -> CustomerMapping:
    """The mapping of this name or path; ImportStopped names what is wrong with it, key by key."""
    return read_mapping(name, CustomerMapping, FOLDER)
