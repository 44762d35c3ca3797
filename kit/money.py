"""Money: integer minor units and an ISO 4217 currency. Never a float, never added across currencies."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CURRENCY_DECIMALS = {
    "AUD": 2, "BRL": 2, "CAD": 2, "CHF": 2, "CNY": 2, "DKK": 2, "EUR": 2, "GBP": 2, "HKD": 2, "INR": 2,
    "JPY": 0, "KRW": 0, "MXN": 2, "NOK": 2, "NZD": 2, "PLN": 2, "SEK": 2, "SGD": 2, "THB": 2, "TWD": 2,
    "USD": 2, "VND": 0,
}  # fmt: skip
"""Decimals of each currency the graph accepts (ISO 4217, column "minor unit")."""

MAX_MINOR_UNITS = 2**31 - 1
"""The largest amount either way: GraphQL's Int, which carries `minorUnits`, has 32 bits."""


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were added or compared."""


@dataclass(frozen=True, slots=True)
class Money:
    """`minor_units` of `currency`: Money(1999, "EUR") is 19.99 euro, Money(1999, "JPY") 1,999 yen."""

    minor_units: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in CURRENCY_DECIMALS:
            raise ValueError(f"currency {self.currency!r} is not one of {', '.join(CURRENCY_DECIMALS)}")

    @property
    def amount(self) -> Decimal:
        """In units of the currency, with exactly its decimals."""
        return Decimal(self.minor_units).scaleb(-CURRENCY_DECIMALS[self.currency])

    @classmethod
    def parse(cls, amount: Decimal, currency: str) -> "Money":
        """From units of the currency; half a minor unit rounds away from zero."""
        if currency not in CURRENCY_DECIMALS:
            raise ValueError(f"currency {currency!r} is not one of {', '.join(CURRENCY_DECIMALS)}")
        scaled = amount.scaleb(CURRENCY_DECIMALS[currency]).quantize(Decimal(1), ROUND_HALF_UP)
        return cls(int(scaled), currency)

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not add")
        return Money(self.minor_units + other.minor_units, self.currency)


def net_of(gross_minor: int, tax_rate_bp: int) -> int:
    """The net inside a tax-inclusive amount, in minor units; half a minor unit of net rounds away from zero.

    `tax_rate_bp` is in basis points: 1000 is 10 %. net = gross / (1 + rate).
    """
    net = Decimal(gross_minor) * 10_000 / (10_000 + tax_rate_bp)
    return int(net.quantize(Decimal(1), ROUND_HALF_UP))
