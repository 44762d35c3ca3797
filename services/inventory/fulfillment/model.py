"""A fulfilment: pieces of one order at one location, on their way to whoever bought them. Shape and names; no I/O.

    ALLOCATED ──→ PICKING ──→ PICKED ──→ READY ──→ COLLECTED          picked up; counter hold
                     │           │         └─→ NO_SHOW
                     │           ├─→ SHIPPED ──→ DELIVERED            sent home
                     │           └─→ IN_TRANSIT ──→ ARRIVED ──→ READY sent to the shop, then picked up
                     └─→ SHORT   └─→ CANCELLED, from every state before the pieces are handed over

What can be done in which state is in `life`; pieces that come back are in `giving_back`. From ALLOCATED on its pieces
are committed where they lie, in transit they are counted on their transfer (`leg`); what ends it gives them back or
lets them go.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from kit.errors import Path, Refusal
from services.inventory.model import stock_id
from services.inventory.paper.model import Claim, Decision, Move, Paper, Told, moving

KIND = "Fulfillment"
MAX_ADDRESS = 1_000
"""Characters of an address, as it is written on a label."""
MAX_ID = 64
"""Characters of an order's id, a carrier's name or a tracking number."""
MIN_HOLD_DAYS, DEFAULT_HOLD_DAYS, MAX_HOLD_DAYS = 1, 7, 30
"""How long pieces wait to be picked up: long enough for a week's shopping, short enough to be sold again."""
MAX_CODE_ATTEMPTS = 5
"""Wrong codes before the code is locked; a typing slip happens twice, not five times."""


class FulfillmentKind(StrEnum):
    """How the pieces reach whoever bought them."""

    PICKUP = "PICKUP"
    SHIP = "SHIP"
    SHIP_TO_STORE = "SHIP_TO_STORE"
    COUNTER_HOLD = "COUNTER_HOLD"


class FulfillmentState(StrEnum):
    """Where a fulfilment is in its life."""

    ALLOCATING = "ALLOCATING"
    ALLOCATED = "ALLOCATED"
    PICKING = "PICKING"
    PICKED = "PICKED"
    IN_TRANSIT = "IN_TRANSIT"
    ARRIVED = "ARRIVED"
    READY = "READY"
    COLLECTED = "COLLECTED"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    NO_SHOW = "NO_SHOW"
    SHORT = "SHORT"
    CANCELLED = "CANCELLED"


AT_SOURCE = (FulfillmentState.ALLOCATED, FulfillmentState.PICKING, FulfillmentState.PICKED)
AT_PLACE = (FulfillmentState.ARRIVED, FulfillmentState.READY)
HANDED_OVER = (FulfillmentState.COLLECTED, FulfillmentState.SHIPPED, FulfillmentState.DELIVERED)


@dataclass(frozen=True, slots=True)
class FulfillmentLine:
    """Pieces of one SKU: `short` were not there, `picked` are in the box, `returned` came back."""

    sku: str
    quantity: int
    picked: int = 0
    short: int = 0
    returned: int = 0

    @property
    def left(self) -> int:
        """Pieces that are still to be handed over, or were."""
        return self.quantity - self.short

    @property
    def unpicked(self) -> int:
        """Pieces the picker has still to look for."""
        return self.quantity - self.picked - self.short


@dataclass(frozen=True, slots=True)
class Code:
    """The pickup code, of which only a digest is kept; `issue` rises when it is made anew."""

    digest: str
    issue: int
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Replacement:
    """Pieces a picker did not find, to be taken from another location; `id` is that fulfilment's."""

    id: str
    location_id: str
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class GivenBackLine:
    """Pieces of one SKU that came back, and what inspection has made of them."""

    sku: str
    quantity: int
    restocked: int = 0
    damaged: int = 0
    written_off: int = 0

    @property
    def waiting(self) -> int:
        """Pieces nobody has looked at yet."""
        return self.quantity - self.restocked - self.damaged - self.written_off


@dataclass(frozen=True, slots=True)
class GivenBack:
    """One return: where it came back to, and what."""

    id: str
    location_id: str
    at: datetime
    lines: tuple[GivenBackLine, ...]


