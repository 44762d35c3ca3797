"""What location, stock and reservation share: names of things, who acts, quantities and their limits. No I/O."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, NewType

from kit.context import actor_name
from kit.errors import InvalidInput, Path, Refusal

Sku = NewType("Sku", str)
LocationId = NewType("LocationId", str)
ReservationId = NewType("ReservationId", str)
StockId = NewType("StockId", str)
"""`sku@locationId`: the natural key of a stock document."""

MAX_SKU = 64
"""Characters, as the catalog has it."""
MAX_QUANTITY = 1_000_000
"""Pieces of one line or adjustment: above any real delivery, so that a slip of the finger is refused."""
MAX_ON_HAND = 1_000_000_000
"""Pieces at one place: GraphQL's Int has 32 bits."""


class MovementReason(StrEnum):
    """Why stock moved, as the journal says it."""

    OPENING = "OPENING"
    RECEIVED = "RECEIVED"
    RETURNED = "RETURNED"
    FOUND = "FOUND"
    SOLD = "SOLD"
    DAMAGED = "DAMAGED"
    LOST = "LOST"
    CORRECTED = "CORRECTED"
    HELD = "HELD"
    COMMITTED = "COMMITTED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    ABORTED = "ABORTED"
    CANCELLED = "CANCELLED"
    HANDED_OVER = "HANDED_OVER"
    PICKED = "PICKED"
    TRANSFERRED = "TRANSFERRED"
    COUNTED = "COUNTED"
    INSPECTED = "INSPECTED"
    WRITTEN_OFF = "WRITTEN_OFF"
    PROTECTED = "PROTECTED"
    SYNCED = "SYNCED"
    DISCREPANCY = "DISCREPANCY"


class StockState(StrEnum):
    """What a piece on hand is there for; every piece on hand is in exactly one of these."""

    AVAILABLE = "AVAILABLE"
    RESERVED = "RESERVED"
    COMMITTED = "COMMITTED"
    SAFETY = "SAFETY"
    QUALITY_HOLD = "QUALITY_HOLD"
    DAMAGED = "DAMAGED"

    @property
    def figure(self) -> str:
        """The figure of a level that counts it."""
        return self.value.lower()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who moves stock, through which channel: a member of staff, a customer, or the channel itself."""

    channel: str
    staff: str | None = None
    customer: str | None = None

    @property
    def name(self) -> str:
        """As the journal names them: `staff:…`, `customer:…` or `channel:…`."""
        return actor_name(self.channel, self.staff, self.customer)

    def may_touch(self, owner: "Actor") -> bool:
        """Whether this caller may see and end what `owner` has reserved or ordered.

        Staff may on every channel, so that a hold made online is handed out in the shop; a customer only their own; a
        channel without either what was made on the same channel.
        """
        if self.staff is not None:
            return True
        if self.customer is not None:
            return owner.customer == self.customer
        return owner.channel == self.channel


class StockBand(StrEnum):
    """A quantity, roughly."""

    IN_STOCK = "IN_STOCK"
    FEW_LEFT = "FEW_LEFT"
    OUT = "OUT"


@dataclass(frozen=True, slots=True, kw_only=True)
class InsufficientStock(Refusal):
    """More was asked for than is there; `available` is what there was of `state` when it was refused.

    None: the caller's channel shows no numbers, and `band` says what its shoppers see.
    """

    sku: str
    location_id: str
    requested: int
    available: int | None
    state: StockState = StockState.AVAILABLE
    band: StockBand | None = None
    code: ClassVar[str] = "INSUFFICIENT_STOCK"

    @property
    def message(self) -> str:
        """Both quantities, where, and of which state."""
        where = f"{self.sku!r} at {self.location_id!r}"
        there = "fewer are" if self.available is None else self.available
        return f"{self.requested} of {where} requested, {there} {self.state.value.lower()}"


def stock_id(sku: str, location_id: str) -> StockId:
    """The id of the stock of one SKU at one location."""
    return StockId(f"{sku}@{location_id}")


def check_sku(sku: str, at: Path) -> list[Refusal]:
    """What is wrong with a SKU's form; whether it exists is the catalog's matter."""
    if 1 <= len(sku) <= MAX_SKU and sku.isprintable() and sku == sku.strip():
        return []
    return [InvalidInput(path=at, expected=f"1 to {MAX_SKU} printable characters", got=repr(sku[:MAX_SKU]))]
