"""Uploads and discrepancies in the graph."""

from dataclasses import replace
from typing import Any

import pytest

from kit.mongo import Database
from tests.services.inventory.test_graph import STAFF, WEB, Graph
from tests.services.inventory.world import MUG, Shop, watched_store

SYNC = """mutation ($input: StockSyncInput!) { stockSync(input: $input) { applied replayed
  discrepancies { id kind sequence available location { name } variant { sku } }
  userErrors { code path message } } }"""
OPEN = """query ($state: DiscrepancyState) { discrepancies(state: $state) {
  nodes { id state version delta } totalCount } }"""
RESOLVE = """mutation ($input: DiscrepancyResolveInput!) { discrepancyResolve(input: $input) {
  discrepancy { state resolvedBy note } userErrors { code } } }"""
TILL = replace(STAFF, scopes=STAFF.scopes | {"stock:sync"})


@pytest.fixture
def graph(db: Database, shop: Shop) -> Graph:
    return Graph(*watched_store(db))


async def test_an_upload_its_discrepancy_and_its_end(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 2})
    lines: list[dict[str, Any]] = [
        {"sequence": 1, "sku": MUG, "delta": -1},
        {"sequence": 2, "sku": MUG, "delta": -5},
        {"sequence": 3, "sku": MUG, "delta": 0},
    ]
    upload = {"source": "till-7", "locationId": shop.ginza, "reason": "SOLD", "lines": lines}
    synced = (await graph.data(SYNC, TILL, input=upload))["stockSync"]
    assert synced["applied"] == 1
    (found,) = synced["discrepancies"]
    assert found == {
        "id": "dsc_till-7_2",
        "kind": "SHORT",
        "sequence": 2,
        "available": 1,
        "location": {"name": "Ginza"},
        "variant": {"sku": MUG},
    }
    assert [(error["code"], error["path"]) for error in synced["userErrors"]] == [
        ("INVALID_INPUT", ["input", "lines", "2", "delta"])
    ]
    listed = (await graph.data(OPEN, STAFF, state="OPEN"))["discrepancies"]
    assert listed == {"nodes": [{"id": found["id"], "state": "OPEN", "version": 1, "delta": -5}], "totalCount": 1}
    decision = {"id": found["id"], "expectedVersion": 1, "resolution": "DISMISS", "note": "miscounted"}
    resolved = (await graph.data(RESOLVE, STAFF, input=decision))["discrepancyResolve"]
    assert resolved["discrepancy"] == {"state": "DISMISSED", "resolvedBy": "staff:stf_1", "note": "miscounted"}
    again = (await graph.data(RESOLVE, STAFF, input=decision))["discrepancyResolve"]
    assert again["userErrors"] == [{"code": "VERSION_CONFLICT"}]


async def test_a_till_bound_to_a_shop_sees_and_moves_its_own_only(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 2})
    elsewhere = replace(TILL, location=shop.osaka)
    upload = {"source": "t", "locationId": shop.ginza, "lines": [{"sequence": 1, "sku": MUG, "delta": -9}]}
    refused = (await graph.data(SYNC, elsewhere, input=upload))["stockSync"]
    assert [error["code"] for error in refused["userErrors"]] == ["WRONG_LOCATION"]
    (found,) = (await graph.data(SYNC, TILL, input=upload))["stockSync"]["discrepancies"]
    assert (await graph.data(OPEN, elsewhere))["discrepancies"]["nodes"] == []
    decision = {"id": found["id"], "expectedVersion": 1, "resolution": "DISMISS"}
    unseen = (await graph.data(RESOLVE, elsewhere, input=decision))["discrepancyResolve"]
    assert unseen["userErrors"] == [{"code": "NOT_FOUND"}]


async def test_uploading_needs_its_scope(graph: Graph, shop: Shop) -> None:
    answer = await graph.ask(SYNC, WEB, input={"source": "t", "lines": []})
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
