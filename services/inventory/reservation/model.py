"""Reservations: their lines, their life, and who may touch them. No I/O.

    TRY ──→ HELD ──→ COMMITTED | RELEASED | EXPIRED
     ├────→ ABORTED
     └────→ COMMITTED at once, where the lines move onward

Every arrow is one compare-and-set on the reservation; it alone decides. What follows on the stock (`settled`) is done
by whoever decided, and again by the sweeper until it is done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from kit.errors import InvalidInput, NotFound, Path, Refusal
from services.inventory.bundle.model import BundleLine, Composition
from services.inventory.model import (
    MAX_QUANTITY,
    Actor,
    InsufficientStock,
    LocationId,
    MovementReason,
    ReservationId,
    Sku,
    StockId,
    StockState,
    check_sku,
    stock_id,
)
from services.inventory.stock.model import Quantities, StockLevel

MAX_LINES = 100
"""Different stocks of one reservation: a large basket; more would make one bulk write a burden to all."""
MAX_INPUT_LINES = 500
"""Lines before those of the same stock are added up."""
MIN_HOLD_S = 30
"""Shorter holds would end while their payment is still on the way."""
DEFAULT_HOLD_S = 15 * 60
"""A checkout with a 3-D Secure challenge takes minutes, not a quarter of an hour."""
MAX_EXTENSIONS = 16
"""Of one reservation: whoever needs more does not mean to buy."""
MAX_HOLD_S = 24 * 60 * 60
"""A held piece is lost to all others: a day at most."""
TRY_S = 10
"""A worker that has not decided by then has crashed or stalled: its late holds no longer match."""


class ReservationState(StrEnum):
    """Where a reservation is in its life."""

    TRY = "TRY"
    HELD = "HELD"
    COMMITTED = "COMMITTED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    ABORTED = "ABORTED"

    @property
    def is_ended(self) -> bool:
        """Whether nothing can follow."""
        return self not in (ReservationState.TRY, ReservationState.HELD)

    @property
    def movement(self) -> MovementReason:
        """What the journal calls the movement into this state."""
        return MovementReason(self.value)


@dataclass(frozen=True, slots=True)
class Line:
    """So many pieces of one SKU at one location; `place` is where the input first named it.

    `taken` is how many of them were committed, None for all; the rest goes back to `source`.
    """

    sku: Sku
    location_id: LocationId
    quantity: int
    place: int = 0
    source: StockState = StockState.AVAILABLE
    taken: int | None = None

    @property
    def stock_id(self) -> StockId:
        """Which stock it is taken from."""
        return stock_id(self.sku, self.location_id)


@dataclass(frozen=True, slots=True)
class ReservationDraft:
    """What somebody wants held, as they sent it."""

    key: str
    lines: tuple[Line, ...]
    hold_s: int = DEFAULT_HOLD_S
    reference: str | None = None
    onward: "Onward | None" = None
    bundles: tuple[BundleLine, ...] = ()
    inner: bool = False


@dataclass(frozen=True, slots=True)
class Onward:
    """Where pieces go as soon as all lines are held: `into` a state, or out of the stock if None; and why."""

    into: StockState | None
    reason: MovementReason


@dataclass(frozen=True, slots=True)
class Commitment:
    """How a reservation is committed: its pieces leave, or move `into` a state; `lines` if it is not all of them."""

    into: StockState | None = None
    lines: tuple[Line, ...] | None = None


ALL_OUT = Commitment()
"""Sold and handed over at once, as at a till."""
LATER = Commitment(StockState.COMMITTED)
"""Paid, and handed over by fulfilment later."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation as it is kept. `hold_until` is the database's time, from which on no further line can be held.

    `bundles` are those whose components are among the lines; `extensions` says of each key how long it was to hold.
    `into` is the state into which committed pieces move, None if they leave; `ended_with` the digest of how it ended.
    `inner`: held by inventory for a paper or an order of its own, which alone ends it.
    """

    id: ReservationId
    fingerprint: str
    state: ReservationState
    lines: tuple[Line, ...]
    actor: Actor
    created_at: datetime
    expires_at: datetime
    hold_until: datetime
    ended_at: datetime | None = None
    ended_by: Actor | None = None
    ended_key: str | None = None
    ended_with: str | None = None
    settled: bool = False
    reference: str | None = None
    into: StockState | None = None
    onward: Onward | None = None
    bundles: tuple[BundleLine, ...] = ()
    extensions: Mapping[str, int] = field(default_factory=dict)
    inner: bool = False
    key: str | None = None

    @property
    def is_hidden(self) -> bool:
        """Whether it is nobody's to see: what was never held, or moves on for a paper."""
        return self.onward is not None or self.state in (ReservationState.TRY, ReservationState.ABORTED)

    @property
    def is_own(self) -> bool:
        """Whether inventory alone may see and end it: what it holds, until it is committed for somebody."""
        return self.inner and self.state is not ReservationState.COMMITTED

    @property
    def is_owed(self) -> bool:
        """Whether it ended with pieces committed for later."""
        return self.onward is None and self.state is ReservationState.COMMITTED and self.into is StockState.COMMITTED

    @property
    def ending_reason(self) -> MovementReason:
        """What the journal says of its lines' last movement."""
        if self.onward is not None and self.state is ReservationState.COMMITTED:
            return self.onward.reason
        return self.state.movement


