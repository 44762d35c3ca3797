"""Back-orders on the real database: never more than is to come, served in order, safe wherever a process dies."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kit.errors import IdempotencyKeyReused, NotFound, Refused
from kit.events import Event, EventLog
from kit.events.log import Position
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import audit, reserve
from services.inventory.auditor.actions import audit_pass
from services.inventory.backorder.actions import cancel, place, serve, sweep_backorders
from services.inventory.backorder.model import (
    KEPT,
    Backorder,
    BackorderClosed,
    BackorderDraft,
    BackorderEnded,
    BackorderLimitReached,
    BackorderState,
)
from services.inventory.backorder.rule import BackorderMode, BackorderRule
from services.inventory.events import drainers
from services.inventory.location.operation import LocationService, Operation
from services.inventory.model import Actor, Sku, stock_id
from services.inventory.policy.model import Policy, PolicyDraft
from services.inventory.promise.actions import Where, promise
from services.inventory.promise.model import PromiseKind
from services.inventory.receiving.actions import cancel_delivery, expect_delivery, receive_delivery, reschedule_delivery
from services.inventory.receiving.dates import NewDate
from services.inventory.receiving.model import Delivery, DeliveryDraft, ExpectedLine, Receipt
from services.inventory.reservation.model import Line, ReservationDraft
from services.inventory.store import InventoryStore
from tests.services.inventory.paper.world import crash_everywhere, refusal, step
from tests.services.inventory.sourcing.test_actions import works
from tests.services.inventory.test_graph import STAFF as STAFF_CALLER
from tests.services.inventory.test_graph import WEB as WEB_CALLER
from tests.services.inventory.test_graph import Graph
from tests.services.inventory.world import MUG, STAFF, WEB, Shop, watched_store

DUE = datetime(2027, 1, 11, tzinfo=UTC)
RULE = BackorderRule(BackorderMode.BACKORDER)
POLICY = Policy("web", PolicyDraft(backorders=(RULE,)), 1)


async def expect(shop: Shop, pieces: int, sku: str = MUG, due: datetime = DUE) -> Delivery:
    draft = DeliveryDraft(shop.ginza, "Potter", due, (ExpectedLine(sku, pieces, None, 0),))
    return await expect_delivery(shop.store, draft, step("", "expect"))


async def arrive(shop: Shop, delivery: Delivery, pieces: int, sku: str = MUG) -> None:
    await receive_delivery(shop.store, [Receipt(sku, pieces)], step(delivery.id, "receive"))


async def order(
    shop: Shop, key: str, pieces: int = 1, sku: str = MUG, policy: Policy = POLICY, store: InventoryStore | None = None
) -> Backorder:
    draft = BackorderDraft(key, Sku(sku), shop.ginza, pieces)
    return await place(store or shop.store, draft, policy, actor=WEB, now=utc_now())


async def now_of(shop: Shop, *orders: Backorder) -> list[BackorderState]:
    found = [await shop.store.backorders.by_id(one.id) for one in orders]
    return [one.state for one in found if one is not None]


async def test_sixty_buyers_of_twenty_to_come_and_twenty_are_served_in_their_order(shop: Shop) -> None:
    delivery = await expect(shop, 20)
    tries = await asyncio.gather(*[order(shop, f"b{n}") for n in range(60)], return_exceptions=True)
    placed = [one for one in tries if isinstance(one, Backorder)]
    refused = [one for one in tries if isinstance(one, Refused)]
    assert (len(placed), len(refused)) == (20, 40)
    assert {one.promised_at for one in placed} == {DUE}
    facts = refused[0].refusals[0]
    assert facts == BackorderLimitReached(sku=MUG, location_id=shop.ginza, requested=1, open=0, next_due_at=None)
    line = await shop.store.backorders.line(stock_id(MUG, shop.ginza))
    assert line is not None
    await arrive(shop, delivery, 12)
    await asyncio.gather(*[sweep_backorders(shop.store, utc_now()) for _ in range(4)])
    states = await now_of(shop, *line.open)
    assert states == [BackorderState.ALLOCATED] * 12 + [BackorderState.WAITING] * 8
    assert (await shop.quantities(MUG)).committed == 12
    await arrive(shop, delivery, 8)
    await sweep_backorders(shop.store, utc_now())
    assert await now_of(shop, *line.open) == [BackorderState.ALLOCATED] * 20
    assert (await shop.quantities(MUG)).available == 0


async def test_a_key_orders_once_whatever_has_become_of_it(shop: Shop) -> None:
    delivery = await expect(shop, 5)
    placed = await asyncio.gather(*[order(shop, "same", 2) for _ in range(8)])
    assert len({one.id for one in placed}) == 1
    with pytest.raises(Refused) as refused:
        await order(shop, "same", 3)
    assert refused.value.refusals == (IdempotencyKeyReused(key="same"),)
    await arrive(shop, delivery, 5)
    await sweep_backorders(shop.store, utc_now())
    assert (await order(shop, "same", 2)).state is BackorderState.ALLOCATED
    await sweep_backorders(shop.store, utc_now() + KEPT + timedelta(minutes=1))  # out of its line by now
    assert (await order(shop, "same", 2)).state is BackorderState.ALLOCATED
    assert (await shop.quantities(MUG)).committed == 2
    other = Actor("app")
    with pytest.raises(Refused):
        await cancel(shop.store, placed[0].id, "c", actor=other, now=utc_now())


async def test_what_is_not_sold_ahead_is_refused(shop: Shop) -> None:
    await expect(shop, 5)
    nothing = Policy("web", PolicyDraft(), 1)
    assert await refusal(order(shop, "a", policy=nothing)) == BackorderClosed(sku=MUG, location_id=shop.ginza)
    await shop.stock({MUG: 3})  # what is there is for those who buy it now
    assert isinstance(await refusal(order(shop, "b", 6)), BackorderLimitReached)
    draft = BackorderDraft("c", MUG, "loc_nowhere", 1)
    missing = await refusal(place(shop.store, draft, POLICY, actor=WEB, now=utc_now()))
    assert isinstance(missing, NotFound)


async def test_a_preorder_is_sold_up_to_its_limit_and_not_after_its_release(shop: Shop) -> None:
    release = utc_now() + timedelta(days=30)
    rule = BackorderRule(BackorderMode.PREORDER, sku="GAME*", limit=3, release_at=release)
    policy = Policy("web", PolicyDraft(backorders=(rule,)), 1)
    first = await order(shop, "p1", 2, "GAME", policy)
    assert (first.promised_at, first.mode) == (release, BackorderMode.PREORDER)
    assert isinstance(await refusal(order(shop, "p2", 2, "GAME", policy)), BackorderLimitReached)
    await cancel(shop.store, first.id, "first", actor=WEB, now=utc_now())
    assert (await order(shop, "p2", 3, "GAME", policy)).quantity == 3
    over = Policy("web", PolicyDraft(backorders=(replace(rule, release_at=utc_now()),)), 1)
    assert isinstance(await refusal(order(shop, "p3", 1, "GAME", over)), BackorderClosed)


async def test_who_gives_up_makes_room_and_who_has_pieces_cannot(shop: Shop) -> None:
    delivery = await expect(shop, 2)
    first, second = await order(shop, "a"), await order(shop, "b")
    cancelled = await cancel(shop.store, first.id, "first", actor=WEB, now=utc_now())
    assert (await cancel(shop.store, first.id, "first", actor=STAFF, now=utc_now())).state is cancelled.state
    third = await order(shop, "c")
    await arrive(shop, delivery, 2)
    await sweep_backorders(shop.store, utc_now())
    assert await now_of(shop, first, second, third) == ["CANCELLED", "ALLOCATED", "ALLOCATED"]
    ended = await refusal(cancel(shop.store, second.id, "second", actor=WEB, now=utc_now()))
    assert ended == BackorderEnded(id=second.id, state=BackorderState.ALLOCATED)


async def test_a_large_order_at_the_head_is_not_overtaken(shop: Shop) -> None:
    delivery = await expect(shop, 5)
    large, small = await order(shop, "large", 4), await order(shop, "small", 1)
    await arrive(shop, delivery, 3)
    await sweep_backorders(shop.store, utc_now())
    assert await now_of(shop, large, small) == ["WAITING", "WAITING"]
    await arrive(shop, delivery, 2)
    await serve(shop.store, stock_id(MUG, shop.ginza), now=utc_now())
    assert await now_of(shop, large, small) == ["ALLOCATED", "ALLOCATED"]


async def told(shop: Shop, event_log: EventLog) -> list[Event]:
    for drainer in drainers(shop.store, event_log):
        await drainer.drain()
    types = [f"noren.inventory.backorder_{what}.v1" for what in ("placed", "allocated", "at_risk", "cancelled")]
    return [event async for event, _ in event_log.backlog(types, Position())]


async def test_a_cancelled_delivery_puts_orders_at_risk_and_says_so_once(shop: Shop, event_log: EventLog) -> None:
    delivery = await expect(shop, 2)
    await order(shop, "a", 2)
    await cancel_delivery(shop.store, step(delivery.id, "cancel"))
    for _ in range(3):
        await sweep_backorders(shop.store, utc_now())
    later = DUE + timedelta(days=7)
    await expect(shop, 2, due=later)
    await sweep_backorders(shop.store, utc_now())
    events = await told(shop, event_log)
    assert [event.type.split("_")[-1] for event in events] == ["placed.v1", "risk.v1", "risk.v1"]
    assert [event.data["expectedAt"] for event in events] == [
        DUE.isoformat(timespec="milliseconds"),
        None,
        later.isoformat(),
    ]


async def test_who_was_promised_a_day_is_told_when_the_delivery_is_put_off(shop: Shop, event_log: EventLog) -> None:
    early, other = await expect(shop, 2), await expect(shop, 2, due=DUE + timedelta(days=1))
    first, second = await order(shop, "a", 2), await order(shop, "b", 2)
    later = DUE + timedelta(days=7)
    await reschedule_delivery(shop.store, later, [], step(early.id, "reschedule"))
    for _ in range(2):
        await sweep_backorders(shop.store, utc_now())
    risks = [event for event in await told(shop, event_log) if event.type.endswith("at_risk.v1")]
    assert [(event.subject, event.data["expectedAt"]) for event in risks] == [
        (first.id, (DUE + timedelta(days=1)).isoformat()),
        (second.id, later.isoformat()),
    ]
    await reschedule_delivery(shop.store, DUE, [NewDate(MUG, DUE)], step(early.id, "reschedule"))
    await sweep_backorders(shop.store, utc_now())
    line = await shop.store.backorders.line(stock_id(MUG, shop.ginza))
    assert line is not None
    assert [(one.at_risk, one.expected_at) for one in line.open] == [(False, DUE), (False, other.lines[0].due_at)]


async def test_promises_leave_alone_what_is_ordered(shop: Shop) -> None:
    await works(shop, shop.ginza, Operation(services=frozenset({LocationService.PICKUP})))
    await expect(shop, 3)
    where = Where(location_ids=(shop.ginza,))

    async def kinds(pieces: int) -> PromiseKind:
        (made,), _ = await promise(shop.store, [(MUG, pieces)], where, POLICY, at=utc_now())
        return made.pickups[0].kind

    before = await kinds(3)
    await order(shop, "a", 2)
    assert (before, await kinds(1), await kinds(2)) == (PromiseKind.ON_DAY, PromiseKind.ON_DAY, PromiseKind.NEVER)


async def test_wherever_a_process_dies_nothing_is_lost_or_given_twice(shop: Shop, db: Database) -> None:
    """Serving two orders, cut at every call to the database."""

    async def prepare(sku: str) -> tuple[Backorder, Backorder]:
        delivery = await expect(shop, 3, sku)
        orders = await order(shop, f"{sku}-1", 2, sku), await order(shop, f"{sku}-2", 1, sku)
        await arrive(shop, delivery, 3, sku)
        return orders

    async def act(store: InventoryStore, orders: tuple[Backorder, Backorder]) -> None:
        await serve(store, stock_id(orders[0].sku, shop.ginza), now=utc_now())

    async def check(orders: tuple[Backorder, Backorder]) -> None:
        assert await now_of(shop, *orders) == ["ALLOCATED", "ALLOCATED"]
        assert (await shop.quantities(orders[0].sku)).committed == 3

    assert await crash_everywhere(shop, db, prepare, act, check) > 6


async def test_cancelling_while_pieces_are_given_ends_one_way(shop: Shop) -> None:
    for turn in range(12):
        sku = f"T{turn}"
        delivery = await expect(shop, 1, sku)
        one = await order(shop, sku, 1, sku)
        await arrive(shop, delivery, 1, sku)
        await asyncio.gather(
            serve(shop.store, stock_id(sku, shop.ginza), now=utc_now()),
            cancel(shop.store, one.id, f"c{turn}", actor=WEB, now=utc_now()),
            return_exceptions=True,
        )
        await sweep_backorders(shop.store, utc_now())
        (state,) = await now_of(shop, one)
        there = await shop.quantities(sku)
        expected = (0, 0, 1) if state is BackorderState.ALLOCATED else (1, 0, 0)
        assert (there.available, there.reserved, there.committed) == expected
    assert await audit(shop.store) == []


async def test_who_read_a_delivery_that_is_received_and_given_away_meanwhile_gets_no_promise(
    shop: Shop, db: Database
) -> None:
    delivery = await expect(shop, 20)
    await order(shop, "first", 20)
    done: list[str] = []

    async def hook(name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        result = await call()
        if name == "deliveries.aggregate" and not done:
            done.append(name)
            await arrive(shop, delivery, 20)
            await serve(shop.store, stock_id(MUG, shop.ginza), now=utc_now())
        return result

    slow, _ = watched_store(db, hook)
    late = await refusal(order(shop, "late", 5, store=slow))
    assert done
    assert late == BackorderLimitReached(sku=MUG, location_id=shop.ginza, requested=5, open=0, next_due_at=None)


async def test_the_auditor_finds_a_line_that_lies(shop: Shop, db: Database) -> None:
    await expect(shop, 3)
    await order(shop, "a", 2)
    assert (await audit_pass(shop.store)).open_findings == 0
    await db["backlogs"].update_one({}, {"$set": {"ordered": 1}})
    assert (await audit_pass(shop.store)).open_findings == 1
    await db["backlogs"].update_one({}, {"$set": {"ordered": 2}})


async def test_a_walk_in_who_is_faster_leaves_the_order_waiting(shop: Shop) -> None:
    delivery = await expect(shop, 1)
    one = await order(shop, "a")
    await arrive(shop, delivery, 1)
    walk_in = ReservationDraft("walk-in", (Line(MUG, shop.ginza, 1),))
    await reserve(shop.store, walk_in, actor=STAFF, now=utc_now())
    await sweep_backorders(shop.store, utc_now())
    found = await shop.store.backorders.by_id(one.id)
    assert found is not None
    assert (found.state, found.at_risk) == (BackorderState.WAITING, True)


SET = """mutation ($input: StockPolicySetInput!) { stockPolicySet(input: $input) {
  policy { version backorders { mode sku limit oversellPercent } } userErrors { message } } }"""
OFFER = """query ($skus: [_Any!]!, $at: ID!) { _entities(representations: $skus) { ... on Variant {
  backorder(locationId: $at) { mode isOpen open dueAt } } } }"""
PLACE = """mutation ($input: BackorderPlaceInput!) { backorderPlace(input: $input) {
  backorder { id state quantity promisedAt location { name } }
  userErrors { __typename ... on BackorderLimitReached { requested open nextDueAt } } } }"""
LINE = "query ($sku: ID!, $at: ID!) { backorders(sku: $sku, locationId: $at) { id quantity reservationId } }"


async def test_a_storefront_orders_ahead_and_sees_no_numbers_it_may_not(db: Database, shop: Shop) -> None:
    graph = Graph(*watched_store(db))
    policy = {"channel": "web", "expectedVersion": 0, "display": "BANDS", "backorders": [{"mode": "BACKORDER"}]}
    made: Any = await graph.data(SET, STAFF_CALLER, input=policy)
    assert made["stockPolicySet"]["policy"]["backorders"][0]["mode"] == "BACKORDER"
    await expect(shop, 4)
    variants = [{"__typename": "Variant", "sku": sku} for sku in (MUG, "CUP")]
    seen = await graph.data(OFFER, WEB_CALLER, skus=variants, at=shop.ginza)
    due = DUE.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    offer = {"mode": "BACKORDER", "isOpen": True, "open": None, "dueAt": due}
    assert [each["backorder"] for each in seen["_entities"]] == [offer, {**offer, "isOpen": False, "dueAt": None}]
    wanted = {"idempotencyKey": "o1", "sku": MUG, "locationId": shop.ginza, "quantity": 3}
    placed = (await graph.data(PLACE, WEB_CALLER, input=wanted))["backorderPlace"]
    assert placed["backorder"] | {"id": ""} == {
        "id": "",
        "state": "WAITING",
        "quantity": 3,
        "promisedAt": due,
        "location": {"name": "Ginza"},
    }
    more = {**wanted, "idempotencyKey": "o2"}
    refused = (await graph.data(PLACE, WEB_CALLER, input=more))["backorderPlace"]["userErrors"]
    assert refused == [{"__typename": "BackorderLimitReached", "requested": 3, "open": None, "nextDueAt": due}]
    line = await graph.data(LINE, STAFF_CALLER, sku=MUG, at=shop.ginza)
    assert [each["id"] for each in line["backorders"]] == [placed["backorder"]["id"]]
    forbidden = await graph.ask(LINE, WEB_CALLER, sku=MUG, at=shop.ginza)
    assert forbidden["errors"][0]["extensions"]["code"] == "FORBIDDEN"
