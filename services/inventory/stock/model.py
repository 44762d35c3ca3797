"""Stock levels, what may change them by hand, and what their books must show. No I/O."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from kit.errors import InvalidInput, NotFound, Refusal
from services.inventory.model import (
    MAX_ON_HAND,
    MAX_QUANTITY,
    InsufficientStock,
    LocationId,
    MovementReason,
    Sku,
    StockId,
    StockState,
    check_sku,
    stock_id,
)


class AdjustmentReason(StrEnum):
    """Why somebody changes stock by hand."""

    RECEIVED = MovementReason.RECEIVED.value
    RETURNED = MovementReason.RETURNED.value
    FOUND = MovementReason.FOUND.value
    SOLD = MovementReason.SOLD.value
    DAMAGED = MovementReason.DAMAGED.value
    LOST = MovementReason.LOST.value
    CORRECTED = MovementReason.CORRECTED.value


@dataclass(frozen=True, slots=True)
class Quantities:
    """Pieces, or changes of pieces. Of a level: on_hand is the sum of all others, and none is below zero."""

    on_hand: int = 0
    available: int = 0
    reserved: int = 0
    committed: int = 0
    safety: int = 0
    quality_hold: int = 0
    damaged: int = 0

    def __add__(self, other: "Quantities") -> "Quantities":
        return Quantities(
            self.on_hand + other.on_hand,
            self.available + other.available,
            self.reserved + other.reserved,
            self.committed + other.committed,
            self.safety + other.safety,
            self.quality_hold + other.quality_hold,
            self.damaged + other.damaged,
        )

    def __sub__(self, other: "Quantities") -> "Quantities":
        return Quantities(
            self.on_hand - other.on_hand,
            self.available - other.available,
            self.reserved - other.reserved,
            self.committed - other.committed,
            self.safety - other.safety,
            self.quality_hold - other.quality_hold,
            self.damaged - other.damaged,
        )

    @classmethod
    def of_move(cls, pieces: int, source: StockState | None, target: StockState | None) -> "Quantities":
        """The change of moving pieces from one state into another; None is outside: they enter or leave."""
        change = dict.fromkeys((state.figure for state in (source, target) if state), 0)
        change |= {"on_hand": 0}
        for state, signed in ((source, -pieces), (target, pieces)):
            if state is None:
                change["on_hand"] -= signed
            else:
                change[state.figure] += signed
        return cls(**change)

    def of(self, state: StockState) -> int:
        """The pieces in one state."""
        return int(getattr(self, state.figure))

    @property
    def sum_of_states(self) -> int:
        """What on_hand must be."""
        return sum(self.of(state) for state in StockState)


FIGURES: tuple[str, ...] = tuple(each.name for each in fields(Quantities))
"""Of a level, as the documents name them."""


@dataclass(frozen=True, slots=True)
class StockLevel:
    """What lies of one SKU at one location; `version` counts its movements."""

    sku: Sku
    location_id: LocationId
    quantities: Quantities
    version: int
    updated_at: datetime

    @property
    def id(self) -> StockId:
        """`sku@locationId`."""
        return stock_id(self.sku, self.location_id)


@dataclass(frozen=True, slots=True)
class Look:
    """The levels there were, by id, and what the database's clock said not later than they were read."""

    levels: Mapping[StockId, StockLevel]
    at: datetime


