"""Reviews from a file into the catalog: every row has its outcome, again changes nothing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kit.mongo import Database, ensure_indexes
from noren.imports.errors import ImportStopped
from noren.imports.job import Job
from noren.imports.progress import showing
from noren.imports.reading import csv_table, read_table
from noren.imports.reviews.mapping import ReviewMapping, load_review_mapping
from noren.imports.reviews.rows import classify
from noren.imports.reviews.run import ReviewImport, load_into
from services.catalog.model import ExternalRef
from services.catalog.product.actions import import_products
from services.catalog.review.counting import audit
from services.catalog.store import INDEXES, CatalogStore
from tests.architecture.tree import ROOT
from tests.services.catalog.shop import NOW, draft

REAL = ROOT / "tests/services/catalog/review/womens_clothing.csv"
MAPPING: dict[str, Any] = {
    "source": "old",
    "time_zone": "Asia/Tokyo",
    "columns": {
        "id": "No",
        "product": "Product",
        "rating": "Stars",
        "body": "Text",
        "date": "Date",
        "helpful": "Votes",
    },
}
FILE = """No,Product,Stars,Text,Date,Votes
1,mug,5,良い,2024-01-02T09:00:00,3
2,mug,4,,2024-01-02T09:00:00+00:00,
2,mug,1,again,,
,mug,5,,,
4,,5,,,
5,mug,five,,,
6,mug,5,,yesterday,
7,mug,5,,,-1
8,gone,5,,,
9,mug,6,,,
"""
OUTCOMES = [None, None, "ID_REPEATED", "ID_MISSING", "PRODUCT_MISSING"]
OUTCOMES += ["RATING_UNREADABLE", "DATE_UNREADABLE", "HELPFUL_UNREADABLE", None, None]


@pytest.fixture
async def store(db: Database) -> CatalogStore:
    await ensure_indexes(db, INDEXES)
    return CatalogStore(db)


def prepared(text: str, **changes: Any) -> ReviewImport:
    mapping = ReviewMapping.model_validate({**MAPPING, **changes})
    rows = classify(csv_table(text, "t.csv"), mapping, NOW)
    return ReviewImport(Job(Path("t.csv"), mapping), rows, len(rows), 0.0)


async def bring(store: CatalogStore, work: ReviewImport) -> ReviewImport:
    with showing(Console(quiet=True)) as steps:
        await load_into(store, work, steps, NOW)
    work.conclude(Console(quiet=True))
    return work


def test_every_row_is_decided_without_the_catalog() -> None:
    rows = prepared(FILE).rows

    assert [row.outcome for row in rows] == OUTCOMES
    first, second = rows[0].review, rows[1].review
    assert first is not None
    assert second is not None
    assert (first.created_at, first.helpful) == (datetime(2024, 1, 2, 0, 0, tzinfo=UTC), 3)
    assert (second.created_at, second.helpful) == (datetime(2024, 1, 2, 9, 0, tzinfo=UTC), 0)


def test_a_column_that_is_not_there_stops_the_import() -> None:
    with pytest.raises(ImportStopped, match="'Date'"):
        prepared(FILE.replace("Date", "Day"))


async def test_what_the_catalog_refuses_is_told_by_row_and_again_changes_nothing(store: CatalogStore) -> None:
    await import_products(store, [draft()], now=NOW)

    first, again = await bring(store, prepared(FILE)), await bring(store, prepared(FILE))

    assert (first.added, again.added) == (2, 0)
    assert [row.outcome for row in again.rows] == [
        "TAKEN", "TAKEN", *OUTCOMES[2:8], "REVIEW_REFUSED", "REVIEW_REFUSED",
    ]  # fmt: skip
    assert "gone" in again.rows[8].detail
    (mug,) = (await store.product.by_slug(["mug"])).values()
    assert (await store.standing.by_product([mug.id]))[mug.id].standing.stars == (0, 0, 0, 1, 1)


async def test_products_may_be_known_by_their_external_ids(store: CatalogStore) -> None:
    known = draft("cup", external_ids=(ExternalRef("erp", "4711"),))
    await import_products(store, [known], now=NOW)

    work = await bring(store, prepared("No,Product,Stars,Text,Date,Votes\n1,4711,5,,,\n", product_source="erp"))

    assert work.added == 1


async def test_real_reviews_come_in_by_the_mapping_that_ships(store: CatalogStore) -> None:
    mapping = load_review_mapping("womens-clothing")
    table = read_table(REAL, mapping.file)
    rows = classify(table, mapping, NOW)
    slugs = sorted({row.review.slug for row in rows if row.review is not None})
    await import_products(store, [draft(slug) for slug in slugs], now=NOW)

    work = await bring(store, ReviewImport(Job(REAL, mapping), rows, table.rows, 0.0))

    assert work.added == table.rows
    assert await audit(store.review, store.standing) == []
