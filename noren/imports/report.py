"""The report: a table for the screen and a file that names every row not taken."""

import csv
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO, cast

import orjson
import polars as pl
from rich.console import Console
from rich.table import Table

from noren.imports.accounting import Account
from noren.imports.errors import ImportStopped
from noren.imports.model import MEANING, REMARK_MEANING, TAKEN


@dataclass(frozen=True, slots=True)
class Words:
    """What the outcomes and remarks of a kind of import mean to a person, and which outcomes take a row."""

    meaning: Mapping[StrEnum, str]
    remark_meaning: Mapping[StrEnum, str]
    taking: Collection[StrEnum]


ORDERS = Words(cast(Mapping[StrEnum, str], MEANING), cast(Mapping[StrEnum, str], REMARK_MEANING), TAKEN)
DEFAULT_SUFFIX = ".not-taken.csv"


def check_report(path: Path) -> Path:
    """The path itself, if its end says how to write it and its folder is there."""
    if path.suffix.lower() not in WRITERS:
        raise ImportStopped(f"{path.name}: the list of rows not taken ends in {' or '.join(WRITERS)}")
    if not os.access(path.parent, os.W_OK):
        raise ImportStopped(f"{path.name} cannot be written into {path.parent}: name another place with --report")
    return path


def list_place(file: Path, report: Path | None, *, dry_run: bool) -> Path | None:
    """Where the list of rows of `file` not taken goes, checked; None: it is not written.

    A dry run writes it only where it is told to; else it lies in the current folder.
    """
    if report is None and not dry_run:
        report = Path(file.stem + DEFAULT_SUFFIX)
    return None if report is None else check_report(report)


def write_not_taken(rows: pl.DataFrame, path: Path, words: Words = ORDERS) -> int:
    """Write a row of the list for every row not taken, and return how many."""
    meaning = {outcome.value: text for outcome, text in words.meaning.items()}
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            return WRITERS[path.suffix.lower()](rows, file, meaning)
    except OSError as error:
        raise ImportStopped(f"{path} cannot be written: {error.strerror}") from None


def _write_csv(rows: pl.DataFrame, file: TextIO, meaning: Mapping[str, str]) -> int:
    writer = csv.writer(file)
    writer.writerow([*rows.columns, "meaning"])
    outcome = rows.columns.index("outcome")
    count = 0
    for row in rows.iter_rows():
        writer.writerow([*row, meaning[row[outcome]]])
        count += 1
    return count


def _write_json_lines(rows: pl.DataFrame, file: TextIO, meaning: Mapping[str, str]) -> int:
    count = 0
    for row in rows.iter_rows(named=True):
        told: dict[str, Any] = {**row, "meaning": meaning[row["outcome"]]}
        file.write(orjson.dumps(told).decode() + "\n")
        count += 1
    return count


WRITERS: Mapping[str, Callable[[pl.DataFrame, TextIO, Mapping[str, str]], int]] = {
    ".csv": _write_csv,
    ".jsonl": _write_json_lines,
}


def print_account(out: Console, account: Account, words: Words = ORDERS) -> None:
    """Where every row ended, and that they are all."""
    table = Table(title="Rows", title_justify="left")
    table.add_column("outcome")
    table.add_column("rows", justify="right")
    table.add_column("meaning", overflow="fold")
    for outcome, count in account.outcomes.items():
        style = None if outcome in words.taking else "yellow"
        table.add_row(outcome.value, f"{count:,}", words.meaning[outcome], style=style)
    table.add_section()
    table.add_row("accounted for", f"{account.taken + account.not_taken:,}", f"{account.rows_read:,} rows were read")
    out.print(table)
    if account.remarks:
        print_pairs(
            out,
            "Taken with a remark",
            {words.remark_meaning[one]: f"{count:,}" for one, count in account.remarks.items()},
        )


def print_pairs(out: Console, title: str, pairs: Mapping[str, str]) -> None:
    """A table of names and figures."""
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column("what", overflow="fold")
    table.add_column("figure", justify="right")
    for name, figure in pairs.items():
        table.add_row(name, figure)
    out.print(table)
