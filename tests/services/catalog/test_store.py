"""Listings in order, a page at a time, and one event a version."""

import pytest

from kit.events import EventLog
from kit.events.log import Position
from kit.mongo import missing_indexes
from kit.pages import PageArgs, Sort
from services.catalog.category.actions import create_category
from services.catalog.events import drainers
from services.catalog.product.actions import ProductEdit, import_products, upsert_product
from services.catalog.product.documents import PRODUCT_CHANGED, Write
from services.catalog.product.store import BY_NAME, BY_UPDATE, ProductFilter
from services.catalog.store import INDEXES, CatalogStore
from tests.services.catalog.shop import NOW, draft, shirt


async def slugs(store: CatalogStore, narrow: ProductFilter, sort: Sort = BY_NAME, size: int = 100) -> list[str]:
    """The whole listing, page by page."""
    found: list[str] = []
    after: str | None = None
    while True:
        page = await store.product.page(narrow, sort, PageArgs.parse(size, after))
        found += [product.draft.slug for product in page.nodes]
        if not page.has_next:
            return found
        after = page.cursors[-1]


async def test_every_index_is_there(store: CatalogStore) -> None:
    assert await missing_indexes(store.db, INDEXES) == []


@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_products_are_listed_by_name_whatever_the_page(store: CatalogStore, size: int) -> None:
    names = {"a": "Zebra", "b": "apple", "c": "Äpfel", "d": "Apple", "e": "mug"}
    await import_products(store, [draft(slug, names={"en": name}) for slug, name in names.items()], now=NOW)

    listed = await slugs(store, ProductFilter(), size=size)

    assert sorted(listed[:2]) == ["b", "d"]  # the same name but for its case
    assert listed[2:] == ["e", "a", "c"]


async def test_products_are_listed_by_their_last_edit(store: CatalogStore) -> None:
    made = {}
    for day, slug in enumerate(("old", "middle", "new"), 1):
        made[slug] = await upsert_product(store, draft(slug), None, now=NOW.replace(day=day))
    await upsert_product(store, draft("old"), ProductEdit(made["old"].id, 1), now=NOW.replace(day=9))

    assert await slugs(store, ProductFilter(), BY_UPDATE, size=1) == ["old", "new", "middle"]


async def test_a_listing_is_narrowed_by_category_and_all_below_it(store: CatalogStore) -> None:
    bikes = await create_category(store, "bikes", {"en": "Bikes"}, now=NOW)
    road = await create_category(store, "road", {"en": "Road"}, bikes.id, now=NOW)
    await upsert_product(store, draft("tandem", category_ids=(bikes.id,)), None, now=NOW)
    await upsert_product(store, draft("racer", category_ids=(road.id,)), None, now=NOW)
    await upsert_product(store, draft("mug"), None, now=NOW)

    assert await slugs(store, ProductFilter(category_ids=[bikes.id])) == ["racer", "tandem"]
    assert await slugs(store, ProductFilter(category_ids=[road.id])) == ["racer"]
    assert await slugs(store, ProductFilter(category_ids=[])) == []


async def test_a_listing_is_narrowed_by_brand_and_by_options_of_one_variant(store: CatalogStore) -> None:
    await upsert_product(store, shirt(("Red", "S"), ("Blue", "M"), slug="both"), None, now=NOW)
    await upsert_product(store, shirt(("Red", "M"), slug="red-m"), None, now=NOW)
    await upsert_product(store, draft("mug", brand="Noren"), None, now=NOW)

    async def chosen(**options: list[str]) -> list[str]:
        return await slugs(store, ProductFilter(options=options))

    assert await chosen(color=["Red"]) == ["both", "red-m"]
    assert await chosen(color=["Red"], size=["M"]) == ["red-m"]
    assert await chosen(color=["Red", "Blue"], size=["M"]) == ["both", "red-m"]
    assert await chosen(color=["Green"]) == []
    assert await slugs(store, ProductFilter(brand="Noren")) == ["mug"]
    assert await slugs(store, ProductFilter(brand="Noren", options={"color": ["Red"]})) == []


async def test_categories_are_listed_as_a_tree(store: CatalogStore) -> None:
    ids = {}
    tree = [("b", None), ("a", None), ("a-b", None), ("a-z", "a"), ("c", "a"), ("b-2", "b"), ("deep", "c")]
    for slug, parent in tree:
        ids[slug] = (await create_category(store, slug, {"en": slug}, ids.get(parent or ""), now=NOW)).id

    listed: list[str] = []
    after: str | None = None
    while True:
        page = await store.category.page(PageArgs.parse(2, after))
        listed += [category.slug for category in page.nodes]
        if not page.has_next:
            break
        after = page.cursors[-1]

    assert listed == ["a", "a-z", "c", "deep", "a-b", "b", "b-2"]


async def test_every_version_of_a_product_is_told_once(store: CatalogStore, event_log: EventLog) -> None:
    drainer = drainers(store, event_log)[0]
    made = await upsert_product(store, draft(), None, now=NOW)
    for version in range(1, 12):
        await upsert_product(store, draft(), ProductEdit(made.id, version), now=NOW)
    await import_products(store, [draft("cup"), draft()], now=NOW)

    assert await drainer.drain() == 13
    assert await drainer.drain() == 0

    told = [event async for event, _ in event_log.backlog([PRODUCT_CHANGED], Position())]
    assert [event.data["version"] for event in told if event.subject == made.id] == list(range(1, 13))
    assert {event.source for event in told} == {"/noren/catalog"}
    assert len({event.id for event in told}) == 13
    assert await store.journal.count_documents({}) == 13


async def test_an_edit_that_is_refused_tells_nothing(store: CatalogStore) -> None:
    made = await upsert_product(store, draft(), None, now=NOW)
    assert await store.product.replace(Write(id=made.id, draft=draft("cup"), path=[], now=NOW, version=8)) is None

    document = await store.db["products"].find_one({"_id": made.id})
    assert document is not None
    assert [entry["id"] for entry in document["outbox"]] == [f"{made.id}:v1"]
    told = document["outbox"][0]["data"]
    assert (told["skus"], told["categoryIds"]) == ([one.sku for one in made.draft.variants], document["category_path"])
