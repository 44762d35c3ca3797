"""Picks are held like stock: never more than the day has, once a key, whoever comes at the same moment."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.errors import IdempotencyKeyReused, NotFound, Refused
from services.inventory.actions import LocationEdit, upsert_location
from services.inventory.capacity.actions import end_picks, hold_picks
from services.inventory.capacity.model import PickCapacityExceeded, PickDay, PickHoldEnded, PickHoldState, check_hold
from services.inventory.location.model import Location
from services.inventory.location.operation import Operation
from services.inventory.store import InventoryStore
from tests.services.inventory.world import Shop

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)


@pytest.fixture
async def depot(shop: Shop) -> Location:
    """Osaka, which picks ten pieces a day."""
    row = (await shop.store.locations.by_id([shop.osaka]))[shop.osaka]
    draft = replace(row.draft, operation=Operation(daily_picks=10))
    return await upsert_location(shop.store, draft, LocationEdit(row.id, 1), now=NOW)


async def day_of(store: InventoryStore, location: Location) -> tuple[int, int]:
    day = (await store.capacity.days([(location.id, DAY)]))[location.id, DAY]
    return day.held, day.used


async def test_sixty_four_workers_get_exactly_the_ten_picks_there_are(store: InventoryStore, depot: Location) -> None:
    async def one(number: int) -> bool:
        try:
            await hold_picks(store, depot, DAY, 1, f"order-{number}", now=NOW)
        except Refused as refused:
            (refusal,) = refused.refusals
            assert isinstance(refusal, PickCapacityExceeded)
            assert (refusal.requested, refusal.left) == (1, 0)
            return False
        return True

    won = await asyncio.gather(*[one(number) for number in range(64)])
    assert sum(won) == 10
    assert await day_of(store, depot) == (10, 0)


async def test_the_same_key_at_the_same_moment_holds_once(store: InventoryStore, depot: Location) -> None:
    held = await asyncio.gather(*[hold_picks(store, depot, DAY, 3, "order", now=NOW) for _ in range(16)])
    assert {hold.pieces for hold in held} == {3}
    assert await day_of(store, depot) == (3, 0)
    with pytest.raises(Refused) as refused:
        await hold_picks(store, depot, DAY, 4, "order", now=NOW)
    assert refused.value.refusals == (IdempotencyKeyReused(key="order"),)


async def test_a_hold_ends_once_and_one_way(store: InventoryStore, depot: Location) -> None:
    await hold_picks(store, depot, DAY, 3, "used", now=NOW)
    await hold_picks(store, depot, DAY, 4, "released", now=NOW)
    for _ in range(2):
        used = await end_picks(store, depot.id, DAY, "used", PickHoldState.USED)
        await end_picks(store, depot.id, DAY, "released", PickHoldState.RELEASED)
        assert used.state is PickHoldState.USED
        assert await day_of(store, depot) == (0, 3)
    with pytest.raises(Refused) as refused:
        await end_picks(store, depot.id, DAY, "used", PickHoldState.RELEASED)
    ended = PickHoldEnded(path=("input", "key"), key="used", state=PickHoldState.USED)
    assert refused.value.refusals == (ended,)
    with pytest.raises(Refused) as unknown:
        await end_picks(store, depot.id, DAY, "none", PickHoldState.USED)
    assert isinstance(unknown.value.refusals[0], NotFound)
    again = await hold_picks(store, depot, DAY, 4, "released", now=NOW)
    assert again.state is PickHoldState.RELEASED, "a key is a hold's for good"


async def test_used_and_released_at_the_same_moment_only_one_wins(store: InventoryStore, depot: Location) -> None:
    await hold_picks(store, depot, DAY, 3, "order", now=NOW)
    ways = [PickHoldState.USED, PickHoldState.RELEASED] * 8
    ended = await asyncio.gather(
        *[end_picks(store, depot.id, DAY, "order", way) for way in ways], return_exceptions=True
    )
    states = {hold.state for hold in ended if not isinstance(hold, BaseException)}
    assert len(states) == 1
    assert await day_of(store, depot) == ((0, 3) if states == {PickHoldState.USED} else (0, 0))


async def test_what_is_over_makes_room_when_it_is_needed(store: InventoryStore, depot: Location) -> None:
    await hold_picks(store, depot, DAY, 10, "old", now=NOW, hold_s=60)
    with pytest.raises(Refused):
        await hold_picks(store, depot, DAY, 1, "new", now=NOW + timedelta(seconds=59))
    await hold_picks(store, depot, DAY, 1, "new", now=NOW + timedelta(seconds=60))
    assert await day_of(store, depot) == (1, 0)
    with pytest.raises(Refused) as refused:
        await end_picks(store, depot.id, DAY, "old", PickHoldState.USED)
    assert refused.value.refusals[0] == PickHoldEnded(path=("input", "key"), key="old", state=PickHoldState.EXPIRED)


async def test_a_limit_that_was_lowered_leaves_nothing_and_takes_nothing_back(
    store: InventoryStore, depot: Location
) -> None:
    await hold_picks(store, depot, DAY, 8, "order", now=NOW)
    lower = replace(depot, draft=replace(depot.draft, operation=Operation(daily_picks=5)))
    with pytest.raises(Refused) as refused:
        await hold_picks(store, lower, DAY, 1, "more", now=NOW)
    refusal = refused.value.refusals[0]
    assert isinstance(refusal, PickCapacityExceeded)
    assert refusal.left == 0
    unlimited = replace(depot, draft=replace(depot.draft, operation=Operation()))
    assert (await hold_picks(store, unlimited, DAY, 999, "more", now=NOW)).state is PickHoldState.HELD


@pytest.mark.parametrize(("pieces", "hold_s"), [(0, 900), (-1, 900), (1_000_001, 900), (1, 29), (1, 1_209_601)])
def test_an_absurd_hold_is_refused(pieces: int, hold_s: int) -> None:
    assert len(check_hold(pieces, hold_s)) == 1


STEPS = st.lists(
    st.tuples(st.sampled_from(["hold", "use", "release"]), st.integers(0, 4), st.integers(1, 4)), max_size=12
)


@given(STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_day_is_what_a_simple_ledger_says(
    store: InventoryStore, depot: Location, steps: list[tuple[str, int, int]]
) -> None:
    day = DAY + timedelta(days=next(DAYS))
    ledger: dict[str, tuple[int, PickHoldState]] = {}
    for verb, number, pieces in steps:
        key = f"k{number}"
        known = ledger.get(key)
        taken = sum(held for held, state in ledger.values() if state is not PickHoldState.RELEASED)
        try:
            if verb == "hold":
                await hold_picks(store, depot, day, pieces, key, now=NOW)
                assert known is None or known[0] == pieces
                ledger.setdefault(key, (pieces, PickHoldState.HELD))
            else:
                state = PickHoldState.USED if verb == "use" else PickHoldState.RELEASED
                await end_picks(store, depot.id, day, key, state)
                assert known is not None
                assert known[1] in (PickHoldState.HELD, state)
                ledger[key] = (known[0], state)
        except Refused:
            fits = verb == "hold" and known is None and taken + pieces <= 10
            assert not fits
    held = sum(pieces for pieces, state in ledger.values() if state is PickHoldState.HELD)
    used = sum(pieces for pieces, state in ledger.values() if state is PickHoldState.USED)
    assert (await store.capacity.days([(depot.id, day)]))[depot.id, day] == PickDay(depot.id, day, held, used)
    assert held + used <= 10


DAYS = iter(range(1, 10_000))
"""Every example has a day of its own."""
