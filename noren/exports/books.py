"""`noren export points-books`: the postings of closed days, for a ledger program."""

from datetime import date
from pathlib import Path

from noren.imports.errors import ImportStopped
from services.loyalty.accounting.export import (
    ENTRY_COLUMNS,
    LINE_COLUMNS,
    ExportFormat,
    entry_rows,
    line_rows,
    written,
)
from services.loyalty.accounting.store import AccountingStore
from services.loyalty.store import LoyaltyStore, entry_of

FORMATS = {".csv": ExportFormat.CSV, ".jsonl": ExportFormat.JSONL}


async def export_books(store: LoyaltyStore, day: date, path: Path, *, entries: bool) -> int:
    """Write a closed day's lines, or each posting of its entries, to the file; return how many rows it has."""
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise ImportStopped(f"{path.name}: a file of postings ends in {' or '.join(FORMATS)}")
    accounting = AccountingStore(store.db)
    books = await accounting.books(day)
    if books is None:
        raise ImportStopped(f"{day.isoformat()} is not closed: accountingDayClose does that")
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        if not entries:
            rows = list(line_rows(books))
            file.writelines(written(rows, LINE_COLUMNS, form))
            return len(rows)
        if form is ExportFormat.CSV:
            file.writelines(written((), ENTRY_COLUMNS, form))
        async for document in accounting.entries(day):
            rows = list(entry_rows(day.isoformat(), entry_of(document)))
            lines = list(written(rows, ENTRY_COLUMNS, form))
            file.writelines(lines[1:] if form is ExportFormat.CSV else lines)
            count += len(rows)
    return count
