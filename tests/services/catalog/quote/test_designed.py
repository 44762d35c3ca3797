"""A customised product costs its surcharge more, wherever it is ordered."""

from typing import Any

from services.catalog.product.actions import upsert_product
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.design.test_designs import SET, customization, save
from tests.services.catalog.quote.test_quote_graph import QUOTE, offered, percent
from tests.services.catalog.shop import NOW, draft


async def quoted(ask: Ask, *lines: dict[str, Any]) -> Any:
    return (await ask(QUOTE.replace("sku places", "sku designId places"), {"input": {"lines": list(lines)}}))["data"][
        "quote"
    ]


async def test_a_design_adds_its_surcharge_to_every_piece_before_promotions(store: CatalogStore, ask: Ask) -> None:
    shoe = await upsert_product(store, draft("shoe"), None, now=NOW)
    await upsert_product(store, draft(), None, now=NOW)
    await ask(SET, {"input": customization(shoe.id, 0)}, scopes="catalog:write")
    await offered(ask, percent("0.1"))
    design = (await save(ask))["design"]["id"]
    plain, custom = {"sku": "SHOE", "quantity": 2}, {"sku": "SHOE", "designId": design}

    answer = (await quoted(ask, plain, custom, custom))["quote"]

    lines = [(one["designId"], one["quantity"], one["unitPrice"]["minorUnits"]) for one in answer["lines"]]
    assert lines == [(None, 2, 1_190), (design, 2, 1_440)]
    assert answer["gross"]["minorUnits"] == 2_380 + 2_880 - 238 - 288

    wrong = [{"sku": "MUG", "designId": design}, {"sku": "SHOE", "designId": "dsg_none"}]
    refused = (await quoted(ask, *wrong))["userErrors"]
    assert [(error["code"], error["path"]) for error in refused] == [
        ("INVALID_INPUT", ["input", "lines", "0", "designId"]),
        ("NOT_FOUND", ["input", "lines", "1", "designId"]),
    ]
    await ask(SET, {"input": customization(shoe.id, 1, spikes=False)}, scopes="catalog:write")
    assert (await quoted(ask, custom))["userErrors"][0]["path"][-1] == "designId", "today's choices do not allow it"
