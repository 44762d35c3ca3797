"""Catalog's subgraph as the gateway asks it."""

from typing import Any

import pytest

from services.catalog.category.actions import create_category
from services.catalog.model import ExternalRef, PriceEntry
from services.catalog.product.actions import import_products, upsert_product
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import GTINS, NOW, draft, shirt, variant

WRITE = "catalog:write"
PRICE = "price { gross { amount currency minorUnits } net { amount } taxRate channel }"
ENTITIES = """query($r: [_Any!]!) {
  _entities(representations: $r) {
    ... on Variant { sku name price { gross { minorUnits } } product { slug } }
    ... on Product { id slug categories { slug parent { slug } } }
  }
}"""


async def sell(store: CatalogStore) -> None:
    root = await create_category(store, "table", {"en": "Table", "ja": "食卓"}, now=NOW)
    cups = await create_category(store, "cups", {"en": "Cups"}, root.id, now=NOW)
    prices = (PriceEntry("EUR", 1_190), PriceEntry("JPY", 1_650, "tokyo"))
    mug = draft(
        names={"en": "Mug", "ja": "マグ"},
        category_ids=(cups.id,),
        variants=(variant("MUG", barcodes=(GTINS[3],), prices=prices),),
        external_ids=(ExternalRef("erp", "77"),),
    )
    await upsert_product(store, mug, None, now=NOW)
    await upsert_product(store, shirt(("Red", "S"), ("Blue", "M")), None, now=NOW)


async def test_a_product_is_found_by_slug_and_by_id_with_all_its_parts(store: CatalogStore, ask: Ask) -> None:
    await sell(store)
    query = """query($id: ID, $slug: String) { product(id: $id, slug: $slug) {
      id slug name ja: name(locale: "ja-JP") description brand version updatedAt externalIds { source value }
      categories { slug name(locale: "ja") path { slug name(locale: "ja") } } options { name values }
      variants { nodes { sku barcode } pageInfo { hasNextPage } totalCount }
    } }"""

    by_slug = (await ask(query, {"slug": "mug"}))["data"]["product"]
    by_id = (await ask(query, {"id": by_slug["id"]}))["data"]["product"]

    assert by_id == by_slug
    assert {key: by_slug[key] for key in ("name", "ja", "description", "version", "updatedAt")} == {
        "name": "Mug",
        "ja": "マグ",
        "description": None,
        "version": 1,
        "updatedAt": "2026-11-22T05:00:00.000Z",
    }
    assert by_slug["externalIds"] == [{"source": "erp", "value": "77"}]
    path = [{"slug": "table", "name": "食卓"}, {"slug": "cups", "name": "Cups"}]
    assert by_slug["categories"] == [{"slug": "cups", "name": "Cups", "path": path}]
    assert by_slug["variants"]["nodes"] == [{"sku": "MUG", "barcode": GTINS[3]}]
    assert by_slug["variants"]["totalCount"] == 1
    assert await ask(query, {"slug": "none"}) == {"data": {"product": None}}


@pytest.mark.parametrize(("arguments", "count"), [("", 0), ('(id: "a", slug: "b")', 2), ("(slug: null)", 0)])
async def test_a_product_is_asked_for_in_exactly_one_way(ask_in_vain: Ask, arguments: str, count: int) -> None:
    answer = await ask_in_vain(f"{{ product{arguments} {{ id }} }}")

    assert answer["errors"][0]["message"] == f"expected exactly one of the arguments id, slug, got {count}"
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_variant_is_found_by_sku_and_by_barcode(store: CatalogStore, ask: Ask) -> None:
    await sell(store)
    query = "query($sku: ID, $code: String) { variant(sku: $sku, barcode: $code) { sku options { name value } } }"

    assert (await ask(query, {"code": GTINS[3]}))["data"] == {"variant": {"sku": "MUG", "options": []}}
    assert (await ask(query, {"sku": "SHIRT-BLUE-M"}))["data"]["variant"]["options"] == [
        {"name": "color", "value": "Blue"},
        {"name": "size", "value": "M"},
    ]
    assert (await ask(query, {"code": GTINS[0]}))["data"] == {"variant": None}


