"""One import of reviews from its file to its report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from time import monotonic
from typing import Final, cast

import polars as pl
import uvloop
from rich.console import Console

from kit.times import utc_now
from noren.imports.accounting import Account
from noren.imports.asked import Asked
from noren.imports.job import Job, Result, conclude
from noren.imports.progress import Steps, showing
from noren.imports.reading import read_table
from noren.imports.report import Words
from noren.imports.reviews.mapping import ReviewMapping, load_review_mapping
from noren.imports.reviews.model import MEANING, TAKEN, Outcome
from noren.imports.reviews.rows import Row, classify
from services.catalog.app import open_store
from services.catalog.model import ExternalRef
from services.catalog.review.actions import IMPORT_BATCH, import_reviews
from services.catalog.review.counting import settle
from services.catalog.review.model import ImportedReview
from services.catalog.settings import Settings
from services.catalog.store import CatalogStore

WORDS: Final = Words(cast(Mapping[StrEnum, str], MEANING), {}, TAKEN)


@dataclass(slots=True)
class ReviewImport:
    """A file whose every row is decided as far as it can be without the catalog; `added` None: not brought in."""

    job: Job[ReviewMapping]
    rows: list[Row]
    rows_read: int
    started: float
    added: int | None = None

    def load(self, mongodb_url: str, err: Console) -> None:
        """Bring into the catalog what may be taken, and count the stars anew."""
        with showing(err) as steps:
            uvloop.run(_load(self, mongodb_url, steps))

    def conclude(self, out: Console) -> Account:
        """See `job.conclude`."""
        for row in self.rows:
            row.refuse(Outcome.READY if self.added is None else Outcome.TAKEN)
        counts = Counter(row.outcome for row in self.rows)
        outcomes: dict[StrEnum, int] = {outcome: counts[outcome] for outcome in Outcome if counts[outcome]}
        account = Account(self.rows_read, outcomes, {}, TAKEN)
        taken = sum(row.outcome in TAKEN for row in self.rows if row.review is not None)
        figures = {} if self.added is None else {"Reviews": _figures(self.added, taken)}
        result = Result(account, not_taken(self.rows), taken, figures, loaded=self.added is not None)
        return conclude(out, result, self.job.report, self.started, WORDS)


def prepare(asked: Asked, err: Console) -> ReviewImport:
    """Read the file and decide every row; nothing is written."""
    job = Job.of(asked, load_review_mapping)
    started = monotonic()
    with showing(err) as steps:
        with steps.during("reading"):
            table = read_table(job.file, job.mapping.file)
        with steps.during("deciding"):
            rows = classify(table, job.mapping, utc_now())
    return ReviewImport(job, rows, table.rows, started)


async def load_into(store: CatalogStore, prepared: ReviewImport, steps: Steps, now: datetime) -> None:
    """Bring in what may be taken, into a store that is open."""
    rows = [row for row in prepared.rows if row.outcome is None]
    advance = steps.begin("reviews", len(rows))
    added = 0
    for start in range(0, len(rows), IMPORT_BATCH):
        batch = rows[start : start + IMPORT_BATCH]
        imported = await import_reviews(store, await _reviews(store, batch, prepared.job.mapping), now=now)
        for place, problems in imported.refused.items():
            batch[place].refuse(Outcome.REVIEW_REFUSED, "; ".join(one.message for one in problems))
        added += imported.added
        advance(len(batch))
    with steps.during("stars"):
        while await settle(store.review, store.standing):
            pass
    prepared.added = added


async def _load(prepared: ReviewImport, mongodb_url: str, steps: Steps) -> None:
    async with open_store(Settings(mongodb_url=mongodb_url)) as store:
        await load_into(store, prepared, steps, utc_now())


async def _reviews(store: CatalogStore, rows: Sequence[Row], mapping: ReviewMapping) -> list[ImportedReview]:
    """The rows' reviews; where products are known by external ids, with the slug of the product that has it."""
    reviews = [row.review for row in rows if row.review is not None]
    assert len(reviews) == len(rows), "a row without an outcome has a review"
    if mapping.product_source is None:
        return reviews
    refs = [ExternalRef(mapping.product_source, row.product) for row in rows]
    known = await store.product.by_external_id(list(dict.fromkeys(refs)))
    return [
        replace(review, slug=known[ref].draft.slug if ref in known else ref.value)
        for review, ref in zip(reviews, refs, strict=True)
    ]


def _figures(added: int, taken: int) -> dict[str, str]:
    return {"reviews added": f"{added:,}", "there from before": f"{taken - added:,}"}


def not_taken(rows: Sequence[Row]) -> pl.DataFrame:
    """The rows that are not taken, in the file's order, with what explains them further."""
    refused = [row for row in rows if row.outcome not in TAKEN]
    columns = {
        "line": [row.line for row in refused],
        "outcome": [None if row.outcome is None else row.outcome.value for row in refused],
        "detail": [row.detail for row in refused],
        "id": [row.cells.get("id") for row in refused],
        "product": [row.product for row in refused],
        "rating": [row.cells.get("rating") for row in refused],
    }
    return pl.DataFrame(columns, schema={"line": pl.Int64} | dict.fromkeys([*columns][1:], pl.String))
