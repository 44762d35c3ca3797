"""What becomes of every row of a file of reviews, as far as it can be said without the catalog. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from noren.imports.cells import places_of, rows_of
from noren.imports.products.drafts import slug_of
from noren.imports.reading import Table
from noren.imports.reviews.mapping import ReviewMapping
from noren.imports.reviews.model import Outcome
from services.catalog.model import ExternalRef
from services.catalog.review.model import ImportedReview, ReviewDraft


@dataclass(slots=True)
class Row:
    """A row: its line, its cells by role, the review it is, and where it ended (None: not yet).

    `product` is the cell; the review's slug is made of it, or found by it.
    """

    line: int
    cells: Mapping[str, str]
    outcome: Outcome | None = None
    detail: str = ""
    review: ImportedReview | None = None

    @property
    def product(self) -> str:
        """As the file names it."""
        return self.cells.get("product", "")

    def refuse(self, outcome: Outcome, detail: str = "") -> None:
        """The first that fits counts."""
        if self.outcome is None:
            self.outcome, self.detail = outcome, detail


def classify(table: Table, mapping: ReviewMapping, now: datetime) -> list[Row]:
    """Every row in the file's order; those that may be taken have a review and no outcome yet. A review without a
    date is of `now`."""
    rows: list[Row] = []
    seen: dict[str, int] = {}
    zone = ZoneInfo(mapping.time_zone)
    for row, uneven in _read(table, mapping):
        rows.append(row)
        if not row.cells:
            row.refuse(Outcome.ROW_EMPTY)
        elif uneven is not None:
            row.refuse(Outcome.CELLS_UNEVEN, f"{uneven} cells")
        else:
            _parse(row, mapping, zone, now)
        first = seen.setdefault(row.cells.get("id", ""), row.line)
        if "id" in row.cells and first != row.line:
            row.refuse(Outcome.ID_REPEATED, f"as line {first}")
    return rows


def _read(table: Table, mapping: ReviewMapping) -> Iterator[tuple[Row, int | None]]:
    places = places_of(table.columns, mapping.columns.named())
    for line, uneven, texts in rows_of(table):
        cells = {role: texts[place].strip() for role, place in places.items()}
        yield Row(line, {role: text for role, text in cells.items() if text}), uneven


def _parse(row: Row, mapping: ReviewMapping, zone: ZoneInfo, now: datetime) -> None:
    cells = row.cells
    if "id" not in cells:
        row.refuse(Outcome.ID_MISSING)
    if "product" not in cells:
        row.refuse(Outcome.PRODUCT_MISSING)
    rating, helpful = _whole(cells.get("rating")), _whole(cells.get("helpful", "0"))
    written = _time(cells["date"], zone) if "date" in cells else now
    if rating is None:
        row.refuse(Outcome.RATING_UNREADABLE, cells.get("rating", ""))
    if written is None:
        row.refuse(Outcome.DATE_UNREADABLE, cells.get("date", ""))
    if helpful is None:
        row.refuse(Outcome.HELPFUL_UNREADABLE, cells.get("helpful", ""))
    if row.outcome is None and rating is not None and written is not None and helpful is not None:
        row.review = ImportedReview(
            external=ExternalRef(mapping.source, cells["id"]),
            slug=slug_of(f"{mapping.slug_prefix}{row.product}"),
            draft=ReviewDraft(rating, cells.get("title"), cells.get("body", ""), cells.get("nickname")),
            created_at=written,
            helpful=helpful,
        )


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 9 else None


def _time(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo is not None else read.replace(tzinfo=zone)