@dataclass(frozen=True, slots=True)
class Picks:
    """The pick capacity it takes at its source: so many pieces of a business day, held under `key`.

    `used` is None while they are held; then as many as were picked, the rest being given back. `untold`: the day has
    still to be told.
    """

    key: str
    day: date
    pieces: int
    used: int | None = None
    untold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfillment(Paper):
    """A fulfilment as it is kept.

    `source_id` is where its pieces are taken from, `place_id` where they are handed over (None: they are sent home),
    `sold_at` where the clerk stood who sold them. `missing` are pieces nobody has looked elsewhere for yet;
    `resourcing` says that somebody has to, or has to finish it. `picks` is None where the source has no limit;
    `is_sure`: its making, of which it is the first, has found room for all and is only finished from then on.
    `unsent`: its transfer to the shop (`leg`) is still to be opened.
    """

    order_id: str | None
    reservation_id: str | None
    kind: FulfillmentKind
    state: FulfillmentState
    source_id: str
    place_id: str | None
    sold_at: str | None
    customer_id: str | None
    channel: str
    address: str | None
    promised_at: datetime | None
    hold_days: int
    lines: tuple[FulfillmentLine, ...]
    parent_id: str | None = None
    picker: str | None = None
    wave_id: str | None = None
    carrier: str | None = None
    tracking: str | None = None
    code: Code | None = None
    collect_by: datetime | None = None
    missing: tuple[tuple[str, int], ...] = ()
    replacements: tuple[Replacement, ...] = ()
    resourcing: bool = False
    rounds: int = 0
    returns: tuple[GivenBack, ...] = field(default=())
    picks: Picks | None = None
    is_sure: bool = False
    unsent: bool = False

    @property
    def is_handed_over(self) -> bool:
        """Whether its pieces have left the house."""
        return self.state in HANDED_OVER

    @property
    def held_at(self) -> str | None:
        """Where its pieces are committed; None in transit, before and after."""
        if self.state in AT_SOURCE:
            return self.source_id
        if self.state in AT_PLACE:
            return self.place_id
        return None

    @property
    def locations(self) -> tuple[str, ...]:
        """Where somebody works on it."""
        return (self.source_id,) if self.place_id in (None, self.source_id) else (self.source_id, str(self.place_id))


@dataclass(frozen=True, slots=True)
class FulfillmentDraft:
    """How the pieces of a reservation are to be handed over.

    `place_id`: picked up there, what lies elsewhere being sent there first. `address`: sent home. Exactly one of them.
    """

    reservation_id: str
    order_id: str | None
    place_id: str | None = None
    address: str | None = None
    counter_hold: bool = False
    customer_id: str | None = None
    sold_at: str | None = None
    promised_at: datetime | None = None
    hold_days: int = DEFAULT_HOLD_DAYS

    @property
    def content(self) -> tuple[Any, ...]:
        """What stands for it beside a key."""
        promised = None if self.promised_at is None else self.promised_at.isoformat()
        where = (self.place_id, self.address, self.counter_hold, self.sold_at)
        return self.reservation_id, self.order_id, where, self.customer_id, promised, self.hold_days


@dataclass(frozen=True, slots=True)
class FulfillmentFilter:
    """What to narrow a list of fulfilments to; every part that is given must hold."""

    states: tuple[str, ...] | None = None
    kinds: tuple[str, ...] | None = None
    location_id: str | None = None
    order_ids: tuple[str, ...] | None = None
    customer_id: str | None = None
    due_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationTaken(Refusal):
    """The reservation is being fulfilled already, by another key."""

    reservation_id: str
    fulfillment_id: str
    path: Path = ("input", "reservationId")
    code: ClassVar[str] = "RESERVATION_TAKEN"

    @property
    def message(self) -> str:
        """By which fulfilment."""
        return f"reservation {self.reservation_id!r} is fulfilled by {self.fulfillment_id!r} already"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongCode(Refusal):
    """The pickup code is not this fulfilment's."""

    attempts_left: int
    path: Path = ("input", "code")
    code: ClassVar[str] = "WRONG_CODE"

    @property
    def message(self) -> str:
        """How often it may still be tried."""
        return f"the code is wrong; {self.attempts_left} attempts are left"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLocked(Refusal):
    """Too many wrong codes: a new one has to be made."""

    attempts: int
    path: Path = ("input", "code")
    code: ClassVar[str] = "CODE_LOCKED"

    @property
    def message(self) -> str:
        """How many."""
        return f"after {self.attempts} wrong codes only a new code opens it"


def committed(fulfillment: Fulfillment) -> list[Claim]:
    """What it has committed and where, and at which stocks it is moving pieces."""
    where = fulfillment.held_at
    held = () if where is None else fulfillment.lines
    claims = [Claim(fulfillment.id, stock_id(line.sku, str(where)), line.left) for line in held]
    return claims + moving(fulfillment)


def concerns(fulfillment: Fulfillment, location_id: str | None) -> bool:
    """Whether who is bound to this location (None: to none) may see it."""
    return location_id is None or location_id in (*fulfillment.locations, fulfillment.sold_at)


def told(fulfillment: Fulfillment, name: str, moves: list[Move] | None = None, **facts: Any) -> Decision[Fulfillment]:
    """The decision for this fulfilment, with its event."""
    data: dict[str, Any] = {
        "fulfillmentId": fulfillment.id,
        "orderId": fulfillment.order_id,
        "customerId": fulfillment.customer_id,
        "channel": fulfillment.channel,
        "kind": fulfillment.kind.value,
        "state": fulfillment.state.value,
        "sourceId": fulfillment.source_id,
        "placeId": fulfillment.place_id,
        "carrier": fulfillment.carrier,
        "tracking": fulfillment.tracking,
        "collectBy": None if fulfillment.collect_by is None else fulfillment.collect_by.isoformat(),
        "lines": [
            {
                "sku": line.sku,
                "quantity": line.quantity,
                "picked": line.picked,
                "short": line.short,
                "returned": line.returned,
            }
            for line in fulfillment.lines
        ],
        **facts,
    }
    return Decision(fulfillment, [move for move in moves or () if move.quantity], [Told(f"fulfillment_{name}", data)])
