"""Live stock: a snapshot, then every change once, across restarts; slow subscribers are bounded."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from kit.events import EventLog
from kit.mongo import Database
from kit.tasks import background
from kit.times import utc_now
from services.inventory.actions import move
from services.inventory.events import drainers
from services.inventory.live.hub import Hub
from services.inventory.live.model import MAX_WAITING, Inbox, LiveLevel, Watch, check_watch
from services.inventory.live.store import LiveStore
from services.inventory.model import LocationId, MovementReason, Sku, StockState
from services.inventory.stock.model import Quantities, StockLevel, StockMove
from tests.services.inventory.world import CUP, LAMP, MUG, STAFF, Shop

WAIT_S = 20.0


@asynccontextmanager
async def running(db: Database) -> AsyncIterator[Hub]:
    """A hub as the service runs it."""
    hub = Hub(LiveStore(db))
    async with background(live=hub.run()):
        yield hub


@asynccontextmanager
async def drained(shop: Shop, event_log: EventLog) -> AsyncIterator[None]:
    stock, *_ = drainers(shop.store, event_log)
    await stock.drain()
    async with background(stock=stock.run()):
        yield


async def sell(shop: Shop, sku: Sku, key: str, pieces: int = 1) -> None:
    wanted = StockMove(key, sku, shop.ginza, StockState.AVAILABLE, None, pieces, MovementReason.SOLD)
    await move(shop.store, wanted, actor=STAFF, now=utc_now())


async def shelve(shop: Shop, sku: Sku, key: str, source: StockState, target: StockState) -> None:
    wanted = StockMove(key, sku, shop.ginza, source, target, 1, MovementReason.INSPECTED)
    await move(shop.store, wanted, actor=STAFF, now=utc_now())


async def some(told: AsyncGenerator[LiveLevel, None], count: int) -> list[LiveLevel]:
    async with asyncio.timeout(WAIT_S):
        return [await anext(told) for _ in range(count)]


def figures(levels: list[LiveLevel]) -> list[tuple[str, int, int]]:
    return [(each.level.sku, each.level.version, each.level.quantities.available) for each in levels]


async def test_a_snapshot_first_then_every_change(shop: Shop, db: Database, event_log: EventLog) -> None:
    await shop.stock({MUG: 5, CUP: 7, LAMP: 1})
    async with (
        drained(shop, event_log),
        running(db) as hub,
        aclosing(hub.watch(Watch(frozenset({MUG, CUP})))) as told,
    ):
        first = await some(told, 2)
        assert sorted(figures(first)) == [(CUP, 1, 7), (MUG, 1, 5)]
        assert all(each.is_snapshot and each.cursor is None for each in first)
        await sell(shop, LAMP, "other")
        for n in range(3):
            await sell(shop, MUG, f"k{n}")
            (change,) = await some(told, 1)
            assert figures([change]) == [(MUG, n + 2, 4 - n)]
            assert not change.is_snapshot


async def test_a_snapshot_is_as_far_as_the_journal(shop: Shop, db: Database, event_log: EventLog) -> None:
    """What lies in an outbox still is told as a change: it would otherwise be told twice after a resume."""
    await shop.stock({MUG: 5})
    stock, *_ = drainers(shop.store, event_log)
    await stock.drain()
    await sell(shop, MUG, "undrained")
    async with running(db) as hub, aclosing(hub.watch(Watch(frozenset({MUG})))) as told:
        assert figures(await some(told, 1)) == [(MUG, 1, 5)]
        await stock.drain()
        assert figures(await some(told, 1)) == [(MUG, 2, 4)]


async def test_a_restart_loses_and_repeats_nothing(shop: Shop, db: Database, event_log: EventLog) -> None:
    await shop.stock({MUG: 100, CUP: 100})
    versions: dict[str, list[int]] = {MUG: [], CUP: []}
    cursor: str | None = None
    selling = asyncio.create_task(_sell_for_a_while(shop, 30))
    async with drained(shop, event_log):
        for _ in range(4):  # the service is started four times, and goes away in the middle
            async with running(db) as hub, aclosing(hub.watch(Watch(frozenset({MUG, CUP})), cursor)) as told:
                for level in await some(told, 8):
                    versions[level.level.sku].append(level.level.version)
                    cursor = level.cursor or cursor
        await selling
        async with running(db) as hub, aclosing(hub.watch(Watch(frozenset({MUG, CUP})), cursor)) as told:
            while (versions[MUG][-1:], versions[CUP][-1:]) != ([31], [31]):
                (level,) = await some(told, 1)
                versions[level.level.sku].append(level.level.version)
    for seen in versions.values():
        assert seen == sorted(set(seen)), "no version twice, none after a later one"
        assert seen == list(range(seen[0], 32)), "none left out"


async def _sell_for_a_while(shop: Shop, times: int) -> None:
    for n in range(times):
        await sell(shop, MUG, f"m{n}")
        await sell(shop, CUP, f"c{n}")
        await asyncio.sleep(0.02)


async def test_a_cursor_that_is_no_use_any_more_gives_a_snapshot(shop: Shop, db: Database, event_log: EventLog) -> None:
    await shop.stock({MUG: 5})
    gone = "8265"
    async with (
        drained(shop, event_log),
        running(db) as hub,
        aclosing(hub.watch(Watch(frozenset({MUG})), gone)) as told,
    ):
        (first,) = await some(told, 1)
        assert (first.is_snapshot, first.level.version) == (True, 1)


async def test_a_subscriber_of_one_location_hears_of_no_other(shop: Shop, db: Database, event_log: EventLog) -> None:
    await shop.stock({MUG: 5})
    await shop.stock({MUG: 9}, shop.osaka)
    async with (
        drained(shop, event_log),
        running(db) as hub,
        aclosing(hub.watch(Watch(frozenset({MUG}), frozenset({shop.osaka})))) as told,
    ):
        assert figures(await some(told, 1)) == [(MUG, 1, 9)]
        await sell(shop, MUG, "ginza")
        wanted = StockMove(
            "osaka", MUG, shop.osaka, StockState.AVAILABLE, StockState.SAFETY, 2, MovementReason.PROTECTED
        )
        await move(shop.store, wanted, actor=STAFF, now=utc_now())
        (change,) = await some(told, 1)
        assert change.level.quantities == Quantities(9, 7, safety=2)


def level(where: str, version: int, at: int) -> LiveLevel:
    stock = StockLevel(MUG, LocationId(where), Quantities(version, version), version, utc_now())
    return LiveLevel(stock, (at, 0), f"c{at}")


def test_a_subscriber_that_keeps_up_gets_every_level_once_in_the_logs_order() -> None:
    inbox = Inbox(Watch(frozenset({MUG})))
    for place, (where, version) in enumerate([("a", 1), ("b", 1), ("a", 2), ("a", 2), ("a", 1), ("b", 2), ("a", 3)]):
        inbox.put(level(where, version, place))
    told = [(each.level.location_id, each.level.version) for each in inbox.take()]
    assert told == [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3)]
    assert inbox.take() == []
    assert not inbox.put(level("a", 3, 9))


def test_what_waits_for_a_slow_subscriber_is_bounded_by_what_it_watches() -> None:
    inbox = Inbox(Watch(frozenset({MUG})))
    for version in range(1, 3 * MAX_WAITING):
        inbox.put(level("a", version, version))
        inbox.put(level("b", version, version))
        assert len(inbox.waiting) <= MAX_WAITING
    newest = {each.level.location_id: each.level.version for each in inbox.take()}
    assert newest == {"a": 3 * MAX_WAITING - 1, "b": 3 * MAX_WAITING - 1}


@pytest.mark.parametrize(
    ("skus", "locations", "after", "path"),
    [
        ([], None, None, ("skus",)),
        (["x"] * 101, None, None, ("skus",)),
        ([" x"], None, None, ("skus", "0")),
        (["x"], [], None, ("locationIds",)),
        (["x"], None, "no$cursor", ("after",)),
    ],
)
def test_a_watch_that_cannot_be_is_refused_by_its_argument(
    skus: list[str], locations: list[str] | None, after: str | None, path: tuple[str, ...]
) -> None:
    assert [problem.path for problem in check_watch(skus, locations, after)] == [path]