async def test_a_variant_costs_what_its_channel_says(store: CatalogStore, ask: Ask) -> None:
    await sell(store)
    query = f'{{ variant(sku: "MUG") {{ {PRICE} euros: price(currency: "EUR") {{ gross {{ amount }} }} }} }}'

    web = (await ask(query))["data"]["variant"]
    tokyo = (await ask(query, channel="tokyo"))["data"]["variant"]

    assert web["price"] == {
        "gross": {"amount": "11.90", "currency": "EUR", "minorUnits": 1_190},
        "net": {"amount": "10.00"},
        "taxRate": "0.19",
        "channel": "web",
    }
    assert tokyo["price"]["gross"] == {"amount": "1650", "currency": "JPY", "minorUnits": 1_650}
    assert tokyo["euros"] == {"gross": {"amount": "11.90"}}
    unpriced = await ask(f'{{ variant(sku: "SHIRT-RED-S") {{ {PRICE} }} }}')
    assert unpriced == {"data": {"variant": {"price": None}}}


async def test_a_channel_nobody_made_has_no_prices_and_says_so(store: CatalogStore, ask: Ask) -> None:
    await sell(store)

    answer = await ask('{ variant(sku: "MUG") { sku price { channel } } }', channel="kiosk")

    assert answer["data"] == {"variant": {"sku": "MUG", "price": None}}
    assert answer["errors"][0]["message"] == "channel: 'kiosk' does not exist"
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_products_are_listed_filtered_and_paged(store: CatalogStore, ask: Ask) -> None:
    await sell(store)
    query = """query($after: String, $filter: ProductFilterInput, $sort: ProductSort! = NAME) {
      products(first: 1, after: $after, filter: $filter, sort: $sort) {
        nodes { slug } edges { cursor node { slug } } pageInfo { hasNextPage hasPreviousPage endCursor } totalCount
    } }"""

    first = (await ask(query))["data"]["products"]
    second = (await ask(query, {"after": first["pageInfo"]["endCursor"]}))["data"]["products"]

    assert ([first["nodes"], second["nodes"]]) == ([[{"slug": "mug"}], [{"slug": "shirt"}]])
    assert first["edges"] == [{"cursor": first["pageInfo"]["endCursor"], "node": {"slug": "mug"}}]
    assert [page["pageInfo"]["hasNextPage"] for page in (first, second)] == [True, False]
    assert [page["pageInfo"]["hasPreviousPage"] for page in (first, second)] == [False, True]
    assert first["totalCount"] == 2
    for narrow in ({"category": "table"}, {"options": [{"name": "color", "values": ["Red"]}]}):
        assert (await ask(query, {"filter": narrow}))["data"]["products"]["totalCount"] == 1
    wrong = await ask(query, {"filter": {"options": [{"name": "$where", "values": ["1"]}]}})
    assert wrong["errors"][0]["message"] == "filter.options: '$where' is not an option's name"


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("products(first: 0)", "first: expected 1 to 100, got 0"),
        ("products(first: 101)", "first: expected 1 to 100, got 101"),
        ('products(after: "x")', "after: expected a cursor this list gave"),
        ('categories(after: "WzFd")', "after: expected a cursor this list gave"),
    ],
)
async def test_a_page_that_cannot_be_is_told_why(ask_in_vain: Ask, field: str, message: str) -> None:
    answer = await ask_in_vain(f"{{ {field} {{ nodes {{ id }} }} }}")

    assert answer["errors"][0]["message"] == message
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_variants_of_a_product_are_paged_and_refuse_another_lists_cursor(store: CatalogStore, ask: Ask) -> None:
    await sell(store)
    query = """query($after: String) { product(slug: "shirt") {
      variants(first: 1, after: $after) { nodes { sku } pageInfo { endCursor hasNextPage } }
    } }"""
    first = (await ask(query))["data"]["product"]["variants"]
    second = (await ask(query, {"after": first["pageInfo"]["endCursor"]}))["data"]["product"]["variants"]
    products = await ask("{ products(first: 1) { pageInfo { endCursor } } }")

    other = await ask(query, {"after": products["data"]["products"]["pageInfo"]["endCursor"]})

    assert [page["nodes"] for page in (first, second)] == [[{"sku": "SHIRT-RED-S"}], [{"sku": "SHIRT-BLUE-M"}]]
    assert other["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_categories_are_found_and_listed(store: CatalogStore, ask: Ask) -> None:
    await sell(store)

    answer = await ask(
        '{ categories { nodes { slug parent { slug } } totalCount } category(slug: "cups") { version } }'
    )

    assert answer["data"]["categories"]["nodes"] == [
        {"slug": "table", "parent": None},
        {"slug": "cups", "parent": {"slug": "table"}},
    ]
    assert answer["data"]["category"] == {"version": 1}


MUTATIONS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "productUpsert",
        "ProductUpsertInput",
        {"slug": "bowl", "names": [{"locale": "en", "text": "Bowl"}], "variants": [{"sku": "BOWL"}]},
    ),
    (
        "variantPriceSet",
        "VariantPriceSetInput",
        {"sku": "MUG", "amount": "9.99", "currency": "EUR", "expectedVersion": 1},
    ),
    ("categoryUpsert", "CategoryUpsertInput", {"slug": "bowls", "names": [{"locale": "en", "text": "Bowls"}]}),
    ("channelUpsert", "ChannelUpsertInput", {"id": "app", "name": "App", "currency": "EUR", "taxRate": "0.19"}),
]


