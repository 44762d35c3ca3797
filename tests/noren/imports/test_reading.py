"""CSV, Excel and Parquet give the same table; what is no table is refused in words."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from noren.imports.errors import ImportStopped
from noren.imports.mapping import FileFormat
from noren.imports.mapping import Mapping as FileMapping
from noren.imports.reading import csv_table, read_table
from noren.imports.rows import classify

ANY = FileFormat()
Rows = list[dict[str, str]]


def _frame(rows: Rows) -> pl.DataFrame:
    """As a data tool would have it: numbers are numbers, times are times. Only sound rows fit that."""
    typed = pl.DataFrame(rows).with_columns(
        pl.col("Quantity").cast(pl.Int64, strict=False),
        pl.col("Price").cast(pl.Float64, strict=False),
        pl.col("Customer ID").replace("", None).cast(pl.Float64),
        pl.col("InvoiceDate").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False),
    )
    return typed.drop_nulls(["Quantity", "Price", "InvoiceDate"])


def _write_excel(frame: pl.DataFrame, path: Path) -> None:
    book = xlsxwriter.Workbook(path)
    times = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    book.add_worksheet("Notes").write(0, 0, "the rows are on the other sheet")
    sheet = book.add_worksheet("Rows")
    sheet.write_row(0, 0, frame.columns)
    for number, row in enumerate(frame.iter_rows(), 1):
        for place, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, place, cell, times)
            elif cell is not None:
                sheet.write(number, place, int(cell) if isinstance(cell, str) and cell.isdigit() else cell)
    book.close()


def test_the_three_kinds_of_file_give_equal_outcomes(generated: Rows, uci: FileMapping, tmp_path: Path) -> None:
    frame = _frame(generated)
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_csv(tmp_path / "t.csv")
    _write_excel(frame, tmp_path / "t.xlsx")
    now = datetime.fromisoformat("2026-01-01T00:00:00Z")
    decided = {
        name: classify(read_table(tmp_path / name, FileFormat(sheet="Rows")), uci, now=now).drop("unit_price", "date")
        for name in ("t.csv", "t.parquet", "t.xlsx")
    }
    assert decided["t.csv"].height == frame.height > 200
    assert decided["t.csv"].equals(decided["t.parquet"])
    assert decided["t.csv"].equals(decided["t.xlsx"])


def test_lines_are_those_an_editor_shows(tmp_path: Path) -> None:
    table = csv_table('a,b\n1,"two\nlines"\n\n3,4\n', "t.csv")
    assert table.cells.to_dicts() == [
        {"0": "1", "1": "two\nlines", "line": 2, "uneven": None},
        {"0": "", "1": "", "line": 4, "uneven": None},
        {"0": "3", "1": "4", "line": 5, "uneven": None},
    ]


def test_a_spreadsheets_lines_are_counted_from_its_top(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "t.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(2, 0, ["A", "B"])
    sheet.write_row(3, 0, [1, "x"])
    sheet.write_row(5, 0, [2.5, "y"])
    book.close()
    table = read_table(tmp_path / "t.xlsx", ANY)
    assert table.columns == ("A", "B")
    assert table.cells.select("0", "1", "line").rows() == [("1", "x", 4), (None, None, 5), ("2.5", "y", 6)]
    xlsxwriter.Workbook(tmp_path / "e.xlsx").close()
    assert read_table(tmp_path / "e.xlsx", ANY).columns == ()


def test_uneven_rows_keep_how_many_cells_they_had() -> None:
    table = csv_table("a,b\n1\n1,2,3\n1,2\n", "t.csv")
    assert table.cells["uneven"].to_list() == [1, 3, None]


def test_quotes_that_do_not_match_are_named_by_line() -> None:
    with pytest.raises(ImportStopped, match=r"t\.csv, line 3"):
        csv_table('a,b\n1,2\n3,"4" x\n', "t.csv")


def test_times_with_an_offset_and_numbers_survive_parquet(tmp_path: Path) -> None:
    frame = pl.DataFrame({"t": ["2010-06-01 10:00"], "id": [13085.0], "p": [0.001]}).with_columns(
        pl.col("t").str.to_datetime(time_zone="Asia/Tokyo")
    )
    frame.write_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet", ANY).cells.row(0)[:3] == ("2010-06-01T10:00:00+09:00", "13085", "0.001")


@pytest.mark.parametrize(
    ("name", "make", "told"),
    [
        (
            "t.json",
            lambda path: path.write_text("{}"),
            "unknown kind of file; .csv, .xlsx, .parquet, .jsonl, .sql are understood",
        ),
        ("none.csv", lambda path: None, "there is no file"),
        ("t.parquet", lambda path: path.write_text("no"), "cannot be read as .parquet"),
        ("t.xlsx", lambda path: path.write_text("no"), "cannot be read as .xlsx"),
        ("n.parquet", lambda path: pl.DataFrame({"a": [[1]]}).write_parquet(path), "columns a hold no plain values"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, make: Callable[[Path], object], told: str) -> None:
    make(tmp_path / name)
    with pytest.raises(ImportStopped, match=told):
        read_table(tmp_path / name, ANY)


def test_a_missing_sheet_is_told_with_those_there_are(generated: Rows, tmp_path: Path) -> None:
    _write_excel(_frame(generated), tmp_path / "t.xlsx")
    with pytest.raises(ImportStopped, match="no sheet 'Sales', but 'Notes', 'Rows'"):
        read_table(tmp_path / "t.xlsx", FileFormat(sheet="Sales"))
