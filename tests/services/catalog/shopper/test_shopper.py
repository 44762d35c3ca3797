"""What prices know of a customer, by events in any order and by hand."""

import asyncio
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from kit.events import Event
from services.catalog.events import handle_events
from services.catalog.shopper.actions import put_shopper
from services.catalog.shopper.events import (
    ORDER_RECORDED,
    RANK_CHANGED,
    SEGMENTS_CHANGED,
    ShopperEventNotUnderstood,
)
from services.catalog.shopper.model import MAX_SEGMENTS, NOBODY, Shopper
from services.catalog.store import CatalogStore
from tests.services.catalog.shop import NOW
from tests.services.catalog.test_actions import refusals


def event(type: str, id: str, at: datetime = NOW, **data: Any) -> Event:
    return Event(id, "/noren/test", type, "cus_1", at, {"customerId": "cus_1", **data})


def order(number: int) -> Event:
    return event(ORDER_RECORDED, f"ord_{number}:recorded", orderId=f"ord_{number}")


HOUR = timedelta(hours=1)
TOLD = [
    order(1),
    order(2),
    event(RANK_CHANGED, "r1", NOW, rank="SILVER"),
    event(RANK_CHANGED, "r2", NOW + HOUR, rank="GOLD"),
    event(SEGMENTS_CHANGED, "s1", NOW, segments=["a"]),
]


async def test_events_in_any_order_and_twice_leave_the_same_shopper(store: CatalogStore) -> None:
    for some in list(permutations(TOLD))[::17]:
        await store.db["shoppers"].delete_many({})
        await store.db["shopper_orders"].delete_many({})
        for one in (*some, *some):
            await handle_events(store, [one])
        assert await store.shopper.get("cus_1") == Shopper(frozenset("a"), "GOLD", 2)


async def test_workers_that_hear_the_same_count_it_once(store: CatalogStore) -> None:
    await asyncio.gather(*(handle_events(store, [order(number) for number in range(9)]) for _ in range(4)))

    assert (await store.shopper.get("cus_1")).purchases == 9


async def test_an_order_of_nobody_is_nobodys(store: CatalogStore) -> None:
    await handle_events(store, [event(ORDER_RECORDED, "o", orderId="ord_9", customerId=None)])

    assert await store.db["shoppers"].count_documents({}) == 0
    assert await store.shopper.get("cus_1") == NOBODY


@pytest.mark.parametrize(
    "wrong",
    [
        event(ORDER_RECORDED, "x"),
        event(SEGMENTS_CHANGED, "x", segments="a"),
        event(SEGMENTS_CHANGED, "x", segments=[1]),
        event(RANK_CHANGED, "x", customerId=7, rank="A"),
    ],
)
async def test_an_event_that_breaks_its_promise_is_said_to(store: CatalogStore, wrong: Event) -> None:
    with pytest.raises(ShopperEventNotUnderstood):
        await handle_events(store, [wrong])


async def test_by_hand_until_somebody_tells_something_newer(store: CatalogStore) -> None:
    await put_shopper(store, "cus_1", frozenset({"vip"}), "GOLD", now=NOW)
    await handle_events(store, [event(RANK_CHANGED, "old", NOW - HOUR, rank="BRONZE")])
    assert await store.shopper.get("cus_1") == Shopper(frozenset({"vip"}), "GOLD")

    await handle_events(store, [event(RANK_CHANGED, "new", NOW + HOUR, rank=None)])
    assert await store.shopper.get("cus_1") == Shopper(frozenset({"vip"}), None)


@pytest.mark.parametrize(
    ("customer", "segments", "path"),
    [
        ("", frozenset[str](), ("input", "customerId")),
        ("c", frozenset({""}), ("input",)),
        ("c", frozenset(map(str, range(MAX_SEGMENTS + 1))), ("input", "segments")),
    ],
)
async def test_facts_that_cannot_be_are_refused(
    store: CatalogStore, customer: str, segments: frozenset[str], path: tuple[str, ...]
) -> None:
    assert [r.path for r in await refusals(put_shopper(store, customer, segments, None, now=NOW))] == [path]
