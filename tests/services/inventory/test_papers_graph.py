"""Transfers, deliveries, counts, waves and reorder points as the gateway asks for them: scopes, facts, lists."""

from typing import Any

import pytest

from kit.context import RequestContext
from kit.mongo import Database
from tests.services.inventory.fulfillment.world import Desk
from tests.services.inventory.test_graph import Graph
from tests.services.inventory.world import MUG, Shop, watched_store

SCOPES = {
    *("transfer:read", "transfer:write", "transfer:approve", "delivery:read", "delivery:write", "count:read"),
    *("count:write", "count:approve", "fulfillment:read", "fulfillment:write", "stock:read", "reorder:write"),
    *("stock:write", "stock:approve"),
}
STAFF = RequestContext("pos", staff="stf_1", scopes=frozenset(SCOPES))
BOSS = RequestContext("pos", staff="stf_2", scopes=frozenset(SCOPES))
ERRORS = """userErrors { __typename code message path ... on QuantityExceeded { sku requested allowed what }
  ... on ReceiptExceedsOrder { ordered arrived requested allowed } ... on WrongState { kind currentState allowedStates }
  ... on WrongLocation { locationId boundTo } ... on ApprovalNeedsAnother { actor }
  ... on CountIncomplete { uncounted skus } ... on VersionConflict { expectedVersion actualVersion }
  ... on InsufficientStock { sku requested available } ... on NotFound { kind id } }"""
SHOWN = {
    "adjustment": "adjustmentRequest { id state lines { sku delta } history { action } }",
    "transfer": "transfer { id state lines { sku shipped received inTransit lost } history { action } }",
    "delivery": "delivery { id state lines { sku arrived incoming onHold } location { name } }",
    "count": "count { id state lines { sku counted expected difference posted } summary { missing } }",
    "wave": "wave { id state picker lines { sku bin quantity picked short } fulfillmentIds location { name } }",
    "bin": "location { name }",
    "reorder": "reorderPoint { sku isLow recoverAt version location { name } }",
}


@pytest.fixture
def graph(db: Database, shop: Shop) -> Graph:
    return Graph(*watched_store(db))


async def ask(graph: Graph, name: str, caller: RequestContext = STAFF, **input: Any) -> dict[str, Any]:
    """A mutation's payload."""
    noun = next(noun for noun in SHOWN if name.startswith(noun))
    shown = "counts { id state lines { sku expected } }" if name == "countOpen" else SHOWN[noun]
    of = name[0].upper() + name[1:]
    query = f"mutation ($input: {of}Input!) {{ {name}(input: $input) {{ {shown} {ERRORS} }} }}"
    if name not in ("binAssign", "reorderPointSet"):
        input.setdefault("idempotencyKey", f"{name}-{len(graph._watched.calls)}-{input.get('id')}")
    payload: dict[str, Any] = (await graph.data(query, caller, input=input))[name]
    return payload


