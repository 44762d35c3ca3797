"""Lines that a till or a warehouse uploads, what becomes of each, and discrepancies. No I/O.

A line is a delta (so many pieces more or less) or a count (so many lie there, against what the counter saw). It is
known by its source and sequence for good. A delta that would take what is not available, and a count against figures
that have moved since, are not applied: they become discrepancies that somebody resolves. The stock remembers that by a
movement of no pieces under the line's id, so that of two workers with the same line exactly one decides.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from kit.errors import InvalidInput, Path, Refusal
from kit.idempotency import fingerprint
from services.inventory.model import (
    MAX_ON_HAND,
    MAX_QUANTITY,
    LocationId,
    MovementReason,
    Sku,
    StockId,
    check_sku,
    stock_id,
)
from services.inventory.stock.model import Change, Quantities, StockLevel

MAX_SYNC_LINES = 10_000
"""Lines of one upload: a day of a busy till in less than the gateway's megabyte."""
CHUNK = 1_000
"""Lines worked on at a time: one update of some hundred kilobytes, so that others come in between."""
BLOCK = 250
"""Sequences whose claims lie in one document: some ten kilobytes, rewritten by each upload that adds to it."""
MAX_SOURCE = 64
MAX_SEQUENCE = 2**31 - 1
"""What GraphQL's Int can show."""


class SyncReason(StrEnum):
    """Why a till or a warehouse moves stock."""

    SOLD = MovementReason.SOLD.value
    RETURNED = MovementReason.RETURNED.value
    RECEIVED = MovementReason.RECEIVED.value
    FOUND = MovementReason.FOUND.value
    LOST = MovementReason.LOST.value
    DAMAGED = MovementReason.DAMAGED.value
    COUNTED = MovementReason.COUNTED.value
    SYNCED = MovementReason.SYNCED.value


@dataclass(frozen=True, slots=True)
class SyncLine:
    """One line as it was uploaded; `place` is its index in the input.

    Exactly one of `delta` and `counted` is set; a count has `seen_version` or `seen_on_hand`, or neither for stock that
    the counter had never seen.
    """

    sequence: int
    sku: Sku
    location_id: LocationId
    reason: SyncReason
    delta: int | None = None
    counted: int | None = None
    seen_version: int | None = None
    seen_on_hand: int | None = None
    happened_at: datetime | None = None
    place: int = 0

    @property
    def stock_id(self) -> StockId:
        """Which stock."""
        return stock_id(self.sku, self.location_id)

    @property
    def fingerprint(self) -> str:
        """The digest of what it says; its place in an upload is not part of that."""
        content = (self.stock_id, self.reason, self.delta, self.counted, self.seen_version, self.seen_on_hand)
        return fingerprint(*content)


class DiscrepancyKind(StrEnum):
    """Why a line could not be applied."""

    SHORT = "SHORT"
    MOVED = "MOVED"
    UNKNOWN_STOCK = "UNKNOWN_STOCK"
    TOO_MANY = "TOO_MANY"


class DiscrepancyState(StrEnum):
    """Where a discrepancy is in its life."""

    OPEN = "OPEN"
    APPLYING = "APPLYING"
    APPLIED = "APPLIED"
    DISMISSED = "DISMISSED"

    @property
    def is_final(self) -> bool:
        """Whether somebody has decided and it is done."""
        return self in (DiscrepancyState.APPLIED, DiscrepancyState.DISMISSED)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A line that cannot be applied, and the level it met."""

    line: SyncLine
    kind: DiscrepancyKind
    level: StockLevel


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A line that was not applied, kept until somebody has decided; figures are those it met."""

    id: str
    source: str
    line: SyncLine
    kind: DiscrepancyKind
    on_hand: int
    available: int
    stock_version: int
    state: DiscrepancyState
    found_at: datetime
    version: int = 1
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be done to one stock: the changes in the order of their lines, from exactly this level."""

    level: StockLevel
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of the lines of one chunk."""

    stocks: tuple[Planned, ...]
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of an upload, in lines."""

    applied: int = 0
    replayed: int = 0
    refusals: tuple[Refusal, ...] = ()
    discrepancies: tuple[Discrepancy, ...] = ()


def line_id(source: str, sequence: int) -> str:
    """The id of a line's movement, unique for ever."""
    return f"sync:{source}:{sequence}"


def block_id(source: str, sequence: int) -> str:
    """The id of the document that has this line's claim."""
    return f"{source}:{sequence // BLOCK}"


def check_source(source: str) -> list[Refusal]:
    """What is wrong with the name of a till or a warehouse."""
    if 1 <= len(source) <= MAX_SOURCE and source.isprintable() and source == source.strip() and ":" not in source:
        return []
    expected = f"1 to {MAX_SOURCE} printable characters without a colon"
    return [InvalidInput(path=("input", "source"), expected=expected, got=repr(source[:MAX_SOURCE]))]


