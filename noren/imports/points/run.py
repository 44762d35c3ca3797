"""One import of balances from its file to its reconciliation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from time import monotonic
from typing import cast

import polars as pl
import uvloop
from rich.console import Console

from kit.times import utc_now
from noren.delivery import Stores, deliver
from noren.imports.accounting import Account
from noren.imports.asked import Asked
from noren.imports.errors import CountsDisagree
from noren.imports.job import Job, Result, conclude
from noren.imports.points.mapping import PointMapping, load_point_mapping
from noren.imports.points.model import MEANING, TAKEN, Outcome
from noren.imports.points.rows import Reconciliation, Row, classify, reconcile
from noren.imports.progress import Steps, showing
from noren.imports.reading import read_table
from noren.imports.report import Words
from noren.stores import open_stores
from services.customer import model as customer
from services.customer.actions import import_customers
from services.loyalty.balances.actions import BATCH, bring_balances
from services.loyalty.balances.model import Balance
from services.loyalty.balances.store import BalanceStore
from services.loyalty.model import CustomerId

WORDS = Words(cast(Mapping[StrEnum, str], MEANING), {}, TAKEN)


@dataclass(slots=True)
class Loaded:
    """What the services did: Noren's points added and taken back, and what all accounts of the source have now."""

    customers_created: int = 0
    added: int = 0
    taken_back: int = 0
    total: int = 0


@dataclass(slots=True)
class PointImport:
    """A file whose every row is decided as far as it can be without the services."""

    job: Job[PointMapping]
    rows: list[Row]
    rows_read: int
    now: datetime
    started: float
    loaded: Loaded | None = None

    def load(self, mongodb_url: str, err: Console) -> None:
        """Bring what may be taken into the wallets of this MongoDB."""
        with showing(err) as steps:
            uvloop.run(_load(self, mongodb_url, steps))

    def conclude(self, out: Console) -> Reconciliation:
        """See `job.conclude`; every point is accounted for, too."""
        for row in self.rows:
            row.refuse(Outcome.READY)
        counts = Counter(row.outcome for row in self.rows)
        outcomes: dict[StrEnum, int] = {outcome: counts[outcome] for outcome in Outcome if counts[outcome]}
        account = Account(self.rows_read, outcomes, {}, TAKEN)
        points = reconcile(self.rows, self.job.mapping)
        if not points.is_whole:
            raise CountsDisagree(f"{points.total} points were read, but taken and refused are not as many: {points}")
        figures = {"Points": _told(points, self.job.mapping)}
        if self.loaded is not None:
            figures["Wallets"] = _services(self.loaded)
        handed = sum(row.outcome in TAKEN for row in self.rows)
        result = Result(account, not_taken(self.rows), handed, figures, loaded=self.loaded is not None)
        conclude(out, result, self.job.report, self.started, WORDS)
        return points


def prepare(asked: Asked, err: Console) -> PointImport:
    """Read the file and decide every row; nothing is written."""
    job = Job.of(asked, load_point_mapping)
    started, now = monotonic(), utc_now()
    with showing(err) as steps:
        with steps.during("reading"):
            table = read_table(job.file, job.mapping.file)
        with steps.during("deciding"):
            rows = classify(table, job.mapping, now=now)
    return PointImport(job, rows, table.rows, now, started)


async def load_into(stores: Stores, prepared: PointImport, steps: Steps) -> None:
    """Bring in what may be taken, into stores that are open."""
    loaded = prepared.loaded = Loaded()
    source = prepared.job.mapping.source
    rows = [row for row in prepared.rows if row.outcome is None]
    accounts = dict.fromkeys(row.account for row in rows)
    drafts = [customer.CustomerDraft(external_ids=(customer.ExternalId(source, account),)) for account in accounts]
    with steps.during("customers"):
        people = await import_customers(stores.customer, drafts, now=prepared.now)
    loaded.customers_created = people.created
    for row in rows:
        if row.account not in people.ids:
            row.refuse(Outcome.CUSTOMER_REFUSED)
    await _bring(stores, [row for row in rows if row.outcome is None], people.ids, source, loaded, steps)
    loaded.total = await BalanceStore(stores.loyalty.db).total(source)
    with steps.during("events"):
        await deliver(stores)


async def _bring(
    stores: Stores, rows: list[Row], ids: Mapping[str, str], source: str, loaded: Loaded, steps: Steps
) -> None:
    advance = steps.begin("balances", len(rows))
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        balances = [
            Balance(source, row.account, CustomerId(ids[row.account]), row.points, row.expires_at, row.lot)
            for row in batch
        ]
        brought = await bring_balances(stores.loyalty, balances)
        loaded.added += brought.added
        loaded.taken_back += brought.taken_back
        for row, balance in zip(batch, balances, strict=True):
            if balance.id in brought.refused:
                row.refuse(Outcome.WALLET_REFUSED, brought.refused[balance.id])
            row.refuse(Outcome.UNCHANGED if balance.id in brought.unchanged else Outcome.BROUGHT)
        advance(len(batch))


async def _load(prepared: PointImport, mongodb_url: str, steps: Steps) -> None:
    async with open_stores(mongodb_url) as stores:
        await load_into(stores, prepared, steps)


def not_taken(rows: Sequence[Row]) -> pl.DataFrame:
    """The rows that are not taken, in the file's order; no account: the line number leads to it."""
    refused = [row for row in rows if row.outcome not in TAKEN]
    columns = {
        "line": [row.line for row in refused],
        "outcome": [None if row.outcome is None else row.outcome.value for row in refused],
        "detail": [row.detail for row in refused],
        "points": [row.given for row in refused],
        "expires": [row.expires for row in refused],
    }
    return pl.DataFrame(columns, schema={"line": pl.Int64} | dict.fromkeys([*columns][1:], pl.String))


def _told(points: Reconciliation, mapping: PointMapping) -> dict[str, str]:
    told = {"points of the file": f"{points.total:,}", "taken": f"{points.taken:,}"}
    told |= {f"refused: {outcome.value}": f"{count:,}" for outcome, count in points.refused.items()}
    told["rows whose points cannot be read"] = f"{points.unread:,}"
    told[f"points here, {mapping.rate.points} for {mapping.rate.per}"] = f"{points.brought:,}"
    told["left over by rounding, of the file's points"] = f"{points.rounded / mapping.rate.points:,.2f}"
    return told


def _services(loaded: Loaded) -> dict[str, str]:
    return {
        "customers created": f"{loaded.customers_created:,}",
        "points added": f"{loaded.added:,}",
        "points taken back": f"{loaded.taken_back:,}",
        "points all accounts of this source were brought to": f"{loaded.total:,}",
    }