async def test_a_transfer_from_request_to_discrepancy(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 5})
    wanted = {"originId": shop.ginza, "destinationId": shop.shibuya, "lines": [{"sku": MUG, "quantity": 9}]}
    much = (await ask(graph, "transferRequest", idempotencyKey="a", **wanted))["transfer"]
    short = (await ask(graph, "transferApprove", id=much["id"]))["userErrors"]
    assert [(each["sku"], each["requested"], each["available"]) for each in short] == [(MUG, 9, 5)]
    rejected = await ask(graph, "transferReject", id=much["id"], note="we need them")
    assert rejected["transfer"]["state"] == "REJECTED"
    wanted["lines"] = [{"sku": MUG, "quantity": 4}]
    id = (await ask(graph, "transferRequest", idempotencyKey="b", **wanted))["transfer"]["id"]
    await ask(graph, "transferApprove", id=id)
    sent = (await ask(graph, "transferShip", id=id, tracking="T1"))["transfer"]
    assert sent["lines"] == [{"sku": MUG, "shipped": 4, "received": 0, "inTransit": 4, "lost": 0}]
    lines = [{"sku": MUG, "quantity": 5}]
    (error,) = (await ask(graph, "transferReceive", id=id, idempotencyKey="r", lines=lines))["userErrors"]
    assert (error["__typename"], error["requested"], error["allowed"]) == ("QuantityExceeded", 5, 4)
    lines = [{"sku": MUG, "quantity": 2, "damaged": 1}]
    await ask(graph, "transferReceive", id=id, idempotencyKey="r", lines=lines)
    closed = (await ask(graph, "transferClose", id=id))["transfer"]
    assert (closed["state"], closed["lines"][0]["lost"]) == ("COMPLETED", 1)
    found = await ask(graph, "transferFind", id=id, locationId=shop.ginza, lines=[{"sku": MUG, "quantity": 1}])
    assert found["transfer"]["lines"][0]["lost"] == 0
    query = """query ($filter: TransferFilter) { transfers(filter: $filter) { nodes { id } totalCount } }"""
    for caller, filter, expected in (
        (STAFF, {"states": ["COMPLETED"]}, [id]),
        (STAFF, {"destinationId": shop.ginza}, []),
        (RequestContext("pos", location=shop.osaka, scopes=frozenset(SCOPES)), None, []),
        (RequestContext("pos", location=shop.shibuya, scopes=frozenset(SCOPES)), {"states": ["COMPLETED"]}, [id]),
    ):
        found = await graph.data(query, caller, filter=filter)
        assert [row["id"] for row in found["transfers"]["nodes"]] == expected


async def test_a_delivery_with_quality_hold(graph: Graph, shop: Shop) -> None:
    due = {"locationId": shop.ginza, "supplier": "Potter", "dueAt": "2026-12-01T00:00:00Z", "idempotencyKey": "a"}
    payload = await ask(graph, "deliveryExpect", lines=[{"sku": MUG, "quantity": 3}], **due)
    id = payload["delivery"]["id"]
    lines = [{"sku": MUG, "quantity": 2, "onHold": 2}]
    (error,) = (await ask(graph, "deliveryReceive", id=id, lines=lines))["userErrors"]
    assert (error["__typename"], error["ordered"], error["requested"], error["allowed"]) == (
        "ReceiptExceedsOrder",
        3,
        4,
        3,
    )
    lines = [{"sku": MUG, "quantity": 1, "onHold": 1}]
    part = (await ask(graph, "deliveryReceive", id=id, idempotencyKey="r", lines=lines))["delivery"]
    assert part["lines"] == [{"sku": MUG, "arrived": 2, "incoming": 1, "onHold": 1}]
    own = [{"sku": MUG, "dueAt": "2026-12-24T00:00:00Z"}]
    moved = (await ask(graph, "deliveryReschedule", id=id, dueAt="2026-12-20T00:00:00Z", lines=own))["delivery"]
    assert moved["state"] == "RECEIVING"
    assert (await shop.store.deliveries.incoming([MUG]))[0].due_at.day == 24
    seen = await ask(graph, "deliveryInspect", id=id, lines=[{"sku": MUG, "released": 1}])
    assert seen["delivery"]["lines"][0]["onHold"] == 0
    assert (await ask(graph, "deliveryClose", id=id))["delivery"]["state"] == "CLOSED"
    query = """query ($id: ID!) { delivery(id: $id) { state } deliveries(filter: { supplier: "Potter" }) {
      nodes { id } } }"""
    assert await graph.data(query, STAFF, id=id) == {
        "delivery": {"state": "CLOSED"},
        "deliveries": {"nodes": [{"id": id}]},
    }
    osaka = RequestContext("pos", location=shop.osaka, scopes=frozenset(SCOPES))
    assert await graph.data(query, osaka, id=id) == {"delivery": None, "deliveries": {"nodes": []}}


