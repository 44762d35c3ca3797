"""Fulfilments as the gateway asks for them: who may do and see what, and an order's part."""

from typing import Any

import pytest

from kit.context import RequestContext
from kit.mongo import Database
from tests.services.inventory.fulfillment.world import Desk
from tests.services.inventory.test_graph import Graph
from tests.services.inventory.world import MUG, watched_store

STAFF = RequestContext("pos", staff="stf_1", scopes=frozenset({"fulfillment:read", "fulfillment:write"}))
ERRORS = """userErrors { __typename code message path ... on WrongCode { attemptsLeft } ... on CodeLocked { attempts }
  ... on WrongState { kind currentState allowedStates } ... on WrongLocation { locationId boundTo }
  ... on NotFound { kind id } }"""
FIELDS = """id state kind order { id } source { name } pickupLocation { name } lines { sku quantity picked short }
  pickupCode { code qrText qrPicture isLocked } collectBy history { action state actor } replacementIds"""
ONE = f"query ($id: ID!) {{ fulfillment(id: $id) {{ {FIELDS} }} }}"


def mutation(name: str) -> str:
    of = name[0].upper() + name[1:]
    return f"mutation ($input: {of}Input!) {{ {name}(input: $input) {{ fulfillment {{ {FIELDS} }} {ERRORS} }} }}"


CREATE = f"""mutation ($input: FulfillmentCreateInput!) {{ fulfillmentCreate(input: $input) {{
  fulfillments {{ {FIELDS} }} {ERRORS} }} }}"""
ORDERS = """query ($orders: [_Any!]!) { _entities(representations: $orders) { ... on Order { id
  fulfillments { nodes { id state } totalCount } } } }"""


@pytest.fixture
def graph(db: Database, desk: Desk) -> Graph:
    store, watched = watched_store(db)
    store.pickup_codes = desk.shop.store.pickup_codes
    return Graph(store, watched)


async def created(graph: Graph, desk: Desk, **more: Any) -> dict[str, Any]:
    held = await desk.reserve((MUG, 2, desk.shop.ginza))
    wanted = {"idempotencyKey": held.id, "reservationId": held.id, "orderId": "ord_1", **more}
    wanted.setdefault("pickupLocationId", desk.shop.ginza)
    payload = (await graph.data(CREATE, STAFF, input=wanted))["fulfillmentCreate"]
    assert payload["userErrors"] == []
    (made,) = payload["fulfillments"]
    return dict(made)


