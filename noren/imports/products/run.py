"""One import of products from its file to its report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import cast

import polars as pl
import uvloop
from rich.console import Console

from kit.events import open_event_log
from kit.settings import KitSettings
from kit.times import utc_now
from noren.imports.accounting import Account
from noren.imports.asked import Asked
from noren.imports.job import Job, Result, conclude
from noren.imports.products.loading import Loaded, load_products
from noren.imports.products.mapping import ProductMapping, load_product_mapping
from noren.imports.products.model import MEANING, REMARK_MEANING, TAKEN, Outcome
from noren.imports.products.rows import Row, classify, count_remarks, products_of
from noren.imports.progress import Steps, showing
from noren.imports.reading import read_table
from noren.imports.report import Words
from services.catalog.app import open_store
from services.catalog.events import drainers
from services.catalog.settings import Settings
from services.catalog.store import CatalogStore

WORDS = Words(cast(Mapping[StrEnum, str], MEANING), cast(Mapping[StrEnum, str], REMARK_MEANING), TAKEN)


@dataclass(slots=True)
class ProductImport:
    """A file whose every row is decided as far as it can be without the catalog."""

    job: Job[ProductMapping]
    rows: list[Row]
    rows_read: int
    started: float
    loaded: Loaded | None = None

    @property
    def products(self) -> list[list[Row]]:
        """Those of which every row may be taken."""
        return [group for group in products_of(self.rows) if all(row.outcome is None for row in group)]

    def load(self, mongodb_url: str, err: Console) -> None:
        """Bring into the catalog what may be taken, and tell of it."""
        with showing(err) as steps:
            self.loaded = uvloop.run(_load(self, mongodb_url, steps))

    def conclude(self, out: Console) -> Account:
        """See `job.conclude`."""
        if self.loaded is None:
            for row in self.rows:
                row.refuse(Outcome.READY)
        account = account_of(self.rows, self.rows_read)
        handed = account.taken if self.loaded is None else self.loaded.variants
        figures = {} if self.loaded is None else {"Products": _products(self.loaded)}
        result = Result(account, not_taken(self.rows), handed, figures, loaded=self.loaded is not None)
        return conclude(out, result, self.job.report, self.started, WORDS)


def prepare(asked: Asked, err: Console) -> ProductImport:
    """Read the file and decide every row; nothing is written."""
    job = Job.of(asked, load_product_mapping)
    started = monotonic()
    with showing(err) as steps:
        with steps.during("reading"):
            table = read_table(job.file, job.mapping.file)
        with steps.during("deciding"):
            rows = classify(table, job.mapping)
    return ProductImport(job, rows, table.rows, started)


async def load_into(store: CatalogStore, prepared: ProductImport, steps: Steps) -> Loaded:
    """Bring in what may be taken, into a store that is open."""
    products = prepared.products
    advance = steps.begin("products", len(products))
    return await load_products(store, products, prepared.job.mapping, advance, now=utc_now())


async def _load(prepared: ProductImport, mongodb_url: str, steps: Steps) -> Loaded:
    prefix = KitSettings().database_prefix
    settings = Settings(mongodb_url=mongodb_url)
    async with open_store(settings) as store, open_event_log(mongodb_url, prefix) as log:
        loaded = await load_into(store, prepared, steps)
        with steps.during("events"):
            for drainer in drainers(store, log):
                await drainer.drain()
    return loaded


def account_of(rows: Sequence[Row], rows_read: int) -> Account:
    """Count the outcomes, and the remarks on rows that were taken."""
    counts = Counter(row.outcome for row in rows)
    outcomes: dict[StrEnum, int] = {outcome: counts[outcome] for outcome in Outcome if counts[outcome]}
    remarks: dict[StrEnum, int] = dict(count_remarks(rows, TAKEN).items())
    return Account(rows_read, outcomes, remarks, TAKEN)


def not_taken(rows: Sequence[Row]) -> pl.DataFrame:
    """The rows that are not taken, in the file's order, with what explains them further."""
    refused = [row for row in rows if row.outcome not in TAKEN]
    columns = {
        "line": [row.line for row in refused],
        "outcome": [None if row.outcome is None else row.outcome.value for row in refused],
        "detail": [row.detail for row in refused],
        "product": [row.key for row in refused],
        "sku": [row.sku for row in refused],
        "barcode": [row.cells.get("barcode") for row in refused],
        "name": [next(iter(row.keyed("name").values()), None) for row in refused],
    }
    return pl.DataFrame(columns, schema={"line": pl.Int64} | dict.fromkeys([*columns][1:], pl.String))


def _products(loaded: Loaded) -> dict[str, str]:
    return {
        "products created": f"{loaded.created:,}",
        "products replaced": f"{loaded.replaced:,}",
        "products unchanged": f"{loaded.unchanged:,}",
        "products refused": f"{loaded.refused:,}",
        "variants in them": f"{loaded.variants:,}",
        "categories created": f"{loaded.categories:,}",
    }
