"""Memory over many distinct operations, none of them asked twice: `python -m benchmarks.gateway.memory`.

An engine over the market's subgraphs in one process, the garbage collector set as the gateway sets it. The caches fill
and then turn over; a table shows that memory then stands. The operations come from a seed: a run can be taken again.
"""

import argparse
import asyncio
import gc
import random
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import process_time
from typing import Any

import orjson

from benchmarks.gateway.market import SDL
from benchmarks.gateway.process import machine
from benchmarks.gateway.subgraphs import Subgraph
from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.transports import SubgraphRequest
from kit.collector import calm_collector

ROWS = 10
FIELDS = {
    "users": ("id", "name", "username", "reviews { id body }", "reviews { id product { upc name inStock } }"),
    "topProducts": ("upc", "name", "price", "shippingEstimate", "reviews { id author { username name } }"),
}


class Direct:
    """The market's subgraph without a network between, and without memory of what it was asked."""

    def __init__(self, name: str) -> None:
        self._subgraph = Subgraph(name)

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        body = {"query": request.query, "variables": request.variables, "operationName": request.operation_name}
        # Through bytes and back, as a network would: the engine writes into what it gets.
        answer: dict[str, Any] = orjson.loads(orjson.dumps(self._subgraph.execute(body)))
        return answer

    async def close(self) -> None:
        return


def operations(seed: int) -> Iterator[str]:
    """Distinct operations without end: other fields, other aliases, other names each time."""
    chance = random.Random(seed)
    number = 0
    while True:
        number += 1
        root, fields = chance.choice(list(FIELDS.items()))
        chosen = chance.sample(fields, chance.randint(1, len(fields)))
        yield f"query Op{number} {{ r{number}: {root} {{ {' '.join(chosen)} a{number}: __typename }} }}"


def market_engine(cached_operations: int = EngineSettings().cached_operations) -> Engine:
    """The market's graph, its subgraphs in this process."""
    return Engine.compose(SDL, {name: Direct(name) for name in SDL}, EngineSettings(cached_operations))


async def ask_all(engine: Engine, asked: Iterator[str], count: int) -> None:
    """Ask so many operations; one with errors ends the run."""
    for _ in range(count):
        query = next(asked)
        answer = await engine.execute(GraphQLRequest(query), {}, 30.0)
        if "errors" in answer:
            raise SystemExit(f"{query}: {answer['errors']}")


def resident_mb() -> float:
    """This process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1024 / 1024


async def run(count: int, seed: int) -> None:
    engine, asked = market_engine(), operations(seed)
    print("| distinct operations | RSS MB | objects tracked | plans cached | plans evicted | CPU ms an operation |")
    print("|---|---|---|---|---|---|")
    for row in range(1, ROWS + 1):
        began = process_time()
        await ask_all(engine, asked, count // ROWS)
        taken_ms = (process_time() - began) / (count // ROWS) * 1e3
        cached = engine.cached()
        print(
            f"| {row * (count // ROWS):,} | {resident_mb():.0f} | {len(gc.get_objects()):,} | {cached['plans']:,} "
            f"| {cached['plan_evicted']:,} | {taken_ms:.2f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print(f"`python -m benchmarks.gateway.memory {' '.join(sys.argv[1:])}`, {machine()}\n")
    with calm_collector():
        asyncio.run(run(arguments.operations, arguments.seed))


if __name__ == "__main__":
    main()
