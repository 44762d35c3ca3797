"""Orders for pieces that are not there yet: what may be sold, when it is due, what has become of it. No I/O.

    WAITING ──→ HELD ──→ ALLOCATED
       └──→ CANCELLED ←─┘

Orders of one stock stand in one line; pieces that arrive go to the first of it. HELD has a reservation, ALLOCATED has
it committed, to be handed over by fulfilment. What is announced to arrive serves the line from its head: an order is
due when everybody before it and itself are served.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from kit.errors import InvalidInput, Refusal
from services.inventory.backorder.rule import BackorderMode, BackorderRule
from services.inventory.model import MAX_QUANTITY, Actor, Sku, StockId, check_sku, stock_id
from services.inventory.reservation.model import Reservation

MAX_OPEN = 500
"""Orders in one line: they stand in one document, some 200 kB."""
MAX_REFERENCE = 128
KEPT = timedelta(hours=1)
"""How long an order that is over stays in its line, so that a late repeat of its key meets it there."""


class BackorderState(StrEnum):
    """Where an order is in its life."""

    WAITING = "WAITING"
    HELD = "HELD"
    ALLOCATED = "ALLOCATED"
    CANCELLED = "CANCELLED"

    @property
    def is_open(self) -> bool:
        """Whether it still stands in line."""
        return self in (BackorderState.WAITING, BackorderState.HELD)


@dataclass(frozen=True, slots=True)
class Supply:
    """Pieces announced to arrive, or there already, and when they can be counted on."""

    pieces: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Announced:
    """What may be sold of a stock, as read when its line had `served` so many pieces."""

    served: int
    arrivals: tuple[Supply, ...]
    most: int


@dataclass(frozen=True, slots=True)
class BackorderDraft:
    """What somebody wants to order."""

    key: str
    sku: Sku
    location_id: str
    quantity: int
    reference: str | None = None

    @property
    def stock_id(self) -> StockId:
        """In which line."""
        return stock_id(self.sku, self.location_id)


@dataclass(frozen=True, slots=True)
class Backorder:
    """An order as it is kept. `promised_at` is what was told when it was placed, `expected_at` what is known now.

    None: nobody knows. `attempt` counts the reservations that were made for it and ran out. `ended_key` is the key by
    which it was cancelled.
    """

    id: str
    fingerprint: str
    sku: Sku
    location_id: str
    quantity: int
    mode: BackorderMode
    actor: Actor
    reference: str | None
    state: BackorderState
    placed_at: datetime
    promised_at: datetime | None
    expected_at: datetime | None
    at_risk: bool = False
    attempt: int = 0
    reservation_id: str | None = None
    ended_at: datetime | None = None
    ended_key: str | None = None

    @property
    def has_pieces(self) -> bool:
        """Whether they are committed for it."""
        return self.state is BackorderState.ALLOCATED

    @property
    def reservation_key(self) -> str:
        """Under which its pieces are reserved."""
        return f"backorder:{self.id}:{self.attempt}"


@dataclass(frozen=True, slots=True)
class Backlog:
    """The line of one stock: `ordered` pieces wait in it, `preordered` were sold before a release, in all.

    `served` counts the pieces that have left it with their buyers.
    """

    id: StockId
    sku: Sku
    location_id: str
    ordered: int
    preordered: int
    served: int
    orders: tuple[Backorder, ...]

    @property
    def open(self) -> list[Backorder]:
        """Those who wait, in their order."""
        return [order for order in self.orders if order.state.is_open]


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be ordered: so many pieces, due then if known, as far as the last of them is concerned the first."""

    mode: BackorderMode
    open: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackorderClosed(Refusal):
    """The channel does not sell this before it is there."""

    sku: str
    location_id: str
    path: tuple[str, ...] = ("input", "sku")
    code: ClassVar[str] = "BACKORDER_CLOSED"

    @property
    def message(self) -> str:
        """What, and where."""
        return f"{self.sku!r} at {self.location_id!r} is not sold before it is there"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackorderLimitReached(Refusal):
    """More than may still be ordered; `open` is None where the channel shows no numbers."""

    sku: str
    location_id: str
    requested: int
    open: int | None
    next_due_at: datetime | None
    path: tuple[str, ...] = ("input", "quantity")
    code: ClassVar[str] = "BACKORDER_LIMIT_REACHED"

    @property
    def message(self) -> str:
        """Both quantities."""
        may = "fewer may" if self.open is None else f"{self.open} may"
        return f"{self.requested} of {self.sku!r} at {self.location_id!r} requested, {may} still be ordered"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackorderEnded(Refusal):
    """It has its pieces, or was cancelled."""

    id: str
    state: BackorderState
    path: tuple[str, ...] = ("input", "id")
    code: ClassVar[str] = "BACKORDER_ENDED"

    @property
    def message(self) -> str:
        """Which, and how."""
        return f"back-order {self.id!r} is {self.state.value.lower()}"


