"""From the shelf to the shopper through the gateway: click and collect, ship to store, endless aisle, and a count."""

import asyncio
from datetime import timedelta
from typing import Any

from kit.ids import new_id
from kit.mongo import connect, database
from kit.times import utc_now
from noren.sample.files import Sample
from tests.journeys.conftest import Graph, eventually

ERRORS = "userErrors { code message path }"
FIELDS = "id state kind source { id } pickupLocation { id } lines { sku quantity picked short } replacementIds"
RESERVE = f"""mutation ($input: StockReserveInput!) {{ stockReserve(input: $input) {{
  reservation {{ id }} {ERRORS} }} }}"""
CREATE = f"""mutation ($input: FulfillmentCreateInput!) {{ fulfillmentCreate(input: $input) {{
  fulfillments {{ {FIELDS} }} {ERRORS} }} }}"""
ORDER = f"""query ($id: ID!) {{ order(id: $id) {{ number fulfillments {{ nodes {{
  {FIELDS} pickupCode {{ code qrText qrPicture }} }} }} }} }}"""
STOCK = (
    """query ($sku: ID!) { variant(sku: $sku) { stock { nodes { onHand available committed location { id } } } } }"""
)
RECORD = """mutation ($input: OrderRecordInput!) { orderRecord(input: $input) { order { id } userErrors { code } } }"""
CUSTOMER = """mutation ($input: CustomerCreateInput!) { customerCreate(input: $input) {
  customer { id } userErrors { code } } }"""


async def do(graph: Graph, name: str, headers: dict[str, str] | None = None, **input: Any) -> dict[str, Any]:
    """A mutation of a fulfilment that must be done."""
    of = name[0].upper() + name[1:]
    query = f"mutation ($input: {of}Input!) {{ {name}(input: $input) {{ fulfillment {{ {FIELDS} }} {ERRORS} }} }}"
    payload = (await graph.data(query, headers, input={"idempotencyKey": new_id("key"), **input}))[name]
    assert payload["userErrors"] == [], payload
    done: dict[str, Any] = payload["fulfillment"]
    return done


async def levels(graph: Graph, sku: str) -> dict[str, tuple[int, int]]:
    """Pieces on hand and available, by location."""
    rows = (await graph.data(STOCK, sku=sku))["variant"]["stock"]["nodes"]
    return {row["location"]["id"]: (row["onHand"], row["available"]) for row in rows}


async def order_of(graph: Graph, sku: str, customer: str | None = None) -> str:
    """An order of one piece, recorded."""
    line = {"sku": sku, "quantity": 1, "unitPrice": "1100", "gross": "1100", "net": "1000", "tax": "100"}
    sale = {
        "idempotencyKey": new_id("key"),
        "externalIds": [{"source": "web", "value": new_id("ord")}],
        "placedAt": "2026-11-20T03:00:00Z",
        "currency": "JPY",
        "customerId": customer,
        "lines": [{**line, "taxRate": "0.1"}],
        "totals": {"goodsGross": "1100", "net": "1000", "tax": "100", "total": "1100"},
    }
    recorded = (await graph.data(RECORD, input=sale))["orderRecord"]
    assert recorded["userErrors"] == []
    return str(recorded["order"]["id"])


async def sold(graph: Graph, sku: str, source: str, **how: Any) -> dict[str, Any]:
    """One piece from a location, reserved and to be fulfilled somehow."""
    held = await graph.data(
        RESERVE,
        input={"idempotencyKey": new_id("key"), "lines": [{"sku": sku, "locationId": source, "quantity": 1}]},
    )
    wanted = {"idempotencyKey": new_id("key"), "reservationId": held["stockReserve"]["reservation"]["id"], **how}
    payload = (await graph.data(CREATE, input=wanted))["fulfillmentCreate"]
    assert payload["userErrors"] == [], payload
    (made,) = payload["fulfillments"]
    return dict(made)


def two_places(sample: Sample) -> tuple[str, int]:
    """A SKU that lies in plenty."""
    row = max(sample.stock, key=lambda row: row.on_hand)
    return row.sku, row.on_hand


async def somewhere(graph: Graph, sku: str) -> tuple[str, str]:
    """A location that has it, and another."""
    has = max((await levels(graph, sku)).items(), key=lambda row: row[1][1])[0]
    found = await graph.data("{ locations(first: 5) { nodes { id } } }")
    other = next(row["id"] for row in found["locations"]["nodes"] if row["id"] != has)
    return has, other


