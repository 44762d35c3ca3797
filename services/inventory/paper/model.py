"""What transfers, deliveries, counts, fulfilments and waves have in common. No I/O.

A paper has a state, and changes by steps. A step is one compare-and-set on the paper: it writes the new state, the
step itself (which is the history, and remembers the idempotency key), the event, and the movements of stock that
follow (`pending`). Whoever decided then posts them, each once by its id, and again the sweeper until none is left.
What a paper posts can always be done, because the pieces are its own already or come from outside; pieces that are
still anybody's it takes first (`taking`), all of them or none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from kit.errors import InvalidInput, NotFound, Path, Refusal, Refused
from services.inventory.model import MAX_QUANTITY, Actor, MovementReason, StockState, check_sku, stock_id

MAX_STEPS = 500
"""Steps of one paper: a delivery of hundreds of parcels; more would make one document a burden."""
MAX_LINES = 500
"""Different SKUs of one paper: a lorry's worth, some ten kilobytes."""
MAX_NOTE = 500
"""Characters of what somebody writes beside a step."""


@dataclass(frozen=True, slots=True)
class Move:
    """So many pieces from one state into another; None is outside: they come into the house, or leave it."""

    sku: str
    location_id: str
    quantity: int
    source: StockState | None
    target: StockState | None
    reason: MovementReason

    @property
    def stock_id(self) -> str:
        """Which stock."""
        return stock_id(self.sku, self.location_id)


