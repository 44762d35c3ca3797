"""Promotions that name collections: by hand, by rule, as what is meant and as what is not."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from kit.pages import PageArgs
from services.catalog.attribute.actions import upsert_attribute
from services.catalog.attribute.model import Attribute, AttributeDefinition, AttributeLevel, AttributeType
from services.catalog.collection.actions import upsert_collection
from services.catalog.collection.membership import Collections
from services.catalog.collection.model import CollectionDraft, CollectionKind, Condition, ConditionKind, Match
from services.catalog.model import PriceEntry
from services.catalog.offer.model import Viewer
from services.catalog.product.actions import upsert_product
from services.catalog.quote.actions import load_items
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.quote.test_quote_graph import OFFER, WRITE, offered, percent, quoted
from tests.services.catalog.shop import COLORS, NOW, draft, variant

EVERYBODY = Viewer("web", None, None, NOW, sees_all=True)
RULES = {
    "brand": Condition(kind=ConditionKind.BRAND, values=("Kaede",)),
    "tag": Condition(kind=ConditionKind.TAG, values=("sale", "new")),
    "option": Condition(kind=ConditionKind.OPTION, name="color", values=("Red",)),
    "price": Condition(kind=ConditionKind.PRICE, name="EUR", minimum=Decimal(1_000), maximum=Decimal(2_000)),
    "number": Condition(kind=ConditionKind.ATTRIBUTE, name="weight", minimum=Decimal("1.5")),
    "word": Condition(kind=ConditionKind.ATTRIBUTE, name="care", values=("wash",)),
    "recent": Condition(kind=ConditionKind.NEW_SINCE, days=3),
}


async def keep(store: CatalogStore, slug: str, *conditions: Condition, match: Match = Match.ALL) -> str:
    given = CollectionDraft(
        slug=slug, names={"en": slug}, kind=CollectionKind.RULE, match=match, conditions=tuple(conditions)
    )
    return (await upsert_collection(store, given, None, 0, now=NOW)).id


async def by_hand(store: CatalogStore, *slugs: str) -> str:
    ids = tuple(one.id for one in (await store.product.by_slug(slugs)).values())
    given = CollectionDraft(slug="hand", names={"en": "Hand"}, kind=CollectionKind.MANUAL, product_ids=ids)
    return (await upsert_collection(store, given, None, 0, now=NOW)).id


async def furnish(store: CatalogStore) -> None:
    for code, type, level in (
        ("weight", AttributeType.NUMBER, AttributeLevel.PRODUCT),
        ("care", AttributeType.TEXT, AttributeLevel.VARIANT),
    ):
        await upsert_attribute(store, AttributeDefinition(code=code, names={"en": code}, type=type, level=level), None)
    red = variant("A", {"color": "Red"}, prices=(PriceEntry("EUR", 1_000), PriceEntry("JPY", 9)))
    blue = variant("B", {"color": "Blue"}, prices=(PriceEntry("EUR", 2_500),), attributes=(Attribute("care", "wash"),))
    heavy = (Attribute("weight", Decimal(2)),)
    made = [
        (draft("a", brand="Kaede", options=(COLORS,), variants=(red,), tags=("new",)), 0),
        (draft("b", options=(COLORS,), variants=(blue,), attributes=heavy), 3),
        (draft("c", brand="Ostra", tags=("old",), attributes=(Attribute("weight", Decimal(1)),)), 4),
    ]
    for one, days in made:
        await upsert_product(store, one, None, now=NOW - timedelta(days=days))


async def test_who_is_in_a_rules_collection_is_decided_in_memory_as_mongodb_decides(store: CatalogStore) -> None:
    await furnish(store)
    for name, condition in RULES.items():
        await keep(store, name, condition)
    await keep(store, "all", RULES["brand"], RULES["recent"])
    await keep(store, "any", RULES["number"], RULES["recent"], match=Match.ANY)
    items = await load_items(store, ["A", "B", "C"])

    for collection in (await store.collection.page(PageArgs(100))).nodes:
        page = await store.collection.found_by_rule(collection.draft, EVERYBODY, PageArgs(100), frozenset())
        one = Collections.of([collection])
        inside = {item.product_id for item in items.values() if one.of_product(item.product_id, item.traits, NOW)}
        assert inside == {row.id for row in page.nodes}, collection.draft.slug
        assert 0 < len(inside) < 3, f"{collection.draft.slug} tells products apart"


async def test_a_promotion_takes_what_is_in_its_collections_and_leaves_what_is_excluded(
    store: CatalogStore, ask: Ask
) -> None:
    await furnish(store)
    hand, recent = await by_hand(store, "b", "c"), await keep(store, "recent", RULES["recent"])
    lines = [("A", 1), ("B", 1), ("C", 1)]

    async def taken(**more: Any) -> list[str]:
        lined = (await quoted(ask, *lines, scopes="quotes:write", **more))["quote"]["lines"]
        return [line["sku"] for line in lined if line["discounts"]]

    made = await offered(ask, percent(conditions={"collectionIds": [hand]}))
    assert await taken() == ["B", "C"]
    both = {"id": made["id"], "expectedVersion": 1, "conditions": {"collectionIds": [hand, recent]}}
    await offered(ask, percent(**both))
    assert await taken() == ["A", "B", "C"]
    less = {"collectionIds": [hand, recent], "excludedCollectionIds": [recent]}
    await offered(ask, percent(id=made["id"], expectedVersion=2, conditions=less))
    assert await taken() == ["C"]
    later = (NOW + timedelta(seconds=1)).isoformat()
    assert await taken(at=later) == ["B", "C"], "at the second in which B is new no more"
    everything = {"excludedCollectionIds": [hand]}
    await offered(ask, percent(id=made["id"], expectedVersion=3, conditions=everything))
    assert await taken() == ["A"]

    kept = (await store.collection.by_id([hand]))[hand]
    empty = CollectionDraft(slug="hand", names={"en": "Hand"}, kind=CollectionKind.MANUAL)
    await upsert_collection(store, empty, hand, kept.version, now=NOW)
    assert await taken() == ["A", "B", "C"], "an edited collection counts for the next quote"


@pytest.mark.parametrize("name", ["collectionIds", "excludedCollectionIds"])
async def test_a_collection_nobody_made_is_refused_by_name(store: CatalogStore, ask: Ask, name: str) -> None:
    answer = await ask(OFFER, percent(conditions={name: ["col_none"]}), scopes=WRITE)

    (error,) = answer["data"]["promotionUpsert"]["userErrors"]
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "conditions", name])


async def test_a_promotion_for_what_it_excludes_never_applies(store: CatalogStore, ask: Ask) -> None:
    await furnish(store)
    hand = await by_hand(store, "a")

    answer = await ask(
        OFFER, percent(conditions={"collectionIds": [hand], "excludedCollectionIds": [hand]}), scopes=WRITE
    )

    (error,) = answer["data"]["promotionUpsert"]["userErrors"]
    assert error["code"] == "NEVER_APPLIES"
