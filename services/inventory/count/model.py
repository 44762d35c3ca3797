"""A count sheet: SKUs of one location, what the books said at the moment each was counted, and the difference. No I/O.

    OPEN ──→ SUBMITTED ──→ APPROVED ──→ POSTING ──→ POSTED
      ↑──────────┘  └─ at once, where every difference is small    └──→ BLOCKED ──→ POSTING
      └──→ CANCELLED

Selling goes on while people count: a line's difference is what was counted less what the books said at that moment, and
posting adds that difference, whatever has moved since. Where fewer pieces are available than are missing, because the
rest is promised, the line is blocked until somebody has dealt with the promises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from kit.errors import InvalidInput, Path, Refusal, Refused
from services.inventory.model import MAX_ON_HAND, MovementReason, StockState, check_sku
from services.inventory.paper.model import (
    ApprovalNeedsAnother,
    By,
    Decision,
    Move,
    Paper,
    Told,
    need_location,
    need_state,
    no_such_line,
    refuse,
)

KIND = "Count"
LINES: Path = ("input", "lines")
MAX_SHEET_LINES = 1_000
"""SKUs of a sheet: an aisle; the document stays below some hundred kilobytes. A full count is many sheets."""
MAX_SHEETS = 100
"""Sheets of one full count: a hundred thousand SKUs at one location."""
MAX_RECORD_LINES = 500
"""Lines recorded at once: what a hand-held sends, and one query for the figures of that moment."""
APPROVAL_LINE_PIECES = 10
"""A difference of more pieces in one line is somebody else's to approve."""
APPROVAL_SHEET_PIECES = 50
"""More missing or found pieces in all are somebody else's to approve, however small each is."""
CLOCK_AHEAD = timedelta(minutes=1)
"""How far a hand-held's clock may be ahead of ours."""


class CountKind(StrEnum):
    """What is counted."""

    FULL = "FULL"
    CYCLE = "CYCLE"


class CountState(StrEnum):
    """Where a sheet is in its life."""

    OPEN = "OPEN"
    SUBMITTED = "SUBMITTED"
    APPROVED = "APPROVED"
    POSTING = "POSTING"
    BLOCKED = "BLOCKED"
    POSTED = "POSTED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class CountLine:
    """One SKU: `expected` is what the books said at `counted_at`; `available` what a blocked line found available."""

    sku: str
    counted: int | None = None
    expected: int | None = None
    counted_at: datetime | None = None
    counter: str | None = None
    rounds: int = 0
    posted: int | None = None
    available: int | None = None

    @property
    def difference(self) -> int:
        """Pieces found (above zero) or missing (below)."""
        return 0 if self.counted is None or self.expected is None else self.counted - self.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSheet(Paper):
    """A sheet as it is kept; the sheets of one full count, so many as `sheets` says, share their `group_id`."""

    group_id: str
    location_id: str
    kind: CountKind
    is_blind: bool
    sheets: int
    state: CountState
    lines: tuple[CountLine, ...]

    @property
    def counters(self) -> frozenset[str]:
        """Who counted."""
        return frozenset(line.counter for line in self.lines if line.counter is not None)

    @property
    def summary(self) -> "CountSummary":
        """The report in figures."""
        differences = [line.difference for line in self.lines]
        return CountSummary(
            lines=len(self.lines),
            counted=sum(line.counted is not None for line in self.lines),
            different=sum(bool(each) for each in differences),
            found=sum(each for each in differences if each > 0),
            missing=-sum(each for each in differences if each < 0),
        )

    def move_of(self, place: int) -> Move:
        """What posting the line at this place moves; its difference is not 0."""
        line = self.lines[place]
        found = line.difference > 0
        source, target = (None, StockState.AVAILABLE) if found else (StockState.AVAILABLE, None)
        return Move(line.sku, self.location_id, abs(line.difference), source, target, MovementReason.COUNTED)


@dataclass(frozen=True, slots=True)
class CountSummary:
    """Lines of a sheet, how many are counted and differ, and pieces found and missing."""

    lines: int
    counted: int
    different: int
    found: int
    missing: int


@dataclass(frozen=True, slots=True)
class CountDraft:
    """What is to be counted; no SKUs: everything the location has ever had."""

    location_id: str
    kind: CountKind
    skus: tuple[str, ...] | None = None
    is_blind: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """Somebody counted: `at` the moment, or looking at the figure of `seen_version`; neither: now."""

    sku: str
    quantity: int
    at: datetime | None = None
    seen_version: int | None = None
    place: int = 0

    @property
    def content(self) -> tuple[Any, ...]:
        """What stands for it beside a key."""
        return self.sku, self.quantity, None if self.at is None else self.at.isoformat(), self.seen_version


