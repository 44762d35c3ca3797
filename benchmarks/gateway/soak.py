"""The gateway under a steady mixed load for a long time: `python -m benchmarks.gateway.soak --minutes 60`.

Asks the market's query, distinct operations and documents that are refused, and leaves in the middle of some requests.
A table shows memory and open files of the gateway's process; neither may grow once the caches are full. The load comes
from a seed and is gentle (`--rate` requests a second), so that the machine can do something else.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import orjson
import uvloop

from benchmarks.gateway.compare import market, noren_gateway
from benchmarks.gateway.market import QUERY, SDL
from benchmarks.gateway.memory import operations
from benchmarks.gateway.process import Server, machine
from gateway.transports import SubgraphRequest
from gateway.transports.pooled_http import PooledHttpTransport

ROWS = 10
CACHED_OPERATIONS = 200
"""Small, so that the caches are full from the first row on."""
TIMEOUT_S = 30.0
REFUSED = ("{ nothing }", "{ users { id ", "query A { me { id } } query B { me { id } }", "{ users { reviews } }")


def kinds(seed: int) -> Iterator[tuple[str, str]]:
    """What to do next: `ask` and expect data, `refused` and expect none, `leave` before the answer."""
    chance, distinct = random.Random(seed), operations(seed)
    while True:
        drawn = chance.random()
        if drawn < 0.3:
            yield "ask", QUERY
        elif drawn < 0.85:
            yield "ask", next(distinct)
        elif drawn < 0.95:
            yield "refused", chance.choice(REFUSED)
        else:
            yield "leave", QUERY


async def run(server: Server, minutes: float, rate: float, seed: int) -> None:
    print("| minutes | requests | RSS MB | open files | gateway CPU s |")
    print("|---|---|---|---|---|")
    transport, todo = PooledHttpTransport(server.url), kinds(seed)
    begin, done = time.monotonic(), 0
    for row in range(1, ROWS + 1):
        end = begin + row * minutes * 60 / ROWS
        while time.monotonic() < end:
            kind, query = next(todo)
            await once(transport, server.url, kind, query)
            done += 1
            await asyncio.sleep(1 / rate)
        open_files = server.open_files()
        minute = (time.monotonic() - begin) / 60
        print(
            f"| {minute:.1f} | {done:,} | {server.memory_mb():.0f} | {open_files} | {server.cpu_s():.0f} |", flush=True
        )
    await transport.close()


async def once(transport: PooledHttpTransport, url: str, kind: str, query: str) -> None:
    """One request; an answer that is not what its kind expects ends the run."""
    if kind == "leave":
        await leave(url, query)
        return
    answer = await transport.send(SubgraphRequest(query, None, None, "query"), {}, TIMEOUT_S)
    if ("errors" in answer) != (kind == "refused") or ("data" in answer) != (kind == "ask"):
        raise SystemExit(f"{query}: {answer}")


async def leave(url: str, query: str) -> None:
    """Ask and close the connection before the answer can have come."""
    parts = urlsplit(url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    body = orjson.dumps({"query": query})
    head = f"POST {parts.path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    await asyncio.sleep(0.002)
    writer.transport.abort()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second at most")
    parser.add_argument("--port", type=int, default=8340)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    urls = {name: f"http://127.0.0.1:{arguments.port + 1 + n}/graphql" for n, name in enumerate(SDL)}
    print(f"`python -m benchmarks.gateway.soak {' '.join(sys.argv[1:])}`, {machine()}\n")
    with (
        market(arguments.port + 1),
        noren_gateway(arguments.port, urls, NOREN_CACHED_OPERATIONS=str(CACHED_OPERATIONS)) as server,
    ):
        uvloop.run(run(server, arguments.minutes, arguments.rate, arguments.seed))


if __name__ == "__main__":
    main()
