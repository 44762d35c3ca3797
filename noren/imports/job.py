"""What is the same in every kind of import: what was asked for, checked, and the end with proof, list and report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Generic, TypeVar

import polars as pl
from rich.console import Console

from noren.imports.accounting import Account, prove
from noren.imports.asked import Asked
from noren.imports.report import ORDERS, Words, list_place, print_account, print_pairs, write_not_taken

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Job(Generic[M]):
    """What was asked for, checked. `report` None: the list of rows not taken is not written."""

    file: Path
    mapping: M
    report: Path | None = None

    @classmethod
    def of(cls, asked: Asked, read: Callable[[str], M]) -> "Job[M]":
        """`read` gives the mapping of a name or path; see `report.list_place`."""
        report = list_place(asked.file, asked.report, dry_run=asked.dry_run)
        return cls(asked.file, read(asked.mapping), report)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a file. `handed_over`: rows the services have now; `figures`: tables of the report, by title."""

    account: Account
    refused: pl.DataFrame
    handed_over: int
    figures: Mapping[str, Mapping[str, str]]
    loaded: bool


def conclude(out: Console, result: Result, report: Path | None, started: float, words: Words = ORDERS) -> Account:
    """Prove, list and print. `started`: `time.monotonic()` when the import began."""
    listed = result.refused.height if report is None else write_not_taken(result.refused, report, words)
    prove(result.account, lines_handed_over=result.handed_over, rows_listed=listed)
    print_account(out, result.account, words)
    for title, pairs in result.figures.items():
        print_pairs(out, title, pairs)
    if report is not None:
        out.print(f"{listed:,} rows not taken are listed in {report}", highlight=False, markup=False)
    what = "imported" if result.loaded else "dry run, nothing was recorded"
    rows, seconds = result.account.rows_read, monotonic() - started
    out.print(f"{what}: {rows:,} rows in {seconds:.1f} s", highlight=False, markup=False)
    return result.account
