"""How much there is, as a shopper is told. No I/O."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

LOW_AT: Final = 3
"""Pieces up to which stock is called low: another shopper may take them before this one decides."""


class StockBand(Enum):
    """How much there is, in words."""

    IN_STOCK = "in_stock"
    LOW = "low"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Level:
    """Pieces of a SKU that can be sold at a location; `version` rises with every change there."""

    sku: str
    location_id: str
    available: int
    version: int

    @property
    def id(self) -> str:
        """The key it is kept by."""
        return f"{self.sku}@{self.location_id}"


def band_of(available: int) -> StockBand:
    """The band of so many pieces; stock sold below nothing is out."""
    if available <= 0:
        return StockBand.OUT
    return StockBand.LOW if available <= LOW_AT else StockBand.IN_STOCK


def sku_of(level_id: str) -> str:
    """The SKU in a level's key; a location's id holds no @."""
    return level_id.rpartition("@")[0]
