"""The mapping: which column of a file is which, and what the file does not say. README.md documents every key."""

import re
import tomllib
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from kit.money import CURRENCY_DECIMALS
from noren.imports.errors import ImportStopped

FOLDER = "mappings"
"""Of the mappings for orders that come with Noren."""
MAX_MAPPING_BYTES = 256 * 1024
"""A mapping is a page of text; a data file named by mistake is not read."""
MAX_NAME = 64
"""Characters of a source, channel or location: what the order service takes."""
DATE_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
)
"""Local dates as ISO 8601 writes them; with an offset they are absolute and always understood."""


MappingT = TypeVar("MappingT", bound="Strict")


class TaxTreatment(StrEnum):
    """What the prices of the file are."""

    INCLUDED = "included"
    """Gross: the tax inside is worked out, once a line."""
    EXCLUDED = "excluded"
    """Net: the tax is added, once a line."""
    UNKNOWN = "unknown"
    """The file does not say: amounts are recorded as they stand, with a tax of 0."""


class ZeroPrices(StrEnum):
    """What becomes of lines that cost nothing."""

    GIFTS = "gifts"
    """Kept if the invoice names a customer or charges for something else; alone and of nobody, nothing was sold."""
    KEEP = "keep"
    REFUSE = "refuse"


class Strict(BaseModel):
    """Frozen; an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FileFormat(Strict):
    """How the file is written. `auto` tells UTF-8 and CP932 apart."""

    encoding: Literal["auto", "utf-8", "cp932", "cp1252"] = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    sheet: str | None = None
    date_formats: tuple[str, ...] = DATE_FORMATS


class Columns(Strict):
    """The file's name of each column."""

    invoice: str
    sku: str
    quantity: str
    date: str
    unit_price: str
    description: str | None = None
    customer: str | None = None
    country: str | None = None

    def named(self) -> dict[str, str]:
        """Role to column name, of those there are."""
        return {role: name for role, name in self.model_dump().items() if name is not None}


class Tax(Strict):
    """How tax stands to the prices; `rate` 0.2 is 20 %."""

    treatment: TaxTreatment = TaxTreatment.UNKNOWN
    rate: float = Field(default=0.0, ge=0, le=1)

    @property
    def rate_bp(self) -> int:
        """The rate in basis points; none if the treatment is unknown."""
        return 0 if self.treatment is TaxTreatment.UNKNOWN else round(self.rate * 10_000)


class NonGoods(Strict):
    """Codes in the column of SKUs that are no stock-keeping units: exact ones, and patterns of whole codes."""

    codes: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    @field_validator("patterns")
    @classmethod
    def _compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
        return patterns


class Mapping(Strict):
    """A mapping file, checked."""

    source: str = Field(min_length=1, max_length=MAX_NAME)
    channel: str = Field(min_length=1, max_length=MAX_NAME)
    location: str | None = Field(default=None, min_length=1, max_length=MAX_NAME)
    currency: str
    time_zone: str
    cancellation_prefix: str | None = Field(default=None, min_length=1)
    zero_prices: ZeroPrices = ZeroPrices.GIFTS
    sku_case: Literal["upper", "keep"] = "upper"
    file: FileFormat = FileFormat()
    columns: Columns
    tax: Tax = Tax()
    non_goods: NonGoods = NonGoods()

    @field_validator("currency")
    @classmethod
    def _is_known(cls, currency: str) -> str:
        if currency not in CURRENCY_DECIMALS:
            raise ValueError(f"one of {', '.join(CURRENCY_DECIMALS)}")
        return currency

    @field_validator("time_zone")
    @classmethod
    def _exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{name!r} is no IANA time zone, such as Europe/London or Asia/Tokyo") from None
        return name


def shipped(folder: str = FOLDER) -> list[str]:
    """The names of the mappings that come with Noren."""
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in (files("noren.imports") / folder).iterdir()
        if entry.name.endswith(".toml")
    )


def load_mapping(name: str) -> Mapping:
    """The mapping of this name or path; ImportStopped names what is wrong with it, key by key."""
    return read_mapping(name, Mapping, FOLDER)


def read_mapping(name: str, kind: type[MappingT], folder: str) -> MappingT:
    """The mapping of this kind; `folder` holds those that come with Noren."""
    text = _text_of(name, folder)
    try:
        return kind.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ImportStopped(f"{name} is not TOML: {error}") from None
    except ValidationError as error:
        problems = "\n".join(f"  {_problem(dict(one))}" for one in error.errors())
        raise ImportStopped(f"the mapping {name} cannot be used:\n{problems}") from None


def _text_of(name: str, folder: str) -> str:
    if name in shipped(folder):
        return (files("noren.imports") / folder / f"{name}.toml").read_text(encoding="utf-8")
    path = Path(name)
    if not path.is_file():
        raise ImportStopped(f"there is no mapping {name}: give a file, or one of {', '.join(shipped(folder))}")
    if path.stat().st_size > MAX_MAPPING_BYTES:
        raise ImportStopped(f"{name} is too large for a mapping (more than {MAX_MAPPING_BYTES} bytes)")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ImportStopped(f"the mapping {name} is not UTF-8") from None


def _problem(error: dict[str, Any]) -> str:
    """One of pydantic's problems in a person's words."""
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key"
    if error["type"] == "missing":
        return f"{where}: missing"
    return f"{where}: {error['msg'].removeprefix('Value error, ')}, got {error['input']!r}"
