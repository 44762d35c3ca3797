"""Notices on real wallets: each once, by the database's clock, however the sweep runs."""

import asyncio
from datetime import timedelta

import pytest

from kit.events import EventLog
from kit.events.log import Position
from kit.times import utc_now
from services.loyalty.actions import audit, sweep_once
from services.loyalty.events import drainers
from services.loyalty.model import CustomerId
from services.loyalty.notice.actions import tell_expiring
from services.loyalty.notice.store import POINTS_EXPIRING, NoticeStore
from services.loyalty.store import LoyaltyStore
from tests.services.loyalty.conftest import PassTime
from tests.services.loyalty.points import DAY, give, spend


async def told(store: LoyaltyStore, event_log: EventLog) -> list[tuple[int, int]]:
    """Points and days, in the order in which they were told."""
    for drainer in drainers(store, event_log):
        await drainer.drain()
    events = [event async for event, _ in event_log.backlog([POINTS_EXPIRING], Position())]
    return [(event.data["points"], event.data["days"]) for event in events]


async def test_a_lot_is_told_of_30_7_and_1_days_before_each_once_and_then_it_is_gone(
    store: LoyaltyStore, event_log: EventLog, member: CustomerId, pass_time: PassTime
) -> None:
    await give(store, member, 100, days=40)
    assert await tell_expiring(store, utc_now() + 400 * DAY) == 0
    expected: list[tuple[int, int]] = []
    for days, left in ((10, 30), (13, 17), (11, 7), (5.5, 1)):
        await pass_time(timedelta(days=days, minutes=1))
        await asyncio.gather(*(tell_expiring(store, utc_now()) for _ in range(4)))
        expected += [(100, left)] if left != 17 else []
        assert await told(store, event_log) == expected
        assert await tell_expiring(store, utc_now()) == 0
    await pass_time(timedelta(days=1))
    await sweep_once(store, utc_now())
    assert await tell_expiring(store, utc_now()) == 0
    assert len(await told(store, event_log)) == 3
    assert await audit(store) == []


async def test_a_late_sweep_tells_the_most_urgent_and_who_is_active_is_told_anew(
    store: LoyaltyStore, event_log: EventLog, member: CustomerId, pass_time: PassTime
) -> None:
    await give(store, member, 100)
    await pass_time(360 * DAY)
    await tell_expiring(store, utc_now())
    assert await told(store, event_log) == [(100, 7)]
    await spend(store, member, 30)
    assert await tell_expiring(store, utc_now()) == 0
    await pass_time(340 * DAY)
    await tell_expiring(store, utc_now())
    assert await told(store, event_log) == [(100, 7), (70, 30)]


async def test_a_sweep_that_died_before_the_wallet_knew_tells_nothing_twice(
    store: LoyaltyStore, event_log: EventLog, member: CustomerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    await give(store, member, 100, days=5)

    class Died(Exception):
        pass

    async def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(NoticeStore, "mark", die)
        with pytest.raises(Died):
            await tell_expiring(store, utc_now())
    assert await told(store, event_log) == [(100, 7)]
    assert await tell_expiring(store, utc_now()) == 1
    assert await tell_expiring(store, utc_now()) == 0
    assert await told(store, event_log) == [(100, 7)]
