"""Noren's gateway and, with `--node FOLDER`, gateways on Node, one after another over the same subgraphs.

    python -m benchmarks.gateway.compare --seconds 5 --node /tmp/noren-node

Prints one table: requests per second of the gateway process's own CPU time, fetches a request, and latencies. Gateway,
subgraphs and load generator are processes of their own on the same cores; the gateway's CPU is read from /proc.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from urllib.request import urlopen

import orjson
import uvloop

from benchmarks.gateway.market import QUERY, SDL
from benchmarks.gateway.node import apollo_gateway, hive_gateway, prepare
from benchmarks.gateway.process import Server, ask, machine, started
from benchmarks.load import load
from gateway.engine import Engine, EngineSettings, GraphQLRequest

CONNECTIONS = 50
WARM_S = 3.0
"""V8 compiles its hot paths in this time; CPython needs none of it."""
COLD_TRIES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--port", type=int, default=8310)
    parser.add_argument("--node", type=Path, help="folder for the gateways from npm; without it, Noren alone")
    arguments = parser.parse_args()
    port = arguments.port
    urls = {name: f"http://127.0.0.1:{port + 1 + n}/graphql" for n, name in enumerate(SDL)}
    print(f"`python -m benchmarks.gateway.compare {' '.join(sys.argv[1:])}`, {machine()}\n")
    read_ms, plan_ms = cold_ms()
    print(f"Noren, cold: parsed and validated in {read_ms:.1f} ms, planned and compiled in {plan_ms:.1f} ms.\n")
    with market(port + 1):
        table_head()
        with noren_gateway(port, urls) as server:
            measure("Noren", server, urls, arguments)
        with noren_gateway(port, urls, NOREN_DEDUPLICATE_IN_FLIGHT="true") as server:
            measure("Noren, sharing fetches in flight", server, urls, arguments)
        if arguments.node:
            prepare(arguments.node, SDL, urls)
            with hive_gateway(arguments.node, port) as server:
                measure("Hive Gateway (JS)", server, urls, arguments)
            with hive_gateway(arguments.node, port, deduplicate=True) as server:
                measure("Hive Gateway (JS), sharing fetches in flight", server, urls, arguments)
            with apollo_gateway(arguments.node, port) as server:
                measure("Apollo Gateway", server, urls, arguments)


def cold_ms() -> tuple[float, float]:
    """The best of some tries, each by an engine that never saw the query."""
    read, planned = [], []
    for _ in range(COLD_TRIES):
        engine = Engine.compose(SDL, dict.fromkeys(SDL), EngineSettings())  # type: ignore[arg-type]
        begin = perf_counter()
        operation = engine.preparation.read(GraphQLRequest(QUERY))
        read.append(perf_counter() - begin)
        engine.preparation.plan(operation, (), frozenset())
        planned.append(perf_counter() - begin - read[-1])
    return min(read) * 1e3, min(planned) * 1e3


def table_head() -> None:
    print("| gateway | requests/gateway-CPU-s | fetches | requests/s | p50 ms | p99 ms | answer kB | RSS MB |")
    print("|---|---|---|---|---|---|---|---|")


def measure(name: str, server: Server, urls: dict[str, str], arguments: argparse.Namespace) -> None:
    """One row."""
    answer = ask(server.url, QUERY)
    if "errors" in answer:
        raise SystemExit(f"{name}: {answer['errors']}")
    weight = len(orjson.dumps(answer))
    uvloop.run(load(server.url, QUERY, None, connections=arguments.connections, seconds=WARM_S))
    fetched, cpu_s = _count(urls), server.cpu_s()
    run = uvloop.run(load(server.url, QUERY, None, connections=arguments.connections, seconds=arguments.seconds))
    fetched, cpu_s = _count(urls) - fetched, server.cpu_s() - cpu_s
    print(
        f"| {name} | {run.requests / cpu_s:.0f} | {fetched / run.requests:.1f} | {run.per_second:.0f} "
        f"| {run.p50_ms:.0f} | {run.p99_ms:.0f} | {weight / 1000:.1f} | {server.memory_mb():.0f} |",
        flush=True,
    )


def _count(urls: dict[str, str]) -> int:
    with urlopen(next(iter(urls.values())).replace("/graphql", "/count")) as answer:
        return int(answer.read())


@contextmanager
def market(port: int) -> Iterator[Server]:
    """The four subgraphs on `port` and the three after it."""
    command = [sys.executable, "-m", "benchmarks.gateway.subgraphs", "--port", str(port)]
    with started(command, f"http://127.0.0.1:{port}/graphql") as server:
        yield server


@contextmanager
def noren_gateway(port: int, urls: dict[str, str], **environment: str) -> Iterator[Server]:
    """The gateway as `noren serve gateway` runs it, log lines included."""
    with tempfile.TemporaryDirectory(prefix="noren-bench-") as folder:
        settings = {
            "NOREN_PORT": str(port),
            "NOREN_DATA_DIR": folder,
            "NOREN_CONTEXT_SECRET": "benchmark" * 8,
            "NOREN_SUBGRAPH_URLS": orjson.dumps(urls).decode(),
            "NOREN_MONGODB_URL": "mongodb://127.0.0.1:1",  # the gateway opens none
            **environment,
        }
        command = [sys.executable, "-m", "noren", "serve", "gateway"]
        log = Path(folder) / "gateway.log"
        with started(command, f"http://127.0.0.1:{port}/graphql", environment=settings, log=log) as server:
            yield server


if __name__ == "__main__":
    main()
