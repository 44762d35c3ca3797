"""Delay from a write to its subscriber: p50 and p99, alone and beside a load of reservations.

    python -m benchmarks.inventory.live

The delay is from before the write is sent until the subscriber has the level with that version: the write itself, the
drainer and the change stream are all in it.
"""

import asyncio
import statistics
import time
from contextlib import aclosing, suppress

from benchmarks.inventory.bench import fill, opened
from benchmarks.rates import machine, own_mongodb
from kit.tasks import background, stop
from kit.times import utc_now
from services.inventory.actions import move, reserve
from services.inventory.live.model import Watch
from services.inventory.model import Actor, LocationId, MovementReason, Sku, StockState, stock_id
from services.inventory.reservation.model import Line, ReservationDraft
from services.inventory.stock.model import StockMove
from services.inventory.store import InventoryStore

WRITES = 300
SUBSCRIBERS = 50
EVERY_S = 0.02
LOADERS = 8
PATIENCE_S = 20.0
"""After the last write, before what was not heard counts as lost."""
POS = Actor(channel="pos", staff="stf_bench")


async def run(url: str) -> None:
    """Alone, then beside a load."""
    async with opened(url) as (store, location), background(live=store.live.run()):
        await fill(store, location, ["SEEN", *(f"S{n}" for n in range(100))], 1_000_000)
        await delays(store, location, "idle", f"{SUBSCRIBERS} subscribers, nothing else")
        over = asyncio.Event()
        load = [asyncio.create_task(_load(store, location, n, over)) for n in range(LOADERS)]
        await delays(store, location, "busy", f"{SUBSCRIBERS} subscribers, {LOADERS} writers of other SKUs")
        over.set()
        await asyncio.gather(*load)


async def delays(store: InventoryStore, location: LocationId, run: str, name: str) -> None:
    """Write, and look when everybody has heard it."""
    began: dict[int, float] = {}
    took: list[float] = []
    ready = asyncio.Semaphore(0)

    async def subscriber() -> None:
        heard = False
        async with aclosing(store.live.watch(Watch(frozenset({"SEEN"})))) as levels:
            async for told in levels:
                if not heard:
                    heard = True
                    ready.release()
                if told.level.version in began:
                    took.append(time.perf_counter() - began[told.level.version])

    tasks = [asyncio.create_task(subscriber()) for _ in range(SUBSCRIBERS)]
    for _ in tasks:
        await ready.acquire()
    id = stock_id("SEEN", location)
    first = (await store.stock.look((id,))).levels[id].version
    for n in range(WRITES):
        began[first + n + 1] = time.perf_counter()
        wanted = StockMove(f"{run}-{n}", Sku("SEEN"), location, StockState.AVAILABLE, None, 1, MovementReason.SOLD)
        await move(store, wanted, actor=POS, now=utc_now())
        await asyncio.sleep(EVERY_S)
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while len(took) < WRITES * SUBSCRIBERS:  # noqa: ASYNC110 - nobody but the last subscriber would know
                await asyncio.sleep(EVERY_S)
    await stop(*tasks)
    cuts = statistics.quantiles(took, n=100)
    print(f"{name:<52} p50 {1000 * cuts[49]:>6.1f} ms   p99 {1000 * cuts[98]:>6.1f} ms", flush=True)
    if missed := WRITES * SUBSCRIBERS - len(took):
        raise SystemExit(f"{missed} of {WRITES * SUBSCRIBERS} levels were not heard within {PATIENCE_S:g} s")


async def _load(store: InventoryStore, location: LocationId, worker: int, over: asyncio.Event) -> None:
    n = 0
    while not over.is_set():
        n += 1
        draft = ReservationDraft(f"load-{worker}-{n}", (Line(Sku(f"S{n % 100}"), location, 1),))
        await reserve(store, draft, actor=POS, now=utc_now())


def main() -> None:
    """As a command."""
    print(machine())
    with own_mongodb() as url:
        asyncio.run(run(url))


if __name__ == "__main__":
    main()