@dataclass(frozen=True, slots=True)
class CountFilter:
    """What to narrow a list of sheets to; every part that is given must hold."""

    states: Sequence[str] | None = None
    location_id: str | None = None
    group_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountIncomplete(Refusal):
    """Lines of the sheet have not been counted."""

    uncounted: int
    skus: tuple[str, ...]
    code: ClassVar[str] = "COUNT_INCOMPLETE"

    @property
    def message(self) -> str:
        """How many, and the first of them."""
        return f"{self.uncounted} lines are not counted, among them {', '.join(self.skus)}"


def check_draft(draft: CountDraft) -> list[Refusal]:
    """Every reason why the input can never be taken."""
    at = ("input", "skus")
    if draft.skus is None:
        if draft.kind is CountKind.FULL:
            return []
        return [InvalidInput(path=at, expected="the SKUs that are counted", got="null")]
    if draft.kind is CountKind.FULL:
        return [InvalidInput(path=at, expected="null: a full count is of everything", got=f"{len(draft.skus)} SKUs")]
    if not 1 <= len(draft.skus) <= MAX_SHEET_LINES:
        return [InvalidInput(path=at, expected=f"1 to {MAX_SHEET_LINES}", got=str(len(draft.skus)))]
    problems: list[Refusal] = []
    for place, sku in enumerate(draft.skus):
        problems += check_sku(sku, (*at, str(place)))
    if len(set(draft.skus)) < len(draft.skus):
        problems.append(InvalidInput(path=at, expected="every SKU once", got="some twice"))
    return problems


def check_counted(entries: Sequence[Counted], opened_at: datetime, now: datetime) -> list[Refusal]:
    """What is wrong with lines of a hand-held."""
    if not 1 <= len(entries) <= MAX_RECORD_LINES:
        return [InvalidInput(path=LINES, expected=f"1 to {MAX_RECORD_LINES} lines", got=str(len(entries)))]
    problems: list[Refusal] = []
    for entry in entries:
        path = (*LINES, str(entry.place))
        problems += check_sku(entry.sku, (*path, "sku"))
        if not 0 <= entry.quantity <= MAX_ON_HAND:
            problems.append(_wrong(path, "counted", f"0 to {MAX_ON_HAND}", entry.quantity))
        if entry.at is not None and entry.seen_version is not None:
            problems.append(_wrong(path, "seenVersion", "countedAt or seenVersion, not both", entry.seen_version))
        if entry.at is not None and not opened_at <= entry.at <= now + CLOCK_AHEAD:
            problems.append(_wrong(path, "countedAt", f"{opened_at.isoformat()} to now", entry.at.isoformat()))
        if entry.seen_version is not None and entry.seen_version < 0:
            problems.append(_wrong(path, "seenVersion", "a version of the stock level", entry.seen_version))
    if len({entry.sku for entry in entries}) < len(entries):
        problems.append(InvalidInput(path=LINES, expected="every SKU once", got="some twice"))
    return problems


@dataclass(frozen=True, slots=True)
class SheetPlace:
    """Which sheet of its count it is: its id, the first sheet's, and of how many."""

    id: str
    group_id: str
    sheets: int


def open_sheet(place: SheetPlace, draft: CountDraft, skus: Sequence[str], by: By, at: datetime) -> Decision[CountSheet]:
    """A new sheet over these SKUs."""
    need_location(by, draft.location_id, ("input", "locationId"))
    sheet = CountSheet(
        id=place.id,
        created_at=at,
        updated_at=at,
        group_id=place.group_id,
        sheets=place.sheets,
        location_id=draft.location_id,
        kind=draft.kind,
        is_blind=draft.is_blind,
        state=CountState.OPEN,
        lines=tuple(CountLine(sku) for sku in skus),
    )
    return _told(sheet, "count_opened")


def record(
    sheet: CountSheet, entries: Sequence[Counted], figures: Mapping[str, int], by: By, at: datetime
) -> Decision[CountSheet]:
    """What was counted, beside what the books said at that moment (`figures`); a SKU nobody expected is added."""
    need_location(by, sheet.location_id)
    need_state(KIND, sheet, sheet.state, CountState.OPEN)
    by_sku = {entry.sku: entry for entry in entries}
    known = {line.sku for line in sheet.lines}
    lines = [*sheet.lines, *(CountLine(sku) for sku in by_sku if sku not in known)]
    if len(lines) > MAX_SHEET_LINES:
        raise Refused(InvalidInput(path=LINES, expected=f"at most {MAX_SHEET_LINES} of a sheet", got=str(len(lines))))
    counted = tuple(
        replace(
            line,
            counted=by_sku[line.sku].quantity,
            expected=figures[line.sku],
            counted_at=by_sku[line.sku].at or at,
            counter=by.actor.name,
            rounds=line.rounds + 1,
        )
        if line.sku in by_sku
        else line
        for line in lines
    )
    return Decision(replace(sheet, lines=counted))


