"""A thousand products in one request, as many as `productBulkUpsert` takes, through the gateway."""

from typing import Any

from services.catalog.bulk.model import MAX_ITEMS
from tests.journeys.conftest import Graph

BULK = """mutation($input: ProductBulkUpsertInput!) { productBulkUpsert(input: $input) {
  results { row outcome version userErrors { code path } } userErrors { code } } }"""
COLORS = ("red", "blue", "green", "black", "pink")
ATTEMPTS = 8
WRONG = 617
"""The row of the one that is refused: two of its variants are the same."""


def product(row: int) -> dict[str, Any]:
    """Five variants with a price each, some 700 bytes."""
    variants = [
        {
            "sku": f"BULK{row}-{color}",
            "options": [{"name": "color", "value": COLORS[0] if row == WRONG else color}],
            "prices": [{"amount": str(100 + row), "currency": "JPY"}],
        }
        for color in COLORS
    ]
    names = [{"locale": "ja", "text": f"まとめ {row}"}]
    options = [{"name": "color", "values": list(COLORS)}]
    return {"slug": f"bulk-{row}", "names": names, "options": options, "variants": variants}


async def written(graph: Graph, call: dict[str, Any]) -> dict[str, Any]:
    """What the call comes to: two seconds of work, which a busy machine may not do before the gateway gives up. Who was
    not answered asks again with the same key, and the call goes on where it was."""
    for _ in range(ATTEMPTS):
        answer = await graph.ask(BULK, input=call)
        if "errors" not in answer:
            done: dict[str, Any] = answer["data"]["productBulkUpsert"]
            return done
        assert answer["errors"][0]["extensions"]["code"] == "SUBGRAPH_TIMEOUT", answer
    raise AssertionError(f"not answered {ATTEMPTS} times")


async def test_a_thousand_products_of_five_variants_are_written_in_one_call_but_for_the_one_that_is_wrong(
    graph: Graph,
) -> None:
    call = {"idempotencyKey": "bulk-journey", "items": [product(row) for row in range(MAX_ITEMS)]}

    first = await written(graph, call)

    assert first["userErrors"] == []
    assert [one["row"] for one in first["results"]] == list(range(MAX_ITEMS))
    refused = [one for one in first["results"] if one["outcome"] != "CREATED"]
    assert [(one["row"], one["outcome"]) for one in refused] == [(WRONG, "REFUSED")]
    assert refused[0]["userErrors"][0]["path"][:5] == ["input", "items", str(WRONG), "variants", "1"]
    last = f'{{ variant(sku: "BULK{MAX_ITEMS - 1}-pink") {{ price {{ gross {{ amount }} }} product {{ slug }} }} }}'
    assert (await graph.data(last))["variant"] == {
        "price": {"gross": {"amount": str(99 + MAX_ITEMS)}},
        "product": {"slug": f"bulk-{MAX_ITEMS - 1}"},
    }


async def test_one_more_than_a_thousand_is_refused_before_anything_is_written(graph: Graph) -> None:
    plain = [
        {"slug": f"over-{row}", "names": [{"locale": "en", "text": "x"}], "variants": [{"sku": f"OVER{row}"}]}
        for row in range(MAX_ITEMS + 1)
    ]

    answer = (await graph.data(BULK, input={"idempotencyKey": "bulk-over", "items": plain}))["productBulkUpsert"]

    assert (answer["results"], answer["userErrors"]) == ([], [{"code": "INVALID_INPUT"}])
    assert (await graph.data('{ variant(sku: "OVER0") { sku } }'))["variant"] is None
