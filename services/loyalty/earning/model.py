"""Earning rules. No I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from kit.money import CURRENCY_DECIMALS


@dataclass(frozen=True, slots=True)
class EarnRule:
    """How a purchase becomes points; `version` is written into every entry made by it and never changes meaning."""

    version: int
    minor_units_per_point: Mapping[str, int]

    def points(self, gross_minor: int, currency: str) -> int:
        """Whole points for a gross amount, rounded down; nothing for nothing or less. KeyError: unknown currency."""
        return max(gross_minor, 0) // self.minor_units_per_point[currency]


EARN_RULES: Mapping[int, EarnRule] = {1: EarnRule(1, dict.fromkeys(CURRENCY_DECIMALS, 100))}
"""Every rule there ever was. 1: a point for 100 minor units, so 100 yen or 1 dollar."""
CURRENT_RULE = EARN_RULES[1]
