"""A wallet as a client watches it: every entry once and in order, also after it was away."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.events import Drainer
from kit.subgraph import Subgraph
from kit.tasks import background
from services.loyalty.context import Context
from services.loyalty.loaders import Loaders
from services.loyalty.model import CustomerId
from services.loyalty.schema import schema
from services.loyalty.store import LoyaltyStore
from tests.services.loyalty.points import give, spend

SIGNER = ContextSigner(b"x" * 32)
WATCH = """subscription ($whose: ID!, $after: String) { walletChanged(customerId: $whose, after: $after) {
  cursor wallet { balance } entry { kind points balanceAfter } } }"""


@pytest.fixture
async def subgraph(store: LoyaltyStore, drainer: Drainer) -> AsyncIterator[Subgraph]:
    async with background(drain=drainer.run(), live=store.live.run()):
        yield Subgraph("loyalty", schema, SIGNER, lambda caller: Context(caller, store, Loaders(store, caller.at)))


def watched(
    subgraph: Subgraph, whose: str, caller: str, after: str | None = None
) -> AsyncGenerator[dict[str, Any], None]:
    token = SIGNER.sign(RequestContext(channel="web", customer=caller))
    return subgraph.subscribe(WATCH, {"whose": whose, "after": after}, None, {CONTEXT_HEADER: token})


async def nexts(told: AsyncGenerator[dict[str, Any], None]) -> Any:
    async with asyncio.timeout(20):
        answer = await anext(told)
    assert "errors" not in answer, answer
    return answer["data"]["walletChanged"]


async def test_every_entry_is_seen_once_and_in_order_and_a_cursor_goes_on_without_a_gap(
    subgraph: Subgraph, store: LoyaltyStore, member: CustomerId
) -> None:
    await give(store, member, 1_000)
    async with aclosing(watched(subgraph, member, member)) as told:
        first = await nexts(told)
        assert first == {"cursor": "1", "wallet": {"balance": 1_000}, "entry": None}
        await asyncio.gather(*(spend(store, member, 10) for _ in range(20)))
        seen = [await nexts(told) for _ in range(20)]
        assert [one["entry"]["balanceAfter"] for one in seen] == [1_000 - 10 * n for n in range(1, 21)]
    await spend(store, member, 50)
    await give(store, member, 5)
    async with aclosing(watched(subgraph, member, member, after=seen[-2]["cursor"])) as told:
        kinds = [(await nexts(told))["entry"]["kind"] for _ in range(3)]
        assert kinds == ["REDEEMED", "REDEEMED", "EARNED"]


async def test_a_wallet_that_is_not_there_yet_is_waited_for_and_a_strangers_is_refused(
    subgraph: Subgraph, store: LoyaltyStore, member: CustomerId
) -> None:
    async with aclosing(watched(subgraph, member, member)) as told:
        waiting = asyncio.create_task(nexts(told))
        await asyncio.sleep(0)
        await give(store, member, 7)
        assert (await waiting)["wallet"] == {"balance": 7}
    for whose, caller, after, code in (
        (member, "cus_other", None, "FORBIDDEN"),
        (member, member, "-1", "INVALID_INPUT"),
    ):
        async with aclosing(watched(subgraph, whose, caller, after)) as told:
            (error,) = (await anext(told))["errors"]
            assert error["extensions"]["code"] == code