@dataclass(frozen=True, slots=True)
class Post:
    """A move that a step has decided; `id` is unique for ever, and the same however often it is tried."""

    id: str
    paper_id: str
    move: Move
    actor: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a paper's history; `key` came with it, `fingerprint` stands for the input that came with the key."""

    key: str
    fingerprint: str
    action: str
    state: str
    at: datetime
    actor: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class By:
    """Who works: the actor, and the location their key is bound to, if it is."""

    actor: Actor
    location_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What every paper has; `version` counts its steps."""

    id: str
    version: int = 0
    created_at: datetime
    updated_at: datetime
    steps: tuple[Step, ...] = ()
    pending: tuple[Post, ...] = ()

    def step_of(self, key: str) -> Step | None:
        """The step this key stands for."""
        return next((step for step in self.steps if step.key == key), None)


PaperT = TypeVar("PaperT", bound=Paper)


@dataclass(frozen=True, slots=True)
class Told:
    """The event of a step: its type's name without prefix and version, and its data."""

    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision(Generic[PaperT]):
    """What a step comes to: the paper after it, what moves, what is told."""

    after: PaperT
    moves: Sequence[Move] = ()
    told: Sequence[Told] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """Who wants a step, under which key; `content` is the input, as far as it says what is to be done."""

    id: str
    key: str
    action: str
    by: By
    at: datetime
    content: tuple[Any, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """So many pieces of a SKU; `place` is where the input named it."""

    sku: str
    quantity: int
    place: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongState(Refusal):
    """The paper is in a state in which this cannot be done."""

    kind: str
    id: str
    current_state: str
    allowed_states: tuple[str, ...] = field(default=())
    path: Path = ("input", "id")
    code: ClassVar[str] = "WRONG_STATE"

    @property
    def message(self) -> str:
        """The state it is in, and those in which it could be done."""
        needed = " or ".join(self.allowed_states) or "another state"
        return f"{self.kind} {self.id!r} is {self.current_state}; this needs {needed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongLocation(Refusal):
    """The caller is bound to one location, and this is another's."""

    location_id: str
    bound_to: str
    path: Path = ("input", "id")
    code: ClassVar[str] = "WRONG_LOCATION"

    @property
    def message(self) -> str:
        """Both."""
        return f"this is for {self.location_id!r}, and the caller is bound to {self.bound_to!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityExceeded(Refusal):
    """More was asked for than a line of the paper has left for it."""

    sku: str
    requested: int
    allowed: int
    what: str
    code: ClassVar[str] = "QUANTITY_EXCEEDED"

    @property
    def message(self) -> str:
        """Both quantities and of what."""
        return f"{self.requested} of {self.sku!r}, but at most {self.allowed} {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalNeedsAnother(Refusal):
    """Who did it may not be who approves it."""

    actor: str
    code: ClassVar[str] = "APPROVAL_NEEDS_ANOTHER"

    @property
    def message(self) -> str:
        """Who it was."""
        return f"{self.actor!r} did this, so somebody else has to approve it"


@dataclass(frozen=True, slots=True)
class Claim:
    """Pieces that a paper has committed at a stock; None: it is just moving some, and nobody can say how many."""

    paper_id: str
    stock_id: str
    quantity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedToPapers(Refusal):
    """Open papers have committed the pieces; `free` of them belong to none."""

    sku: str
    location_id: str
    requested: int
    free: int
    paper_ids: tuple[str, ...]
    path: Path = ("input", "quantity")
    code: ClassVar[str] = "COMMITTED_TO_PAPERS"

    @property
    def message(self) -> str:
        """How many are free, and whose the others are."""
        papers = ", ".join(self.paper_ids)
        return f"{self.requested} committed pieces requested, {self.free} are free; the others belong to {papers}"


def audit_claims(claims: Iterable[Claim], committed: Mapping[str, int]) -> list[str]:
    """Every stock that has fewer committed pieces than papers say are theirs."""
    wanted: dict[str, int] = {}
    moving: set[str] = set()
    for claim in claims:
        if claim.quantity is None:
            moving.add(claim.stock_id)
        wanted[claim.stock_id] = wanted.get(claim.stock_id, 0) + (claim.quantity or 0)
    return [
        f"{id}: papers have committed {pieces}, the stock only {committed.get(id, 0)}"
        for id, pieces in wanted.items()
        if id not in moving and committed.get(id, 0) < pieces
    ]


def moving(paper: Paper) -> list[Claim]:
    """The stocks at which a paper has posts to make."""
    return [Claim(paper.id, post.move.stock_id, None) for post in paper.pending]


def need_state(kind: str, paper: Paper, state: StrEnum, *allowed: StrEnum) -> None:
    """Refused unless the paper is in one of these states."""
    if state not in allowed:
        raise Refused(
            WrongState(
                kind=kind, id=paper.id, current_state=state.value, allowed_states=tuple(s.value for s in allowed)
            )
        )


def need_location(by: By, location_id: str, path: Path = ("input", "id")) -> None:
    """Refused where the caller is bound to another location."""
    if by.location_id is not None and by.location_id != location_id:
        raise Refused(WrongLocation(path=path, location_id=location_id, bound_to=by.location_id))


def need_any_location(by: By, location_ids: Iterable[str], path: Path = ("input", "id")) -> None:
    """Refused where the caller is bound to none of these locations."""
    ids = list(location_ids)
    if by.location_id is not None and by.location_id not in ids:
        raise Refused(WrongLocation(path=path, location_id=ids[0], bound_to=by.location_id))


def check_counts(counts: Sequence[Count], at: Path, *, least: int = 1) -> list[Refusal]:
    """What is wrong with lines of SKUs and pieces: their number, form and size, and SKUs named twice."""
    if not 1 <= len(counts) <= MAX_LINES:
        return [InvalidInput(path=at, expected=f"1 to {MAX_LINES} lines", got=str(len(counts)))]
    problems: list[Refusal] = []
    seen: set[str] = set()
    for count in counts:
        path = (*at, str(count.place))
        problems += check_sku(count.sku, (*path, "sku"))
        if count.sku in seen:
            problems.append(InvalidInput(path=(*path, "sku"), expected="every SKU once", got=repr(count.sku)))
        seen.add(count.sku)
        if not least <= count.quantity <= MAX_QUANTITY:
            expected = f"{least} to {MAX_QUANTITY}"
            problems.append(InvalidInput(path=(*path, "quantity"), expected=expected, got=str(count.quantity)))
    return problems


def check_note(note: str | None, at: Path = ("input", "note")) -> list[Refusal]:
    """What is wrong with a note."""
    if note is None or (1 <= len(note) <= MAX_NOTE and note.strip()):
        return []
    return [InvalidInput(path=at, expected=f"1 to {MAX_NOTE} characters", got=str(len(note)))]


def no_such_line(sku: str, path: Path) -> Refusal:
    """The paper has no line of this SKU."""
    return NotFound(path=path, kind="Line", id=sku)


def refuse(problems: Sequence[Refusal]) -> None:
    """Refused if there is any problem."""
    if problems:
        raise Refused(*problems)
