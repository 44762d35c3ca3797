"""The mapping of a file of balances: columns, the rate, and when points expire. README.md has every key."""

from datetime import date
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from noren.imports.mapping import MAX_NAME, FileFormat, Strict, read_mapping

FOLDER = "points/mappings"
MAX_RATE = 1_000_000


class ExpiryRule(StrEnum):
    """When imported points expire."""

    REGULAR = "regular"
    """As regular points do: it slides with the member's activity."""
    COLUMN = "column"
    """On the day the file gives; an empty cell is regular."""
    DATE = "date"
    """All on one day."""


class PointColumns(Strict):
    """The file's name of each column. `lot` tells several balances of one account apart; without it `expires` does."""

    account: str
    points: str
    expires: str | None = None
    lot: str | None = None

    def named(self) -> dict[str, str]:
        """Role to column name, of those there are."""
        return {role: name for role, name in self.model_dump().items() if name is not None}


class Rate(Strict):
    """`points` of Noren's for `per` of the file's; what is left of an account's balance is rounded down."""

    points: int = Field(default=1, ge=1, le=MAX_RATE)
    per: int = Field(default=1, ge=1, le=MAX_RATE)


class Expiry(Strict):
    """The rule, and the last day on which points of the rule `date` can be spent."""

    rule: ExpiryRule = ExpiryRule.REGULAR
    last_day: date | None = None


class PointMapping(Strict):
    """A mapping file, checked."""

    source: str = Field(min_length=1, max_length=MAX_NAME)
    time_zone: str = "Asia/Tokyo"
    file: FileFormat = FileFormat()
    columns: PointColumns
    rate: Rate = Rate()
    expiry: Expiry = Expiry()

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("a time zone such as Asia/Tokyo") from None
        return name

    @field_validator("source")
    @classmethod
    def _is_plain(cls, source: str) -> str:
        if "|" in source:
            raise ValueError("a source without |")
        return source

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.expiry.rule is ExpiryRule.COLUMN and self.columns.expires is None:
            raise ValueError('expiry.rule = "column" needs columns.expires')
        if (self.expiry.rule is ExpiryRule.DATE) != (self.expiry.last_day is not None):
            raise ValueError('expiry.last_day goes with expiry.rule = "date", and only with it')
        return self


def load_point_mapping(name: str) -> PointMapping:
    """The mapping of this name or path; ImportStopped names what is wrong with it, key by key."""
    return read_mapping(name, PointMapping, FOLDER)