async def test_who_counts_blind_sees_the_books_afterwards(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 30})
    counter = RequestContext("pos", staff="stf_1", scopes=frozenset({"count:write", "count:read"}))
    wanted = {"locationId": shop.ginza, "kind": "CYCLE", "skus": [MUG], "isBlind": True, "idempotencyKey": "a"}
    (sheet,) = (await ask(graph, "countOpen", counter, **wanted))["counts"]
    early = (await ask(graph, "countSubmit", counter, id=sheet["id"]))["userErrors"]
    assert [(each["uncounted"], each["skus"]) for each in early] == [(1, [MUG])]
    lines = [{"sku": MUG, "counted": 10}]
    blind = (await ask(graph, "countRecord", counter, id=sheet["id"], lines=lines))["count"]
    assert (blind["lines"][0]["expected"], blind["lines"][0]["difference"], blind["summary"]) == (None, None, None)
    query = "query ($id: ID!) { count(id: $id) { lines { expected } summary { missing } } }"
    open_eyes = (await graph.data(query, BOSS, id=sheet["id"]))["count"]
    assert open_eyes == {"lines": [{"expected": 30}], "summary": {"missing": 20}}
    submitted = (await ask(graph, "countSubmit", counter, id=sheet["id"], idempotencyKey="s"))["count"]
    assert (submitted["state"], submitted["summary"]) == ("SUBMITTED", {"missing": 20})
    (own,) = (await ask(graph, "countApprove", STAFF, id=sheet["id"]))["userErrors"]
    assert (own["__typename"], own["actor"]) == ("ApprovalNeedsAnother", "staff:stf_1")
    await ask(graph, "countApprove", BOSS, id=sheet["id"])
    done = (await ask(graph, "countPost", counter, id=sheet["id"]))["count"]
    assert (done["state"], done["lines"][0]["posted"]) == ("POSTED", -20)
    listed = await graph.data("{ counts(filter: { states: [POSTED] }) { nodes { id } } }", BOSS)
    assert listed["counts"]["nodes"] == [{"id": sheet["id"]}]


async def test_a_wave_in_the_order_of_the_shelves(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 5, "CUP": 5})
    desk = Desk(shop)
    made = [await desk.pickup(MUG), await desk.pickup("CUP")]
    shelves = [{"sku": MUG, "bin": "B2"}, {"sku": "CUP", "bin": "A1"}]
    assert (await ask(graph, "binAssign", locationId=shop.ginza, lines=shelves))["location"] == {"name": "Ginza"}
    wave = (await ask(graph, "waveCreate", idempotencyKey="w", locationId=shop.ginza))["wave"]
    assert [(line["sku"], line["bin"]) for line in wave["lines"]] == [("CUP", "A1"), (MUG, "B2")]
    assert wave["fulfillmentIds"] == [each.id for each in made]
    await ask(graph, "waveClaim", id=wave["id"])
    (late,) = (await ask(graph, "waveClaim", BOSS, id=wave["id"], idempotencyKey="x"))["userErrors"]
    assert (late["__typename"], late["currentState"]) == ("WrongState", "CLAIMED")
    lines = [{"sku": MUG, "picked": 1}, {"sku": "CUP", "picked": 2}]
    done = (await ask(graph, "waveConfirm", id=wave["id"], lines=lines))["wave"]
    assert (done["state"], [line["short"] for line in done["lines"]]) == ("DONE", [0, 1])
    listed = await graph.data(
        "query ($id: ID!) { wave(id: $id) { state } waves { nodes { id } } }", STAFF, id=wave["id"]
    )
    assert listed == {"wave": {"state": "DONE"}, "waves": {"nodes": [{"id": wave["id"]}]}}


