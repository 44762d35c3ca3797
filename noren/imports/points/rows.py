"""What becomes of every row of a file of balances: the first outcome that fits; and what it all adds up to. Pure.

A. rows    that are empty, uneven or repeat another
B. values  account, points, expiry; what cannot be read refuses the row
C. lots    a second row of one account and lot is refused: nobody can say which is right
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from unicodedata import normalize
from zoneinfo import ZoneInfo

from noren.imports.cells import places_of, rows_of
from noren.imports.points.mapping import ExpiryRule, PointMapping
from noren.imports.points.model import TAKEN, Outcome
from noren.imports.reading import Table
from services.loyalty.posting.model import MAX_LOT_LIFE, MAX_POINTS

MAX_ACCOUNT = 64
"""Characters of an account: what an external id of a customer takes, and a key with it."""
_WHOLE = re.compile(r"-?\d{1,15}(\.0+)?")
_GROUPS = re.compile(r"(?<=\d),(?=\d{3}\b)")


@dataclass(slots=True)
class Row:
    """A row: its line, its cells, what was read of them, and where it ended (None: not yet).

    `source_points` are the file's, None if they cannot be read; `points` are Noren's.
    """

    line: int
    account: str = ""
    lot: str = ""
    given: str = ""
    expires: str = ""
    source_points: int | None = None
    points: int = 0
    expires_at: datetime | None = None
    outcome: Outcome | None = None
    detail: str = ""

    def refuse(self, outcome: Outcome, detail: str = "") -> None:
        """The first that fits counts."""
        if self.outcome is None:
            self.outcome, self.detail = outcome, detail


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A file's points to the last one, in the file's own: `total` is `taken` and what was refused, by reason.

    `brought` are Noren's points of what was taken; `rounded` the file's points, in parts of `rate.points`, that the
    rate left over. `unread` rows had points that cannot be read and are in none of the sums.
    """

    total: int
    taken: int
    refused: Mapping[Outcome, int]
    brought: int
    rounded: int
    unread: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.total == self.taken + sum(self.refused.values())


def classify(table: Table, mapping: PointMapping, *, now: datetime) -> list[Row]:
    """Every row in the file's order; those that may be taken have no outcome yet."""
    places = places_of(table.columns, mapping.columns.named())
    rows: list[Row] = []
    seen: dict[tuple[str, ...], int] = {}
    lots: dict[tuple[str, str], int] = {}
    for line, uneven, texts in rows_of(table):
        row = _read(line, texts, places)
        if not any(text.strip() for text in texts):
            row.refuse(Outcome.ROW_EMPTY)
        elif texts in seen:
            row.refuse(Outcome.DUPLICATE, f"repeats line {seen[texts]}")
        elif uneven is not None:
            row.refuse(Outcome.CELLS_UNEVEN, f"{uneven} cells")
        _parse(row, mapping, now)
        if row.outcome is None:
            first = lots.setdefault((row.account, row.lot), line)
            if first != line:
                row.refuse(Outcome.ACCOUNT_REPEATED, f"as line {first}")
        seen.setdefault(texts, line)
        rows.append(row)
    return rows


def reconcile(rows: Iterable[Row], mapping: PointMapping) -> Reconciliation:
    """Add up what became of the file's points."""
    total = taken = brought = rounded = unread = 0
    refused: dict[Outcome, int] = defaultdict(int)
    for row in rows:
        if row.source_points is None:
            unread += row.outcome is not Outcome.ROW_EMPTY
            continue
        total += row.source_points
        if row.outcome is None or row.outcome in TAKEN:
            taken, brought = taken + row.source_points, brought + row.points
            rounded += row.source_points * mapping.rate.points - row.points * mapping.rate.per
        else:
            refused[row.outcome] += row.source_points
    return Reconciliation(total, taken, refused, brought, rounded, unread)


def _read(line: int, texts: Sequence[str], places: Mapping[str, int]) -> Row:
    cells = {role: normalize("NFKC", texts[place]).strip() for role, place in places.items()}
    account = cells["account"]
    if account.endswith(".0") and account[:-2].isdecimal():
        account = account[:-2]  # a spreadsheet's number
    expires = cells.get("expires", "")
    given = cells["points"]
    points = _GROUPS.sub("", given)
    whole = int(points.partition(".")[0]) if _WHOLE.fullmatch(points) else None
    return Row(line, account, cells.get("lot", expires), given, expires, whole)


def _parse(row: Row, mapping: PointMapping, now: datetime) -> None:
    """B."""
    if not row.account:
        row.refuse(Outcome.ACCOUNT_MISSING)
    elif len(row.account) > MAX_ACCOUNT or not row.account.isprintable() or "|" in row.account:
        row.refuse(Outcome.ACCOUNT_UNUSABLE, row.account[:MAX_ACCOUNT])
    if row.source_points is None:
        row.refuse(Outcome.POINTS_UNREADABLE, row.given[:MAX_ACCOUNT])
        return
    if row.source_points < 0:
        row.refuse(Outcome.POINTS_NEGATIVE)
    row.points = max(row.source_points, 0) * mapping.rate.points // mapping.rate.per
    if row.points > MAX_POINTS:
        row.refuse(Outcome.POINTS_TOO_LARGE)
    last_day = _last_day(row, mapping)
    if last_day is None:
        return
    midnight = datetime.combine(last_day + timedelta(days=1), time(), ZoneInfo(mapping.time_zone))
    row.expires_at = midnight.astimezone(UTC)
    if row.expires_at <= now:
        row.refuse(Outcome.EXPIRED, row.expires)
    elif row.expires_at > now + MAX_LOT_LIFE:
        row.refuse(Outcome.EXPIRY_TOO_FAR, row.expires)


def _last_day(row: Row, mapping: PointMapping) -> date | None:
    """The last day on which the points can be spent; None: they are regular, or it cannot be read."""
    if mapping.expiry.rule is ExpiryRule.DATE:
        return mapping.expiry.last_day
    if mapping.expiry.rule is ExpiryRule.REGULAR or not row.expires:
        return None
    for form in mapping.file.date_formats:
        try:
            return datetime.strptime(row.expires, form.replace("%.f", ".%f")).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    row.refuse(Outcome.EXPIRY_UNREADABLE, row.expires[:MAX_ACCOUNT])
    return None
