"""CPU of a request, side by side in one run: `python -m benchmarks.execution`.

In process: from the query's text to the bytes of the answer, one request after another. Through the server: CPU of the
server's process a request, four connections. Also how long compiling takes, and memory over distinct documents.
Yoga and Mercurius are installed from npm into a temporary folder; without Node their columns are left out.
`--documents 0` leaves out the last part.
"""

import argparse
import asyncio
import gc
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop
from graphql import parse

from benchmarks.execution.contenders import CONTENDERS, SDL, SIGNER, answer, camel, fresh_headers
from benchmarks.execution.shop import ALL, OPERATIONS, schema
from benchmarks.system import TICK, machine
from gateway.transports import SubgraphRequest
from gateway.transports.pooled_http import PooledHttpTransport
from kit.graphql.execution import CompiledExecutor
from kit.graphql.execution.operation import Operation
from kit.graphql.execution.plan import Plan, read_operation

NODE = Path(__file__).parent / "node"
NODE_CONTENDERS = ("yoga", "mercurius")
CONNECTIONS = 4
WARM_S = 0.5
NODE_WARM_S = 2.0
FIRST_PORT = 8310
Table = dict[str, dict[str, float]]


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--documents", type=int, default=100_000, help="distinct documents of the memory run")
    options = parser.parse_args()
    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory(prefix="noren-execution-") as name:
        folder = Path(name)
        has_node = prepare_node(folder)
        names = [*CONTENDERS, *(NODE_CONTENDERS if has_node else ())]
        inside = {name: asyncio.run(measure_inside(name, options.seconds)) for name in CONTENDERS}
        for name in NODE_CONTENDERS if has_node else ():
            inside[name] = measure_node(name, folder)
        show("CPU µs a request, in process", names, inside)
        served = {
            name: measure_served(name, FIRST_PORT + index, folder, options.seconds) for index, name in enumerate(names)
        }
        show("CPU µs a request, through the server", names, served)
    compile_times()
    if options.documents:
        asyncio.run(memory(options.documents))


def show(title: str, names: list[str], found: dict[str, Table | dict[str, float]]) -> None:
    """One table, and how many times faster than Strawberry ours is."""
    print(f"\n### {title}\n\n| operation | {' | '.join(names)} | Strawberry / Noren |")
    print(f"|---|{'---|' * (len(names) + 1)}")
    for row in OPERATIONS:
        values: list[Any] = [found[name][row] for name in names]
        ratio = found["Strawberry"][row] / found["Noren"][row]  # type: ignore[operator]
        print(f"| {row} | {' | '.join(f'{value:,.0f}' for value in values)} | {ratio:.1f} |", flush=True)


async def measure_inside(name: str, seconds: float) -> dict[str, float]:
    """CPU µs a request of a Python contender."""
    execute = CONTENDERS[name]()
    found = {}
    for row, (query, variables) in OPERATIONS.items():
        first = json.loads(await answer(execute, query, variables, fresh_headers()))
        if "errors" in first:
            raise SystemExit(f"{name}, {row}: {first['errors']}")
        await _repeat(execute, query, variables, WARM_S)
        begin = time.process_time()
        count = await _repeat(execute, query, variables, seconds)
        found[row] = (time.process_time() - begin) / count * 1e6
    return found


async def _repeat(execute: Any, query: str, variables: Any, seconds: float) -> int:
    headers = fresh_headers()
    end, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        await answer(execute, query, variables, headers)
        count += 1
    return count


def prepare_node(folder: Path) -> bool:
    """Install the Node contenders and write what they serve."""
    if shutil.which("npm") is None:
        return False
    shutil.copytree(NODE, folder, dirs_exist_ok=True)
    shutil.copy(SDL, folder)
    (folder / "data.json").write_text(json.dumps(camel(ALL)))
    (folder / "operations.json").write_text(json.dumps(OPERATIONS))
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
    return subprocess.run(install, cwd=folder, check=False).returncode == 0


def measure_node(name: str, folder: Path) -> dict[str, float]:
    """CPU µs a request of a Node contender, in its own process."""
    command = ["node", "contender.mjs", name, str(folder), "measure"]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return {row: found["cpu_us"] for row, found in json.loads(done.stdout).items()}


def measure_served(name: str, port: int, folder: Path, seconds: float) -> dict[str, float]:
    """CPU µs a request of the whole server."""
    with served(name, port, folder) as pid:
        return uvloop.run(_load(name, pid, port, seconds))


@contextmanager
def served(name: str, port: int, folder: Path) -> Iterator[int]:
    """The contender's server, for as long as the block lasts."""
    is_node = name in NODE_CONTENDERS
    command = (
        ["node", "contender.mjs", name, str(folder), str(port)]
        if is_node
        else [sys.executable, "-m", "benchmarks.execution.serve", name, str(port)]
    )
    environment = {**os.environ, "NODE_ENV": "production"}
    process = subprocess.Popen(command, cwd=folder if is_node else None, env=environment)
    try:
        _wait_for(port, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("a contender's server did not come up")


async def _load(name: str, pid: int, port: int, seconds: float) -> dict[str, float]:
    transport = PooledHttpTransport(
        f"http://127.0.0.1:{port}/graphql", max_connections=CONNECTIONS, seal=SIGNER.sealer("shop")
    )
    found = {}
    for row, (query, variables) in OPERATIONS.items():
        request = SubgraphRequest(query, variables, None, "query")
        await _ask(transport, request, NODE_WARM_S if name in NODE_CONTENDERS else WARM_S)
        before = _cpu_s(pid)
        count = await _ask(transport, request, seconds)
        found[row] = (_cpu_s(pid) - before) / count * 1e6
    await transport.close()
    return found


async def _ask(transport: PooledHttpTransport, request: SubgraphRequest, seconds: float) -> int:
    headers = fresh_headers()
    end = time.perf_counter() + seconds
    counts = [0] * CONNECTIONS

    async def one(index: int) -> None:
        while time.perf_counter() < end:
            got = await transport.send(request, headers, 30.0)
            if "errors" in got:
                raise SystemExit(f"a contender answers with errors: {got['errors']}")
            counts[index] += 1

    await asyncio.gather(*(one(index) for index in range(CONNECTIONS)))
    return sum(counts)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def compile_times() -> None:
    """How long an operation takes from its document to its functions."""
    print("\n### Compiling\n\n| operation | ms | characters of code |\n|---|---|---|")
    for row, (query, _) in OPERATIONS.items():
        document, best, size = parse(query), 1e9, 0
        for _ in range(20):
            begin = time.process_time()
            operation = Operation(Plan(read_operation(schema._schema, document, None), {}, schema))
            operation.compile_all()
            best, size = min(best, time.process_time() - begin), len(operation.source)
        print(f"| {row} | {best * 1e3:.2f} | {size:,} |")


async def memory(documents: int) -> None:
    """Resident memory while ever new documents come: the cache is bounded."""
    print("\n### Memory over distinct documents\n\n| documents | resident MB |\n|---|---|")
    executor = CompiledExecutor(schema._schema, schema, lambda *_: [])
    for number in range(documents + 1):
        if number in (0, documents // 100, documents // 10, documents // 2, documents):
            print(f"| {number:,} | {_resident_mb():.0f} |", flush=True)
        query = f'{{ product(id: "prd_000007") {{ a{number}: name price {{ gross {{ amount }} }} }} }}'
        await executor.execute(query, None, None, None)


def _resident_mb() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