async def test_a_reorder_point_and_what_shops_could_send(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 2})
    await shop.stock({MUG: 40}, at=shop.osaka)
    point = {"sku": MUG, "locationId": shop.ginza, "reorderAt": 2, "reorderTo": 10, "minDisplay": 6}
    kept = (await ask(graph, "reorderPointSet", **point))["reorderPoint"]
    assert (kept["isLow"], kept["recoverAt"], kept["version"]) == (True, 3, 1)
    (late,) = (await ask(graph, "reorderPointSet", **point, expectedVersion=7))["userErrors"]
    assert (late["expectedVersion"], late["actualVersion"]) == (7, 1)
    listed = await graph.data("{ reorderPoints(lowOnly: true) { nodes { sku location { name } } } }", STAFF)
    assert listed["reorderPoints"]["nodes"] == [{"sku": MUG, "location": {"name": "Ginza"}}]
    query = """query ($skus: [ID!]!, $among: [ID!]!, $cover: CoverInput) {
      redistributionProposals(skus: $skus, locationIds: $among, cover: $cover) {
        sku quantity distanceKm originDays origin { name } destination { name } } }"""
    among = [shop.ginza, shop.osaka]
    (only,) = (await graph.data(query, STAFF, skus=[MUG], among=among))["redistributionProposals"]
    assert (only["quantity"], only["origin"], only["destination"]) == (4, {"name": "Osaka"}, {"name": "Ginza"})
    answer = await graph.ask(query, STAFF, skus=[MUG], among=among, cover={"keepDays": 1})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("name", "input"),
    [
        ("transferRequest", {"originId": "a", "destinationId": "b", "lines": []}),
        ("transferApprove", {"id": "x"}),
        ("transferReject", {"id": "x"}),
        ("transferClose", {"id": "x"}),
        ("transferShip", {"id": "x"}),
        ("transferReceive", {"id": "x", "lines": []}),
        ("deliveryReceive", {"id": "x", "lines": []}),
        ("deliveryInspect", {"id": "x", "lines": []}),
        ("deliveryReschedule", {"id": "x"}),
        ("deliveryCancel", {"id": "x"}),
        ("countRecord", {"id": "x", "lines": []}),
        ("countApprove", {"id": "x"}),
        ("countPost", {"id": "x"}),
        ("waveClaim", {"id": "x"}),
        ("waveConfirm", {"id": "x", "lines": []}),
        ("reorderPointSet", {"sku": "x", "locationId": "x", "reorderAt": 1, "reorderTo": 2}),
    ],
)
async def test_steps_need_their_scope(graph: Graph, name: str, input: dict[str, Any]) -> None:
    of = name[0].upper() + name[1:]
    key = {} if name == "reorderPointSet" else {"idempotencyKey": "k"}
    query = f"mutation ($input: {of}Input!) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"
    allowed = frozenset(scope for scope in SCOPES if scope.endswith(":read"))
    answer = await graph.ask(query, RequestContext("pos", staff="stf_1", scopes=allowed), input={**key, **input})
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    payload = (await graph.data(query, STAFF, input={**key, **input}))[name]
    assert payload["userErrors"], "nothing of this exists"


async def test_a_large_adjustment_is_asked_for_by_one_and_approved_by_another(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 2_000})
    lost = {"locationId": shop.ginza, "reason": "LOST", "lines": [{"sku": MUG, "delta": -1_500}]}
    asked = (await ask(graph, "adjustmentRequest", **lost))["adjustmentRequest"]
    assert (asked["state"], asked["lines"]) == ("REQUESTED", [{"sku": MUG, "delta": -1_500}])
    own = (await ask(graph, "adjustmentApprove", id=asked["id"], idempotencyKey="own"))["userErrors"]
    assert [each["code"] for each in own] == ["APPROVAL_NEEDS_ANOTHER"]
    done = (await ask(graph, "adjustmentApprove", BOSS, id=asked["id"], idempotencyKey="other"))["adjustmentRequest"]
    assert done["state"] == "APPROVED"
    assert (await shop.quantities(MUG)).on_hand == 500
