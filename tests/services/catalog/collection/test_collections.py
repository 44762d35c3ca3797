"""Collections by hand and by rule, listed page by page, of what the caller is offered."""

from decimal import Decimal
from typing import Any

import pytest

from services.catalog.attribute.actions import upsert_attribute
from services.catalog.attribute.model import Attribute, AttributeDefinition, AttributeLevel, AttributeType
from services.catalog.category.actions import create_category
from services.catalog.collection.model import (
    MAX_MEMBERS,
    CollectionDraft,
    CollectionKind,
    Condition,
    ConditionKind,
    check_collection,
)
from services.catalog.model import PriceEntry
from services.catalog.offer.model import Offer, ProductStatus
from services.catalog.product.actions import upsert_product
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import COLORS, NOW, draft, variant

UPSERT = """mutation($input: CollectionUpsertInput!) { collectionUpsert(input: $input) {
  collection { id slug kind version } userErrors { code path } } }"""
LIST = """query($slug: String, $first: Int!, $after: String) { collection(slug: $slug) { name
  products(first: $first, after: $after) { nodes { slug } pageInfo { hasNextPage endCursor } totalCount } } }"""
NAMES = [{"locale": "en", "text": "Picks"}]


async def put(ask: Ask, **input: Any) -> Any:
    given = {"slug": "picks", "names": NAMES, **input}
    return (await ask(UPSERT, {"input": given}, scopes="catalog:write"))["data"]["collectionUpsert"]


