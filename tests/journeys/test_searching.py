"""What the stockroom counts is what the search shows: by events, within moments, through the gateway."""

from functools import partial
from typing import Any

from kit.ids import new_id
from noren.sample.files import Sample
from tests.journeys.conftest import Graph, eventually

FOUND = """query($text: String!, $in: Boolean!) { productSearch(query: $text, filter: {inStock: $in}, facets: [{kind: IN_STOCK}]) {
  nodes { slug variants(first: 100) { nodes { sku stockBand } } } facets { values { value count } } } }"""  # noqa: E501
LEVELS = "query($sku: ID!) { variant(sku: $sku) { availability(first: 100) { nodes { location { id } available } } } }"
ADJUST = """mutation($input: StockAdjustInput!) { stockAdjust(input: $input) { userErrors { code message } } }"""


async def is_built(graph: Graph) -> bool:
    """Whether the index is there: it is made when the system starts for the first time."""
    return "errors" not in await graph.ask("{ productSearch(first: 1) { totalCount } }")


async def found(graph: Graph, sku: str, *, in_stock: bool) -> list[str]:
    """Slugs of the products with this SKU."""
    answer = await graph.data(FOUND, text=sku, **{"in": in_stock})
    return [node["slug"] for node in answer["productSearch"]["nodes"]]


async def band(graph: Graph, sku: str) -> str | None:
    answer = await graph.data(FOUND, text=sku, **{"in": False})
    (node,) = answer["productSearch"]["nodes"]
    return {one["sku"]: one["stockBand"] for one in node["variants"]["nodes"]}[sku]


async def test_a_product_that_is_sold_out_leaves_the_search_for_what_is_in_stock_and_comes_back(
    graph: Graph, sample: Sample
) -> None:
    stocked = {row.sku for row in sample.stock if row.on_hand > 0}
    alone = next(row for row in sample.products if len(stocked & set(row.skus)) == 1)
    (sku,) = stocked & set(alone.skus)

    async def shown() -> list[str]:
        return await found(graph, sku, in_stock=True)

    await eventually(partial(is_built, graph), True)
    await eventually(shown, [alone.slug])
    levels: list[dict[str, Any]] = (await graph.data(LEVELS, sku=sku))["variant"]["availability"]["nodes"]
    there = [(one["location"]["id"], one["available"]) for one in levels if one["available"]]
    await adjust(graph, sku, [(place, -pieces) for place, pieces in there])

    await eventually(shown, [])
    assert await found(graph, sku, in_stock=False) == [alone.slug], "it is sold out, not gone"
    assert await band(graph, sku) == "OUT"

    await adjust(graph, sku, there)
    await eventually(shown, [alone.slug])
    assert await band(graph, sku) in ("LOW", "IN_STOCK")


async def adjust(graph: Graph, sku: str, changes: list[tuple[str, int]]) -> None:
    for place, delta in changes:
        given = {
            "idempotencyKey": new_id("adj"),
            "sku": sku,
            "locationId": place,
            "reason": "CORRECTED",
            "delta": delta,
        }
        answer = await graph.data(ADJUST, input=given)
        assert answer["stockAdjust"]["userErrors"] == []
