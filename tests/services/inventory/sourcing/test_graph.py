"""Sourcing as a channel's back end asks for it: a plan, why it is so, a reservation by it, and picks."""

from dataclasses import replace
from typing import Any

import pytest

from kit.context import RequestContext
from kit.mongo import Database
from tests.services.inventory.test_graph import STAFF, UPSERT, WEB, Graph
from tests.services.inventory.world import CUP, GINZA, MUG, SHIBUYA, Shop, watched_store

EXPLAIN = """query ($input: SourcingInput!) { explainSourcing(input: $input) { considered
  plan { method isProven remark values { rule value } missing { sku quantity band }
    lines { sku quantity location { name } } }
  losers { because rule values { rule value } location { name } } } }"""
PROPOSE = "query ($input: SourcingInput!) { sourcingPropose(input: $input) { method isProven lines { sku } } }"
RESERVE = """mutation ($input: StockReserveSourcedInput!) { stockReserveSourced(input: $input) {
  reservation { id state lines { quantity location { name } } } plan { method } pickHolds { key day pieces state }
  userErrors { __typename code path ... on SourcingShort { sku requested available band } } } }"""
HOLD = """mutation ($input: PickCapacityHoldInput!) { pickCapacityHold(input: $input) { hold { state day }
  userErrors { __typename ... on PickCapacityExceeded { requested left } } } }"""
USE = """mutation ($input: PickCapacityEndInput!) { pickCapacityUse(input: $input) { hold { state }
  userErrors { code } } }"""


@pytest.fixture
async def graph(db: Database, shop: Shop) -> Graph:
    """Ginza and Shibuya ship, with a limit of five picks a day each."""
    graph = Graph(*watched_store(db))
    for id, name, point in ((shop.ginza, "Ginza", GINZA), (shop.shibuya, "Shibuya", SHIBUYA)):
        shape = {"kind": "STORE", "timeZone": "Asia/Tokyo", "services": ["SHIP_FROM", "PICKUP"], "dailyPickCapacity": 5}
        where = {"name": name, "latitude": point.latitude, "longitude": point.longitude}
        kept = await graph.data(UPSERT, STAFF, input={"id": id, "expectedVersion": 1, **shape, **where})
        assert kept["locationUpsert"]["userErrors"] == []
    return graph


def at(shop: Shop, *lines: tuple[str, int]) -> dict[str, Any]:
    wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
    return {"lines": wanted, "pickupLocationId": shop.ginza}


async def test_a_plan_says_how_it_was_found_and_why_the_others_lost(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 2}, shop.ginza)
    await shop.stock({MUG: 2, CUP: 2}, shop.shibuya)
    explained = (await graph.data(EXPLAIN, WEB, input=at(shop, (MUG, 1), (CUP, 1))))["explainSourcing"]
    plan, (loser,) = explained["plan"], explained["losers"]
    assert explained["considered"] == 2
    assert (plan["method"], plan["isProven"], plan["remark"], plan["missing"]) == ("EXACT", True, None, [])
    assert [(line["sku"], line["location"]["name"]) for line in plan["lines"]] == [(CUP, "Shibuya"), (MUG, "Shibuya")]
    assert plan["values"][0] == {"rule": "FEWEST_SPLITS", "value": "1"}
    assert (loser["location"]["name"], loser["because"], loser["rule"]) == ("Ginza", "RULE", "FEWEST_SPLITS")
    assert loser["values"][0] == {"rule": "FEWEST_SPLITS", "value": "2"}
    greedy = {**at(shop, (MUG, 1)), "method": "GREEDY", "rules": ["DISTANCE"]}
    assert (await graph.data(PROPOSE, WEB, input=greedy))["sourcingPropose"] == {
        "method": "GREEDY",
        "isProven": False,
        "lines": [{"sku": MUG}],
    }


