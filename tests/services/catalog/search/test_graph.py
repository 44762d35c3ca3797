"""Search in the graph: pages, counts and refusals."""

from dataclasses import replace
from typing import Any

import pytest

from services.catalog.category.actions import create_category
from services.catalog.model import PriceEntry
from services.catalog.product.actions import import_products
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask, Index
from tests.services.catalog.shop import NOW, WEB, draft, shirt, variant

SEARCH = """query($query: String = "", $filter: ProductSearchFilterInput, $sort: ProductSearchSort = RELEVANCE,
                  $first: Int = 20, $after: String, $facets: [FacetInput!]) {
  productSearch(query: $query, filter: $filter, sort: $sort, first: $first, after: $after, facets: $facets) {
    nodes { slug variants { nodes { sku price { gross { amount } } } } }
    edges { cursor node { slug } }
    pageInfo { hasNextPage hasPreviousPage endCursor } totalCount mode didYouMean
    prices { min { amount currency } max { amount } }
    facets { kind name values { value label(locale: "ja") count selected } }
  }
}"""


@pytest.fixture
async def shop(store: CatalogStore, index: Index) -> None:
    tops = await create_category(store, "tops", {"ja": "トップス", "en": "Tops"}, now=NOW)
    priced = [
        draft(
            f"cup-{n}", names={"en": f"Cup {n}"}, variants=(variant(f"CUP{n}", prices=(PriceEntry("EUR", n * 100),)),)
        )
        for n in range(1, 6)
    ]
    await import_products(
        store,
        [*priced, shirt(("Red", "S"), ("Blue", "M")), draft("tee", category_ids=(tops.id,), brand="Noren")],
        now=NOW,
    )
    await index()


async def search(ask: Ask, **variables: Any) -> dict[str, Any]:
    answer = await ask(SEARCH, variables)
    assert "errors" not in answer, answer["errors"]
    found: dict[str, Any] = answer["data"]["productSearch"]
    return found


@pytest.mark.usefixtures("shop")
async def test_pages_prices_and_facets(ask: Ask) -> None:
    first = await search(ask, query="cup", sort="PRICE_HIGH", first=2, facets=[{"kind": "BRAND"}])

    assert [node["slug"] for node in first["nodes"]] == ["cup-5", "cup-4"]
    assert [edge["node"]["slug"] for edge in first["edges"]] == ["cup-5", "cup-4"]
    assert first["totalCount"] == 5
    assert first["prices"] == {"min": {"amount": "1.00", "currency": "EUR"}, "max": {"amount": "5.00"}}
    assert first["pageInfo"]["hasNextPage"]
    rest = await search(ask, query="cup", sort="PRICE_HIGH", after=first["pageInfo"]["endCursor"])
    assert [node["slug"] for node in rest["nodes"]] == ["cup-3", "cup-2", "cup-1"]
    assert rest["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": True, "endCursor": rest["edges"][-1]["cursor"]}

    dear = await search(ask, query="cup", filter={"price": {"from": "2", "to": "3.00"}}, sort="PRICE_LOW")
    assert [node["slug"] for node in dear["nodes"]] == ["cup-2", "cup-3"]
    assert dear["prices"]["max"]["amount"] == "5.00"

    facets = [{"kind": "CATEGORY"}, {"kind": "OPTION", "name": "color"}, {"kind": "IN_STOCK"}]
    counted = (await search(ask, facets=facets, filter={"options": [{"name": "color", "values": ["Red"]}]}))["facets"]
    assert counted == [
        {"kind": "CATEGORY", "name": "", "values": []},
        {"kind": "OPTION", "name": "color", "values": [
            {"value": "Blue", "label": "Blue", "count": 1, "selected": False},
            {"value": "Red", "label": "Red", "count": 1, "selected": True},
        ]},
        {"kind": "IN_STOCK", "name": "", "values": []},
    ]  # fmt: skip
    tops = (await search(ask, query="tee", facets=[{"kind": "CATEGORY"}]))["facets"][0]["values"]
    assert tops == [{"value": "tops", "label": "トップス", "count": 1, "selected": False}]