@dataclass(frozen=True, slots=True)
class Recount:
    """Somebody counted: `counted` pieces lie there, where the system had said `expected_on_hand`."""

    counted: int
    expected_on_hand: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A change by hand: by `delta` pieces, or to what was counted; exactly one of the two is set."""

    key: str
    sku: Sku
    location_id: LocationId
    reason: AdjustmentReason
    delta: int | None = None
    recount: Recount | None = None

    @property
    def stock_id(self) -> StockId:
        """Which stock."""
        return stock_id(self.sku, self.location_id)

    @property
    def change(self) -> int:
        """By how many pieces."""
        if self.recount is not None:
            return self.recount.counted - self.recount.expected_on_hand
        return self.delta or 0

    @property
    def opens(self) -> bool:
        """Whether it may be the first that is heard of this SKU at this location."""
        return self.change >= 0 if self.recount is None else self.recount.expected_on_hand == 0

    def to_change(self) -> "Change":
        """What it does to the stock."""
        return Change(
            id=f"adjust:{self.key}",
            sku=self.sku,
            location_id=self.location_id,
            deltas=Quantities(on_hand=self.change, available=self.change),
            reason=MovementReason(self.reason.value),
            expected_on_hand=None if self.recount is None else self.recount.expected_on_hand,
        )


@dataclass(frozen=True, slots=True)
class StockMove:
    """Pieces that move from one state into another, once a key; None is outside: they enter or leave the stock."""

    key: str
    sku: Sku
    location_id: LocationId
    source: StockState | None
    target: StockState | None
    quantity: int
    reason: MovementReason
    reference: str | None = None

    @property
    def stock_id(self) -> StockId:
        """Which stock."""
        return stock_id(self.sku, self.location_id)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one stock that happens once: `id` is the journal's, and the key by which it is known again."""

    id: str
    sku: Sku
    location_id: LocationId
    deltas: Quantities
    reason: MovementReason
    reference: str | None = None
    expected_on_hand: int | None = None

    @property
    def stock_id(self) -> StockId:
        """Which stock."""
        return stock_id(self.sku, self.location_id)


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """What an idempotency key stands for; `result` is the level it led to, None while it has not."""

    fingerprint: str
    result: StockLevel | None


@dataclass(frozen=True, slots=True)
class LevelSeen:
    """A level with what is needed to change it once: how many changes it has had, and whether this one."""

    level: StockLevel
    changes: int
    has_happened: bool


@dataclass(frozen=True, slots=True)
class OpeningStock:
    """What a source says lay at a location when it was taken over; heard once a source."""

    sku: Sku
    location_id: LocationId
    on_hand: int
    source: str


@dataclass(frozen=True, slots=True)
class Books:
    """A level beside what proves it: its live holds, and the sum of its movements, journaled or still undrained.

    `journaled` is the part of `moved` that the journal has, up to the version `journaled_version`.
    """

    level: StockLevel
    holds: Mapping[str, int]
    moved: Quantities
    journaled: Quantities = Quantities()
    journaled_version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OnHandChanged(Refusal):
    """A count was made against a figure that has moved since."""

    sku: str
    location_id: str
    expected_on_hand: int
    actual_on_hand: int
    code: ClassVar[str] = "ON_HAND_CHANGED"

    @property
    def message(self) -> str:
        """Both figures."""
        where = f"{self.sku!r} at {self.location_id!r}"
        return f"{where}: expected {self.expected_on_hand} on hand, but it is {self.actual_on_hand} by now"


def check_adjustment(adjustment: Adjustment) -> list[Refusal]:
    """Every reason why the input can never be taken."""
    problems = check_sku(adjustment.sku, ("input", "sku"))
    if (adjustment.delta is None) == (adjustment.recount is None):
        problems.append(InvalidInput(expected="either delta or recount", got="both or neither"))
    if adjustment.delta is not None and not 1 <= abs(adjustment.delta) <= MAX_QUANTITY:
        expected = f"-{MAX_QUANTITY} to {MAX_QUANTITY} and not 0"
        problems.append(InvalidInput(path=("input", "delta"), expected=expected, got=str(adjustment.delta)))
    if adjustment.recount is not None:
        problems += _check_count("counted", adjustment.recount.counted)
        problems += _check_count("expectedOnHand", adjustment.recount.expected_on_hand)
    return problems


def refuse_adjustment(adjustment: Adjustment, level: StockLevel) -> Refusal | None:
    """Why this level does not allow the adjustment; None if it does."""
    now = level.quantities
    recount = adjustment.recount
    if recount is not None and now.on_hand != recount.expected_on_hand:
        return OnHandChanged(
            path=("input", "recount", "expectedOnHand"),
            sku=adjustment.sku,
            location_id=adjustment.location_id,
            expected_on_hand=recount.expected_on_hand,
            actual_on_hand=now.on_hand,
        )
    path = ("input", "delta") if recount is None else ("input", "recount", "counted")
    if now.available + adjustment.change < 0:
        return InsufficientStock(
            path=path,
            sku=adjustment.sku,
            location_id=adjustment.location_id,
            requested=-adjustment.change,
            available=now.available,
        )
    if now.on_hand + adjustment.change > MAX_ON_HAND:
        return InvalidInput(path=path, expected=f"at most {MAX_ON_HAND} on hand", got=str(adjustment.change))
    return None