def mutation(name: str, input_type: str) -> str:
    return f"mutation($input: {input_type}!) {{ {name}(input: $input) {{ userErrors {{ code message path }} }} }}"


@pytest.mark.parametrize(("name", "input_type", "input"), MUTATIONS)
async def test_who_may_not_write_changes_nothing(
    store: CatalogStore, ask: Ask, name: str, input_type: str, input: dict[str, Any]
) -> None:
    await sell(store)
    before = await everything(store)

    answer = await ask(mutation(name, input_type), {"input": input}, scopes="stock:write")

    assert answer["data"] is None
    assert answer["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    assert await everything(store) == before
    done = await ask(mutation(name, input_type), {"input": input}, scopes=WRITE)
    assert done == {"data": {name: {"userErrors": []}}}
    assert await everything(store) != before


async def everything(store: CatalogStore) -> list[Any]:
    return [
        await c.find().sort("_id").to_list()
        for c in (store.db["products"], store.db["categories"], store.db["channels"])
    ]


REFUSED: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("productUpsert", {"slug": "mug"}, "TAKEN", ["input", "slug"]),
    ("productUpsert", {"variants": [{"sku": "MUG"}]}, "TAKEN", ["input", "variants", "0", "sku"]),
    ("productUpsert", {"names": []}, "INVALID_INPUT", ["input", "names"]),
    ("productUpsert", {"id": "prd_1"}, "INVALID_INPUT", ["input", "expectedVersion"]),
    ("productUpsert", {"id": "prd_1", "expectedVersion": 1}, "NOT_FOUND", ["input", "id"]),
    (
        "productUpsert",
        {"variants": [{"sku": "B", "prices": [{"amount": "1.001", "currency": "EUR"}]}]},
        "INVALID_INPUT",
        ["input", "variants", "0", "prices", "0", "amount"],
    ),
    ("variantPriceSet", {"amount": "9.999"}, "INVALID_INPUT", ["input", "amount"]),
    ("variantPriceSet", {"amount": "1.5", "currency": "JPY"}, "INVALID_INPUT", ["input", "amount"]),
    ("variantPriceSet", {"amount": "-1"}, "INVALID_INPUT", ["input", "amount"]),
    ("variantPriceSet", {"amount": "9" * 18}, "INVALID_INPUT", ["input", "amount"]),
    ("variantPriceSet", {"expectedVersion": 9}, "VERSION_CONFLICT", ["input", "expectedVersion"]),
    ("variantPriceSet", {"sku": "NONE"}, "NOT_FOUND", ["input", "sku"]),
    ("categoryUpsert", {"slug": None}, "INVALID_INPUT", ["input", "slug"]),
    ("categoryUpsert", {"slug": "cups"}, "TAKEN", ["input", "slug"]),
    ("categoryUpsert", {"id": "cat_1"}, "INVALID_INPUT", ["input", "expectedVersion"]),
    ("channelUpsert", {"taxRate": "0.12345"}, "INVALID_INPUT", ["input", "taxRate"]),
    ("channelUpsert", {"taxRate": "1.5"}, "INVALID_INPUT", ["input", "taxRate"]),
]


