"""A process that dies at any call to the database leaks nothing; one that stalls comes too late."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kit.errors import Refused
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import audit, commit, move_all, release, reserve, sweep
from services.inventory.model import MovementReason, Sku
from services.inventory.reservation.model import TRY_S, Commitment, Line, Onward, Reservation
from services.inventory.reservation.model import ReservationState as State
from services.inventory.reservation.store import Claim
from services.inventory.stock.model import Quantities
from services.inventory.store import InventoryStore
from tests.services.inventory.world import WEB, Crash, Hook, Shop, watched_store

MAX_STEPS = 12
"""More calls than any of these actions makes; a test that needs more says so by failing."""
STALLED = timedelta(seconds=TRY_S + 1)


def dies_at(step: int, before: bool) -> Hook:
    """The process dies at the `step`-th awaited call, before it is sent or when it has been done."""
    count = 0

    async def hook(_: str, call: Callable[[], Awaitable[Any]]) -> Any:
        nonlocal count
        count += 1
        if count == step and before:
            raise Crash
        result = await call()
        if count == step:
            raise Crash
        return result

    return hook


def tears(db: Database) -> Hook:
    """The first bulk write is cut in the middle: its first half is done, then the process dies."""

    async def hook(name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        if not name.endswith("bulk_write"):
            return await call()
        (requests,) = (cell.cell_contents for cell in call.__closure__ or () if isinstance(cell.cell_contents, tuple))
        await db[name.split(".")[0]].bulk_write(requests[0][: len(requests[0]) // 2])
        raise Crash

    return hook


Act = Callable[[InventoryStore, Shop, str], Awaitable[object]]


async def act_reserve(store: InventoryStore, shop: Shop, sku: str) -> object:
    return await reserve(store, shop.want(f"k-{sku}", {sku: 2, f"{sku}-b": 2}), actor=WEB, now=utc_now())


async def act_reserve_short(store: InventoryStore, shop: Shop, sku: str) -> object:
    """The second line runs short after the first look: what was looked at is shown as plenty."""
    draft = shop.want(f"k-{sku}", {sku: 2, f"{sku}-b": 2})
    now = utc_now()
    found = await store.reservations.claim(Claim(draft, draft.lines, "f", now + timedelta(seconds=TRY_S), WEB, now))
    assert found is not None
    await store.reservations.hold(found, now=utc_now())
    aborted = await store.reservations.abort(found, actor=WEB, now=utc_now())
    assert aborted is not None
    await store.reservations.settle([aborted])
    return aborted


async def act_release(store: InventoryStore, shop: Shop, sku: str) -> object:
    held = await shop.hold(f"k-{sku}", {sku: 2, f"{sku}-b": 2})
    return await release(store, held.id, f"e-{sku}", actor=WEB, now=utc_now())


async def act_commit(store: InventoryStore, shop: Shop, sku: str) -> object:
    held = await shop.hold(f"k-{sku}", {sku: 2, f"{sku}-b": 2})
    return await commit(store, held.id, f"e-{sku}", actor=WEB, now=utc_now())


async def act_commit_part(store: InventoryStore, shop: Shop, sku: str) -> object:
    held = await shop.hold(f"k-{sku}", {sku: 2, f"{sku}-b": 2})
    how = Commitment(None, (Line(Sku(sku), shop.ginza, 2),))
    return await commit(store, held.id, f"e-{sku}", actor=WEB, now=utc_now(), how=how)


async def act_move_all(store: InventoryStore, shop: Shop, sku: str) -> object:
    draft = shop.want(f"k-{sku}", {sku: 2, f"{sku}-b": 2})
    onward = replace(draft, onward=Onward(None, MovementReason.TRANSFERRED))
    return await move_all(store, onward, actor=WEB, now=utc_now())


ACTS = (act_reserve, act_reserve_short, act_release, act_commit, act_commit_part, act_move_all)


async def states(shop: Shop, sku: str) -> list[str]:
    """The states of every reservation over this SKU."""
    rows = await shop.store.outboxes[1].find({"lines.sku": sku}).to_list()
    return [row["state"] for row in rows]


async def crash_and_recover(shop: Shop, db: Database, act: Act, hook: Hook, sku: str) -> bool:
    """Run `act` under the hook; whether it crashed. After the sweeps nothing may be held or missing."""
    await shop.stock({sku: 5, f"{sku}-b": 5 if act is not act_reserve_short else 1})
    store, _ = watched_store(db, hook)
    crashed = False
    try:
        await act(store, shop, sku)
    except Crash:
        crashed = True
    await sweep(shop.store, now=utc_now() + STALLED)
    assert await audit(shop.store) == []
    await sweep(shop.store, now=utc_now() + timedelta(hours=1))
    sold = 2 * (await states(shop, sku)).count("COMMITTED")
    assert await shop.quantities(sku) == Quantities(5 - sold, 5 - sold, 0)
    return crashed


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(
    "act", [act_reserve, act_reserve_short, act_release, act_commit, act_commit_part, act_move_all]
)
async def test_a_crash_at_any_call_leaks_nothing(shop: Shop, db: Database, act: Act, before: bool) -> None:
    for step in range(1, MAX_STEPS + 1):
        if not await crash_and_recover(shop, db, act, dies_at(step, before), f"S{step}"):
            assert step > 3, "nothing was broken"
            break
    else:
        pytest.fail(f"more than {MAX_STEPS} calls")
    assert await audit(shop.store) == []


@pytest.mark.parametrize(
    "act", [act_reserve, act_reserve_short, act_release, act_commit, act_commit_part, act_move_all]
)
async def test_a_bulk_write_cut_in_the_middle_leaks_nothing(shop: Shop, db: Database, act: Act) -> None:
    assert await crash_and_recover(shop, db, act, tears(db), "TORN")
    assert await audit(shop.store) == []


@pytest.mark.parametrize("step", range(1, 7))
async def test_whoever_comes_again_with_the_key_finishes_what_a_crash_left(shop: Shop, db: Database, step: int) -> None:
    for sku, act in (("R", act_reserve), ("C", act_commit), ("L", act_release)):
        await shop.stock({sku: 5, f"{sku}-b": 5})
        broken, _ = watched_store(db, dies_at(step, before=False))
        with suppress(Crash):
            await act(broken, shop, sku)
        again = await act(shop.store, shop, sku)
        assert isinstance(again, Reservation)
        expected = {"R": State.HELD, "C": State.COMMITTED, "L": State.RELEASED}[sku]
        assert again.state is expected
        assert await states(shop, sku) == [expected.value]
        assert await audit(shop.store) == []


async def test_a_stalled_workers_late_hold_is_shut_out(shop: Shop, db: Database) -> None:
    await shop.stock({"MUG": 5})
    stalled, go = asyncio.Event(), asyncio.Event()

    async def stalls_before_holding(name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        if name == "stock.bulk_write" and not stalled.is_set():
            stalled.set()
            await go.wait()
        return await call()

    slow, _ = watched_store(db, stalls_before_holding)
    worker = asyncio.create_task(reserve(slow, shop.want("k", {"MUG": 2}), actor=WEB, now=utc_now()))
    await stalled.wait()
    swept = await sweep(shop.store, now=utc_now() + STALLED)
    assert swept.aborted == 1
    go.set()
    held = await worker
    assert sorted(await states(shop, "MUG")) == ["ABORTED", "HELD"]
    assert held.state is State.HELD
    assert await shop.quantities("MUG") == Quantities(5, 3, 2)


async def test_a_worker_that_stalls_before_deciding_finds_it_decided(shop: Shop, db: Database) -> None:
    await shop.stock({"MUG": 2})
    stalled, go = asyncio.Event(), asyncio.Event()

    async def stalls_before_deciding(name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        if stalled.is_set() and not go.is_set():
            await go.wait()
        result = await call()
        if name == "stock.bulk_write":
            stalled.set()
        return result

    slow, _ = watched_store(db, stalls_before_deciding)
    worker = asyncio.create_task(reserve(slow, shop.want("k", {"MUG": 2}), actor=WEB, now=utc_now()))
    await stalled.wait()
    await sweep(shop.store, now=utc_now() + STALLED)
    other = await shop.hold("other", {"MUG": 2})
    go.set()
    with pytest.raises(Refused):
        await worker
    assert other.state is State.HELD
    assert await shop.quantities("MUG") == Quantities(2, 0, 2)


async def test_stock_that_runs_short_after_the_look_gives_every_line_back(shop: Shop, db: Database) -> None:
    await shop.stock({"CUP": 5, "MUG": 5})
    taken = False

    async def somebody_is_faster(name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        nonlocal taken
        if name == "stock.bulk_write" and not taken:
            taken = True
            await shop.hold("faster", {Sku("MUG"): 4})
        return await call()

    slow, _ = watched_store(db, somebody_is_faster)
    with pytest.raises(Refused) as caught:
        await reserve(slow, shop.want("k", {"CUP": 1, "MUG": 2}), actor=WEB, now=utc_now())
    (refusal,) = caught.value.refusals
    assert (getattr(refusal, "requested", 0), getattr(refusal, "available", 0)) == (2, 1)
    assert await shop.quantities("CUP") == Quantities(5, 5, 0)
    assert await shop.quantities("MUG") == Quantities(5, 1, 4)
