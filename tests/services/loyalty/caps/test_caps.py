"""Caps hold under concurrency, crashes and repeated events; a preview says what is left of them."""

import asyncio
from datetime import timedelta

import pytest

from kit.mongo import Database
from kit.times import utc_now
from services.loyalty.accrual.actions import finish_rooms
from services.loyalty.accrual.store import AccrualStore
from services.loyalty.actions import audit
from services.loyalty.caps.store import CapStore
from services.loyalty.earning.model import Campaign
from services.loyalty.events import handle_events
from services.loyalty.model import CustomerId
from services.loyalty.store import LoyaltyStore
from tests.services.inventory.reservation.test_crashes import dies_at
from tests.services.inventory.world import Crash, WatchedDatabase
from tests.services.loyalty.conftest import Ask
from tests.services.loyalty.earning.test_earning import ENTITIES, bought, put, returned
from tests.services.loyalty.points import DAY, wallet_of

PREVIEW = """query { pointsPreview(lines: [{sku: "A", gross: "1000"}], currency: JPY) {
  points uncapped parts { campaign points } } }"""
MAX_STEPS = 25


async def booked(store: LoyaltyStore, *members: CustomerId) -> list[int]:
    return [(await wallet_of(store, who)).booked for who in members]


async def used(store: LoyaltyStore, cap_id: str) -> int:
    return (await CapStore(store.db).used([cap_id])).get(cap_id, 0)


async def open_takes(db: Database) -> int:
    return await db["earning_caps"].count_documents({"open.0": {"$exists": True}})


async def test_a_budget_is_given_out_to_the_last_point_and_no_further_by_any_number_of_hearers(
    db: Database, store: LoyaltyStore
) -> None:
    await put(store, Campaign("open day", fixed=30, budget=100), Campaign("hello", fixed=7, member_limit=10))
    members = [CustomerId(f"cus_{n}") for n in range(6)]
    orders = [bought(who, utc_now(), ("A", 100)) for who in members for _ in range(2)]
    other = LoyaltyStore(db)
    await asyncio.gather(*(handle_events(hearer, orders[n::3] + orders) for n in range(3) for hearer in (store, other)))
    assert sum(await booked(store, *members)) == 12 + 100 + 6 * 10
    assert await used(store, "budget:open day") == 100
    assert await open_takes(db) == 0
    assert await audit(store) == []


async def test_a_day_has_room_again_when_goods_come_back_and_the_next_day(
    ask: Ask, store: LoyaltyStore, member: CustomerId
) -> None:
    await put(store, day_limit=15, day_zone="Asia/Tokyo")
    now = utc_now()
    await handle_events(store, [bought(member, now, ("A", 1_000), order_id="ord_1")])
    await handle_events(store, [bought(member, now, ("A", 1_000)), bought(member, now - DAY, ("A", 1_000))])
    assert await booked(store, member) == [10 + 5 + 10]
    shown = (await ask(PREVIEW, customer=member))["data"]["pointsPreview"]
    assert (shown["points"], shown["uncapped"]) == (0, 10)
    back = returned(member, "ord_1", 600)
    await handle_events(store, [back, back])
    assert await booked(store, member) == [25 - 6]
    assert (await ask(PREVIEW, customer=member))["data"]["pointsPreview"]["points"] == 6


async def test_what_is_previewed_under_caps_is_what_is_earned(
    ask: Ask, store: LoyaltyStore, member: CustomerId
) -> None:
    await put(
        store,
        Campaign("double", extra_bp=10_000, member_limit=13),
        Campaign("gift", fixed=9, budget=12),
        day_limit=30,
    )
    price = {"gross": {"minorUnits": 1_000, "currency": "JPY"}}
    refs = {"refs": [{"__typename": "Variant", "sku": "A", "price": price}]}
    seen = []
    for _ in range(4):
        shown = (await ask(PREVIEW, customer=member))["data"]["pointsPreview"]
        earned = (await ask(ENTITIES, refs, customer=member))["data"]["_entities"][0]["pointsEarned"]
        before = (await booked(store, member))[0] if seen else 0
        await handle_events(store, [bought(member, utc_now(), ("A", 1_000))])
        assert (await booked(store, member))[0] - before == shown["points"] == earned
        assert shown["points"] == sum(part["points"] for part in shown["parts"])
        seen.append(shown["points"])
    assert seen == [29, 1, 0, 0]
    stranger = (await ask(PREVIEW, customer="cus_other"))["data"]["pointsPreview"]
    assert [part["points"] for part in stranger["parts"]] == [10, 10, 3]


@pytest.mark.parametrize("before", [True, False])
async def test_a_hearer_that_dies_at_any_call_takes_its_room_once(
    db: Database, store: LoyaltyStore, before: bool
) -> None:
    await put(store, Campaign("c", fixed=20, budget=10_000, member_limit=50), day_limit=25)
    for step in range(1, MAX_STEPS):
        who, id = CustomerId(f"cus_{step}"), f"ord_{step}"
        events = [bought(who, utc_now(), ("A", 1_000), order_id=id), returned(who, id, 500)]
        crashing = LoyaltyStore(WatchedDatabase(db, dies_at(step, before=before)))  # type: ignore[arg-type]
        try:
            await handle_events(crashing, events)
        except Crash:
            await handle_events(store, events)
        else:
            break
        accrual = (await AccrualStore(db).find([id]))[id]
        assert await booked(store, who) == [accrual.credited] == [15]
    assert 5 < step < MAX_STEPS - 1
    await finish_rooms(store, utc_now() + timedelta(minutes=2))
    assert await open_takes(db) == 0
    assert await used(store, "budget:c") == 10 * step


async def test_room_that_a_dead_hearer_took_comes_back(db: Database, store: LoyaltyStore, member: CustomerId) -> None:
    await put(store, Campaign("c", fixed=20, budget=30))
    await CapStore(db).look(["budget:c"])  # it is there, so that the first write is the taking
    events = [bought(member, utc_now(), ("A", 1_000), order_id="ord_1")]
    for step in range(1, MAX_STEPS):
        crashing = LoyaltyStore(WatchedDatabase(db, dies_at(step, before=True)))  # type: ignore[arg-type]
        try:
            await handle_events(crashing, events)
        except Crash:
            if await open_takes(db):
                break
    assert await used(store, "budget:c") == 20
    await finish_rooms(store, utc_now() + timedelta(minutes=2))
    assert await used(store, "budget:c") == 20, "its event comes again"
    await finish_rooms(store, utc_now() + timedelta(days=2))
    assert (await used(store, "budget:c"), await open_takes(db)) == (0, 0)
    await handle_events(store, events)
    assert (await booked(store, member), await used(store, "budget:c")) == ([30], 20)
