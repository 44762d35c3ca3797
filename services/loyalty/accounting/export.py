"""A closed day's postings as text, line by line: for a ledger program. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator
from enum import StrEnum

import orjson

from services.loyalty.accounting.model import Books
from services.loyalty.model import Entry


class ExportFormat(StrEnum):
    """How the lines are written."""

    CSV = "CSV"
    JSONL = "JSONL"


LINE_COLUMNS = ("day", "kind", "account", "debit", "credit", "entries")
ENTRY_COLUMNS = ("day", "at", "entry", "wallet", "kind", "account", "debit", "credit", "reason", "order")

Row = dict[str, str | int | None]


def line_rows(books: Books) -> Iterator[Row]:
    """One row a kind of entry and account, in points."""
    for line in books.tally.lines:
        values = (books.day.isoformat(), line.kind, line.account, line.debit, line.credit, line.entries)
        yield dict(zip(LINE_COLUMNS, values, strict=True))


def entry_rows(day: str, entry: Entry) -> Iterator[Row]:
    """One row a posting of an entry; `at` is when it happened, `day` when it is booked."""
    for posting in entry.movements:
        debit, credit = max(-posting.points, 0), max(posting.points, 0)
        about = (entry.at.isoformat(), entry.id, entry.wallet_id, entry.kind.value, posting.account.value)
        values = (day, *about, debit, credit, entry.reason, entry.reference.order_id)
        yield dict(zip(ENTRY_COLUMNS, values, strict=True))


def written(rows: Iterable[Row], columns: tuple[str, ...], form: ExportFormat) -> Iterator[str]:
    """The rows as lines with their ends; CSV begins with the columns."""
    if form is ExportFormat.JSONL:
        for row in rows:
            yield orjson.dumps(row).decode() + "\n"
        return
    yield _csv(columns)
    for row in rows:
        yield _csv([row[name] for name in columns])


def _csv(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(["" if cell is None else cell for cell in cells])
    return line.getvalue()