def check_move(move: StockMove) -> list[Refusal]:
    """Every reason why the move can never be made."""
    problems = check_sku(move.sku, ("input", "sku"))
    if not 1 <= move.quantity <= MAX_QUANTITY:
        problems.append(_wrong("quantity", f"1 to {MAX_QUANTITY}", str(move.quantity)))
    if move.source is move.target:
        problems.append(_wrong("target", "another state than the source", str(move.target)))
    if StockState.RESERVED in (move.source, move.target):
        problems.append(_wrong("source", "a state that no reservation holds", StockState.RESERVED.value))
    return problems


def change_of(move: StockMove) -> Change:
    """What a move does to the stock."""
    deltas = Quantities.of_move(move.quantity, move.source, move.target)
    return Change(f"move:{move.key}", move.sku, move.location_id, deltas, move.reason, move.reference)


def refuse_move(move: StockMove, level: StockLevel) -> Refusal | None:
    """Why this level does not allow the move; None if it does."""
    there = level.quantities
    if move.source is not None and there.of(move.source) < move.quantity:
        return InsufficientStock(
            path=("input", "quantity"),
            sku=move.sku,
            location_id=move.location_id,
            requested=move.quantity,
            available=there.of(move.source),
            state=move.source,
        )
    if move.source is None and there.on_hand + move.quantity > MAX_ON_HAND:
        return _wrong("quantity", f"at most {MAX_ON_HAND} on hand", str(move.quantity))
    return None


def unknown_stock(adjustment: Adjustment) -> Refusal:
    """Nothing of this SKU was ever at this location, so nothing can be taken away or counted again."""
    if adjustment.recount is not None:
        return OnHandChanged(
            path=("input", "recount", "expectedOnHand"),
            sku=adjustment.sku,
            location_id=adjustment.location_id,
            expected_on_hand=adjustment.recount.expected_on_hand,
            actual_on_hand=0,
        )
    return NotFound(path=("input", "sku"), kind="Stock", id=adjustment.stock_id)


def check_opening(row: OpeningStock) -> list[Refusal]:
    """What is wrong with a row of opening stock; the path begins with the stock's id."""
    at = (stock_id(row.sku, row.location_id),)
    problems = check_sku(row.sku, (*at, "sku"))
    if not 0 <= row.on_hand <= MAX_QUANTITY:
        problems.append(InvalidInput(path=(*at, "onHand"), expected=f"0 to {MAX_QUANTITY}", got=str(row.on_hand)))
    if not row.source or not row.source.isprintable():
        problems.append(InvalidInput(path=(*at, "source"), expected="a printable name", got=repr(row.source)))
    return problems


def audit_books(books: Books) -> list[str]:
    """Every way in which a level contradicts itself, its holds or its movements."""
    now = books.level.quantities
    problems = []
    if min(astuple(now)) < 0:
        problems.append(f"{books.level.id}: below zero: {now}")
    if now.on_hand != now.sum_of_states:
        problems.append(f"{books.level.id}: on hand is not the sum of its states: {now}")
    if now.reserved != sum(books.holds.values()):
        problems.append(f"{books.level.id}: {now.reserved} reserved, but holds are {dict(books.holds)}")
    if now != books.moved:
        problems.append(f"{books.level.id}: {now}, but its movements add up to {books.moved}")
    return problems


def _wrong(name: str, expected: str, got: str) -> InvalidInput:
    return InvalidInput(path=("input", name), expected=expected, got=got)


def _check_count(name: str, value: int) -> list[Refusal]:
    if 0 <= value <= MAX_ON_HAND:
        return []
    return [InvalidInput(path=("input", "recount", name), expected=f"0 to {MAX_ON_HAND}", got=str(value))]
