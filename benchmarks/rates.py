"""What benchmarks of writes share: a MongoDB of their own, many writers, and how figures print."""

import asyncio
import platform
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path
from tempfile import TemporaryDirectory

from kit.mongod import EmbeddedMongo

WRITERS = 64


@dataclass(frozen=True, slots=True)
class Rate:
    """What one measurement came to."""

    name: str
    done: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """How many were done."""
        return self.done / self.seconds

    def __str__(self) -> str:
        return f"{self.name:<44}{self.per_second:>9,.0f}/s   p50 {self.p50_ms:>7.1f} ms   p99 {self.p99_ms:>8.1f} ms"


def machine() -> str:
    """The line that goes with every figure."""
    return f"{platform.machine()}, {cpu_count()} cores, Python {platform.python_version()}, MongoDB embedded"


@contextmanager
def own_mongodb() -> Iterator[str]:
    """A MongoDB of this run's own."""
    with TemporaryDirectory() as directory:
        mongo = EmbeddedMongo.start(Path(directory))
        try:
            yield mongo.url
        finally:
            mongo.close()


async def measure(name: str, work: Callable[[int], Awaitable[object]], seconds: float, writers: int = WRITERS) -> Rate:
    """Run `work` with a running number from so many writers for so long."""
    took: list[float] = []
    number = 0
    start = time.perf_counter()
    end = start + seconds

    async def writer() -> None:
        nonlocal number
        while (began := time.perf_counter()) < end:
            number += 1
            await work(number)
            took.append(time.perf_counter() - began)

    await asyncio.gather(*(writer() for _ in range(writers)))
    elapsed = time.perf_counter() - start
    cuts = statistics.quantiles(took, n=100)
    return Rate(name, len(took), elapsed, 1000 * cuts[49], 1000 * cuts[98])
