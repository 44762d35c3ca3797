"""What changes in the catalog's tree, collections and designs is told, once a version."""

from kit.events import EventLog
from services.catalog.category.actions import archive_category, create_category, move_category, rename_category
from services.catalog.collection.actions import upsert_collection
from services.catalog.collection.model import CollectionDraft, CollectionKind
from services.catalog.design.actions import DesignRequest, save_design, set_customization
from services.catalog.design.model import Choice, Customization, Group, GroupKind, Selection
from services.catalog.events import drainers
from services.catalog.model import ChannelKind
from services.catalog.offer.model import Viewer
from services.catalog.product.actions import upsert_product
from services.catalog.store import CatalogStore
from tests.services.catalog.shop import NOW, draft

VIEWER = Viewer("web", ChannelKind.ONLINE, None, NOW)


async def told(store: CatalogStore, log: EventLog) -> list[tuple[str, dict[str, object]]]:
    """Names and data of all events, in the journal's order of their times and ids."""
    for drainer in drainers(store, log):
        await drainer.drain()
    rows = await store.journal.find().sort("_id", 1).to_list()
    return [(row["type"].removeprefix("noren.catalog.").removesuffix("_changed.v1"), row["data"]) for row in rows]


async def test_every_version_of_a_category_is_told(store: CatalogStore, event_log: EventLog) -> None:
    tops = await create_category(store, "tops", {"en": "Tops"}, now=NOW)
    shirts = await create_category(store, "shirts", {"en": "Shirts"}, now=NOW)
    await rename_category(store, shirts.id, {"ja": "シャツ"}, 1, now=NOW)
    await move_category(store, shirts.id, tops.id, 0, 2, now=NOW)
    await archive_category(store, tops.id, True, 1, now=NOW)

    of_shirts = [data for name, data in await told(store, event_log) if data.get("categoryId") == shirts.id]
    of_tops = [data for name, data in await told(store, event_log) if data.get("categoryId") == tops.id]

    assert [(data["version"], data["names"]) for data in of_shirts] == [
        (1, {"en": "Shirts"}),
        (2, {"ja": "シャツ"}),
        (3, {"ja": "シャツ"}),
    ]
    assert of_shirts[-1]["path"] == [tops.id, shirts.id]
    assert of_shirts[-1]["parentId"] == tops.id
    assert [(data["version"], data["isHidden"]) for data in of_tops] == [(1, False), (2, True)]
    assert await store.category.categories.count_documents({"outbox.0": {"$exists": True}}) == 0


async def test_collections_customizations_and_designs_are_told(store: CatalogStore, event_log: EventLog) -> None:
    mug = await upsert_product(store, draft(), None, now=NOW)
    rows = CollectionDraft(slug="gifts", names={"en": "Gifts"}, descriptions={}, kind=CollectionKind.MANUAL)
    gifts = await upsert_collection(store, rows, None, 0, now=NOW)
    await upsert_collection(store, rows, gifts.id, 1, now=NOW)
    color = Group(
        code="color", names={"en": "Color"}, kind=GroupKind.CHOICE, choices=(Choice("red", {"en": "Red"}, {}),)
    )
    await set_customization(store, Customization(mug.id, 1, (color,)), 0, now=NOW)
    request = DesignRequest("MUG", 1, (Selection("color", ("red",)),))
    design = await save_design(store, request, "key-of-the-design", VIEWER, now=NOW)
    await save_design(store, request, "key-of-the-design", VIEWER, now=NOW)

    events = [(name, data) for name, data in await told(store, event_log) if name != "product"]

    collection = {"collectionId": gifts.id, "slug": "gifts", "names": {"en": "Gifts"}, "kind": "MANUAL"}
    assert sorted(events, key=str) == sorted(
        [
            ("collection", {**collection, "version": 1}),
            ("collection", {**collection, "version": 2}),
            ("customization", {"productId": mug.id, "version": 1}),
            ("design_saved.v1", {"designId": design.id, "productId": mug.id, "sku": "MUG", "version": 1}),
        ],
        key=lambda one: str(one),
    )
