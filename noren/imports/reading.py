"""From a file to a table of texts: CSV, Excel, Parquet, JSON Lines or SQL, the same rows give the same table.

Owns the kinds of file and their limits; decides nothing about what a cell means.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import polars as pl
from fastexcel import FastExcelError, read_excel
from polars.exceptions import PolarsError

from noren.imports.encoding import decode
from noren.imports.errors import ImportStopped
from noren.imports.mapping import FileFormat
from noren.imports.structured import Found, chunked, json_rows, sql_rows

MAX_FILE_BYTES = 512 * 1024**2
"""Some five million rows of text; larger histories are split by year."""
MAX_ROWS = 2_000_000
"""Rows of one file: measured, each costs about a kilobyte of memory while it is decided, so two gigabytes."""
CHUNK = 50_000
"""Rows of a CSV turned into columns at a time, so that Python's objects of a few megabytes are all there is."""
HEADER_LINE = 1
"""Where a header stands; in Parquet, which has none, rows are counted as if it had one."""
UNEVEN = "uneven"


class CsvLines(Protocol):
    """A reader of the standard library's `csv`, which knows where in the file it is."""

    @property
    def line_num(self) -> int:
        """The lines read so far."""
        ...

    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows. `cells` has one text column a file's column, named by its place: "0", "1", …

    Beside them `line`, where the row stands in the file, and `uneven`: how many cells it had, if not as many as the
    header. `rows` was counted while reading.
    """

    columns: tuple[str, ...]
    cells: pl.DataFrame
    rows: int


def read_table(path: Path, file: FileFormat) -> Table:
    """The whole file; ImportStopped says what is wrong with it."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ImportStopped(f"{path.name}: unknown kind of file; {', '.join(READERS)} are understood")
    if not path.is_file():
        raise ImportStopped(f"there is no file {path}")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ImportStopped(f"{path.name} is larger than {MAX_FILE_BYTES:,} bytes: split it")
    try:
        table = reader(path, file)
    except (PolarsError, FastExcelError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise ImportStopped(f"{path.name} cannot be read as {path.suffix}: {first_line}") from None
    if table.rows > MAX_ROWS:
        raise ImportStopped(_too_many(path))
    return table


def _too_many(path: Path) -> str:
    return f"{path.name} has more than {MAX_ROWS:,} rows: split it"


def csv_table(text: str, name: str, delimiter: str = ",") -> Table:
    """The table of a CSV's text; ImportStopped names the line where its quotes do not match."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = tuple(next(lines, ()))
        chunks = list(_csv_chunks(lines, len(columns)))
    except csv.Error as error:
        raise ImportStopped(f"{name}, line {lines.line_num}: {error}") from None
    cells = pl.concat(chunks) if chunks else _chunk([], len(columns))
    return Table(columns, cells, sum(chunk.height for chunk in chunks))


def _read_csv(path: Path, file: FileFormat) -> Table:
    return csv_table(decode(path.read_bytes(), file.encoding, path.name), path.name, file.delimiter)


def _csv_chunks(lines: CsvLines, width: int) -> Iterator[pl.DataFrame]:
    rows = _numbered(lines)
    while chunk := list(islice(rows, CHUNK)):
        yield _chunk(chunk, width)


def _numbered(lines: CsvLines) -> Iterator[tuple[int, list[str]]]:
    """Every row with the line it begins on: one in quotes may run over several."""
    begin = lines.line_num + 1
    for row in lines:
        yield begin, row
        begin = lines.line_num + 1


def _chunk(rows: list[tuple[int, list[str]]], width: int) -> pl.DataFrame:
    even = [row if len(row) == width else (row + [""] * width)[:width] for _, row in rows]
    columns = {str(place): [row[place] for row in even] for place in range(width)}
    uneven = [len(row) if row and len(row) != width else None for _, row in rows]
    schema: dict[str, type[pl.DataType]] = dict.fromkeys(columns, pl.String)
    return pl.DataFrame(
        columns | {"line": [line for line, _ in rows], UNEVEN: uneven},
        schema=schema | {"line": pl.Int64, UNEVEN: pl.Int64},
    )


def _read_excel(path: Path, file: FileFormat) -> Table:
    book = read_excel(path)
    if file.sheet is not None and file.sheet not in book.sheet_names:
        raise ImportStopped(f"{path.name} has no sheet {file.sheet!r}, but {', '.join(map(repr, book.sheet_names))}")
    frame = book.load_sheet(file.sheet or 0, header_row=None, skip_rows=0, dtypes="string").to_polars()
    filled = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series() if frame.width else None
    header = None if filled is None else filled.arg_max()
    if header is None:
        return Table((), _chunk([], 0), 0)
    columns = tuple("" if name is None else str(name) for name in frame.row(header))
    return _table(columns, frame.slice(header + 1), header_line=header + 1)


def _read_parquet(path: Path, file: FileFormat) -> Table:
    rows = pl.scan_parquet(path).select(pl.len()).collect().item()
    if rows > MAX_ROWS:
        raise ImportStopped(_too_many(path))  # known from the file's end, before anything is unpacked
    frame = pl.read_parquet(path)
    bytes_only = [name for name, dtype in frame.schema.items() if dtype == pl.Binary]
    frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in bytes_only)  # pictures are no cells
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested() or dtype == pl.Object]
    if nested:
        raise ImportStopped(f"{path.name}: columns {', '.join(nested)} hold no plain values")
    return _table(tuple(frame.columns), frame.select(_as_text(frame[name]) for name in frame.columns))


def _as_text(column: pl.Series) -> pl.Series:
    """The column as a text file would have it: whole numbers without decimals, times as ISO 8601."""
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        return column.dt.strftime("%Y-%m-%d %H:%M:%S%.f" if dtype.time_zone is None else "%Y-%m-%dT%H:%M:%S%.f%:z")
    text = column.cast(pl.String)
    return text.str.replace(r"\.0$", "") if dtype.is_float() else text


def _table(columns: tuple[str, ...], frame: pl.DataFrame, header_line: int = HEADER_LINE) -> Table:
    cells = frame.rename({name: str(place) for place, name in enumerate(frame.columns)})
    lines = pl.int_range(header_line + 1, header_line + 1 + frame.height, dtype=pl.Int64, eager=True)
    uneven = pl.Series(UNEVEN, [None], dtype=pl.Int64).new_from_index(0, frame.height)
    return Table(columns, cells.with_columns(lines.alias("line"), uneven), frame.height)


def _read_named(path: Path, file: FileFormat, rows: Callable[[str, str], Iterator[Found]]) -> Table:
    """Of a file whose rows name their cells: a cell a row does not name is empty."""
    columns, frames, count = chunked(rows(decode(path.read_bytes(), file.encoding, path.name), path.name))
    cells = pl.concat(frames, how="diagonal") if frames else _chunk([], 0).drop(UNEVEN)
    uneven = pl.Series(UNEVEN, [None], dtype=pl.Int64).new_from_index(0, cells.height)
    return Table(columns, cells.with_columns(uneven), count)


READERS: Mapping[str, Callable[[Path, FileFormat], Table]] = {
    ".csv": _read_csv,
    ".xlsx": _read_excel,
    ".parquet": _read_parquet,
    ".jsonl": partial(_read_named, rows=json_rows),
    ".sql": partial(_read_named, rows=sql_rows),
}
"""By the end of the file's name."""
