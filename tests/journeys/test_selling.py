"""Stock held, sold and brought back; points earned, spent and taken back: seen at once by everybody."""

import asyncio
from typing import Any

from kit.ids import new_id
from noren.sample.files import Sample
from tests.journeys.conftest import Graph, eventually

RESERVE = """mutation ($input: StockReserveInput!) { stockReserve(input: $input) {
  reservation { id state } userErrors { code message path ... on InsufficientStock { sku requested available } } } }"""
RELEASE = """mutation ($input: StockReleaseInput!) { stockRelease(input: $input) {
  reservation { state } userErrors { code } } }"""
RECORD = """mutation ($input: OrderRecordInput!) { orderRecord(input: $input) {
  order { id customer { id } } userErrors { code message path } } }"""
RETURN = """mutation ($input: OrderReturnRecordInput!) { orderReturnRecord(input: $input) {
  orderReturn { id } userErrors { code message path ... on ReturnExceedsSold { sold returned requested } } } }"""
CREATE = """mutation ($input: CustomerCreateInput!) { customerCreate(input: $input) {
  customer { id wallet { balance } } userErrors { code message path } } }"""
REDEEM = """mutation ($input: PointsRedeemInput!) { pointsRedeem(input: $input) {
  wallet { balance } userErrors { code message ... on InsufficientPoints { requested available } } } }"""


async def _location(graph: Graph, sku: str) -> dict[str, Any]:
    data = await graph.data(
        "query ($sku: ID!) { variant(sku: $sku) { availability(first: 1) { nodes { available location { id } } } } }",
        sku=sku,
    )
    node: dict[str, Any] = data["variant"]["availability"]["nodes"][0]
    return node


async def _member(graph: Graph) -> str:
    card = f"J{new_id('x')[2:]}"
    data = await graph.data(
        CREATE, input={"idempotencyKey": new_id("key"), "identities": [{"type": "CARD", "value": card}]}
    )
    assert data["customerCreate"]["userErrors"] == []
    found = await graph.data("query ($card: String!) { customerLookup(card: $card) { id } }", card=card)
    assert found["customerLookup"]["id"] == data["customerCreate"]["customer"]["id"]
    return str(found["customerLookup"]["id"])


def _order(customer: str | None, quantity: int = 3, yen: int = 1_100) -> dict[str, Any]:
    gross = quantity * yen
    net = round(gross / 1.1)
    line = {"sku": "HL-U509", "quantity": quantity, "unitPrice": str(yen), "gross": str(gross), "net": str(net)}
    line |= {"tax": str(gross - net), "taxRate": "0.1"}
    return {
        "idempotencyKey": new_id("key"),
        "externalIds": [{"source": "till-1", "value": new_id("rcpt")}],
        "placedAt": "2026-11-20T03:00:00Z",
        "currency": "JPY",
        "customerId": customer,
        "lines": [line],
        "totals": {"goodsGross": str(gross), "net": str(net), "tax": str(gross - net), "total": str(gross)},
    }


async def test_what_one_channel_holds_no_other_can_have(graph: Graph, sample: Sample) -> None:
    row = min(sample.stock, key=lambda row: row.on_hand)
    where = await _location(graph, row.sku)
    left = where["available"]

    async def buy(channel: str) -> dict[str, Any]:
        line = {"sku": row.sku, "locationId": where["location"]["id"], "quantity": 1}
        data = await graph.data(
            RESERVE, {"x-noren-channel": channel}, input={"idempotencyKey": new_id("key"), "lines": [line]}
        )
        payload: dict[str, Any] = data["stockReserve"]
        return payload

    channels = (("web", "app", "kiosk", "pos") * (left + 2))[: left + 5]
    answers = await asyncio.gather(*[buy(channel) for channel in channels])
    held = [
        (channel, answer["reservation"]["id"])
        for channel, answer in zip(channels, answers, strict=True)
        if answer["reservation"]
    ]
    refused = [error for answer in answers for error in answer["userErrors"]]
    assert len(held) == left
    assert [error["code"] for error in refused] == ["INSUFFICIENT_STOCK"] * 5
    assert all(error["requested"] == 1 and error["available"] == 0 for error in refused)

    for channel, id in held:
        released = await graph.data(
            RELEASE, {"x-noren-channel": channel}, input={"idempotencyKey": new_id("key"), "reservationId": id}
        )
        assert released["stockRelease"]["userErrors"] == []
    assert (await _location(graph, row.sku))["available"] == left


