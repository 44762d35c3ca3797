"""Lines a second of uploads: 10,000 lines a call, spread and on few stocks, as the action and through the subgraph.

python -m benchmarks.inventory.sync
"""

import asyncio
import time
from random import Random

from benchmarks.inventory.bench import fill, opened
from benchmarks.rates import machine, own_mongodb
from kit.times import utc_now
from services.inventory.actions import audit, sync
from services.inventory.model import Actor, Sku
from services.inventory.sync.model import SyncLine, SyncReason

LINES = 10_000
TILL = Actor(channel="pos", staff="stf_bench")


async def run(url: str) -> None:
    """Uploads after one another, each of new lines; the last one again."""
    random = Random(8)
    for skus in (5_000, 500, 20):
        async with opened(url) as (store, location):
            names = [f"S{n}" for n in range(skus)]
            await fill(store, location, names, 100_000)
            for upload in range(3):
                lines = [
                    SyncLine(upload * LINES + n, Sku(random.choice(names)), location, SyncReason.SOLD, delta=-1)
                    for n in range(LINES)
                ]
                await timed(f"{LINES:,} lines over {skus:,} SKUs", store, lines)
            await timed("  the last one again", store, lines)
            assert await audit(store) == [], "the books must hold"


async def timed(name: str, store: object, lines: list[SyncLine]) -> None:
    """Upload and print."""
    start = time.perf_counter()
    synced = await sync(store, "till-1", lines, actor=TILL, now=utc_now())  # type: ignore[arg-type]
    took = time.perf_counter() - start
    print(f"{name:<44}{len(lines) / took:>9,.0f}/s   {synced.applied} applied, {synced.replayed} again", flush=True)


def main() -> None:
    """As a command."""
    print(machine())
    with own_mongodb() as url:
        asyncio.run(run(url))


if __name__ == "__main__":
    main()