def check_backorder(draft: BackorderDraft) -> list[Refusal]:
    """What is wrong with what somebody wants to order."""
    problems = check_sku(draft.sku, ("input", "sku"))
    if not 1 <= draft.quantity <= MAX_QUANTITY:
        path = ("input", "quantity")
        problems.append(InvalidInput(path=path, expected=f"1 to {MAX_QUANTITY} pieces", got=str(draft.quantity)))
    if draft.reference is not None and not 1 <= len(draft.reference) <= MAX_REFERENCE:
        path, expected = ("input", "reference"), f"1 to {MAX_REFERENCE} characters"
        problems.append(InvalidInput(path=path, expected=expected, got=repr(draft.reference[:MAX_REFERENCE])))
    return problems


def midnight(now: datetime) -> datetime:
    """The day's beginning in UTC: a guess that moves with the clock would be news every second."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def due_at(supplies: Iterable[Supply], pieces: int) -> datetime | None:
    """When so many pieces will have arrived; None if so many are not announced."""
    for supply in sorted(supplies, key=lambda one: one.at):
        pieces -= supply.pieces
        if pieces <= 0:
            return supply.at
    return None


def offered(rule: BackorderRule, backlog: Backlog | None, arrivals: Sequence[Supply]) -> Offer:
    """What can be ordered by this rule, with this line and what is announced."""
    ordered, preordered = (0, 0) if backlog is None else (backlog.ordered, backlog.preordered)
    most = rule.most(sum(one.pieces for one in arrivals))
    is_preorder = rule.mode is BackorderMode.PREORDER
    room = most - (preordered if is_preorder else ordered)
    due = due_at(arrivals, ordered + 1)
    if rule.release_at is not None:
        due = max(due or rule.release_at, rule.release_at)
    return Offer(rule.mode, max(room, 0), due)


def reckoned(backlog: Backlog, supplies: Sequence[Supply], now: datetime) -> list[Backorder]:
    """The waiting orders whose `expected_at` or `at_risk` has changed, as they are now.

    At risk is who was promised a day and will be served later, or nobody knows when; a pre-order for which nothing is
    announced is not, before its release.
    """
    changed: list[Backorder] = []
    before = 0
    for order in backlog.open:
        before += order.quantity
        expected = due_at(supplies, before)
        promised = order.promised_at
        if order.mode is BackorderMode.PREORDER and promised is not None and now < promised:
            expected = max(expected or promised, promised)
        late = promised is not None and (expected is None or expected > promised)
        if (late, expected) != (order.at_risk, order.expected_at):
            changed.append(replace(order, at_risk=late, expected_at=expected))
    return changed


def audit_backlog(backlog: Backlog) -> list[str]:
    """What a line says of itself that is not so."""
    problems: list[str] = []
    pieces = sum(order.quantity for order in backlog.open)
    if pieces != backlog.ordered:
        problems.append(f"{backlog.id}: {backlog.ordered} pieces are said to wait in line, the orders have {pieces}")
    kept = [order for order in backlog.orders if order.state is not BackorderState.CANCELLED]
    sold = sum(order.quantity for order in kept if order.mode is BackorderMode.PREORDER)
    if sold > backlog.preordered:
        problems.append(f"{backlog.id}: {backlog.preordered} pieces are said to be pre-ordered, the orders have {sold}")
    for order in backlog.orders:
        if (order.state in (BackorderState.HELD, BackorderState.ALLOCATED)) != (order.reservation_id is not None):
            problems.append(f"{order.id}: is {order.state} with the reservation {order.reservation_id}")
    return problems


def audit_allocated(orders: Iterable[Backorder], reservations: Mapping[str, Reservation]) -> list[str]:
    """Every order that is said to have its pieces, and whose reservation has not committed just these for later."""
    problems: list[str] = []
    for order in orders:
        if not order.has_pieces:
            continue
        there = reservations.get(order.reservation_id or "")
        lines = there.lines if there is not None and there.is_owed else ()
        if [(line.stock_id, line.taken) for line in lines] != [
            (stock_id(order.sku, order.location_id), order.quantity)
        ]:
            state = "gone" if there is None else there.state.value
            problems.append(f"{order.id}: is ALLOCATED, but {order.reservation_id} is {state} or of other pieces")
    return problems
