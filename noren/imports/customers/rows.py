"""What a row of a file of customers says of whom; what cannot be read is left out with a remark. Pure.

A. cells    by the mapping's columns, trimmed; names as they are written
B. rows     that are empty, uneven or repeat another
C. values   names in one piece taken apart, days read
D. somebody an observation: identifiers, of which at least one is needed, and what was said of them
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from noren.imports.cells import places_of, rows_of
from noren.imports.customers.dates import read_day, read_time
from noren.imports.customers.mapping import SEVERAL, CustomerMapping
from noren.imports.customers.model import Outcome, Remark
from noren.imports.reading import Table
from services.customer.identify.model import Observation
from services.customer.identity import IdentityType
from services.customer.model import CustomerDraft, IdentityDraft, PersonName, PostalAddress

ADDRESS = ("postal_code", "region", "city", "line1", "line2")


@dataclass(slots=True)
class Row:
    """A row: its line, what it says (None: of nobody), and where it ended (None: not yet)."""

    line: int
    seen: Observation | None = None
    outcome: Outcome | None = None
    detail: str = ""
    remarks: set[Remark] = field(default_factory=set)

    def refuse(self, outcome: Outcome, detail: str = "") -> None:
        """The first that fits counts."""
        if self.outcome is None:
            self.outcome, self.detail = outcome, detail


def classify(table: Table, mapping: CustomerMapping, at: datetime) -> list[Row]:
    """Every row in the file's order; those that may be taken have no outcome yet. Seen at `at` if nothing says when."""
    places = places_of(table.columns, mapping.columns.named())
    zone = ZoneInfo(mapping.time_zone)
    rows: list[Row] = []
    seen: dict[tuple[str, ...], int] = {}
    for line, uneven, texts in rows_of(table):
        row = Row(line)
        rows.append(row)
        first = seen.setdefault(texts, line)
        if not any(text.strip() for text in texts):
            row.refuse(Outcome.ROW_EMPTY)
        elif first != line:
            row.refuse(Outcome.DUPLICATE, f"repeats line {first}")
        elif uneven is not None:
            row.refuse(Outcome.CELLS_UNEVEN, f"{uneven} cells")
        else:
            cells = {role: text for role, place in places.items() if (text := texts[place].strip())}
            row.seen = _observation(row, cells, mapping, zone, at)
    return rows


def _observation(
    row: Row, cells: Mapping[str, str], mapping: CustomerMapping, zone: ZoneInfo, at: datetime
) -> Observation | None:
    """C and D."""
    identities = tuple(_identities(cells, mapping))
    if not identities:
        row.refuse(Outcome.NOBODY)
        return None
    draft = CustomerDraft(
        source=mapping.source,
        name=_name(cells),
        display_name=_whole_name(cells),
        emails=tuple(_several(cells, "email")),
        phones=tuple(_several(cells, "phone")),
        addresses=tuple(_addresses(cells, mapping.country)),
        birthday=_birthday(row, cells, mapping),
        language=cells.get("language"),
        member_since=_time(row, cells, "member_since", mapping, zone),
        identities=identities,
    )
    return Observation(draft, _time(row, cells, "seen_at", mapping, zone) or at)


def _identities(cells: Mapping[str, str], mapping: CustomerMapping) -> Iterator[IdentityDraft]:
    if "id" in cells:
        yield IdentityDraft(IdentityType.EXTERNAL, f"{mapping.source}:{cells['id']}", verified=True)
    for role, type in (("card", IdentityType.CARD), ("line", IdentityType.LINE)):
        if role in cells:
            yield IdentityDraft(type, cells[role], verified=True)
    for role, type in zip(SEVERAL, (IdentityType.EMAIL, IdentityType.PHONE), strict=True):
        for value in _several(cells, role):
            yield IdentityDraft(type, value, verified=role in mapping.verified)


def _several(cells: Mapping[str, str], role: str) -> list[str]:
    return list(dict.fromkeys(text for name, text in cells.items() if name.partition(":")[0] == role))


def _name(cells: Mapping[str, str]) -> PersonName | None:
    """In its parts; one in one piece is taken apart where it has exactly two."""
    parts = {role: cells.get(role) for role in ("family", "given", "family_kana", "given_kana")}
    for whole, family, given in (("name", "family", "given"), ("name_kana", "family_kana", "given_kana")):
        pieces = cells.get(whole, "").split()
        if len(pieces) == 2 and parts[family] is None and parts[given] is None:
            parts[family], parts[given] = pieces
    return PersonName(**parts) if any(parts.values()) else None


def _whole_name(cells: Mapping[str, str]) -> str | None:
    """What cannot be taken apart is what to call them."""
    whole = cells.get("name")
    return whole if whole is not None and len(whole.split()) != 2 else None


def _addresses(cells: Mapping[str, str], country: str) -> Iterator[PostalAddress]:
    parts = {role: cells.get(role) for role in ADDRESS}
    if any(parts.values()):
        yield PostalAddress(country, **parts)


def _birthday(row: Row, cells: Mapping[str, str], mapping: CustomerMapping) -> date | None:
    if "birthday" not in cells:
        return None
    day = read_day(cells["birthday"], mapping.file.date_formats)
    if day is None:
        row.remarks.add(Remark.BIRTHDAY_LEFT_OUT)
    return day


def _time(row: Row, cells: Mapping[str, str], role: str, mapping: CustomerMapping, zone: ZoneInfo) -> datetime | None:
    if role not in cells:
        return None
    moment = read_time(cells[role], mapping.file.date_formats, zone)
    if moment is None:
        row.remarks.add(Remark.DATE_LEFT_OUT)
    return moment
