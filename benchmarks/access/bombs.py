"""The longest that other clients waited while bombs went off: `python -m benchmarks.access.bombs`.

Each bomb is sent by four attackers again and again for some seconds, each time a little different, so that no cache
knows it; meanwhile a client asks a small cached query every 5 ms and notes how long its answer took. The first row is
that client alone. Half-open bodies hold 200 connections open.
"""

import argparse
import asyncio
import gzip
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import orjson
import uvloop

from benchmarks.access.battery import PRODUCT, bombs
from benchmarks.access.serve import VICTIM
from benchmarks.gateway.process import started
from benchmarks.system import machine

ATTACKERS = 4
EVERY_S = 0.005
HALF_OPEN = 200

Attack = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each bomb")
    parser.add_argument("--port", type=int, default=8290)
    arguments = parser.parse_args()
    print(f"{machine()}\n")
    print("| bomb | refused/s | others: p50 ms | p99 ms | worst ms |")
    print("|---|---|---|---|---|")
    url = f"http://127.0.0.1:{arguments.port}/graphql"
    with started([sys.executable, "-m", "benchmarks.access.serve", str(arguments.port)], url):
        uvloop.run(all_bombs(arguments.port, arguments.seconds))


async def all_bombs(port: int, seconds: float) -> None:
    await row(port, 1.0, "none: warming up", None, quiet=True)
    await row(port, seconds, "none", None)
    for name, query, _ in bombs(PRODUCT):
        await row(port, seconds, name, posting(query))
    await row(port, seconds, "50 MB of blanks, gzipped", compressed)
    await row(port, seconds, f"{HALF_OPEN} half-open bodies", None, half_open=HALF_OPEN)


async def row(
    port: int, seconds: float, name: str, attack: Attack | None, *, half_open: int = 0, quiet: bool = False
) -> None:
    """One line of the table."""
    end, sent, waits = time.perf_counter() + seconds, [0], []
    held = [await half_a_body(port) for _ in range(half_open)]
    attackers = [attacking(port, attack, end, sent, n) for n in range(ATTACKERS if attack else 0)]
    await asyncio.gather(victim(port, end, waits), *attackers)
    for writer in held:
        writer.close()
    if not quiet:
        waits.sort()
        found = waits[len(waits) // 2], waits[int(len(waits) * 0.99)], waits[-1]
        told = " | ".join(f"{wait * 1e3:.1f}" for wait in found)
        print(f"| {name} | {sent[0] / seconds:.0f} | {told} |", flush=True)


async def victim(port: int, end: float, waits: list[float]) -> None:
    reader, writer = await connected(port)
    asked = request({"query": VICTIM})
    while (began := time.perf_counter()) < end:
        writer.write(asked)
        await answer(reader)
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(EVERY_S)
    writer.close()


async def attacking(port: int, attack: Attack, end: float, sent: list[int], number: int) -> None:
    round_ = number * 1_000_000
    while time.perf_counter() < end:
        reader, writer = await connected(port)
        with suppress(OSError, asyncio.IncompleteReadError):
            while time.perf_counter() < end:
                round_ += 1
                await attack(reader, writer, round_)
                sent[0] += 1
        writer.close()


def posting(query: str) -> Attack:
    async def attack(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(request({"query": f"{query}\n#{number}"}))
        await answer(reader)

    return attack


async def compressed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    writer.write(head(len(PACKED), "content-encoding: gzip\r\n") + PACKED)
    await answer(reader)


PACKED = gzip.compress(b" " * 50_000_000)


async def half_a_body(port: int) -> asyncio.StreamWriter:
    _, writer = await connected(port)
    writer.write(head(1_000) + b"{")
    return writer


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return reader, writer


def head(length: int, more: str = "") -> bytes:
    return (
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"accept: application/graphql-response+json\r\n{more}content-length: {length}\r\n\r\n"
    ).encode()


def request(envelope: dict[str, str]) -> bytes:
    body = orjson.dumps(envelope)
    return head(len(body)) + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body; the connection stays good for another."""
    told = await reader.readuntil(b"\r\n\r\n")
    length = int(told.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return int(told.split(b" ")[1]), await reader.readexactly(length)


if __name__ == "__main__":
    main()
