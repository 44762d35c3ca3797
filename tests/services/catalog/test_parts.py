"""MongoDB sends of products what the client asked for, and no more."""

from collections.abc import Iterator
from typing import Any

import pytest

from kit.mongo import Document
from services.catalog.model import PriceEntry
from services.catalog.product.actions import upsert_product
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import NOW, draft, shirt, variant

EVERYTHING = """{ products { nodes {
  id slug name description brand version updatedAt externalIds { source } options { name values } categories { slug }
  variants { nodes { sku name barcode options { name } price { gross { amount } } product { name } } }
} } }"""
ENTITIES = """query($r: [_Any!]!) { _entities(representations: $r) {
  ... on Variant { sku price { gross { amount } } } ... on Product { brand }
} }"""


@pytest.fixture
async def sent(store: CatalogStore) -> CatalogStore:
    prices = (PriceEntry("EUR", 1_190),)
    mug = draft(names={"en": "Mug"}, brand="Cups & Co", variants=(variant("MUG", prices=prices),))
    await upsert_product(store, mug, None, now=NOW)
    await store.db.command("profile", 2)
    return store


async def projections(store: CatalogStore) -> list[Document]:
    """Of every read of products so far."""
    await store.db.command("profile", 0)
    seen = store.db["system.profile"].find({"op": "query", "ns": {"$regex": r"\.products$"}}).sort("ts", 1)
    return [
        set(names_of(entry["command"].get("projection", {}))) - {"slug", "version", "updated_at", "offer"}
        async for entry in seen
    ]  # type: ignore[misc]


def names_of(projection: Document) -> Iterator[str]:
    """The fields that are read, those of the first variants as if of all."""
    for name, value in projection.items():
        yield from [f"variants.{part}" for part in value["$map"]["in"]] if name == "variants" else [name]


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("{ products { nodes { id slug version } } }", set()),
        ("{ products { edges { node { name } } } }", {"names"}),
        ("{ products { nodes { brand ...V } } } fragment V on Product { variants { nodes { sku } } }",
         {"brand", "variants.sku"}),
        ("{ products { nodes { variants { nodes { price { channel } name } } } } }",
         {"variants.sku", "variants.names", "names", "variants.prices", "category_path"}),
        ('{ products { nodes { brand @skip(if: true) description } } }', {"descriptions"}),
    ],
)  # fmt: skip
async def test_a_listing_reads_what_is_wanted_and_what_it_is_sorted_by(
    sent: CatalogStore, ask: Ask, query: str, parts: set[str]
) -> None:
    assert "errors" not in await ask(query)

    read = await projections(sent)

    assert read[0] == parts | {"sort_name", "_id"}


async def test_entities_of_two_types_read_what_is_wanted_of_each(sent: CatalogStore, ask: Ask) -> None:
    id = (await ask('{ product(slug: "mug") { id } }'))["data"]["product"]["id"]
    given = [{"__typename": "Variant", "sku": "MUG"}, {"__typename": "Product", "id": id}]

    answer = await ask(ENTITIES, {"r": given})

    assert answer["data"]["_entities"] == [
        {"sku": "MUG", "price": {"gross": {"amount": "11.90"}}},
        {"brand": "Cups & Co"},
    ]
    read = await projections(sent)
    assert read[0] == set()
    assert {"variants.sku", "variants.prices", "category_path"} in read, "what a quote is made of comes with it"
    assert len(read) == 3
    assert {"brand"} in read


async def test_a_projected_product_shows_what_the_whole_one_shows(store: CatalogStore, ask: Ask) -> None:
    await upsert_product(store, draft(names={"en": "Mug"}, variants=(variant("MUG"),)), None, now=NOW)
    whole: Any = (await ask(EVERYTHING))["data"]["products"]["nodes"][0]

    for field in ("name", "description", "brand", "variants { nodes { name options { name } product { name } } }"):
        part: Any = (await ask(f"{{ products {{ nodes {{ {field} }} }} }}"))["data"]["products"]["nodes"][0]
        for key, value in part.items():
            if key != "variants":
                assert value == whole[key]
        for one, other in zip(part.get("variants", {}).get("nodes", []), whole["variants"]["nodes"], strict=False):
            assert one.items() <= other.items()


ROW = "sku price { gross { minorUnits } }"


@pytest.mark.parametrize(
    "field",
    [
        f"variants(first: 1) {{ nodes {{ {ROW} }} pageInfo {{ hasNextPage }} }}",
        f"variants(first: 2) {{ edges {{ cursor node {{ {ROW} }} }} pageInfo {{ hasNextPage }} }}",
        f"variants(first: 1) {{ nodes {{ {ROW} }} totalCount }}",
        f"variants(first: 1) {{ nodes {{ sku product {{ variants {{ nodes {{ {ROW} }} }} }} }} }}",
        f"a: variants(first: 1) {{ nodes {{ sku }} }} b: variants(first: 3) {{ nodes {{ {ROW} }} }}",
    ],
)
async def test_who_shows_the_first_variants_is_shown_what_is_true_of_all(
    store: CatalogStore, ask: Ask, field: str
) -> None:
    chosen = [("Red", "S"), ("Red", "M"), ("Blue", "S"), ("Blue", "M")]
    await upsert_product(store, shirt(*chosen), None, now=NOW)

    listed = (await ask(f"{{ products {{ nodes {{ {field} }} }} }}"))["data"]["products"]["nodes"][0]
    bound = "query($n: Int!) {{ products {{ nodes {{ {} }} }} }}".format(
        field.replace("first: 1", "first: $n").replace("first: 2", "first: $n").replace("first: 3", "first: $n")
    )
    n = 1 if "first: 1" in field else 2
    if "b:" not in field:
        assert listed == (await ask(bound, {"n": n}))["data"]["products"]["nodes"][0], "a variable reads them all"
    assert "null" not in str(listed)


async def test_the_first_variant_is_read_without_the_others(sent: CatalogStore, ask: Ask) -> None:
    assert "errors" not in await ask("{ products { nodes { variants(first: 1) { nodes { sku } } } } }")

    await sent.db.command("profile", 0)
    read = await sent.db["system.profile"].find_one({"op": "query", "ns": {"$regex": r"\.products$"}})
    assert read is not None
    assert read["command"]["projection"]["variants"]["$map"]["input"] == {"$slice": ["$variants", 2]}