@dataclass(frozen=True, slots=True)
class LineSeen:
    """A line's stock after an attempt: the level, and what the reservation holds there (0: fenced, None: nothing)."""

    level: StockLevel
    held: int | None


class Attempt(StrEnum):
    """What an attempt to hold all lines came to."""

    HELD = "HELD"
    FENCED = "FENCED"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationEnded(Refusal):
    """The reservation is over: committed, released, expired or aborted."""

    reservation_id: str
    state: ReservationState
    path: Path = ("input", "reservationId")
    code: ClassVar[str] = "RESERVATION_ENDED"

    @property
    def message(self) -> str:
        """How it ended."""
        return f"reservation {self.reservation_id!r} has ended: {self.state.value}"


def check_draft(draft: ReservationDraft) -> list[Refusal]:
    """Every reason why the input can never be taken, each with its exact path."""
    at = ("input", "lines")
    problems: list[Refusal] = []
    problems += check_hold_s(draft.hold_s)
    if not 1 <= len(draft.lines) <= MAX_INPUT_LINES:
        expected = f"1 to {MAX_INPUT_LINES} lines"
        return [*problems, InvalidInput(path=at, expected=expected, got=str(len(draft.lines)))]
    for index, line in enumerate(draft.lines):
        problems += check_sku(line.sku, (*at, str(index), "sku"))
        if not 1 <= line.quantity <= MAX_QUANTITY:
            problems.append(_absurd(index, line.quantity))
    if not problems:
        merged = merge_lines(draft.lines)
        if len(merged) > MAX_LINES:
            expected = f"at most {MAX_LINES} different SKUs and locations"
            problems.append(InvalidInput(path=at, expected=expected, got=str(len(merged))))
        if len({(line.stock_id, line.source) for line in draft.lines}) > len(merged):
            problems.append(InvalidInput(path=at, expected="one source state a stock", got="several"))
        problems += [_absurd(line.place, line.quantity) for line in merged if line.quantity > MAX_QUANTITY]
    return problems


def check_hold_s(hold_s: int) -> list[Refusal]:
    """What is wrong with a hold's time."""
    if MIN_HOLD_S <= hold_s <= MAX_HOLD_S:
        return []
    expected = f"{MIN_HOLD_S} to {MAX_HOLD_S} seconds"
    return [InvalidInput(path=("input", "holdSeconds"), expected=expected, got=str(hold_s))]


def merge_lines(lines: Sequence[Line]) -> tuple[Line, ...]:
    """One line a stock, its quantities added up, in the one order in which every worker takes stock."""
    return gather([replace(line, place=index) for index, line in enumerate(lines)])