async def test_click_and_collect(graph: Graph, sample: Sample) -> None:
    sku, _ = two_places(sample)
    shop, _ = await somewhere(graph, sku)
    card = {"type": "CARD", "value": new_id("card")}
    made = await graph.data(CUSTOMER, input={"idempotencyKey": new_id("key"), "identities": [card]})
    customer = made["customerCreate"]["customer"]["id"]
    order = await order_of(graph, sku, customer)
    before = (await levels(graph, sku))[shop]
    fulfilment = await sold(graph, sku, shop, orderId=order, pickupLocationId=shop, customerId=customer)
    assert (fulfilment["kind"], (await levels(graph, sku))[shop]) == ("PICKUP", (before[0], before[1] - 1))
    till = {"x-noren-channel": "pos", "x-noren-location": shop}
    await do(graph, "fulfillmentPickStart", till, id=fulfilment["id"])
    lines = [{"sku": sku, "quantity": 1}]
    await do(graph, "fulfillmentPickRecord", till, id=fulfilment["id"], lines=lines)
    await do(graph, "fulfillmentReady", till, id=fulfilment["id"])

    app = {"x-noren-channel": "app", "x-noren-customer": customer, "x-noren-scopes": "orders:read"}
    (mine,) = (await graph.data(ORDER, app, id=order))["order"]["fulfillments"]["nodes"]
    assert (mine["state"], mine["pickupCode"]["qrText"].split(":")[2]) == ("READY", fulfilment["id"])
    stranger = {**app, "x-noren-customer": "cus_nobody"}
    assert (await graph.data(ORDER, stranger, id=order))["order"]["fulfillments"]["nodes"] == []

    collected = await do(graph, "fulfillmentCollect", till, id=fulfilment["id"], code=mine["pickupCode"]["code"])
    assert collected["state"] == "COLLECTED"
    assert (await levels(graph, sku))[shop] == (before[0] - 1, before[1] - 1)


async def test_nobody_comes(graph: Graph, sample: Sample, mongo_url: str, system_prefix: str) -> None:
    sku, _ = two_places(sample)
    shop, _ = await somewhere(graph, sku)
    before = (await levels(graph, sku))[shop]
    made = await sold(graph, sku, shop, orderId=await order_of(graph, sku), pickupLocationId=shop)
    await do(graph, "fulfillmentPickStart", id=made["id"])
    await do(graph, "fulfillmentPickRecord", id=made["id"], lines=[{"sku": sku, "quantity": 1}])
    await do(graph, "fulfillmentReady", id=made["id"])
    async with connect(mongo_url) as client:  # a week passes
        kept = database(client, f"{system_prefix}_inventory")["fulfillments"]
        await kept.update_one({"_id": made["id"]}, {"$set": {"collect_by": utc_now() - timedelta(seconds=1)}})

    async def state() -> Any:
        query = "query ($id: ID!) { fulfillment(id: $id) { state } }"
        return (await graph.data(query, id=made["id"]))["fulfillment"]["state"]

    await eventually(state, "NO_SHOW")

    async def there() -> Any:
        return (await levels(graph, sku))[shop]

    await eventually(there, before)


async def test_sent_to_the_shop_and_sold_from_elsewhere(graph: Graph, sample: Sample) -> None:
    sku, _ = two_places(sample)
    source, shop = await somewhere(graph, sku)
    before = (await levels(graph, sku))[source]
    to_shop = await sold(graph, sku, source, orderId=await order_of(graph, sku), pickupLocationId=shop)
    home = {"orderId": await order_of(graph, sku), "address": "1-1 Chiyoda, Tokyo", "soldAtLocationId": shop}
    to_home = await sold(graph, sku, source, **home)
    assert (to_shop["kind"], to_home["kind"], to_home["source"]["id"]) == ("SHIP_TO_STORE", "SHIP", source)
    for each, after in ((to_shop, "IN_TRANSIT"), (to_home, "SHIPPED")):
        await do(graph, "fulfillmentPickStart", id=each["id"])
        await do(graph, "fulfillmentPickRecord", id=each["id"], lines=[{"sku": sku, "quantity": 1}])
        sent = await do(graph, "fulfillmentShip", id=each["id"], carrier="Yamato", tracking="TRK-1")
        assert sent["state"] == after
    assert (await levels(graph, sku))[source] == (before[0] - 2, before[1] - 2)
    await do(graph, "fulfillmentArrive", {"x-noren-location": shop}, id=to_shop["id"])
    assert (await do(graph, "fulfillmentReady", id=to_shop["id"]))["state"] == "READY"
    cancelled = await do(graph, "fulfillmentCancel", id=to_shop["id"])
    assert cancelled["state"] == "CANCELLED"
    assert (await do(graph, "fulfillmentDeliver", id=to_home["id"]))["state"] == "DELIVERED"


async def test_counting_while_people_buy(graph: Graph, sample: Sample) -> None:
    sku, _ = two_places(sample)
    shop, _ = await somewhere(graph, sku)
    on_hand, _ = (await levels(graph, sku))[shop]

    async def count(name: str, **input: Any) -> dict[str, Any]:
        of = name[0].upper() + name[1:]
        what = "counts { id state }" if name == "countOpen" else "count { id state lines { difference posted } }"
        query = f"mutation ($input: {of}Input!) {{ {name}(input: $input) {{ {what} {ERRORS} }} }}"
        payload = (await graph.data(query, input={"idempotencyKey": new_id("key"), **input}))[name]
        assert payload["userErrors"] == [], payload
        return dict(payload["counts"][0] if name == "countOpen" else payload["count"])

    sheet = await count("countOpen", locationId=shop, kind="CYCLE", skus=[sku], isBlind=True)
    buying = [sold(graph, sku, shop, orderId="ord_x", pickupLocationId=shop) for _ in range(3)]
    recording = count("countRecord", id=sheet["id"], lines=[{"sku": sku, "counted": on_hand - 2}])
    await asyncio.gather(*buying[:2], recording, buying[2])
    await count("countSubmit", id=sheet["id"])
    done = await count("countPost", id=sheet["id"])
    assert (done["state"], done["lines"]) == ("POSTED", [{"difference": -2, "posted": -2}])
    assert (await levels(graph, sku))[shop][0] == on_hand - 2
