"""Live stock as the gateway subscribes to it: staff see every movement, shoppers what they may see."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from kit.context import CONTEXT_HEADER, RequestContext
from kit.events import EventLog
from kit.subgraph import Subgraph
from kit.tasks import background
from services.inventory.context import Context
from services.inventory.events import drainers
from services.inventory.loaders import Loaders
from services.inventory.model import StockState
from services.inventory.schema import schema
from tests.services.inventory.live.test_hub import sell, shelve
from tests.services.inventory.test_graph import SIGNER, STAFF, WEB
from tests.services.inventory.world import MUG, Shop

WATCH = """subscription ($skus: [ID!]!, $at: [ID!], $after: String) {
  stockChanged(skus: $skus, locationIds: $at, after: $after) {
    isSnapshot cursor variant { sku } availability { available location { name } }
    level { onHand safety version } } }"""


@pytest.fixture
async def subgraph(shop: Shop, event_log: EventLog) -> AsyncIterator[Subgraph]:
    await shop.stock({MUG: 5})
    stock, *_ = drainers(shop.store, event_log)
    await stock.drain()
    async with background(stock=stock.run(), live=shop.store.live.run()):
        yield Subgraph("inventory", schema, SIGNER, lambda caller: Context(caller, shop.store, Loaders(shop.store)))


def watched(subgraph: Subgraph, caller: RequestContext, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
    return subgraph.subscribe(WATCH, variables, None, {CONTEXT_HEADER: SIGNER.sign(caller)})


async def nexts(told: AsyncGenerator[dict[str, Any], None]) -> Any:
    async with asyncio.timeout(20):
        answer = await anext(told)
    assert "errors" not in answer, answer
    return answer["data"]["stockChanged"]


async def test_staff_see_levels_and_shoppers_what_may_be_promised(subgraph: Subgraph, shop: Shop) -> None:
    async with (
        aclosing(watched(subgraph, STAFF, skus=[MUG])) as staff,
        aclosing(watched(subgraph, WEB, skus=[MUG], at=[shop.ginza])) as shopper,
    ):
        first = await nexts(staff)
        assert first["level"] == {"onHand": 5, "safety": 0, "version": 1}
        assert (first["isSnapshot"], first["availability"]["location"]) == (True, {"name": "Ginza"})
        seen = await nexts(shopper)
        assert (seen["level"], seen["availability"]["available"]) == (None, 5)
        await shelve(shop, MUG, "s1", StockState.AVAILABLE, StockState.SAFETY)
        await shelve(shop, MUG, "s2", StockState.SAFETY, StockState.DAMAGED)
        await sell(shop, MUG, "k")
        assert [(await nexts(staff))["level"]["version"] for _ in range(3)] == [2, 3, 4]
        assert [(await nexts(shopper))["availability"]["available"] for _ in range(2)] == [4, 3]


async def test_a_subscription_goes_on_after_its_cursor(subgraph: Subgraph, shop: Shop) -> None:
    async with aclosing(watched(subgraph, STAFF, skus=[MUG])) as told:
        await nexts(told)
        await sell(shop, MUG, "k1")
        cursor = (await nexts(told))["cursor"]
    await sell(shop, MUG, "k2")
    async with aclosing(watched(subgraph, STAFF, skus=[MUG], after=cursor)) as told:
        change = await nexts(told)
        assert (change["isSnapshot"], change["level"]["version"]) == (False, 3)


async def test_what_cannot_be_watched_is_refused_by_its_argument(subgraph: Subgraph) -> None:
    async with aclosing(watched(subgraph, WEB, skus=[])) as told:
        answer = await anext(told)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert "skus" in error["message"]