def gather(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The same of lines that know their place in the input already."""
    merged: dict[StockId, Line] = {}
    for line in lines:
        known = merged.get(line.stock_id)
        merged[line.stock_id] = line if known is None else replace(known, quantity=known.quantity + line.quantity)
    return tuple(merged[id] for id in sorted(merged))


def unpack(lines: Sequence[Line], bundles: Composition) -> tuple[Line, ...]:
    """The lines with every bundle replaced by its components, each at the place of its bundle."""
    unpacked: list[Line] = []
    for line in lines:
        parts = bundles.get(line.sku)
        if not parts:
            unpacked.append(line)
            continue
        unpacked += [replace(line, sku=part.sku, quantity=part.quantity * line.quantity) for part in parts]
    return gather(unpacked)


def refuse_extension(reservation: Reservation, hold_s: int, now: datetime) -> Refusal | None:
    """Why it cannot be held for so long from now; None if it can."""
    path = ("input", "holdSeconds")
    if not MIN_HOLD_S <= hold_s <= MAX_HOLD_S:
        return InvalidInput(path=path, expected=f"{MIN_HOLD_S} to {MAX_HOLD_S} seconds", got=str(hold_s))
    if now + timedelta(seconds=hold_s) > reservation.created_at + timedelta(seconds=MAX_HOLD_S):
        return InvalidInput(path=path, expected=f"at most {MAX_HOLD_S} seconds in all", got=str(hold_s))
    if len(reservation.extensions) >= MAX_EXTENSIONS:
        return InvalidInput(expected=f"at most {MAX_EXTENSIONS} extensions", got="one more")
    return None


def hold_ends(draft: ReservationDraft, now: datetime) -> datetime:
    """When the hold expires."""
    return now + timedelta(seconds=draft.hold_s)


def refuse_lines(lines: Sequence[Line], levels: Mapping[StockId, StockLevel]) -> list[Refusal]:
    """Why these lines cannot be held from these levels; empty if they can."""
    refusals: list[Refusal] = []
    for line in lines:
        path = ("input", "lines", str(line.place))
        level = levels.get(line.stock_id)
        if level is None:
            refusals.append(NotFound(path=(*path, "sku"), kind="Stock", id=line.stock_id))
        elif level.quantities.of(line.source) < line.quantity:
            refusals.append(
                InsufficientStock(
                    path=(*path, "quantity"),
                    sku=line.sku,
                    location_id=line.location_id,
                    requested=line.quantity,
                    available=level.quantities.of(line.source),
                    state=line.source,
                )
            )
    return refusals


def settling(reservation: Reservation, line: Line) -> Quantities:
    """What becomes of a held line when its reservation has ended."""
    commits = reservation.state is ReservationState.COMMITTED
    taken = 0 if not commits else line.quantity if line.taken is None else line.taken
    back = Quantities.of_move(line.quantity - taken, StockState.RESERVED, line.source)
    return back + Quantities.of_move(taken, StockState.RESERVED, reservation.into)


def check_commitment(commitment: Commitment, reservation: Reservation) -> list[Refusal]:
    """Why these lines of the reservation cannot be committed; empty if they can."""
    if commitment.lines is None:
        return []
    held = {line.stock_id: line for line in reservation.lines}
    problems: list[Refusal] = []
    if not commitment.lines:
        problems.append(InvalidInput(path=("input", "lines"), expected="at least one line, or none named", got="0"))
    for line in commitment.lines:
        if not 1 <= line.quantity <= MAX_QUANTITY:
            problems.append(_absurd(line.place, line.quantity))
    for line in gather(commitment.lines):
        path = ("input", "lines", str(line.place))
        known = held.get(line.stock_id)
        if known is None:
            problems.append(NotFound(path=(*path, "sku"), kind="ReservationLine", id=line.stock_id))
        elif known.quantity < line.quantity:
            problems.append(
                InsufficientStock(
                    path=(*path, "quantity"),
                    sku=line.sku,
                    location_id=line.location_id,
                    requested=line.quantity,
                    available=known.quantity,
                    state=StockState.RESERVED,
                )
            )
    return problems


def taking(commitment: Commitment, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The reservation's lines with what the commitment takes of each."""
    if commitment.lines is None:
        return tuple(replace(line, taken=line.quantity) for line in lines)
    taken = {line.stock_id: line.quantity for line in merge_lines(commitment.lines)}
    return tuple(replace(line, taken=taken.get(line.stock_id, 0)) for line in lines)


def judge_attempt(lines: Sequence[Line], seen: Mapping[StockId, LineSeen]) -> Attempt | list[Refusal]:
    """Why not every line was held just now: another worker did it, shut out, short of stock, or try again."""
    held = [seen[line.stock_id].held for line in lines]
    if 0 in held:
        return Attempt.FENCED
    missing = [line for line, pieces in zip(lines, held, strict=True) if pieces is None]
    if not missing:
        return Attempt.HELD
    return refuse_lines(missing, {id: line.level for id, line in seen.items()}) or Attempt.UNDECIDED


def confirmed(reservation: Reservation, now: datetime) -> Reservation:
    """What becomes of a reservation all of whose lines are held."""
    if reservation.onward is None:
        return replace(reservation, state=ReservationState.HELD)
    return replace(
        reservation, state=ReservationState.COMMITTED, ended_at=now, ended_by=reservation.actor, settled=False
    )


def aborted(reservation: Reservation, actor: Actor, now: datetime) -> Reservation:
    """What becomes of an attempt that failed; its lines are still to be settled."""
    return replace(reservation, state=ReservationState.ABORTED, ended_at=now, ended_by=actor, settled=False)


def state_at(reservation: Reservation, now: datetime) -> ReservationState:
    """Its state, where a hold whose time is over has expired even if nobody has swept it yet."""
    if reservation.state is ReservationState.HELD and reservation.expires_at <= now:
        return ReservationState.EXPIRED
    return reservation.state


def _absurd(index: int, quantity: int) -> InvalidInput:
    path = ("input", "lines", str(index), "quantity")
    return InvalidInput(path=path, expected=f"1 to {MAX_QUANTITY}", got=str(quantity))
