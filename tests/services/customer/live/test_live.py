"""A timeline as it grows, and who is looked up at a counter."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.errors import Unavailable
from kit.subgraph import Subgraph
from kit.tasks import background
from kit.times import utc_now
from services.customer.behaviour.actions import track
from services.customer.behaviour.checks import Door
from services.customer.behaviour.model import EventDraft, View
from services.customer.context import Context
from services.customer.live.hub import MAX_WAITING, Subscriber
from services.customer.loaders import Loaders
from services.customer.schema import schema
from services.customer.store import CustomerStore
from tests.services.customer.conftest import Ask
from tests.services.customer.family import merge
from tests.services.customer.test_graph import make

SIGNER = ContextSigner(b"x" * 32)
TIMELINE = """subscription ($id: ID!) { timelineChanged(customerId: $id) {
  event { isAnonymous ... on ViewEvent { variant { sku } } } } }"""
LOOKUPS = """subscription ($at: ID!) { customerLookedUp(locationId: $at) { customer { id displayName } actor } }"""
LOOKUP = 'query { customerLookup(phone: "090-1234-5678") { id } }'


@pytest.fixture
async def subgraph(store: CustomerStore) -> AsyncIterator[Subgraph]:
    async with background(live=store.live.events.run(), lookups=store.live.lookups.run()):
        yield Subgraph("customer", schema, SIGNER, lambda caller: Context(caller, store, Loaders(store), "JP"))


def headers(customer: str | None = None, scopes: str = "", location: str | None = None) -> dict[str, str]:
    caller = RequestContext(channel="pos", location=location, customer=customer, scopes=frozenset(scopes.split()))
    return {CONTEXT_HEADER: SIGNER.sign(caller)}


async def nexts(told: AsyncGenerator[dict[str, Any], None]) -> Any:
    async with asyncio.timeout(30):
        answer = await anext(told)
    assert "errors" not in answer, answer
    (data,) = answer["data"].values()
    return data


async def tell(store: CustomerStore, sku: str, whose: str | None, device: str | None = None, late: int = 0) -> None:
    at = utc_now() - timedelta(hours=late)
    await track(
        store, Door("w", "web", None, store.secret, utc_now()), [EventDraft(sku, at, (View(sku),), whose, device)]
    )


async def test_a_timeline_is_seen_as_it_grows_under_every_profile_and_device_late_events_too(
    subgraph: Subgraph, store: CustomerStore
) -> None:
    await tell(store, "before", "cus_a", "phone")
    await merge(store, "cus_a", "cus_b")
    async with aclosing(subgraph.subscribe(TIMELINE, {"id": "cus_a"}, None, headers("cus_a"))) as told:
        assert await nexts(told) == {"event": None}
        await tell(store, "one", "cus_a")
        await tell(store, "other", "cus_stranger")
        await tell(store, "two", "cus_b", late=9)
        await tell(store, "three", None, "phone")
        await tell(store, "one", "cus_a")
        seen = [(await nexts(told))["event"] for _ in range(3)]
    assert sorted(one["variant"]["sku"] for one in seen) == ["one", "three", "two"]
    assert [one["isAnonymous"] for one in seen].count(True) == 1


async def test_who_is_looked_up_shows_at_the_location_and_nowhere_else(
    subgraph: Subgraph, ask: Ask, store: CustomerStore
) -> None:
    whose = await make(ask)
    async with aclosing(subgraph.subscribe(LOOKUPS, {"at": "loc_1"}, None, headers(scopes="customers:read"))) as told:
        assert await nexts(told) == {"customer": None, "actor": None}
        for location in ("loc_2", "loc_1"):
            seen = await subgraph.execute(LOOKUP, None, None, headers(scopes="customers:read", location=location))
            assert seen["data"]["customerLookup"] == {"id": whose}
        shown = await nexts(told)
    assert shown == {"customer": {"id": whose, "displayName": "髙橋 花子"}, "actor": "channel:pos"}


@pytest.mark.parametrize(
    ("query", "caller"),
    [
        (TIMELINE, {"customer": "cus_other"}),
        (LOOKUPS, {"customer": "cus_a"}),
        (LOOKUPS, {"scopes": "customers:read", "location": "loc_9"}),
    ],
    ids=["timeline", "lookups", "location"],
)
async def test_nobody_watches_what_they_may_not_read(subgraph: Subgraph, query: str, caller: dict[str, str]) -> None:
    asked = (query, {"id": "cus_a", "at": "loc_1"}, None, headers(**caller))
    async with aclosing(subgraph.subscribe(*asked)) as told:
        (error,) = (await anext(told))["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"


def test_who_is_too_far_behind_is_told_so_and_never_shown_a_gap() -> None:
    subscriber = Subscriber()
    for n in range(MAX_WAITING):
        subscriber.put({"n": n})
    assert len(subscriber.take()) == MAX_WAITING
    for n in range(MAX_WAITING + 1):
        subscriber.put({"n": n})
    with pytest.raises(Unavailable):
        subscriber.take()
