"""`python -m benchmarks.catalog.rebuild [variants]`: an index built anew beside a service that goes on answering.

It fills a catalog of its own, builds the index anew in the process that has the event loop, as a service does, and
takes meanwhile how late the loop comes to what is due: what a request would wait for. CPU is this process's (Linux).
"""

import asyncio
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from benchmarks.catalog.listing import fill
from benchmarks.system import machine
from kit.tasks import background
from noren.database import use_mongodb
from services.catalog.app import open_store, search_directory
from services.catalog.search.engine import SearchEngine
from services.catalog.search.upkeep import Upkeep
from services.catalog.settings import Settings

VARIANTS = 100_000
TICK_S = 0.005


@dataclass(slots=True)
class Lateness:
    """How late the loop came, in milliseconds."""

    seen: list[float] = field(default_factory=list)

    async def watch(self) -> None:
        while True:
            due = time.perf_counter() + TICK_S
            await asyncio.sleep(TICK_S)
            self.seen.append((time.perf_counter() - due) * 1e3)

    def told(self) -> str:
        ordered = sorted(self.seen)
        p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
        return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, at most {ordered[-1]:.1f} ms ({len(ordered):,} looks)"


async def build(url: str, settings: Settings) -> None:
    async with open_store(settings.model_copy(update={"mongodb_url": url})) as store:
        directory = search_directory(settings)
        upkeep = Upkeep(store, SearchEngine(directory), directory)
        idle, busy = Lateness(), Lateness()
        async with background(watch=idle.watch()):
            await asyncio.sleep(2)
        before, cpu, started = _memory_from_here_mb(), time.process_time(), time.perf_counter()
        async with background(watch=busy.watch()):
            await upkeep.rebuild()
        wall, spent = time.perf_counter() - started, time.process_time() - cpu
        more = _memory_mb("VmHWM") - before
        print(f"built in {wall:.1f} s by the clock, {spent:.1f} s of CPU; {more:.0f} MB more at the peak than before")
        print(f"the loop, nothing else to do: {idle.told()}")
        print(f"the loop, during the build:   {busy.told()}")


def _memory_from_here_mb() -> float:
    """What is taken now; the peak is counted from here."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory_mb("VmRSS")


def _memory_mb(what: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) / 1024


def main() -> None:
    variants = int(sys.argv[1]) if len(sys.argv) > 1 else VARIANTS
    directory = Path(".noren/bench-rebuild").resolve()
    shutil.rmtree(directory, ignore_errors=True)
    settings = Settings(data_dir=directory)
    print(f"{machine()}, {variants:,} variants", flush=True)
    with use_mongodb(settings) as url:
        uvloop.run(fill(url, settings, variants))
        uvloop.run(build(url, settings))


if __name__ == "__main__":
    main()