@pytest.mark.usefixtures("shop")
async def test_a_facet_is_told_in_the_channels_language_where_no_locale_is_asked_for(
    store: CatalogStore, ask: Ask
) -> None:
    labels = "{ productSearch(facets: [{kind: CATEGORY}]) { facets { values { value label } } } }"
    plain = (await ask(labels))["data"]["productSearch"]["facets"][0]["values"]
    await store.channel.put(replace(WEB, locales=("fr", "ja")))

    in_japanese = (await ask(labels))["data"]["productSearch"]["facets"][0]["values"]

    assert (plain, in_japanese) == ([{"value": "tops", "label": "Tops"}], [{"value": "tops", "label": "トップス"}])


@pytest.mark.usefixtures("shop")
async def test_a_misspelt_query_says_what_was_meant(ask: Ask) -> None:
    found = await search(ask, query="shrit")

    assert (found["mode"], found["didYouMean"], [n["slug"] for n in found["nodes"]]) == ("LOOSE", "shirt", ["shirt"])
    answer = await ask('{ productSuggestions(prefix: "cu", first: 3) }')
    assert answer["data"]["productSuggestions"] == ["Cup 1", "Cup 2", "Cup 3"]


@pytest.mark.usefixtures("shop")
async def test_the_page_is_one_read_of_the_database(store: CatalogStore, ask: Ask) -> None:
    await store.db.command("profile", 2)
    await search(ask, query="cup")
    await store.db.command("profile", 0)

    reads = store.db["system.profile"].find({"op": "query", "ns": {"$regex": r"\.products$"}})
    commands = [read["command"] async for read in reads]  # the same again for each way a query is executed in tests
    pages = [command for command in commands if "_id" in command["filter"]]
    assert {len(command["filter"]["_id"]["$in"]) for command in pages} == {5}
    assert all("variants.barcodes" not in command["projection"] for command in pages)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('filter: {minRating: 6}', "minRating: expected 1 to 5"),
        ('filter: {brands: []}', "brands: expected 1 to 100"),
        ('filter: {price: {from: "-1"}}', "price.from: expected 0 or more"),
        ('filter: {options: [{name: "$x", values: ["a"]}]}', "is not an option's name"),
        ('facets: [{kind: OPTION}]', "an option has a name"),
        ('first: 0', "first: expected 1 to 100"),
        ('', "the index is being built"),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked(ask: Ask, arguments: str, message: str) -> None:
    answer = await ask(f"{{ productSearch{f'({arguments})' if arguments else ''} {{ totalCount }} }}")

    assert message in answer["errors"][0]["message"]


SET = """mutation($terms: [String!]!) { searchSynonymsSet(input: {name: "cups", terms: $terms}) {
  synonyms { name terms } userErrors { code path }
} }"""


async def test_synonyms_are_staffs(ask: Ask) -> None:
    assert (await ask(SET, {"terms": ["mug", "cup"]}))["errors"][0]["extensions"]["code"] == "FORBIDDEN"

    async def put(*terms: str) -> Any:
        return (await ask(SET, {"terms": list(terms)}, scopes="catalog:write"))["data"]["searchSynonymsSet"]

    assert (await put("mug", "cup"))["synonyms"] == {"name": "cups", "terms": ["mug", "cup"]}
    assert (await put("mug"))["userErrors"] == [{"code": "INVALID_INPUT", "path": ["input", "terms"]}]
    assert (await put("mug", "!!"))["userErrors"] == [{"code": "INVALID_INPUT", "path": ["input", "terms", "1"]}]
    listed = await ask("{ searchSynonyms { name terms } }", scopes="catalog:write")
    assert listed["data"]["searchSynonyms"] == [{"name": "cups", "terms": ["mug", "cup"]}]
