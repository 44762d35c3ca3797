"""Lines a second of uploads: 10,000 lines a call, spread and on few stocks, drainers running.

CPU is that of this process, drainers included, and of mongod.

python -m benchmarks.inventory.sync
"""

import asyncio
import os
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.inventory.bench import fill, opened
from benchmarks.rates import machine
from kit.mongod import EmbeddedMongo
from kit.times import utc_now
from services.inventory.actions import audit, sync
from services.inventory.model import Actor, Sku
from services.inventory.sync.model import SyncLine, SyncReason

LINES = 10_000
TILL = Actor(channel="pos", staff="stf_bench")


async def run(mongo: EmbeddedMongo) -> None:
    """Uploads after one another, each of new lines; the last one again."""
    random = Random(8)
    for skus in (LINES, 5_000, 500, 20):
        async with opened(mongo.url) as (store, location):
            names = [f"S{n}" for n in range(skus)]
            await fill(store, location, names, 100_000)
            for upload in range(3):
                lines = [
                    SyncLine(upload * LINES + n, Sku(sku), location, SyncReason.SOLD, delta=-1)
                    for n, sku in enumerate(names if skus == LINES else random.choices(names, k=LINES))
                ]
                await timed(f"{LINES:,} lines over {skus:,} SKUs", store, lines, mongo.mongod_pid)
            await timed("  the last one again", store, lines, mongo.mongod_pid)
            assert await audit(store) == [], "the books must hold"


async def timed(name: str, store: object, lines: list[SyncLine], mongod: int) -> None:
    """Upload and print."""
    start, ours, theirs = time.perf_counter(), time.process_time(), cpu_seconds(mongod)
    synced = await sync(store, "till-1", lines, actor=TILL, now=utc_now())  # type: ignore[arg-type]
    took = time.perf_counter() - start
    cpu = f"CPU {time.process_time() - ours:.2f} s here, {cpu_seconds(mongod) - theirs:.2f} s mongod"
    became = f"{synced.applied} applied, {synced.replayed} again"
    print(f"{name:<32}{len(lines) / took:>9,.0f}/s   {cpu}   {became}", flush=True)


def cpu_seconds(pid: int) -> float:
    """CPU a process has taken so far, from Linux' /proc/PID/stat (utime and stime, in clock ticks)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """As a command."""
    print(machine())
    with TemporaryDirectory() as directory, EmbeddedMongo.start(Path(directory)) as mongo:
        asyncio.run(run(mongo))


if __name__ == "__main__":
    main()
