"""A page that watches a shelf: it hears of what another channel takes, with the product's name, the moment it does."""

import asyncio
from typing import Any

import orjson
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from gateway.settings import GatewaySettings
from kit.ids import new_id
from noren.sample.files import Sample
from noren.system import open_system
from tests.gateway.subscription.house import Client
from tests.journeys.test_selling import RESERVE
from tests.served import served

SHELF = """query ($sku: ID!) { variant(sku: $sku) {
  product { name } availability(first: 50) { nodes { available location { id } } } } }"""
WATCH = """subscription ($skus: [ID!]!, $at: [ID!], $after: String) {
  stockChanged(skus: $skus, locationIds: $at, after: $after) {
    variant { sku product { name } } availability { available } isSnapshot cursor } }"""
WAIT_S = 30


async def heard(client: Client, left: int) -> dict[str, Any]:
    """The change after which so many are left."""
    async with asyncio.timeout(WAIT_S):
        while True:
            told = await client.receive()
            assert told["type"] == "next", told
            assert "errors" not in told["payload"], told
            change: dict[str, Any] = told["payload"]["data"]["stockChanged"]
            if change["availability"]["available"] == left:
                return change


async def asked(client: Client, identity: str, query: str, **variables: Any) -> dict[str, Any]:
    """A query or a mutation over the same protocol."""
    await client.subscribe(identity, query, **variables)
    told = await client.receive()
    assert told["type"] == "next", told
    assert await client.receive() == {"id": identity, "type": "complete"}
    data: dict[str, Any] = told["payload"]["data"]
    return data


async def test_a_page_hears_at_once_what_a_till_takes_and_goes_on_where_it_was(
    mongo_url: str, system_prefix: str, sample: Sample
) -> None:
    sku = max(sample.stock, key=lambda row: row.on_hand).sku
    async with open_system(mongo_url, GatewaySettings()) as app, served(app) as base:
        page, till = await connected(base, "web"), await connected(base, "pos")
        variant = (await asked(till, "shelf", SHELF, sku=sku))["variant"]
        shelf = max(variant["availability"]["nodes"], key=lambda node: node["available"])
        place, left = shelf["location"]["id"], shelf["available"]

        await page.subscribe("shelf", WATCH, skus=[sku], at=[place])
        snapshot = await heard(page, left)
        assert snapshot["isSnapshot"]
        assert snapshot["variant"] == {"sku": sku, "product": variant["product"]}

        line = {"sku": sku, "locationId": place, "quantity": 1}
        took = await asked(till, "take", RESERVE, input={"idempotencyKey": new_id("key"), "lines": [line]})
        assert took["stockReserve"]["userErrors"] == []
        change = await heard(page, left - 1)
        assert not change["isSnapshot"]
        assert change["variant"]["product"] == variant["product"]

        await page.socket.close()
        await asked(till, "more", RESERVE, input={"idempotencyKey": new_id("key"), "lines": [line]})
        again = await connected(base, "web")
        await again.subscribe("shelf", WATCH, skus=[sku], at=[place], after=change["cursor"])
        missed = await heard(again, left - 2)
        assert not missed["isSnapshot"]
        await again.socket.close()
        await till.socket.close()


async def connected(base: str, channel: str) -> Client:
    """A client of one channel, acknowledged."""
    socket = await connect(
        f"ws://{base}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None, open_timeout=WAIT_S
    )
    await socket.send(orjson.dumps({"type": "connection_init", "payload": {"x-noren-channel": channel}}).decode())
    client = Client(socket)
    assert await client.receive() == {"type": "connection_ack"}
    return client
