"""One import from its file to its report. Preparing reads and decides; loading writes; concluding reports."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import polars as pl
import uvloop
from rich.console import Console

from kit.times import utc_now
from noren.imports.accounting import Account, account_of, not_taken, with_troubles
from noren.imports.asked import Asked
from noren.imports.job import Job, Result, conclude
from noren.imports.loading import Loaded, load_rows
from noren.imports.mapping import Mapping, load_mapping
from noren.imports.progress import Steps, showing
from noren.imports.reading import read_table
from noren.imports.rows import classify
from noren.imports.sales import Sale, count_customers, count_sales, points_of, sales_of
from noren.stores import open_stores
from services.loyalty.earning.model import Programmes


@dataclass(slots=True)
class OrderImport:
    """A file whose every row is decided; `loaded` None: nothing is written yet."""

    job: Job[Mapping]
    rows: pl.DataFrame
    rows_read: int
    now: datetime
    started: float
    loaded: Loaded | None = None

    def load(self, mongodb_url: str, err: Console) -> None:
        """Write what is taken into the services of this MongoDB."""
        with showing(err) as steps:
            self.loaded = uvloop.run(_load(self, mongodb_url, steps))

    def conclude(self, out: Console) -> Account:
        """See `job.conclude`."""
        loaded = self.loaded
        rows = self.rows if loaded is None else with_troubles(self.rows, loaded.troubles)
        lines = self._lines() if loaded is None else loaded.lines - loaded.lines_refused
        figures = {"Sales": self._sales(None if loaded is None else loaded.programmes)}
        if loaded is not None:
            figures["Services"] = _services(loaded)
        account = account_of(rows, self.rows_read)
        result = Result(account, not_taken(rows), lines, figures, loaded=loaded is not None)
        return conclude(out, result, self.job.report, self.started)

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


def prepare(asked: Asked, console: Console) -> OrderImport:
    """Read the file and decide every row."""
    job = Job.of(asked, load_mapping)
    started, now = monotonic(), utc_now()
    with showing(console) as steps:
        with steps.during("reading"):
            table = read_table(job.file, job.mapping.file)
        with steps.during("deciding"):
            rows = classify(table, job.mapping, now=now)
    return OrderImport(job, rows, table.rows, now, started)


async def _load(prepared: OrderImport, mongodb_url: str, steps: Steps) -> Loaded:
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
