"""Scalars every subgraph declares alike."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NewType

from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition, scalar

from kit.money import CURRENCY_DECIMALS

CurrencyCode = NewType("CurrencyCode", str)
"""ISO 4217, one of `kit.money.CURRENCY_DECIMALS`."""


def _parse_currency(value: Any) -> CurrencyCode:
    if not isinstance(value, str) or value not in CURRENCY_DECIMALS:
        raise ValueError(f"expected one of {', '.join(CURRENCY_DECIMALS)}, got {value!r}")
    return CurrencyCode(value)


MAX_DECIMAL_DIGITS = 18
"""Digits before the point and after it: beyond any price or rate, and arithmetic on them stays exact and cheap."""


def _parse_decimal(value: Any) -> Decimal:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError(f'expected a decimal number as a string such as "19.99", got {value!r}')
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f'expected a decimal number such as "19.99", got {value!r}') from None
    if not number.is_finite():
        raise ValueError(f"expected a finite decimal number, got {value!r}")
    digits, exponent = len(number.as_tuple().digits), int(number.as_tuple().exponent)
    if digits + exponent > MAX_DECIMAL_DIGITS or -exponent > MAX_DECIMAL_DIGITS:
        raise ValueError(f"expected at most {MAX_DECIMAL_DIGITS} digits on either side of the point, got {value!r}")
    return number


def _serialize_time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parse_time(value: Any) -> datetime:
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f"expected RFC 3339 such as 2026-11-22T05:00:00Z, got {value!r}") from None
    if parsed.tzinfo is None:
        raise ValueError(f"expected a time with its offset, such as …Z, got {value!r}")
    try:
        return parsed.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"expected a time of the years 1 to 9999 in UTC, got {value!r}") from None


SCALARS: dict[object, ScalarDefinition] = {
    CurrencyCode: scalar(
        name="CurrencyCode",
        description="An ISO 4217 currency code, such as JPY or EUR.",
        serialize=str,
        parse_value=_parse_currency,
    ),
    Decimal: scalar(
        name="Decimal",
        description='A decimal number as a string, such as "19.99"; never a float.',
        serialize=str,
        parse_value=_parse_decimal,
    ),
    datetime: scalar(
        name="DateTime",
        description="An instant, RFC 3339 in UTC with milliseconds, such as 2026-11-22T05:00:00.000Z.",
        serialize=_serialize_time,
        parse_value=_parse_time,
    ),
}


def config() -> StrawberryConfig:
    """Strawberry's configuration, the same for every subgraph."""
    return StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=False)