async def listed(ask: Ask, size: int = 100, **who: Any) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        variables = {"slug": "picks", "first": size, "after": after}
        page = (await ask(LIST, variables, **who))["data"]["collection"]["products"]
        found += [node["slug"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("size", [1, 2, 100])
async def test_by_hand_the_order_is_the_hands_and_what_is_hidden_is_left_out(
    store: CatalogStore, ask: Ask, size: int
) -> None:
    ids = {}
    for slug in ("a", "b", "c", "d"):
        offer = Offer(status=ProductStatus.DRAFT if slug == "b" else ProductStatus.ACTIVE)
        ids[slug] = (await upsert_product(store, draft(slug, offer=offer), None, now=NOW)).id

    made = await put(ask, kind="MANUAL", productIds=[ids[slug] for slug in "dbca"])
    assert made["collection"]["version"] == 1

    assert await listed(ask, size) == ["d", "c", "a"]
    assert await listed(ask, size, scopes="catalog:read") == ["d", "b", "c", "a"]


async def test_a_rule_finds_what_fits_it(store: CatalogStore, ask: Ask) -> None:
    root = await create_category(store, "root", {"en": "Root"}, now=NOW)
    cups = await create_category(store, "cups", {"en": "Cups"}, root.id, now=NOW)
    for code, type, level in (
        ("height", AttributeType.NUMBER, AttributeLevel.PRODUCT),
        ("fit", AttributeType.TEXT, AttributeLevel.VARIANT),
    ):
        definition = AttributeDefinition(code=code, names={"en": code}, type=type, level=level)
        await upsert_attribute(store, definition, None)
    tall, wide = (Attribute("height", Decimal("12.5")),), (Attribute("fit", "wide"),)
    red = variant("RED", {"color": "Red"}, prices=(PriceEntry("EUR", 5_000),), attributes=wide)
    for made in (
        draft("mug", brand="Noren", category_ids=(cups.id,), tags=("gift",), attributes=tall),
        draft("shirt", options=(COLORS,), variants=(red,)),
        draft("old"),
    ):
        await upsert_product(store, made, None, now=NOW)
    await store.product.products.update_one({"slug": "old"}, {"$set": {"created_at": NOW.replace(year=2020)}})

    for conditions, found in (
        ([{"kind": "CATEGORY", "values": [root.id]}], ["mug"]),
        ([{"kind": "BRAND", "values": ["Noren", "Other"]}], ["mug"]),
        ([{"kind": "TAG", "values": ["gift"]}], ["mug"]),
        ([{"kind": "OPTION", "name": "color", "values": ["Red"]}], ["shirt"]),
        ([{"kind": "ATTRIBUTE", "name": "height", "min": "12"}], ["mug"]),
        ([{"kind": "ATTRIBUTE", "name": "height", "max": "12"}], []),
        ([{"kind": "ATTRIBUTE", "name": "fit", "values": ["wide"]}], ["shirt"]),
        ([{"kind": "PRICE", "name": "EUR", "min": "2000", "max": "5000"}], ["shirt"]),
        ([{"kind": "NEW_SINCE", "days": 30}], ["mug", "shirt"]),
        ([{"kind": "NEW_SINCE", "days": 30}, {"kind": "TAG", "values": ["gift"]}], ["mug"]),
    ):
        ids = (await store.collection.by_slug(["picks"])).get("picks")
        edit = {} if ids is None else {"id": ids.id, "expectedVersion": ids.version}
        done = await put(ask, kind="RULE", conditions=conditions, **edit)
        assert done["userErrors"] == [], conditions
        assert await listed(ask, 1) == found, conditions
    there = (await store.collection.by_slug(["picks"]))["picks"]
    either = [{"kind": "OPTION", "name": "color", "values": ["Red"]}, {"kind": "TAG", "values": ["gift"]}]
    await put(ask, kind="RULE", match="ANY", conditions=either, id=there.id, expectedVersion=there.version)
    assert await listed(ask) == ["mug", "shirt"]


def rule(**values: Any) -> CollectionDraft:
    return CollectionDraft(slug="x", names={"en": "x"}, kind=CollectionKind.RULE, conditions=(Condition(**values),))


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (CollectionDraft(slug="x", names={"en": "x"}, kind=CollectionKind.RULE), "conditions"),
        (CollectionDraft(slug="x", names={"en": "x"}, kind=CollectionKind.MANUAL, product_ids=("a", "a")),
         "productIds.1"),
        (CollectionDraft(slug="x", names={"en": "x"}, kind=CollectionKind.MANUAL,
                         product_ids=tuple(map(str, range(MAX_MEMBERS + 1)))), "productIds"),
        (rule(kind=ConditionKind.TAG), "conditions.0.values"),
        (rule(kind=ConditionKind.TAG, values=("a",), days=3), "conditions.0.days"),
        (rule(kind=ConditionKind.OPTION, values=("a",)), "conditions.0.name"),
        (rule(kind=ConditionKind.OPTION, name="a.$b", values=("a",)), "conditions.0.name"),
        (rule(kind=ConditionKind.PRICE, name="XXX", minimum=Decimal(1)), "conditions.0.name"),
        (rule(kind=ConditionKind.PRICE, name="EUR"), "conditions.0.min"),
        (rule(kind=ConditionKind.PRICE, name="EUR", minimum=Decimal(2), maximum=Decimal(1)), "conditions.0.max"),
        (rule(kind=ConditionKind.NEW_SINCE, days=0), "conditions.0.days"),
    ],
)  # fmt: skip
def test_a_collection_that_makes_no_sense_is_refused_at_its_place(wrong: CollectionDraft, path: str) -> None:
    assert [".".join(one.path) for one in check_collection(wrong)] == [f"input.{path}"]


async def test_what_a_collection_names_must_be_there(store: CatalogStore, ask: Ask) -> None:
    nowhere = [{"kind": "CATEGORY", "values": ["cat_none"]}, {"kind": "ATTRIBUTE", "name": "none", "values": ["x"]}]

    manual = await put(ask, kind="MANUAL", productIds=["prd_none"])
    rules = await put(ask, kind="RULE", conditions=nowhere)

    assert manual["userErrors"] == [{"code": "NOT_FOUND", "path": ["input", "productIds", "0"]}]
    assert [".".join(one["path"][1:]) for one in rules["userErrors"]] == ["conditions.0.values.0", "conditions.1.name"]
    first = await put(ask, kind="MANUAL")
    id = first["collection"]["id"]
    assert [one["code"] for one in (await put(ask, kind="MANUAL"))["userErrors"]] == ["TAKEN"]
    assert [one["code"] for one in (await put(ask, kind="MANUAL", id=id, expectedVersion=9))["userErrors"]] == [
        "VERSION_CONFLICT"
    ]
    assert [one["path"] for one in (await put(ask, kind="MANUAL", id=id))["userErrors"]] == [
        ["input", "expectedVersion"]
    ]
    assert "errors" in await ask(UPSERT, {"input": {"slug": "x", "names": NAMES, "kind": "MANUAL"}})
