"""Why a basket cannot be quoted, and a quote not redeemed."""

from dataclasses import dataclass
from typing import ClassVar

from kit.errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPriced(Refusal):
    """The SKU has no price on this channel in this currency: nothing is converted."""

    sku: str
    channel: str
    currency: str
    code: ClassVar[str] = "NOT_PRICED"

    @property
    def message(self) -> str:
        """Where it has none."""
        return f"{self.sku!r} has no price in {self.currency} on channel {self.channel!r}"