def check_line(line: SyncLine) -> list[Refusal]:
    """Every reason why a line can never be taken, with its exact path."""
    at = ("input", "lines", str(line.place))
    problems = check_sku(line.sku, (*at, "sku"))
    if not 0 <= line.sequence <= MAX_SEQUENCE:
        problems.append(_wrong((*at, "sequence"), "at least 0", line.sequence))
    if (line.delta is None) == (line.counted is None):
        problems.append(InvalidInput(path=at, expected="either delta or counted", got="both or neither"))
    if line.delta is not None and not 1 <= abs(line.delta) <= MAX_QUANTITY:
        problems.append(_wrong((*at, "delta"), f"-{MAX_QUANTITY} to {MAX_QUANTITY} and not 0", line.delta))
    if line.counted is not None and not 0 <= line.counted <= MAX_ON_HAND:
        problems.append(_wrong((*at, "counted"), f"0 to {MAX_ON_HAND}", line.counted))
    if line.delta is not None and (line.seen_version, line.seen_on_hand) != (None, None):
        problems.append(InvalidInput(path=at, expected="what was seen with a count only", got="with a delta"))
    return problems


def lanes(lines: Sequence[SyncLine]) -> list[list[list[SyncLine]]]:
    """The lines in lanes that can be worked on side by side, each in chunks that come one after the other.

    All lines of a stock are in one lane, together and in the order of their sequence.
    """
    in_order = sorted(lines, key=lambda each: (each.stock_id, each.sequence))
    middle = len(in_order) // 2 if len(in_order) > CHUNK else len(in_order)
    while 0 < middle < len(in_order) and in_order[middle].stock_id == in_order[middle - 1].stock_id:
        middle += 1
    halves = (in_order[:middle], in_order[middle:])
    return [[half[begin : begin + CHUNK] for begin in range(0, len(half), CHUNK)] for half in halves if half]


def plan(source: str, lines: Sequence[SyncLine], levels: Mapping[StockId, StockLevel]) -> Plan:
    """Which lines can be applied to these levels, one after the other in the order of their sequence, and which not.

    Every stock the lines name must be among the levels, with version 0 where nothing was ever known of it.
    """
    by_stock: dict[StockId, list[SyncLine]] = defaultdict(list)
    for line in sorted(lines, key=lambda each: each.sequence):
        by_stock[line.stock_id].append(line)
    stocks: list[Planned] = []
    conflicts: list[Conflict] = []
    for id, of_stock in by_stock.items():
        level, changes = levels[id], []
        for line in of_stock:
            kind = conflict_of(line, level)
            if kind is not None:
                conflicts.append(Conflict(line, kind, level))
            change = change_of(source, line, level) if kind is None else no_change(source, line)
            changes.append(change)
            level = replace(level, quantities=level.quantities + change.deltas, version=level.version + 1)
        if changes:
            stocks.append(Planned(levels[id], tuple(changes)))
    return Plan(tuple(stocks), tuple(conflicts))


def conflict_of(line: SyncLine, level: StockLevel) -> DiscrepancyKind | None:
    """Why the line cannot be applied to this level; None if it can.

    A count of stock that was never seen is taken only where there is none; one of a level that has moved since never.
    """
    now = level.quantities
    change = _change(line, level)
    if line.counted is not None:
        nothing_seen = line.seen_version is None and line.seen_on_hand is None
        moved = (
            (line.seen_version is not None and line.seen_version != level.version)
            or (line.seen_on_hand is not None and line.seen_on_hand != now.on_hand)
            or (nothing_seen and level.version > 0)
        )
        if moved:
            return DiscrepancyKind.MOVED
    if now.available + change < 0:
        return DiscrepancyKind.SHORT if level.version else DiscrepancyKind.UNKNOWN_STOCK
    return DiscrepancyKind.TOO_MANY if now.on_hand + change > MAX_ON_HAND else None


def lost_kind(line: SyncLine) -> DiscrepancyKind:
    """The kind of a line whose discrepancy was decided and, by a crash, not kept: what it must have been."""
    return DiscrepancyKind.SHORT if line.counted is None else DiscrepancyKind.MOVED


def change_of(source: str, line: SyncLine, level: StockLevel) -> Change:
    """What the line does to this level."""
    change = _change(line, level)
    return Change(
        id=line_id(source, line.sequence),
        sku=line.sku,
        location_id=line.location_id,
        deltas=Quantities(on_hand=change, available=change),
        reason=MovementReason(line.reason.value),
        reference=source,
    )


def no_change(source: str, line: SyncLine) -> Change:
    """The movement of no pieces by which a stock remembers that a line was not applied, and never will be by itself."""
    id = line_id(source, line.sequence)
    return Change(id, line.sku, line.location_id, Quantities(), MovementReason.DISCREPANCY, source)


def discrepancy_of(source: str, conflict: Conflict, now: datetime) -> Discrepancy:
    """The discrepancy a conflict becomes."""
    level = conflict.level
    return Discrepancy(
        id=f"dsc_{source}_{conflict.line.sequence}",
        source=source,
        line=replace(conflict.line, place=0),
        kind=conflict.kind,
        on_hand=level.quantities.on_hand,
        available=level.quantities.available,
        stock_version=level.version,
        state=DiscrepancyState.OPEN,
        found_at=now,
    )


def _change(line: SyncLine, level: StockLevel) -> int:
    return line.delta if line.delta is not None else (line.counted or 0) - level.quantities.on_hand


def _wrong(path: Path, expected: str, got: int) -> InvalidInput:
    return InvalidInput(path=path, expected=expected, got=str(got))
