"""One import from its file to its report. Preparing reads and decides; loading writes; concluding reports."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

import polars as pl
import uvloop
from rich.console import Console

from kit.times import utc_now
from noren.imports.accounting import Account, account_of, not_taken, prove, with_troubles
from noren.imports.loading import Loaded, load_rows
from noren.imports.mapping import Mapping, load_mapping
from noren.imports.progress import Steps, showing
from noren.imports.reading import read_table
from noren.imports.report import list_place, print_account, print_pairs, write_not_taken
from noren.imports.rows import classify
from noren.imports.sales import Sale, count_customers, count_sales, points_of, sales_of
from noren.stores import open_stores
from services.loyalty.earning.model import Programmes


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for, checked. `report` None: the list of rows not taken is not written."""

    file: Path
    mapping: Mapping
    report: Path | None

    @classmethod
    def of(cls, file: Path, mapping: str, *, dry_run: bool, report: Path | None) -> "Job":
        """See `report.list_place`."""
        return cls(file, load_mapping(mapping), list_place(file, report, dry_run=dry_run))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file whose every row is decided; nothing is written yet."""

    job: Job
    rows: pl.DataFrame
    rows_read: int
    now: datetime
    started: float

    def conclude(self, out: Console, loaded: Loaded | None) -> Account:
        """Prove that every row is accounted for, write the list of rows not taken, print the report."""
        rows = self.rows if loaded is None else with_troubles(self.rows, loaded.troubles)
        lines = self._lines() if loaded is None else loaded.lines - loaded.lines_refused
        account = account_of(rows, self.rows_read)
        refused = not_taken(rows)
        listed = refused.height if self.job.report is None else write_not_taken(refused, self.job.report)
        prove(account, lines_handed_over=lines, rows_listed=listed)
        print_account(out, account)
        print_pairs(out, "Sales", self._sales(None if loaded is None else loaded.programmes))
        if loaded is not None:
            print_pairs(out, "Services", _services(loaded))
        if self.job.report is not None:
            out.print(f"{listed:,} rows not taken are listed in {self.job.report}", highlight=False, markup=False)
        seconds = monotonic() - self.started
        what = "dry run, nothing was recorded" if loaded is None else "imported"
        out.print(f"{what}: {self.rows_read:,} rows in {seconds:.1f} s", highlight=False, markup=False)
        return account

    def _lines(self) -> int:
        return sum(len(sale.lines) for sale in self._all_sales())

    def _all_sales(self) -> Iterator[Sale]:
        for returns in (False, True):
            yield from sales_of(self.rows, self.job.mapping, returns=returns)

    def _sales(self, programmes: Programmes | None) -> dict[str, str]:
        points = points_of(self.rows, self.job.mapping, programmes)
        several = programmes is not None and len(programmes.all) > 1
        by = ", by the programmes of their days, ranks aside" if several else ""
        return {
            "orders": f"{count_sales(self.rows, returns=False):,}",
            "returns": f"{count_sales(self.rows, returns=True):,}",
            "customers": f"{count_customers(self.rows):,}",
            f"points earned by the orders{by}": f"{points.earned:,}",
            f"points taken back by the returns{by}": f"{points.taken_back:,}",
        }


def prepare(job: Job, console: Console) -> Prepared:
    """Read the file and decide every row."""
    started, now = monotonic(), utc_now()
    with showing(console) as steps:
        with steps.during("reading"):
            table = read_table(job.file, job.mapping.file)
        with steps.during("deciding"):
            rows = classify(table, job.mapping, now=now)
    return Prepared(job, rows, table.rows, now, started)


def load(prepared: Prepared, mongodb_url: str, console: Console) -> Loaded:
    """Write what is taken into the services of this MongoDB."""
    with showing(console) as steps:
        return uvloop.run(_load(prepared, mongodb_url, steps))


async def _load(prepared: Prepared, mongodb_url: str, steps: Steps) -> Loaded:
    async with open_stores(mongodb_url) as stores:
        return await load_rows(stores, prepared.rows, prepared.job.mapping, steps, prepared.now)


def _services(loaded: Loaded) -> dict[str, str]:
    orders, returns = loaded.orders, loaded.returns
    return {
        "customers created": f"{loaded.customers_created:,}",
        "customers known": f"{loaded.customers_matched:,}",
        "orders recorded": f"{orders.recorded:,}",
        "orders known": f"{orders.known:,}",
        "returns recorded": f"{returns.recorded:,}",
        "returns known": f"{returns.known:,}",
        "sales not taken": f"{len(loaded.troubles):,}",
        "events loyalty heard": f"{loaded.events_heard:,}",
        "events loyalty could not handle": f"{loaded.events_parked:,}",
    }