async def test_the_shopper_sees_the_code_and_the_clerk_hands_over(graph: Graph, desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    made = await created(graph, desk, customerId="cus_a")
    assert (made["state"], made["kind"], made["pickupLocation"]) == ("ALLOCATED", "PICKUP", {"name": "Ginza"})
    id = made["id"]
    for name, more in (
        ("fulfillmentPickStart", {}),
        ("fulfillmentPickRecord", {"lines": [{"sku": MUG, "quantity": 2}]}),
        ("fulfillmentReady", {}),
    ):
        done = (await graph.data(mutation(name), STAFF, input={"idempotencyKey": name, "id": id, **more}))[name]
        assert done["userErrors"] == []
        assert done["fulfillment"]["pickupCode"] is None, "staff do not see it"
    anna, bert = RequestContext("app", customer="cus_a"), RequestContext("app", customer="cus_b")
    mine = (await graph.data(ONE, anna, id=id))["fulfillment"]
    assert mine["pickupCode"]["qrPicture"].startswith("data:image/png;base64,")
    assert await graph.data(ONE, bert, id=id) == {"fulfillment": None}
    sender = RequestContext("mail", scopes=frozenset({"fulfillment:read", "fulfillment:code"}))
    assert (await graph.data(ONE, sender, id=id))["fulfillment"]["pickupCode"] == mine["pickupCode"]
    give = {"idempotencyKey": "c", "id": id, "code": "1234"}
    wrong = (await graph.data(mutation("fulfillmentCollect"), STAFF, input=give))["fulfillmentCollect"]
    assert [(each["code"], each["attemptsLeft"]) for each in wrong["userErrors"]] == [("WRONG_CODE", 4)]
    give["code"] = mine["pickupCode"]["code"]
    right = (await graph.data(mutation("fulfillmentCollect"), STAFF, input=give))["fulfillmentCollect"]
    assert right["fulfillment"]["state"] == "COLLECTED"
    assert (await graph.data(mutation("fulfillmentCollect"), STAFF, input=give))["fulfillmentCollect"] == right
    give["idempotencyKey"] = "d"
    late = (await graph.data(mutation("fulfillmentCollect"), STAFF, input=give))["fulfillmentCollect"]
    (error,) = late["userErrors"]
    assert (error["__typename"], error["currentState"], error["allowedStates"]) == (
        "WrongState",
        "COLLECTED",
        ["READY"],
    )


async def test_an_order_has_its_fulfilments_for_who_may_see_them(graph: Graph, desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    made = await created(graph, desk, customerId="cus_a")
    refs = [{"__typename": "Order", "id": id} for id in ("ord_1", "ord_2")]
    nodes = [{"id": made["id"], "state": "ALLOCATED"}]
    anna, bert = RequestContext("app", customer="cus_a"), RequestContext("app", customer="cus_b")
    shibuya = RequestContext("pos", location=desk.shop.shibuya, scopes=frozenset({"fulfillment:read"}))
    for caller, expected in ((anna, nodes), (STAFF, nodes), (bert, []), (shibuya, [])):
        first, other = (await graph.data(ORDERS, caller, orders=refs))["_entities"]
        assert (first["fulfillments"]["nodes"], other["fulfillments"]["nodes"]) == (expected, [])
        assert graph.calls == {"fulfillments.find": 1}


async def test_lists_are_the_callers_own(graph: Graph, desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    made = await created(graph, desk, customerId="cus_a", promisedAt="2026-12-01T00:00:00Z")
    query = """query ($filter: FulfillmentFilter) { fulfillments(filter: $filter) { nodes { id } totalCount } }"""
    there, nothing = [{"id": made["id"]}], []
    bound = {"scopes": frozenset({"fulfillment:read"})}
    for caller, filter, expected in (
        (STAFF, {"states": ["ALLOCATED"], "kinds": ["PICKUP"], "locationId": desk.shop.ginza}, there),
        (STAFF, {"dueBefore": "2026-12-01T00:00:00Z"}, nothing),
        (STAFF, {"dueBefore": "2026-12-02T00:00:00Z", "orderId": "ord_1"}, there),
        (RequestContext("pos", location=desk.shop.shibuya, **bound), None, nothing),
        (RequestContext("pos", location=desk.shop.ginza, **bound), {"locationId": desk.shop.osaka}, there),
        (RequestContext("app", customer="cus_a"), {"customerId": "cus_b"}, there),
        (RequestContext("app", customer="cus_b"), {"customerId": "cus_a"}, nothing),
    ):
        assert (await graph.data(query, caller, filter=filter))["fulfillments"]["nodes"] == expected
    answer = await graph.ask(query, RequestContext("web"))
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_customer_cancels_only_their_own_and_only_untouched(graph: Graph, desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    made = await created(graph, desk, customerId="cus_a")
    cancel = mutation("fulfillmentCancel")
    bert, anna = RequestContext("app", customer="cus_b"), RequestContext("app", customer="cus_a")
    refused = (await graph.data(cancel, bert, input={"idempotencyKey": "b", "id": made["id"]}))["fulfillmentCancel"]
    assert [(each["code"], each["kind"]) for each in refused["userErrors"]] == [("NOT_FOUND", "Fulfillment")]
    done = (await graph.data(cancel, anna, input={"idempotencyKey": "a", "id": made["id"]}))["fulfillmentCancel"]
    assert done["fulfillment"]["state"] == "CANCELLED"
    other = await created(graph, desk, customerId="cus_a", orderId="ord_2")
    start = {"idempotencyKey": "s", "id": other["id"]}
    await graph.data(mutation("fulfillmentPickStart"), STAFF, input=start)
    late = (await graph.data(cancel, anna, input={"idempotencyKey": "l", "id": other["id"]}))["fulfillmentCancel"]
    assert late["userErrors"][0]["currentState"] == "PICKING"


@pytest.mark.parametrize(
    "name",
    ["PickStart", "PickRecord", "Ready", "CodeRenew", "Collect", "Ship", "Arrive", "Deliver", "Cancel"],
)
async def test_steps_need_the_scope(graph: Graph, name: str) -> None:
    more = {"PickRecord": {"lines": []}, "Collect": {"code": "x"}}.get(name, {})
    reader = RequestContext("pos", staff="stf_1", scopes=frozenset({"fulfillment:read"}))
    answer = await graph.ask(
        mutation(f"fulfillment{name}"), reader, input={"idempotencyKey": "k", "id": "ful_1", **more}
    )
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_draft_that_cannot_be_names_its_path(graph: Graph, desk: Desk) -> None:
    await desk.shop.stock({MUG: 5})
    held = await desk.reserve((MUG, 2, desk.shop.ginza))
    good = {"idempotencyKey": "k", "reservationId": held.id, "orderId": "o", "pickupLocationId": desk.shop.ginza}
    for change, path in (
        ({"address": "Tokyo"}, ["input"]),
        ({"pickupLocationId": None}, ["input"]),
        ({"orderId": None}, ["input", "orderId"]),
        ({"holdDays": 31}, ["input", "holdDays"]),
        ({"pickupLocationId": "loc_none"}, ["input", "pickupLocationId"]),
        ({"reservationId": "rsv_none"}, ["input", "reservationId"]),
        ({"counterHold": True, "pickupLocationId": desk.shop.osaka}, ["input", "pickupLocationId"]),
        ({"customerId": "c" * 65}, ["input", "customerId"]),
    ):
        payload = (await graph.data(CREATE, STAFF, input=good | change))["fulfillmentCreate"]
        assert [each["path"] for each in payload["userErrors"]] == [path], change