async def test_a_sourced_reservation_holds_stock_and_picks(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 9}, shop.ginza)
    ask = {"idempotencyKey": "basket", **at(shop, (MUG, 3))}
    made = (await graph.data(RESERVE, WEB, input=ask))["stockReserveSourced"]
    assert made["userErrors"] == []
    assert made["reservation"]["lines"] == [{"quantity": 3, "location": {"name": "Ginza"}}]
    (picks,) = made["pickHolds"]
    assert (picks["pieces"], picks["state"]) == (3, "HELD")
    read = "query ($id: ID!, $day: Date!) { location(id: $id) { pickCapacity(day: $day) { limit held used left } } }"
    capacity = await graph.data(read, WEB, id=shop.ginza, day=picks["day"])
    assert capacity["location"]["pickCapacity"] == {"limit": 5, "held": 3, "used": 0, "left": 2}
    more = {"idempotencyKey": "more", "locationId": shop.ginza, "pieces": 3, "day": picks["day"]}
    refused = (await graph.data(HOLD, WEB, input=more))["pickCapacityHold"]
    assert refused["userErrors"] == [{"__typename": "PickCapacityExceeded", "requested": 3, "left": 2}]
    end = {"locationId": shop.ginza, "day": picks["day"], "key": picks["key"]}
    assert (await graph.data(USE, WEB, input=end))["pickCapacityUse"] == {"hold": {"state": "USED"}, "userErrors": []}
    again = (await graph.data(RESERVE, WEB, input=ask))["stockReserveSourced"]
    assert (again["reservation"], again["plan"]) == (made["reservation"], None)


async def test_a_shortage_is_data_with_its_facts(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 1}, shop.ginza)
    ask = {"idempotencyKey": "basket", **at(shop, (MUG, 3))}
    refused = (await graph.data(RESERVE, WEB, input=ask))["stockReserveSourced"]
    assert refused["reservation"] is None
    assert refused["userErrors"] == [
        {
            "__typename": "SourcingShort",
            "code": "SOURCING_SHORT",
            "path": ["input", "lines", "0", "quantity"],
            "sku": MUG,
            "requested": 3,
            "available": 1,
            "band": None,
        }
    ]


async def test_what_can_never_be_sourced_is_refused(graph: Graph, shop: Shop) -> None:
    for bad in (at(shop), at(shop, (MUG, -1)), {"lines": [{"sku": MUG, "quantity": 1}]}):
        answer = await graph.ask(PROPOSE, WEB, input=bad)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_sourcing_is_for_who_reserves(graph: Graph, shop: Shop) -> None:
    nobody = RequestContext("web")
    asked = at(shop, (MUG, 1))
    hold = {"idempotencyKey": "k", "locationId": shop.ginza, "pieces": 1}
    end = {"locationId": shop.ginza, "day": "2026-11-23", "key": "k"}
    for query, given in (
        (PROPOSE, asked),
        (EXPLAIN, asked),
        (RESERVE, {"idempotencyKey": "k", **asked}),
        (HOLD, hold),
        (USE, end),
    ):
        answer = await graph.ask(query, nobody, input=given)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_where_shoppers_see_bands_no_plan_tells_a_number(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 2, CUP: 9}, shop.ginza)
    await shop.stock({MUG: 5}, shop.shibuya)
    set_policy = "mutation ($input: StockPolicySetInput!) { stockPolicySet(input: $input) { userErrors { code } } }"
    await graph.data(
        set_policy, STAFF, input={"channel": "web", "expectedVersion": 0, "display": "BANDS", "fewLeft": 8}
    )
    asked = at(shop, (MUG, 100), (CUP, 3))
    explained = (await graph.data(EXPLAIN, WEB, input=asked))["explainSourcing"]
    plan = explained["plan"]
    assert plan["missing"] == [{"sku": MUG, "quantity": None, "band": "FEW_LEFT"}]
    assert {(line["sku"], line["quantity"]) for line in plan["lines"]} == {(MUG, None), (CUP, 3)}
    told = {each["rule"]: each["value"] is not None for each in plan["values"]}
    assert told == {"FEWEST_SPLITS": True, "DISTANCE": True, "COST": False, "CAPACITY": False, "STOCK_HEALTH": False}
    refused = (await graph.data(RESERVE, WEB, input={"idempotencyKey": "k", **asked}))["stockReserveSourced"]
    (error,) = refused["userErrors"]
    assert (error["requested"], error["available"], error["band"]) == (100, None, "FEW_LEFT")
    staff = replace(STAFF, channel="web", scopes=WEB.scopes | {"stock:read"})
    plan = (await graph.data(EXPLAIN, staff, input=asked))["explainSourcing"]["plan"]
    assert plan["missing"] == [{"sku": MUG, "quantity": 93, "band": "FEW_LEFT"}]
    assert {line["quantity"] for line in plan["lines"] if line["sku"] == MUG} == {2, 5}
    assert all(each["value"] is not None for each in plan["values"])
