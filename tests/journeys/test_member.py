"""A member on every channel: a list from the kiosk shows price and stock in the app, and an order is their value."""

from typing import Any

from kit.ids import new_id
from kit.times import utc_now
from noren.sample.files import Sample
from tests.journeys.conftest import Graph, eventually
from tests.journeys.test_selling import CREATE, RECORD

LIST = """mutation ($input: ShoppingListCreateInput!) { shoppingListCreate(input: $input) {
  list { id } userErrors { message } } }"""
LINK = """mutation ($id: ID!, $key: String!) { shoppingListLinkMake(input: { listId: $id, idempotencyKey: $key }) {
  token userErrors { message } } }"""
OPEN = """query ($token: String!) { shoppingListByLink(token: $token) { name items { quantity note
  variant { sku product { name } price { gross { minorUnits } } availability(first: 1) { totalCount } } } } }"""
TAKE = """mutation ($token: String!) { shoppingListTakeOver(input: { token: $token }) {
  list { id } userErrors { message } } }"""
MEMBER = """query ($id: ID!) { customer(id: $id) { displayName wallet { balance }
  shoppingLists { nodes { name items { variant { sku } } } }
  timeline { nodes { kind ... on PurchaseEvent { order { number } }
    ... on ViewEvent { variant { price { taxRate } } } } }
  value { orders lifetime { net { minorUnits currency } } channels { channel } } lastVisit { channel }
  mayContact(purpose: MARKETING, channel: EMAIL) { allowed ground } } }"""
TRACK = """mutation ($input: EventsTrackInput!) { eventsTrack(input: $input) { accepted userErrors { message } } }"""


async def member(graph: Graph) -> str:
    made = await graph.data(CREATE, input={"idempotencyKey": new_id("key"), "displayName": "Hanako"})
    return str(made["customerCreate"]["customer"]["id"])


def priced(sample: Sample) -> str:
    return next(v.sku for v in sample.variants if any(price.currency == "JPY" for price in v.prices))


async def test_a_list_of_the_kiosk_is_opened_with_price_and_stock_and_taken_over(graph: Graph, sample: Sample) -> None:
    whose, sku = await member(graph), priced(sample)
    new = {"idempotencyKey": new_id("key"), "kind": "WISH", "name": "週末", "device": "kiosk-1"}
    item = {"sku": sku, "quantity": 2, "note": "赤"}
    made = (await graph.data(LIST, {"x-noren-channel": "kiosk"}, input=new | {"items": [item]}))["shoppingListCreate"]
    token = (await graph.data(LINK, id=made["list"]["id"], key=new_id("key")))["shoppingListLinkMake"]["token"]
    opened = (await graph.data(OPEN, token=token))["shoppingListByLink"]
    (shown,) = opened["items"]
    assert (shown["quantity"], shown["note"], shown["variant"]["sku"]) == (2, "赤", sku)
    assert shown["variant"]["price"]["gross"]["minorUnits"] > 0
    assert shown["variant"]["availability"]["totalCount"] >= 1
    app = {"x-noren-channel": "app", "x-noren-customer": whose}
    assert (await graph.data(TAKE, app, token=token))["shoppingListTakeOver"]["list"] == made["list"]
    seen = (await graph.data(MEMBER, app, id=whose))["customer"]
    assert seen["shoppingLists"]["nodes"] == [{"name": "週末", "items": [{"variant": {"sku": sku}}]}]
    assert seen["mayContact"] == {"allowed": False, "ground": "NEVER_ASKED"}


async def test_what_a_member_looked_at_and_bought_is_one_timeline_and_their_value(graph: Graph, sample: Sample) -> None:
    whose, sku, now = await member(graph), priced(sample), utc_now().isoformat()
    looked = {"sourceId": new_id("e"), "at": now, "customerId": whose, "view": {"sku": sku}}
    told = (await graph.data(TRACK, input={"source": "web", "events": [looked]}))["eventsTrack"]
    assert told == {"accepted": 1, "userErrors": []}
    sums = {"net": "1000", "tax": "100"}
    line = {"sku": sku, "quantity": 1, "unitPrice": "1100", "gross": "1100", "taxRate": "0.1"} | sums
    sale: dict[str, Any] = {
        "idempotencyKey": new_id("key"),
        "externalIds": [{"source": "till-9", "value": new_id("rcpt")}],
        "customerId": whose,
        "placedAt": now,
        "currency": "JPY",
        "lines": [line],
        "totals": {"goodsGross": "1100", "total": "1100"} | sums,
    }
    sold = (await graph.data(RECORD, {"x-noren-channel": "pos"}, input=sale))["orderRecord"]
    assert sold["userErrors"] == []

    async def look() -> Any:
        seen = (await graph.data(MEMBER, id=whose))["customer"]
        return sorted(node["kind"] for node in seen["timeline"]["nodes"]), seen["value"]["orders"]

    await eventually(look, (["PURCHASE", "VIEW"], 1))
    seen = (await graph.data(MEMBER, id=whose))["customer"]
    assert seen["value"]["lifetime"] == [{"net": {"minorUnits": 1_100, "currency": "JPY"}}]
    assert seen["value"]["channels"] == [{"channel": "pos"}]
