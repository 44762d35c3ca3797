"""A closed-loop load: so many connections, each asking again as soon as it is answered."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.transports import SubgraphRequest
from gateway.transports.pooled_http import PooledHttpTransport

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run gave."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Throughput of the run."""
        return self.requests / self.seconds


async def load(
    url: str, query: str, variables: Mapping[str, Any] | None, *, connections: int, seconds: float
) -> Measured:
    """Ask `query` for `seconds`; an answer with errors ends the benchmark."""
    transport = PooledHttpTransport(url, max_connections=connections)
    request = SubgraphRequest(query, dict(variables or {}), None, "query")
    end = time.perf_counter() + seconds
    taken: list[float] = []

    async def one() -> None:
        while (begin := time.perf_counter()) < end:
            answer = await transport.send(request, {}, TIMEOUT_S)
            taken.append(time.perf_counter() - begin)
            if "errors" in answer:
                raise SystemExit(f"the query has errors: {answer['errors']}")

    started = time.perf_counter()
    await asyncio.gather(*[one() for _ in range(connections)])
    elapsed = time.perf_counter() - started
    await transport.close()
    taken.sort()
    return Measured(len(taken), elapsed, _quantile(taken, 0.5) * 1e3, _quantile(taken, 0.99) * 1e3)


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