async def test_an_order_earns_points_and_its_return_takes_them_back(graph: Graph) -> None:
    customer = await _member(graph)

    async def balance() -> Any:
        data = await graph.data("query ($id: ID!) { customer(id: $id) { wallet { balance } } }", id=customer)
        return data["customer"]["wallet"] and data["customer"]["wallet"]["balance"]

    await eventually(balance, 0)
    sold = await graph.data(RECORD, {"x-noren-channel": "pos"}, input=_order(customer))
    assert sold["orderRecord"]["userErrors"] == []
    await eventually(balance, 33)

    back = {
        "idempotencyKey": new_id("key"),
        "externalIds": [{"source": "till-1", "value": new_id("rcpt")}],
        "returnedAt": "2026-11-21T03:00:00Z",
        "order": {"id": sold["orderRecord"]["order"]["id"]},
        "lines": [{"line": 1, "quantity": 1}],
    }
    returned = await graph.data(RETURN, input=back)
    assert returned["orderReturnRecord"]["userErrors"] == []
    await eventually(balance, 22)

    again = back | {"idempotencyKey": new_id("key"), "externalIds": [{"source": "till-1", "value": new_id("r")}]}
    too_many = await graph.data(RETURN, input=again | {"lines": [{"line": 1, "quantity": 3}]})
    error = too_many["orderReturnRecord"]["userErrors"][0]
    assert (error["code"], error["sold"], error["returned"], error["requested"]) == ("RETURN_EXCEEDS_SOLD", 3, 1, 3)


async def test_points_are_spent_once_whoever_asks(graph: Graph) -> None:
    customer = await _member(graph)
    earned = await graph.data(
        "mutation ($input: PointsEarnInput!) { pointsEarn(input: $input) { wallet { balance } userErrors { code } } }",
        input={"customerId": customer, "points": 100, "reason": "SIGN_UP", "idempotencyKey": new_id("key")},
    )
    assert earned["pointsEarn"]["wallet"]["balance"] == 100

    async def spend(key: str) -> dict[str, Any]:
        data = await graph.data(
            REDEEM, input={"customerId": customer, "points": 30, "reason": "CHECKOUT", "idempotencyKey": key}
        )
        payload: dict[str, Any] = data["pointsRedeem"]
        return payload

    keys = [new_id("key") for _ in range(8)]
    answers = await asyncio.gather(*[spend(key) for key in keys for _ in range(2)])
    refused = [error for answer in answers for error in answer["userErrors"]]
    assert len(answers) - len(refused) == 6, "three keys fit, each answered twice"
    assert {(error["code"], error["requested"], error["available"]) for error in refused} == {
        ("INSUFFICIENT_POINTS", 30, 10)
    }


async def test_the_same_key_replays_and_other_input_is_refused(graph: Graph, sample: Sample) -> None:
    sku = max(sample.stock, key=lambda row: row.on_hand).sku
    where = await _location(graph, sku)
    line = {"sku": sku, "locationId": where["location"]["id"], "quantity": 1}
    key = new_id("key")
    first = await graph.data(RESERVE, input={"idempotencyKey": key, "lines": [line]})
    again = await graph.data(RESERVE, input={"idempotencyKey": key, "lines": [line]})
    other = await graph.data(RESERVE, input={"idempotencyKey": key, "lines": [{**line, "quantity": 2}]})
    assert first == again
    assert [error["code"] for error in other["stockReserve"]["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    id = first["stockReserve"]["reservation"]["id"]
    await graph.data(RELEASE, input={"idempotencyKey": new_id("key"), "reservationId": id})


async def test_a_guests_order_earns_nobody_anything(graph: Graph) -> None:
    sold = await graph.data(RECORD, input=_order(None))
    assert sold["orderRecord"]["order"]["customer"] is None
    assert sold["orderRecord"]["userErrors"] == []