async def test_what_is_refused_says_its_code_and_place_and_changes_nothing(store: CatalogStore, ask: Ask) -> None:
    await sell(store)
    before = await everything(store)
    inputs = {name: (input_type, input) for name, input_type, input in MUTATIONS}

    for name, change, code, path in REFUSED:
        input_type, input = inputs[name]
        answer = await ask(mutation(name, input_type), {"input": {**input, **change}}, scopes=WRITE)

        assert "errors" not in answer, (name, change)
        (refusal,) = answer["data"][name]["userErrors"]
        assert (refusal["code"], refusal["path"]) == (code, path), (name, change)

    assert await everything(store) == before


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            {"variants": [{"sku": 5, "prices": [{"amount": "much", "currency": "EUR"}]}]},
            ".variants[0].prices[0].amount",
        ),
        ({"variants": [{}]}, ".variants[0]"),
        ({"names": "Bowl"}, ".names"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_malformed_variables_name_the_field(ask_in_vain: Ask, change: dict[str, Any], named: str) -> None:
    name, input_type, input = MUTATIONS[0]

    answer = await ask_in_vain(mutation(name, input_type), {"input": {**input, **change}}, scopes=WRITE)

    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert "$input" in answer["errors"][0]["message"]
    assert named in answer["errors"][0]["message"]


@pytest.fixture
def asked_of_mongo(store: CatalogStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The collections that are searched, one entry a query."""
    searched: list[str] = []
    for collection in (store.product.products, store.category.categories, store.channel.channels):

        def find(*arguments: Any, real: Any = collection.find, name: str = collection.name, **options: Any) -> Any:
            searched.append(name)
            return real(*arguments, **options)

        monkeypatch.setattr(collection, "find", find)
    return searched


async def test_a_hundred_variants_are_one_query(store: CatalogStore, ask: Ask, asked_of_mongo: list[str]) -> None:
    await import_products(store, [draft(f"p{number:03}") for number in range(100)], now=NOW)
    skus = [*(f"P{number:03}" for number in range(100)), "NONE"]
    asked_of_mongo.clear()

    answer = await ask(ENTITIES, {"r": [{"__typename": "Variant", "sku": sku} for sku in skus]})

    assert "errors" not in answer
    *found, missing = answer["data"]["_entities"]
    assert [entity["sku"] for entity in found] == skus[:-1]
    assert found[7] == {
        "sku": "P007",
        "name": "P007",
        "price": {"gross": {"minorUnits": 1_190}},
        "product": {"slug": "p007"},
    }
    assert missing is None
    assert sorted(asked_of_mongo) == ["channels", "products"]


async def test_products_and_variants_of_one_call_are_a_query_a_type(
    store: CatalogStore, ask: Ask, asked_of_mongo: list[str]
) -> None:
    await sell(store)
    ids = [product.id for product in (await store.product.by_slug(["mug", "shirt"])).values()]
    asked_of_mongo.clear()

    answer = await ask(
        ENTITIES,
        {"r": [{"__typename": "Product", "id": id} for id in ids] + [{"__typename": "Variant", "sku": "MUG"}]},
    )

    assert {entity.get("slug") for entity in answer["data"]["_entities"]} == {"mug", "shirt", None}
    assert asked_of_mongo.count("products") == 2
    assert asked_of_mongo.count("categories") == 2  # the categories, then what is above them
