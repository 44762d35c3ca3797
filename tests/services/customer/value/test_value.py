"""What a member is worth, however and in whatever order it was told."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from random import Random
from typing import Any

import pytest

from kit.events import Event, EventLog
from kit.times import utc_now
from services.customer.behaviour.actions import erase
from services.customer.events import consumers
from services.customer.kin.model import Person
from services.customer.store import CustomerStore
from services.customer.value.actions import favourites, values, visit
from services.customer.value.events import CATEGORY_CHANGED, PRODUCT_CHANGED, EventNotUnderstood, hear_range, hear_trade
from services.customer.value.model import (
    ChannelShare,
    Favourite,
    Lifetime,
    Part,
    Rfm,
    Sold,
    Value,
    Visit,
    favourites_of,
    last_visit,
    value_of,
)
from tests.services.customer.conftest import NOW, Ask
from tests.services.customer.family import cut, merge
from tests.services.customer.test_graph import make

DAY = timedelta(days=1)


def part(minor: int, orders: int = 1, days: int = 1, currency: str = "JPY", channel: str = "web", **more: Any) -> Part:
    at = NOW - days * DAY
    returned = more.pop("returned", 0)
    recent = days <= 365
    return Part(
        more.pop("whose", "cus_a"),
        channel,
        currency,
        orders,
        minor,
        returned,
        orders if recent else 0,
        minor - returned if recent else 0,
        at,
        at,
    )


def told(type: str, id: str, at: datetime, **data: Any) -> Event:
    return Event(f"{type}:{id}", "/noren/order", type, id, at, data)


def order(
    id: str, minor: int, days: float = 1, whose: str | None = "cus_a", channel: str = "web", **more: Any
) -> Event:
    at = more.pop("now", NOW) - days * DAY
    lines = more.pop("lines", [{"sku": f"SKU-{id}", "quantity": 1, "grossMinor": minor}])
    return told(
        "noren.order.recorded.v1",
        id,
        at,
        orderId=id,
        customerId=whose,
        channel=channel,
        locationId=more.pop("location", None),
        placedAt=at.isoformat(),
        currency=more.pop("currency", "JPY"),
        goodsGrossMinor=minor,
        lines=lines,
    )


def back(id: str, of: str, minor: int, whose: str | None = "cus_a") -> Event:
    lines = [{"sku": f"SKU-{of}", "quantity": 1, "grossMinor": minor}]
    data = {"returnId": id, "orderId": of, "customerId": whose, "currency": "JPY", "goodsGrossMinor": minor}
    return told("noren.order.returned.v1", id, NOW, returnedAt=NOW.isoformat(), lines=lines, **data)


async def worth(store: CustomerStore, whose: str = "cus_a") -> Value:
    return (await values(store, await store.kin.persons([whose]), NOW))[whose]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([part(200_000, orders=12, days=30)], Rfm(5, 5, 5)),
        ([part(199_999, orders=11, days=31)], Rfm(4, 4, 4)),
        ([part(99_999, orders=5, days=91)], Rfm(3, 3, 3)),
        ([part(49_999, orders=2, days=365)], Rfm(2, 2, 2)),
        ([part(900_000, orders=40, days=366)], Rfm(1, 1, 1)),
        ([part(200_000, returned=180_001)], Rfm(5, 1, 1)),
        ([part(50_000, currency="EUR"), part(10_000)], Rfm(5, 2, 3)),
        ([part(50_000, currency="KRW")], Rfm(5, 1, None)),
    ],
    ids=range(8),
)
def test_scores_are_those_of_the_stated_scale(parts: list[Part], expected: Rfm) -> None:
    assert value_of(parts, NOW).rfm == expected


def test_currencies_are_never_added_and_nobody_without_orders_has_scores() -> None:
    value = value_of([part(100), part(50, currency="EUR"), part(200, channel="store", returned=50)], NOW)
    assert value.lifetimes == (Lifetime("JPY", 2, 300, 50), Lifetime("EUR", 1, 50, 0))
    assert (value.lifetimes[0].net_minor, value.lifetimes[0].average_minor) == (250, 125)
    assert value.channels == (ChannelShare("web", 2, 6667), ChannelShare("store", 1, 3333))
    assert value_of([], NOW) == Value(0, (), (), None, None, None)
    assert Lifetime("JPY", 0, 5, 5).average_minor is None


def test_favourites_are_the_most_specific_categories_of_what_stayed() -> None:
    sold = [Sold("A", 3, 30), Sold("B", 1, 10), Sold("C", 0, 0), Sold("D", 1, 1)]
    named = {"A": frozenset({"all", "shoes"}), "B": frozenset({"all", "bags"}), "C": frozenset({"all", "hats"})}
    parents = {"shoes": "all", "bags": "all", "hats": "all", "all": None}
    assert favourites_of(sold, named, parents) == [Favourite("shoes", 3, 6000), Favourite("bags", 1, 2000)]


def test_the_later_of_seen_and_bought_is_the_last_visit() -> None:
    early, late = Visit(NOW - DAY, "web", None), Visit(NOW, "store", "loc_1")
    assert last_visit(early, late) == last_visit(late, early) == last_visit(None, late) == late
    assert last_visit(None, None) is None


EVENTS = [
    order("o1", 1_000, days=10),
    order("o2", 5_000, days=5, channel="store", location="loc_1"),
    order("o3", 700, days=400),
    order("o4", 900, days=2),
    order("guest", 9_999, whose=None),
    back("r1", "o2", 2_000),
    back("r2", "o4", 900),
    back("r3", "o2", 1_000),
]


@pytest.mark.parametrize("seed", range(4))
async def test_in_any_order_and_twice_events_come_to_the_same(store: CustomerStore, seed: int) -> None:
    random = Random(seed)
    events = EVENTS + random.sample(EVENTS, 4)
    random.shuffle(events)
    for start in range(0, len(events), 3):
        await hear_trade(store, events[start : start + 3])
    value = await worth(store)
    assert value.lifetimes == (Lifetime("JPY", 3, 7_600, 3_900),)
    assert value.channels == (ChannelShare("web", 2, 6667), ChannelShare("store", 1, 3333))
    assert (value.first_at, value.last_at) == (NOW - 400 * DAY, NOW - 5 * DAY)
    assert value.rfm == Rfm(5, 2, 1)


async def test_a_merge_sums_and_an_unmerge_parts_and_no_order_is_touched(store: CustomerStore) -> None:
    await hear_trade(store, [order("o1", 1_000), order("o2", 500, whose="cus_b"), back("r1", "o2", 100, "cus_b")])
    before = [await worth(store, "cus_a"), await worth(store, "cus_b")]
    kept = await store.db["purchases"].find().to_list()
    await merge(store, "cus_a", "cus_b")
    assert (await worth(store, "cus_b")).lifetimes == (Lifetime("JPY", 2, 1_500, 100),)
    assert await worth(store, "cus_a") == await worth(store, "cus_b")
    await cut(store, "cus_b")
    assert [await worth(store, "cus_a"), await worth(store, "cus_b")] == before
    assert await store.db["purchases"].find().to_list() == kept


def product(id: str, version: int, categories: Sequence[str], *skus: str, seconds: int = 0) -> Event:
    at = NOW + timedelta(seconds=seconds)
    data: dict[str, Any] = {"productId": id, "version": version, "categoryIds": list(categories), "skus": list(skus)}
    return Event(f"{id}:{version}", "/noren/catalog", PRODUCT_CHANGED, id, at, data)


def category(id: str, version: int, parent: str | None) -> Event:
    data = {"categoryId": id, "version": version, "parentId": parent}
    return Event(f"{id}:{version}", "/noren/catalog", CATEGORY_CHANGED, id, NOW, data)


async def test_favourites_follow_the_newest_word_on_categories(store: CustomerStore) -> None:
    lines = [{"sku": "A", "quantity": 3, "grossMinor": 3}, {"sku": "B", "quantity": 1, "grossMinor": 1}]
    await hear_trade(store, [order("o1", 4, lines=lines)])
    events = [
        category("shoes", 1, "all"),
        category("all", 1, None),
        product("p1", 7, ["old"], "A"),
        product("p2", 1, ["all", "shoes"], "A", seconds=1),
        product("p3", 2, ["all"], "B"),
        product("p3", 1, ["old"], "B"),
    ]
    for chosen in list(permutations(range(6)))[::181]:
        await store.db["goods"].delete_many({})
        for place in chosen:
            await hear_range(store, [events[place]])
        found = await favourites(store, Person(frozenset({"cus_a"})), 5)
        assert found == [Favourite("shoes", 3, 7500), Favourite("all", 1, 2500)]
    await hear_range(store, events)
    assert len(await favourites(store, Person(frozenset({"cus_a"})), 1)) == 1


async def test_what_is_heard_reaches_timeline_value_and_last_visit_once(
    store: CustomerStore, event_log: EventLog
) -> None:
    now = utc_now()
    lately = order("o1", 1_000, days=3, channel="store", location="loc_1", now=now)
    await event_log.append([lately, order("old", 5, days=9_999, now=now)])
    for _ in range(2):
        for consumer in consumers(store, event_log):
            await consumer.catch_up()
    assert [event["kind"] async for event in store.behaviour.events.find()] == ["PURCHASE"]
    found = await visit(store, Person(frozenset({"cus_a"})), frozenset({"cus_a"}))
    assert found == Visit(now - 3 * DAY, "store", "loc_1")


async def test_nothing_is_heard_of_who_was_erased(store: CustomerStore) -> None:
    await hear_trade(store, [order("o1", 1_000), order("o2", 1, whose="cus_b")])
    await erase(store, "cus_a", now=NOW)
    assert await store.value.erase("cus_a") == 1
    await hear_trade(store, [order("o1", 1_000), back("r1", "o1", 5)])
    assert [row["_id"] async for row in store.db["purchases"].find()] == ["o2"]


async def test_an_event_without_what_it_promises_is_parked(store: CustomerStore) -> None:
    for type in ("noren.order.recorded.v1", "noren.order.returned.v1"):
        with pytest.raises(EventNotUnderstood):
            await hear_trade(store, [told(type, "x", NOW, customerId="cus_a")])


READ = """query ($id: ID!, $n: Int) { customer(id: $id) {
  value { orders lifetime { orders net { minorUnits currency } gross { amount } returned { minorUnits }
    averageOrder { minorUnits } } channels { channel orders share } rfm { recency frequency monetary }
    firstPurchaseAt lastPurchaseAt }
  favouriteCategories(first: $n) { categoryId pieces share } lastVisit { channel location { id } } } }"""


async def test_a_customer_has_a_value_in_the_graph(ask: Ask, store: CustomerStore) -> None:
    whose = await make(ask)
    empty = (await ask(READ, {"id": whose, "n": 3}, customer=whose))["data"]["customer"]
    assert empty == {
        "value": {
            "orders": 0,
            "lifetime": [],
            "channels": [],
            "rfm": None,
            "firstPurchaseAt": None,
            "lastPurchaseAt": None,
        },
        "favouriteCategories": [],
        "lastVisit": None,
    }
    bought = order("o1", 30_000, whose=whose, channel="store", location="loc_1", now=utc_now())
    await hear_trade(store, [bought])
    await hear_range(store, [product("p", 1, ["shoes"], "SKU-o1")])
    full = (await ask(READ, {"id": whose, "n": 3}, customer=whose))["data"]["customer"]
    assert full["value"]["lifetime"] == [
        {
            "orders": 1,
            "net": {"minorUnits": 30_000, "currency": "JPY"},
            "gross": {"amount": "30000"},
            "returned": {"minorUnits": 0},
            "averageOrder": {"minorUnits": 30_000},
        }
    ]
    assert full["value"]["channels"] == [{"channel": "store", "orders": 1, "share": "1.0000"}]
    assert full["value"]["rfm"] == {"recency": 5, "frequency": 1, "monetary": 2}
    assert full["favouriteCategories"] == [{"categoryId": "shoes", "pieces": 1, "share": "1.0000"}]
    assert full["lastVisit"] == {"channel": "store", "location": {"id": "loc_1"}}
    wrong = await ask(READ, {"id": whose, "n": 21}, customer=whose)
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