def recount(sheet: CountSheet, skus: Sequence[str], by: By) -> Decision[CountSheet]:
    """Count these again, for the differences are not believed."""
    need_location(by, sheet.location_id)
    need_state(KIND, sheet, sheet.state, CountState.OPEN, CountState.SUBMITTED)
    known = {line.sku for line in sheet.lines}
    refuse(
        [no_such_line(sku, ("input", "skus", str(place))) for place, sku in enumerate(skus) if sku not in known]
        or ([] if skus else [InvalidInput(path=("input", "skus"), expected="at least one SKU", got="none")])
    )
    cleared = tuple(
        replace(line, counted=None, expected=None, counted_at=None) if line.sku in skus else line
        for line in sheet.lines
    )
    return _told(replace(sheet, lines=cleared, state=CountState.OPEN), "count_recount")


def submit(sheet: CountSheet, by: By) -> Decision[CountSheet]:
    """Everything is counted; small differences need nobody's approval."""
    need_location(by, sheet.location_id)
    need_state(KIND, sheet, sheet.state, CountState.OPEN)
    uncounted = [line.sku for line in sheet.lines if line.counted is None]
    if uncounted:
        raise Refused(CountIncomplete(uncounted=len(uncounted), skus=tuple(uncounted[:5])))
    if needs_approval(sheet):
        return _told(replace(sheet, state=CountState.SUBMITTED), "count_submitted")
    return _told(replace(sheet, state=CountState.APPROVED), "count_approved")


def needs_approval(sheet: CountSheet) -> bool:
    """Whether a line or the sheet differs by more than anybody may decide alone."""
    summary = sheet.summary
    large = any(abs(line.difference) > APPROVAL_LINE_PIECES for line in sheet.lines)
    return large or summary.found + summary.missing > APPROVAL_SHEET_PIECES


def approve(sheet: CountSheet, by: By) -> Decision[CountSheet]:
    """The differences are believed, by somebody who has not counted."""
    need_location(by, sheet.location_id)
    need_state(KIND, sheet, sheet.state, CountState.SUBMITTED)
    if by.actor.name in sheet.counters:
        raise Refused(ApprovalNeedsAnother(actor=by.actor.name))
    return _told(replace(sheet, state=CountState.APPROVED), "count_approved")


def begin_posting(sheet: CountSheet, by: By) -> Decision[CountSheet]:
    """The differences go into the books."""
    need_location(by, sheet.location_id)
    need_state(KIND, sheet, sheet.state, CountState.APPROVED, CountState.BLOCKED)
    return Decision(replace(sheet, state=CountState.POSTING))


def end_posting(sheet: CountSheet, blocked: Mapping[str, int]) -> Decision[CountSheet]:
    """Done; `blocked` are lines with more missing than available, and how many were."""
    need_state(KIND, sheet, sheet.state, CountState.POSTING)
    lines = tuple(
        replace(line, posted=None, available=blocked[line.sku])
        if line.sku in blocked
        else replace(line, posted=line.difference, available=None)
        for line in sheet.lines
    )
    state = CountState.BLOCKED if blocked else CountState.POSTED
    return _told(replace(sheet, lines=lines, state=state), "count_blocked" if blocked else "count_posted")


def cancel(sheet: CountSheet, by: By) -> Decision[CountSheet]:
    """Thrown away; nothing of it is posted."""
    need_location(by, sheet.location_id)
    need_state(KIND, sheet, sheet.state, CountState.OPEN, CountState.SUBMITTED, CountState.APPROVED)
    return _told(replace(sheet, state=CountState.CANCELLED), "count_cancelled")


def _told(sheet: CountSheet, name: str) -> Decision[CountSheet]:
    summary = sheet.summary
    data = {
        "countId": sheet.id,
        "groupId": sheet.group_id,
        "locationId": sheet.location_id,
        "kind": sheet.kind.value,
        "state": sheet.state.value,
        "lines": summary.lines,
        "different": summary.different,
        "found": summary.found,
        "missing": summary.missing,
        "differences": [
            {"sku": line.sku, "counted": line.counted, "expected": line.expected, "posted": line.posted}
            for line in sheet.lines
            if line.difference
        ],
    }
    return Decision(sheet, (), [Told(name, data)])


def _wrong(path: Path, name: str, expected: str, got: object) -> InvalidInput:
    return InvalidInput(path=(*path, name), expected=expected, got=str(got))
