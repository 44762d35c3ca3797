"""Orders earn and returns take back, once each, in whatever order and however often their events come."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from kit.events import Drainer, Event, EventLog
from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.accrual.model import Accrual, Heard, Trade
from services.loyalty.accrual.store import AccrualStore
from services.loyalty.actions import audit
from services.loyalty.earning.model import Programmes
from services.loyalty.events import (
    CUSTOMER_CREATED,
    ORDER_RECORDED,
    ORDER_RETURNED,
    TOLD,
    EventNotUnderstood,
    consumers,
    handle_events,
)
from services.loyalty.model import CustomerId, wallet_id_of
from services.loyalty.store import WINDOW, LoyaltyStore


def event(type: str, subject: str, data: dict[str, Any]) -> Event:
    return Event(f"{subject}:{type}", "/noren/test", type, subject, utc_now(), data)


def bought(who: CustomerId | None, gross: int, order_id: str = "", currency: str = "JPY") -> Event:
    order_id = order_id or new_id("ord")
    data: dict[str, Any] = {"orderId": order_id, "customerId": who, "channel": "web", "locationId": None, "lines": []}
    data |= {"placedAt": "2019-03-01T10:00:00Z", "currency": currency, "goodsGrossMinor": gross}
    return event(ORDER_RECORDED, order_id, data)


def returned(who: CustomerId | None, gross: int, order_id: str | None, currency: str = "JPY") -> Event:
    return_id = new_id("ret")
    data: dict[str, Any] = {"returnId": return_id, "orderId": order_id, "customerId": who, "lines": []}
    data |= {"returnedAt": "2019-03-09T10:00:00Z", "currency": currency, "goodsGrossMinor": gross}
    return event(ORDER_RETURNED, return_id, data)


async def points(store: LoyaltyStore, who: CustomerId) -> tuple[int, int]:
    """Balance and debt."""
    wallet = (await store.wallets_by_id([wallet_id_of(who)]))[wallet_id_of(who)]
    return wallet.balance(utc_now()), wallet.debt


async def entries(store: LoyaltyStore) -> int:
    """Of all wallets, drained or not."""
    return sum([document["seq"] async for document in store.wallets.find({})])


async def test_a_new_customer_has_an_empty_wallet_since_then(store: LoyaltyStore, member: CustomerId) -> None:
    created = event(CUSTOMER_CREATED, member, {"customerId": member, "createdAt": "2024-05-01T00:00:00Z"})
    await handle_events(store, [created, created])
    await handle_events(store, [created])
    assert await points(store, member) == (0, 0)
    document = await store.wallets.find_one({})
    assert document is not None
    assert document["opened_at"] == datetime.fromisoformat("2024-05-01T00:00:00Z")


async def test_an_order_of_years_ago_earns_points_that_live_from_today(store: LoyaltyStore, member: CustomerId) -> None:
    await handle_events(store, [bought(member, 12_345)])
    wallet = (await store.wallets_by_id([wallet_id_of(member)]))[wallet_id_of(member)]
    assert wallet.balance(utc_now()) == 123
    assert wallet.regular_expires_at is not None
    assert wallet.regular_expires_at > utc_now() + timedelta(days=360)


async def test_a_batch_heard_twice_or_by_two_at_once_is_heard_once(store: LoyaltyStore, drainer: Drainer) -> None:
    members = [CustomerId(new_id("cus")) for _ in range(5)]
    orders = [bought(random.choice(members), 1_000) for _ in range(60)]
    backs = [returned(e.data["customerId"], 500, e.subject) for e in orders[:20]]
    batch = [*orders, *backs, *orders[:10]]
    await asyncio.gather(*(handle_events(store, batch) for _ in range(3)))
    await drainer.drain()
    await handle_events(store, batch)
    balances = [await points(store, who) for who in members if any(e.data["customerId"] == who for e in orders)]
    assert sum(balance for balance, _ in balances) == 60 * 10 - 20 * 5
    assert await entries(store) == 80
    assert await audit(store) == []


async def test_a_whole_batch_for_one_wallet_is_made_once_though_nothing_drains(
    store: LoyaltyStore, member: CustomerId
) -> None:
    batch = [bought(member, 100 * number) for number in range(1, 3 * WINDOW)]
    await handle_events(store, batch)
    await handle_events(store, batch)
    assert await points(store, member) == (sum(range(1, 3 * WINDOW)), 0)
    assert await audit(store) == []


@pytest.mark.parametrize("seed", range(4))
async def test_returns_in_any_order_leave_the_points_of_what_was_kept(
    store: LoyaltyStore, member: CustomerId, seed: int
) -> None:
    order_id = new_id("ord")
    events = [bought(member, 2_050, order_id), *(returned(member, 333, order_id) for _ in range(3))]
    random.Random(seed).shuffle(events)
    for one in events:
        await handle_events(store, [one, one])
    assert await points(store, member) == ((2_050 - 999) // 100, 0)
    assert await audit(store) == []


async def test_a_return_and_its_order_in_one_batch_are_one_earning_of_the_rest(
    store: LoyaltyStore, member: CustomerId
) -> None:
    order_id = new_id("ord")
    await handle_events(store, [returned(member, 400, order_id), bought(member, 1_000, order_id)])
    assert await points(store, member) == (6, 0)
    assert await entries(store) == 1


async def test_a_return_goes_to_the_wallet_that_earned(store: LoyaltyStore, member: CustomerId) -> None:
    order_id = new_id("ord")
    await handle_events(store, [bought(member, 1_000, order_id), returned(None, 400, order_id)])
    assert await points(store, member) == (6, 0)


async def test_a_return_of_an_unknown_order_goes_into_debt(store: LoyaltyStore, member: CustomerId) -> None:
    await handle_events(store, [returned(member, 5_000, None), bought(member, 2_000)])
    assert await points(store, member) == (0, 30)
    await handle_events(store, [returned(None, 5_000, None)])
    assert await store.wallets.count_documents({}) == 1


async def test_orders_without_a_customer_or_a_whole_point_move_nothing(store: LoyaltyStore, member: CustomerId) -> None:
    anonymous = bought(None, 9_900)
    await handle_events(store, [anonymous, returned(None, 9_900, anonymous.subject), bought(member, 99)])
    assert await entries(store) == 0


async def test_a_return_in_another_currency_moves_nothing(store: LoyaltyStore, member: CustomerId) -> None:
    order_id = new_id("ord")
    await handle_events(store, [bought(member, 1_000, order_id), returned(member, 900, order_id, currency="EUR")])
    assert await points(store, member) == (10, 0)


async def test_a_crash_between_deciding_and_moving_is_healed_by_the_same_event(
    store: LoyaltyStore, member: CustomerId
) -> None:
    order = bought(member, 1_000)
    heard = Heard(order.id, Trade.ORDER, order.subject, member, 1_000, "JPY", utc_now())
    decided = Accrual(order.subject).hear(heard, Programmes(), utc_now())
    assert await AccrualStore(store.db).save([decided], Programmes())
    await handle_events(store, [order])
    assert await points(store, member) == (10, 0)


async def test_an_event_that_is_not_understood_is_refused_whole(store: LoyaltyStore, member: CustomerId) -> None:
    for broken in ({"goodsGrossMinor": -1}, {"goodsGrossMinor": "12"}):
        order = bought(member, 1)
        with pytest.raises(EventNotUnderstood):
            await handle_events(store, [Event(order.id, "/", order.type, "o", order.time, order.data | broken)])
    with pytest.raises(EventNotUnderstood):
        await handle_events(store, [event(ORDER_RETURNED, "ret_1", {"currency": "JPY"})])
    assert await store.wallets.count_documents({}) == 0


async def test_from_log_to_log_every_order_is_told_as_earned(
    store: LoyaltyStore, drainer: Drainer, event_log: EventLog, member: CustomerId
) -> None:
    order = bought(member, 4_200)
    await event_log.append([order, returned(member, 200, order.subject)])
    consumer = consumers(store, event_log)[0]
    assert await consumer.catch_up() == 2
    await drainer.drain()
    told = {row["type"]: row["data"] async for row in store.journal.find({})}
    assert set(told) < set(TOLD)
    earned, taken = told["noren.loyalty.points_earned.v1"], told["noren.loyalty.points_taken_back.v1"]
    assert (earned["points"], earned["balanceAfter"], earned["ruleVersion"]) == (42, 42, 1)
    assert (taken["points"], taken["balanceAfter"], taken["reference"]["orderId"]) == (-2, 40, order.subject)
    assert await event_log.count(TOLD) == 2
