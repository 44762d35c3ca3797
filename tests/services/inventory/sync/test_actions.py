"""Uploads come late, out of order, twice and at once: each line counts once, and no conflict is swallowed."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.errors import IdempotencyKeyReused, InvalidInput, NotFound, Refused, VersionConflict
from kit.events import EventLog
from kit.mongo import Database
from kit.pages import PageArgs
from kit.times import utc_now
from services.inventory.actions import audit, resolve_discrepancy, sync
from services.inventory.events import drainers
from services.inventory.model import LocationId, Sku
from services.inventory.paper.model import WrongLocation, WrongState
from services.inventory.stock.model import Quantities, StockLevel
from services.inventory.sync.model import (
    BLOCK,
    CHUNK,
    MAX_SEQUENCE,
    Discrepancy,
    DiscrepancyKind,
    DiscrepancyState,
    Synced,
    SyncLine,
    SyncReason,
    lanes,
    plan,
)
from tests.services.inventory.reservation.test_crashes import dies_at
from tests.services.inventory.world import CUP, LAMP, MUG, STAFF, Crash, Shop, watched_store

MAX_STEPS = 14


def line(shop: Shop, sequence: int, delta: int | None = None, sku: Sku = MUG, **more: Any) -> SyncLine:
    return SyncLine(sequence, sku, shop.ginza, SyncReason.SOLD, delta, **more)


async def upload(shop: Shop, *lines: SyncLine, till: str = "till-7", bound_to: str | None = None) -> Synced:
    return await sync(shop.store, till, lines, actor=STAFF, now=utc_now(), bound_to=bound_to)


def kinds(synced: Synced) -> list[DiscrepancyKind]:
    return [each.kind for each in synced.discrepancies]


async def test_lines_come_late_out_of_order_and_again(shop: Shop) -> None:
    await shop.stock({MUG: 10, CUP: 5})
    first = await upload(shop, line(shop, 3, -1), line(shop, 1, -2), line(shop, 7, 4, CUP))
    assert (first.applied, first.replayed, first.discrepancies) == (3, 0, ())
    again = await upload(shop, line(shop, 1, -2), line(shop, 2, -3), line(shop, 3, -1))
    assert (again.applied, again.replayed) == (1, 2)
    assert await shop.quantities(MUG) == Quantities(4, 4)
    assert await shop.quantities(CUP) == Quantities(9, 9)


async def test_two_tills_number_their_lines_for_themselves(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    await upload(shop, line(shop, 1, -1))
    await upload(shop, line(shop, 1, -2), till="till-8")
    assert await shop.quantities(MUG) == Quantities(7, 7)


async def test_a_sequence_stands_for_one_line_for_ever(shop: Shop) -> None:
    await shop.stock({MUG: 10, CUP: 10})
    await upload(shop, line(shop, 1, -1))
    synced = await upload(shop, line(shop, 1, -2), line(shop, 2, -1, CUP))
    assert synced.refusals == (IdempotencyKeyReused(path=("input", "lines", "0", "sequence"), key="sync:till-7:1"),)
    assert synced.applied == 1
    assert await shop.quantities(MUG) == Quantities(9, 9)


async def test_of_uploads_at_once_that_mean_different_things_by_a_sequence_one_wins_each(shop: Shop) -> None:
    await shop.stock({MUG: 1_000, CUP: 1_000})
    sequences = [BLOCK - 2, BLOCK - 1, BLOCK, 2 * BLOCK, MAX_SEQUENCE]
    results = await asyncio.gather(
        *(upload(shop, *(line(shop, each, -1, sku) for each in sequences)) for sku in (MUG, CUP) for _ in range(4))
    )
    sold = 2_000 - (await shop.quantities(MUG)).on_hand - (await shop.quantities(CUP)).on_hand
    assert sold == len(sequences)
    assert all(len(result.refusals) + result.applied + result.replayed == len(sequences) for result in results)
    assert sum(len(result.refusals) for result in results) == 4 * len(sequences)


async def test_the_same_upload_at_once_counts_once(shop: Shop) -> None:
    await shop.stock({MUG: 30, CUP: 1})
    lines = [*(line(shop, n, -1) for n in range(20)), line(shop, 50, -2, CUP)]
    results = await asyncio.gather(*(upload(shop, *lines) for _ in range(5)))
    assert await shop.quantities(MUG) == Quantities(10, 10)
    assert {result.discrepancies[0].id for result in results} == {"dsc_till-7_50"}
    assert all(result.applied + result.replayed == 20 for result in results)


async def test_what_is_sold_elsewhere_meanwhile_becomes_a_discrepancy(shop: Shop, event_log: EventLog) -> None:
    await shop.stock({MUG: 5})
    await shop.hold("online", {MUG: 4})
    synced = await upload(shop, line(shop, 1, -2), line(shop, 2, -1))
    assert (synced.applied, kinds(synced)) == (1, [DiscrepancyKind.SHORT])
    (found,) = synced.discrepancies
    assert (found.on_hand, found.available, found.line.delta) == (5, 1, -2)
    assert (await upload(shop, line(shop, 1, -2))).discrepancies == (found,)
    page = await shop.store.sync.list_page(DiscrepancyState.OPEN, shop.ginza, PageArgs())
    assert list(page.nodes) == [found]
    for drainer in drainers(shop.store, event_log):
        await drainer.drain()
    told = await shop.store.journal.find_one({"type": "noren.inventory.stock_discrepancy_found.v1"})
    assert told is not None
    assert (told["subject"], told["data"]["kind"], told["data"]["available"]) == (found.id, "SHORT", 1)


async def test_a_count_is_taken_only_against_what_its_counter_saw(shop: Shop) -> None:
    await shop.stock({MUG: 10, CUP: 10, LAMP: 10})
    await upload(shop, line(shop, 1, -1))
    synced = await upload(
        shop,
        line(shop, 2, counted=8, seen_on_hand=9),
        line(shop, 3, counted=8, seen_on_hand=10, sku=CUP),
        line(shop, 4, counted=8, seen_version=7, sku=LAMP),
        line(shop, 5, counted=3, sku=Sku("NEW")),
        line(shop, 6, counted=3, sku=MUG),
    )
    assert (synced.applied, kinds(synced)) == (3, [DiscrepancyKind.MOVED] * 2)
    assert {each.line.sequence for each in synced.discrepancies} == {4, 6}
    assert await shop.quantities(MUG) == Quantities(8, 8)
    assert await shop.quantities(LAMP) == Quantities(10, 10)
    assert await shop.quantities("NEW") == Quantities(3, 3)


async def test_a_count_below_what_is_held_is_a_discrepancy(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    await shop.hold("k", {MUG: 6})
    synced = await upload(shop, line(shop, 1, counted=5, seen_on_hand=10))
    assert kinds(synced) == [DiscrepancyKind.SHORT]
    assert await shop.quantities(MUG) == Quantities(10, 4, 6)


async def test_what_was_never_there_cannot_be_sold(shop: Shop) -> None:
    assert kinds(await upload(shop, line(shop, 1, -1, Sku("GHOST")))) == [DiscrepancyKind.UNKNOWN_STOCK]


async def test_a_wrong_line_is_refused_by_its_path_and_stops_no_other(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    lines = [
        line(shop, 1, -1),
        line(shop, 2, 0),
        line(shop, -3, 1),
        SyncLine(4, MUG, LocationId("loc_none"), SyncReason.SOLD, 1),
        line(shop, 5, 1, counted=1),
        line(shop, 6, counted=-1),
        line(shop, 7, 2_000_000),
    ]
    synced = await upload(shop, *(SyncLine(**{**_fields(each), "place": n}) for n, each in enumerate(lines)))
    assert synced.applied == 1
    assert [(type(each), each.path[2:]) for each in synced.refusals] == [
        (InvalidInput, ("1", "delta")),
        (InvalidInput, ("2", "sequence")),
        (NotFound, ("3", "locationId")),
        (InvalidInput, ("4",)),
        (InvalidInput, ("5", "counted")),
        (InvalidInput, ("6", "delta")),
    ]


async def test_a_till_speaks_for_its_own_location_only(shop: Shop) -> None:
    await shop.stock({MUG: 10})
    synced = await upload(shop, line(shop, 1, -1), bound_to=shop.osaka)
    (refusal,) = synced.refusals
    assert isinstance(refusal, WrongLocation)
    assert await shop.quantities(MUG) == Quantities(10, 10)


@pytest.mark.parametrize("count", [0, 10_001])
async def test_an_upload_has_a_size(shop: Shop, count: int) -> None:
    with pytest.raises(Refused):
        await upload(shop, *(line(shop, n, 1) for n in range(count)))


async def open_discrepancy(shop: Shop) -> Discrepancy:
    await shop.stock({MUG: 5})
    await shop.hold("k", {MUG: 5})
    (found,) = (await upload(shop, line(shop, 1, -2))).discrepancies
    return found


async def resolve(shop: Shop, found: Discrepancy, into: DiscrepancyState, on_hand: int | None = None) -> Discrepancy:
    return await resolve_discrepancy(
        shop.store, found, into, "seen", expected_on_hand=on_hand, actor=STAFF, now=utc_now()
    )


async def test_a_discrepancy_is_applied_once_stock_is_there(shop: Shop) -> None:
    found = await open_discrepancy(shop)
    with pytest.raises(Refused):
        await resolve(shop, found, DiscrepancyState.APPLIED)
    reopened = await shop.store.sync.by_id(found.id)
    assert reopened is not None
    assert reopened.state is DiscrepancyState.OPEN
    await upload(shop, line(shop, 2, 3))
    done = await resolve(shop, reopened, DiscrepancyState.APPLIED)
    assert (done.state, done.resolved_by, done.note) == (DiscrepancyState.APPLIED, "staff:stf_1", "seen")
    assert await shop.quantities(MUG) == Quantities(6, 1, 5)
    with pytest.raises(Refused) as caught:
        await resolve(shop, done, DiscrepancyState.DISMISSED)
    assert isinstance(caught.value.refusals[0], WrongState)


async def test_two_who_resolve_at_once_meet_in_the_version(shop: Shop) -> None:
    found = await open_discrepancy(shop)
    results = await asyncio.gather(
        *(resolve(shop, found, DiscrepancyState.DISMISSED) for _ in range(2)), return_exceptions=True
    )
    (lost,) = [each for each in results if isinstance(each, Refused)]
    assert isinstance(lost.refusals[0], VersionConflict)
    assert await shop.quantities(MUG) == Quantities(5, 0, 5)


async def test_a_count_is_applied_against_what_its_resolver_sees(shop: Shop) -> None:
    await shop.stock({MUG: 5})
    (found,) = (await upload(shop, line(shop, 1, counted=9, seen_on_hand=4))).discrepancies
    with pytest.raises(Refused) as caught:
        await resolve(shop, found, DiscrepancyState.APPLIED)
    assert caught.value.refusals[0].path == ("input", "expectedOnHand")
    assert (await resolve(shop, found, DiscrepancyState.APPLIED, 5)).state is DiscrepancyState.APPLIED
    assert await shop.quantities(MUG) == Quantities(9, 9)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_an_upload_cut_off_anywhere_is_finished_by_the_same_upload(
    shop: Shop, db: Database, before: bool
) -> None:
    for step in range(1, MAX_STEPS):
        sku = Sku(f"S{step}")
        await shop.stock({sku: 3})
        lines = [line(shop, 10 * step, -1, sku), line(shop, 10 * step + 1, -5, sku), line(shop, 10 * step + 2, 4, sku)]
        broken, _ = watched_store(db, dies_at(step, before))
        try:
            await sync(broken, "till-7", lines, actor=STAFF, now=utc_now())
        except Crash:
            crashed = True
        else:
            crashed = False
        assert await audit(shop.store) == []
        synced = await upload(shop, *lines)
        assert synced.applied + synced.replayed == 2
        assert [each.line.sequence for each in synced.discrepancies] == [10 * step + 1]
        assert await shop.quantities(sku) == Quantities(6, 6)
        if not crashed:
            break
    else:
        pytest.fail("more steps than expected")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(-5, 5).filter(bool), st.booleans()), max_size=12), st.integers(0, 8))
def test_a_plan_never_takes_what_is_not_there(lines: Sequence[tuple[int, bool]], there: int) -> None:
    at = LocationId("loc_1")
    level = StockLevel(MUG, at, Quantities(there, there), 3, utc_now())
    wanted = [
        SyncLine(n, MUG, at, SyncReason.SOLD, delta=delta)
        if not count
        else SyncLine(n, MUG, at, SyncReason.COUNTED, counted=abs(delta), seen_on_hand=there)
        for n, (delta, count) in enumerate(lines)
    ]
    planned = plan("t", wanted, {level.id: level})
    left = there
    for change in planned.stocks[0].changes if planned.stocks else ():
        left += change.deltas.on_hand
        assert left >= 0
    assert sum(len(each.changes) for each in planned.stocks) == len(wanted)


def _fields(each: SyncLine) -> dict[str, Any]:
    return {name: getattr(each, name) for name in each.__slots__}


@given(st.lists(st.integers(0, 6), min_size=1, max_size=40), st.integers(1, 8))
def test_lanes_keep_the_lines_of_a_stock_together_and_in_order(stocks: Sequence[int], copies: int) -> None:
    skus = [f"S{each}" for each in stocks] * copies * 40
    lines = [
        SyncLine(sequence, Sku(sku), LocationId("loc_1"), SyncReason.SOLD, -1) for sequence, sku in enumerate(skus)
    ]
    split = lanes(lines)
    assert sorted(each.sequence for lane in split for chunk in lane for each in chunk) == list(range(len(lines)))
    assert all(len(chunk) <= CHUNK for lane in split for chunk in lane)
    homes: dict[str, set[int]] = {}
    for place, lane in enumerate(split):
        in_order = [each for chunk in lane for each in chunk]
        assert in_order == sorted(in_order, key=lambda each: (each.stock_id, each.sequence))
        for each in in_order:
            homes.setdefault(each.sku, set()).add(place)
    assert all(len(places) == 1 for places in homes.values())
