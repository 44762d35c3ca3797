"""Waiting lists: told once, in order, never more than there are pieces; owner only; every crash is recovered."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kit.context import RequestContext
from kit.errors import InvalidInput, NotFound
from kit.events import EventLog
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.events import consumers, drainers, hear_bundles
from services.inventory.model import Sku
from services.inventory.policy.actions import set_policy
from services.inventory.policy.model import PolicyDraft, SafetyRule
from services.inventory.store import InventoryStore
from services.inventory.waiting import actions
from services.inventory.waiting.model import (
    MAX_PLACES,
    MAX_WAITS,
    Rise,
    TooManyWaits,
    Wait,
    WaitDraft,
    WaitState,
    slots_of,
)
from tests.services.inventory.bundle.test_bundles import SET, changed
from tests.services.inventory.paper.world import refusal
from tests.services.inventory.reservation.test_crashes import dies_at
from tests.services.inventory.test_graph import Graph
from tests.services.inventory.world import CUP, MUG, Crash, Shop, watched_store

START = utc_now()


async def join(shop: Shop, customer: str, sku: str = MUG, at: str | None = None, second: int = 0, *more: str) -> Wait:
    draft = WaitDraft(Sku(sku), (*([] if at is None else [at]), *more), customer, "web")
    return await actions.join(shop.store, draft, now=START + timedelta(seconds=second))


async def queue(shop: Shop, count: int, sku: str = MUG) -> list[Wait]:
    return [await join(shop, f"cus_{n}", sku, second=n) for n in range(count)]


async def told(store: InventoryStore, sku: str = MUG) -> list[str]:
    rows = await store.waiting.collection.find({"sku": sku, "state": "NOTIFIED"}).sort("joined_at").to_list()
    return [row["customer"] for row in rows]


def rise(shop: Shop, pieces: int, id: str = "evt_1", sku: str = MUG) -> Rise:
    return Rise(id, Sku(sku), shop.ginza, 0, pieces)


def test_a_round_has_slots_for_channels_that_saw_nothing_before() -> None:
    seen = {"web": (1, 4), "app": (0, 3), "pos": (-2, 1), "mall": (-3, 0)}
    assert slots_of(seen) == {"app": 3, "pos": 1}


async def test_those_who_waited_longest_are_told_as_many_as_there_are_pieces(shop: Shop) -> None:
    await queue(shop, 5)
    await shop.stock({MUG: 2})
    for _ in range(2):  # the same event again tells nobody new
        await actions.tell_round(shop.store, rise(shop, 2), utc_now())
    assert await told(shop.store) == ["cus_0", "cus_1"]
    await actions.tell_round(shop.store, rise(shop, 2, "evt_2"), utc_now())
    assert await told(shop.store) == ["cus_0", "cus_1", "cus_2", "cus_3"]


async def test_a_place_is_kept_and_told_of_its_own_location_only(shop: Shop) -> None:
    first = await join(shop, "cus_a", at=shop.osaka)
    assert await join(shop, "cus_a", at=shop.osaka, second=9) == first
    anywhere = await join(shop, "cus_b", second=10)
    await shop.stock({MUG: 5})
    await actions.tell_round(shop.store, rise(shop, 5), utc_now())
    assert await told(shop.store) == ["cus_b"]
    kept = await shop.store.waiting.by_id(anywhere.id)
    assert kept is not None
    assert (kept.state, kept.found_at) == (WaitState.NOTIFIED, shop.ginza)


async def test_somebody_waits_for_it_at_some_shops(shop: Shop) -> None:
    here = await join(shop, "cus_a", MUG, shop.osaka, 0, shop.ginza)
    assert await join(shop, "cus_a", MUG, shop.ginza, 5, shop.osaka) == here
    await join(shop, "cus_b", MUG, shop.osaka, 0, shop.shibuya)
    assert (await join(shop, "cus_c", MUG, shop.ginza, 1)).state is WaitState.WAITING
    await shop.stock({MUG: 5})
    await actions.tell_round(shop.store, rise(shop, 5), utc_now())
    assert await told(shop.store) == ["cus_a", "cus_c"]
    places = [f"loc_{number}" for number in range(MAX_PLACES + 1)]
    assert isinstance(await refusal(join(shop, "cus_d", MUG, None, 0, *places)), InvalidInput)


async def test_a_bundle_is_waited_for_until_it_can_be_put_together(shop: Shop, event_log: EventLog) -> None:
    """Two cups and a mug: cups alone tell nobody, and both at the same moment hold one round."""
    await hear_bundles(shop.store, [changed(1, MUG=1, CUP=2)])
    await queue(shop, 4, SET)
    await shop.stock({CUP: 5})
    await caught_up(shop, event_log)
    assert await told(shop.store, SET) == []
    await shop.stock_more(MUG, 1)
    await caught_up(shop, event_log)
    assert await told(shop.store, SET) == ["cus_0"]
    await shop.hold("k", {MUG: 1, CUP: 5})
    await shop.stock_more(MUG, 2)
    await shop.stock_more(CUP, 4)
    await caught_up(shop, event_log)
    assert await told(shop.store, SET) == ["cus_0", "cus_1", "cus_2"]
    assert (await join(shop, "cus_9", SET)).state is WaitState.NOTIFIED
    assert (await join(shop, "cus_9", SET, shop.osaka)).state is WaitState.WAITING


async def caught_up(shop: Shop, event_log: EventLog) -> None:
    for _ in range(2):
        for drainer in drainers(shop.store, event_log):
            await drainer.drain()
        for consumer in consumers(shop.store, event_log):
            await consumer.catch_up()


async def test_what_is_there_already_is_told_at_once_unless_it_is_kept_back(shop: Shop) -> None:
    await shop.stock({MUG: 2})
    assert (await join(shop, "cus_a")).state is WaitState.NOTIFIED
    kept_back = PolicyDraft(safety=(SafetyRule(2, MUG),))
    await set_policy(shop.store, "web", kept_back, 0, now=utc_now())
    assert (await join(shop, "cus_b")).state is WaitState.WAITING
    await actions.tell_round(shop.store, rise(shop, 2), utc_now())
    assert await told(shop.store) == ["cus_a"]


async def test_pieces_that_are_gone_when_it_is_heard_tell_nobody(shop: Shop) -> None:
    await queue(shop, 3)
    await shop.stock({MUG: 3})
    await shop.hold("k", {MUG: 2})
    await actions.tell_round(shop.store, rise(shop, 3), utc_now())
    assert await told(shop.store) == ["cus_0"]


async def test_sixty_four_workers_tell_twenty_pieces_to_twenty_customers(shop: Shop) -> None:
    await queue(shop, 40)
    await shop.stock({MUG: 20})
    now = utc_now()
    await asyncio.gather(*(actions.tell_round(shop.store, rise(shop, 20), now) for _ in range(64)))
    assert await told(shop.store) == [f"cus_{n}" for n in range(20)]
    outboxes = shop.store.waiting.collection.find({"outbox.0": {"$exists": True}})
    assert [len(row["outbox"]) for row in await outboxes.to_list()] == [1] * 20


async def test_one_customer_who_joins_many_times_at_once_has_one_place(shop: Shop) -> None:
    places = await asyncio.gather(*(join(shop, "cus_a", second=n) for n in range(64)))
    assert len({place.id for place in places}) == 1


@pytest.mark.parametrize("before", [True, False])
async def test_a_round_that_dies_at_any_call_is_finished_by_the_event_again(
    shop: Shop, db: Database, before: bool
) -> None:
    for at in range(1, 30):
        sku = f"S{at}"
        await queue(shop, 3, sku)
        await shop.stock({sku: 2})
        store, _ = watched_store(db, dies_at(at, before))
        crashed = False
        try:
            await actions.tell_round(store, rise(shop, 2, f"evt_{at}", sku), utc_now())
        except Crash:
            crashed = True
        await actions.tell_round(shop.store, rise(shop, 2, f"evt_{at}", sku), utc_now())
        assert await told(shop.store, sku) == ["cus_0", "cus_1"]
        if not crashed:
            return
    pytest.fail("a round makes fewer calls")


async def test_the_event_of_stock_tells_and_is_told(shop: Shop, db: Database, event_log: EventLog) -> None:
    await queue(shop, 2)
    await shop.stock({MUG: 1})

    await caught_up(shop, event_log)
    assert await told(shop.store) == ["cus_0"]
    events = await shop.store.journal.find({"type": "noren.inventory.back_in_stock.v1"}).to_list()
    assert [(event["data"]["customerId"], event["data"]["locationId"]) for event in events] == [("cus_0", shop.ginza)]


async def test_so_many_waits_and_no_more_but_the_same_again(shop: Shop) -> None:
    for n in range(MAX_WAITS):
        await join(shop, "cus_a", f"S{n}")
    assert await refusal(join(shop, "cus_a")) == TooManyWaits(path=("input",), waiting=MAX_WAITS, allowed=MAX_WAITS)
    assert (await join(shop, "cus_a", "S7")).state is WaitState.WAITING
    assert isinstance(await refusal(join(shop, "cus_b", at="loc_none")), NotFound)


JOIN = """mutation ($input: WaitingListJoinInput!) { waitingListJoin(input: $input) {
  wait { id sku state location { name } locations { name } }
  userErrors { __typename ... on NotFound { kind id } } } }"""
LEAVE = """mutation ($input: WaitingListLeaveInput!) { waitingListLeave(input: $input) {
  wait { state } userErrors { __typename ... on NotFound { kind id } } } }"""
WAITS = "{ stockWaits { nodes { sku state variant { sku } foundLocation { name } } } }"
ANN = RequestContext("web", customer="cus_ann")


async def test_a_wait_is_its_customers_own(db: Database, shop: Shop) -> None:
    graph = Graph(*watched_store(db))
    given: dict[str, Any] = {"sku": CUP, "locationId": shop.osaka}
    joined = (await graph.data(JOIN, ANN, input=given))["waitingListJoin"]
    assert joined["wait"]["location"] == {"name": "Osaka"}
    several = (await graph.data(JOIN, ANN, input={**given, "locationIds": [shop.ginza]}))["waitingListJoin"]["wait"]
    assert (several["location"], several["locations"]) == (None, [{"name": "Osaka"}, {"name": "Ginza"}])
    await graph.data(LEAVE, ANN, input={"id": several["id"]})
    bob = replace(ANN, customer="cus_bob")
    id = joined["wait"]["id"]
    foreign = (await graph.data(LEAVE, bob, input={"id": id}))["waitingListLeave"]
    assert foreign == {"wait": None, "userErrors": [{"__typename": "NotFound", "kind": "StockWait", "id": id}]}
    assert (await graph.data(WAITS, bob))["stockWaits"]["nodes"] == []
    for _ in range(2):
        left = (await graph.data(LEAVE, ANN, input={"id": id}))["waitingListLeave"]
        assert left == {"wait": {"state": "LEFT"}, "userErrors": []}
    nodes = (await graph.data(WAITS, ANN))["stockWaits"]["nodes"]
    assert nodes[1:] == [{"sku": CUP, "state": "LEFT", "variant": {"sku": CUP}, "foundLocation": None}]
    nobody = await graph.ask(JOIN, RequestContext("web"), input=given)
    assert nobody["errors"][0]["extensions"]["code"] == "FORBIDDEN"
