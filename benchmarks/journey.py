"""The journey query and a listing of 24 with live stock through the gateway: `make bench`.

Prints requests per CPU-second of Noren alone (gateway and services, without MongoDB and the load generator), latency
at 1 and 16 connections, memory idle and loaded, and the time from an empty directory to the first answer, in one
process and with `--processes`.
"""

import argparse
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.load import load
from benchmarks.system import Running, machine, running
from noren.queries import JOURNEY, LISTING

CONNECTIONS = (1, 16)
WARM_S = 2.0
SETTLE_S = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each run")
    parser.add_argument("--port", type=int, default=8200)
    arguments = parser.parse_args()
    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory(prefix="noren-bench-") as folder:
        data = Path(folder)
        with running(data, arguments.port) as first:
            print(f"Empty directory to ready, sample data seeded: {first.start_s:.1f} s")
        for mode in ((), ("--processes",)):
            with running(data, arguments.port, *mode) as system:
                measure(system, " ".join(mode) or "one process", arguments.seconds)


def measure(system: Running, mode: str, seconds: float) -> None:
    """One table."""
    print(f"\n### {mode}: ready again in {system.start_s:.1f} s\n")
    time.sleep(SETTLE_S)
    idle = system.usage()
    print("| query | connections | requests/s | per Noren CPU-s | CPU ms/request | mongod CPU ms | p50 ms | p99 ms |")
    print("|---|---|---|---|---|---|---|---|")
    for name, ready in (("journey", JOURNEY), ("listing of 24", LISTING)):
        uvloop.run(load(system.url, ready.query, ready.variables, connections=4, seconds=WARM_S))
        for connections in CONNECTIONS:
            before = system.usage()
            run = uvloop.run(load(system.url, ready.query, ready.variables, connections=connections, seconds=seconds))
            cpu_s, mongod_s = system.usage().since(before)
            print(
                f"| {name} | {connections} | {run.per_second:.0f} | {run.requests / cpu_s:.0f} "
                f"| {cpu_s / run.requests * 1e3:.2f} | {mongod_s / run.requests * 1e3:.2f} "
                f"| {run.p50_ms:.1f} | {run.p99_ms:.1f} |"
            )
    loaded = system.usage()
    print(
        f"\nMemory idle: Noren {idle.noren_mb:.0f} MB, mongod {idle.mongod_mb:.0f} MB; after the load: "
        f"Noren {loaded.noren_mb:.0f} MB, mongod {loaded.mongod_mb:.0f} MB."
    )


if __name__ == "__main__":
    main()
