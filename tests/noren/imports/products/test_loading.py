"""Products from a file into the catalog and out again: again changes nothing, and what a file does not name stays."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kit.mongo import Database, ensure_indexes
from kit.times import utc_now
from noren.exports.products import export_products
from noren.imports.job import Job
from noren.imports.products.loading import Loaded, load_products
from noren.imports.products.mapping import ProductMapping, load_product_mapping
from noren.imports.products.rows import classify, products_of
from noren.imports.products.run import ProductImport
from noren.imports.reading import csv_table, read_table
from services.catalog.attribute.actions import upsert_attribute
from services.catalog.attribute.model import AttributeDefinition, AttributeLevel, AttributeOption, AttributeType
from services.catalog.category.actions import create_category
from services.catalog.media.model import Media, MediaKind
from services.catalog.offer.model import Offer, ProductStatus
from services.catalog.product.actions import ProductEdit, upsert_product
from services.catalog.store import INDEXES, CatalogStore

EXTRACTS = Path(__file__).parent / "extracts"
MAPPING: dict[str, Any] = {
    "source": "erp",
    "create_categories": True,
    "columns": {"sku": "SKU", "product": "Product", "category": "Category", "tags": "Tags"},
    "names": {"en": "Name", "ja": "名前"},
    "options": {"color": "Color"},
    "prices": [{"column": "Price", "currency": "EUR"}, {"column": "円", "currency": "JPY"}],
    "attributes": [
        {"column": "Height", "code": "height"},
        {"column": "Shade", "code": "shade"},
        {"column": "Care", "code": "care", "locale": "ja"},
    ],
}
FILE = """SKU,Product,Category,Tags,Name,名前,Color,Price,円,Height,Shade,Care
M1,mug,Cups & Co|新着,gift|new,Mug,マグ,Red,11.90,1650,12.5,赤,手洗い
M2,mug,Cups & Co|新着,gift|new,Mug,マグ,Blue,11.90,,12.5,red,手洗い
B1,bowl,Cups & Co,,Bowl,,,5,,,,
X1,bad,Cups & Co,,Bad,,,5,,tall,,
"""


@pytest.fixture
async def store(db: Database) -> CatalogStore:
    await ensure_indexes(db, INDEXES)
    store = CatalogStore(db)
    names = {"en": "x"}
    shades = (AttributeOption("red", {"en": "Red", "ja": "赤"}),)
    for definition in (
        AttributeDefinition(code="height", names=names, type=AttributeType.NUMBER),
        AttributeDefinition(
            code="shade", names=names, type=AttributeType.ENUM, options=shades, level=AttributeLevel.VARIANT
        ),
        AttributeDefinition(code="care", names=names, type=AttributeType.LOCALIZED_TEXT),
    ):
        await upsert_attribute(store, definition, None)
    return store


async def bring(store: CatalogStore, text: str, **changes: Any) -> tuple[Loaded, list[str]]:
    mapping = ProductMapping.model_validate({**MAPPING, **changes})
    rows = classify(csv_table(text, "t.csv"), mapping)
    products = [group for group in products_of(rows) if all(row.outcome is None for row in group)]
    loaded = await load_products(store, products, mapping, lambda more: None, now=utc_now())
    return loaded, [row.outcome.value if row.outcome else "?" for row in rows]


def counts(loaded: Loaded) -> tuple[int, int, int, int]:
    return loaded.created, loaded.replaced, loaded.unchanged, loaded.refused


async def test_a_file_is_brought_in_and_again_changes_nothing(store: CatalogStore) -> None:
    first, outcomes = await bring(store, FILE)
    again, _ = await bring(store, FILE)

    assert outcomes == ["CREATED", "CREATED", "CREATED", "PRODUCT_REFUSED"]
    assert (counts(first), first.categories) == ((2, 0, 0, 1), 2)
    assert (counts(again), again.categories) == ((0, 0, 2, 1), 0)
    mug = (await store.product.by_slug(["mug"]))["mug"]
    assert (mug.version, mug.draft.names, mug.draft.tags) == (1, {"en": "Mug", "ja": "マグ"}, ("gift", "new"))
    assert [str(one.value) for one in mug.draft.attributes] == ["12.5", "{'ja': '手洗い'}"]
    assert [one.value for one in mug.draft.variants[0].attributes] == [("red",)]
    assert [(one.currency, one.gross_minor) for one in mug.draft.variants[0].prices] == [("EUR", 1_190), ("JPY", 1_650)]
    assert len(mug.draft.category_ids) == 2


async def test_what_the_file_does_not_name_stays_as_it_is(store: CatalogStore) -> None:
    await bring(store, FILE)
    mug = (await store.product.by_slug(["mug"]))["mug"]
    picture = Media(url="https://img.example/a.jpg", kind=MediaKind.IMAGE, mime_type="image/jpeg")
    rich = replace(mug.draft, media=(picture,), brand="Noren", offer=Offer(status=ProductStatus.DRAFT))
    await upsert_product(store, rich, ProductEdit(mug.id, 1), now=utc_now())

    other = FILE.replace("11.90,1650", "12.90,1650").replace("M2,", "M3,").replace("Blue", "Green")
    changed, _ = await bring(store, other)

    assert counts(changed) == (0, 1, 1, 1)
    kept = (await store.product.by_slug(["mug"]))["mug"]
    assert (kept.draft.media, kept.draft.brand, kept.draft.offer.status) == ((picture,), "Noren", ProductStatus.DRAFT)
    assert [variant.sku for variant in kept.draft.variants] == ["M1", "M2", "M3"]
    assert [variant.id for variant in kept.draft.variants][:2] == [variant.id for variant in mug.draft.variants]
    assert [one.gross_minor for one in kept.draft.variants[0].prices] == [1_290, 1_650]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".xlsx"])
async def test_what_is_exported_comes_in_again_and_changes_nothing(
    store: CatalogStore, tmp_path: Path, suffix: str
) -> None:
    await bring(store, FILE)
    await create_category(store, "empty", {"en": "Empty"}, now=utc_now())
    file = tmp_path / f"all{suffix}"

    assert await export_products(store, file) == 3

    mapping = load_product_mapping(str(tmp_path / "all.mapping.toml"))
    rows = classify(read_table(file, mapping.file), mapping)
    loaded = await load_products(store, products_of(rows), mapping, lambda more: None, now=utc_now())
    assert counts(loaded) == (0, 0, 2, 0)

    await store.product.products.delete_many({})
    fresh = classify(read_table(file, mapping.file), mapping)
    assert counts(await load_products(store, products_of(fresh), mapping, lambda more: None, now=utc_now()))[0] == 2


async def test_real_rows_are_accounted_for(store: CatalogStore, tmp_path: Path) -> None:
    mapping = load_product_mapping("openfoodfacts-jan")
    table = read_table(EXTRACTS / "openfoodfacts.sql", mapping.file)
    job = Job(EXTRACTS / "openfoodfacts.sql", mapping, tmp_path / "not-taken.csv")
    prepared = ProductImport(job, classify(table, mapping), table.rows, started=0.0)
    prepared.loaded = await load_products(store, prepared.products, mapping, lambda more: None, now=utc_now())

    account = prepared.conclude(Console(quiet=True))

    assert account.taken == prepared.loaded.created == table.rows - 11
    assert len((tmp_path / "not-taken.csv").read_text(encoding="utf-8").splitlines()) == 1 + 11
    found = await store.product.by_barcode(["4531915002255", "04531915002255"])
    assert [product.draft.names for product in found.values()] == [{"ja": "蒟蒻ゼリー グレープ"}] * 2
