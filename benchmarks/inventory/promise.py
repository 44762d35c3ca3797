"""Availability of 100 variants near a point, and promises of 100 variants at 20 shops: CPU through the gateway.

`python -m benchmarks.inventory.promise`. The whole system in this process over an embedded MongoDB with the sample
data; CPU is this process's (gateway, services, driver), without mongod, and without what its background work (auditor,
search index, drainers, sweepers) takes while nobody asks. The same query without the field is the base.
"""

import argparse
import asyncio
import os
import time
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import uvloop
from rich.console import Console
from rich.progress import Progress

from benchmarks.rates import machine, own_mongodb
from gateway.settings import GatewaySettings
from kit.collector import calm_collector
from kit.log import configure as configure_log
from noren.queries import TOKYO_STATION
from noren.sample.files import Sample, load_sample
from noren.seed import load
from noren.stores import open_stores
from noren.system import open_system

PROMISES = """query ($lines: [PromiseLineInput!]!, $where: PromiseContextInput!) {
  promises(lines: $lines, where: $where) { sku pickups { kind readyAt } delivery { kind day } } }"""
WARM = 5
IDLE_S = 4.0
SETTLE_S = 20.0
"""After a seed the search index is built and the books are audited for the first time."""


async def measure(url: str, runs: int) -> None:
    async with open_stores(url) as stores:
        with Progress(console=Console(quiet=True)) as progress:
            await load(stores, sample(), progress)
    async with open_system(url, GatewaySettings()) as app, AsyncExitStack() as stack:
        stack.enter_context(calm_collector())  # as whoever serves
        await asyncio.sleep(SETTLE_S)
        ask = Asked(app)
        near = {"near": TOKYO_STATION}
        head = "query ($near: GeoPointInput) { products(first: 60) { nodes { variants(first: 20) { nodes { sku"
        tail = "} } } } }"
        bare = f"query {head.split(') ', 1)[1]} {tail}"
        one = f"{head} availability(near: $near, first: 1) {{ nodes {{ available band distanceKm }} }} {tail}"
        three = one.replace("first: 1)", "first: 3)")
        rows = await ask(bare, {})
        skus = [v["sku"] for p in rows["products"]["nodes"] for v in p["variants"]["nodes"]]
        print(f"{machine()}\n\n{len(skus)} variants of 60 products, {len(sample().locations)} locations")
        base = await cpu(ask, "products and variants alone", bare, {}, runs)
        for name, query in (("1 nearest location", one), ("3 nearest locations", three)):
            whole = await cpu(ask, f"with availability, {name}", query, near, runs)
            print(f"  availability itself: {whole - base:.2f} ms, {(whole - base) / len(skus) * 100:.2f} ms for 100")
        lines = [{"sku": sku} for sku in skus[:100]]
        where: dict[str, Any] = {"near": TOKYO_STATION, "radiusKm": 300.0}
        await cpu(ask, "promises, 100 variants at 20 shops", PROMISES, {"lines": lines, "where": where}, runs)
        where["destination"] = {"country": "JP", "postalCode": "100-0001"}
        await cpu(ask, "the same, and delivered", PROMISES, {"lines": lines, "where": where}, runs)


class Asked:
    """The gateway's app, asked over ASGI without a socket."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, query: str, variables: dict[str, Any]) -> Any:
        body = orjson.dumps({"query": query, "variables": variables})
        sent = bytearray()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.extend(message.get("body", b""))

        headers = [(b"content-type", b"application/json"), (b"host", b"localhost")]
        scope = {"type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b""}
        scope |= {"headers": headers, "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http"}
        scope |= {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000)}
        await self._app(scope, receive, send)
        answer = orjson.loads(bytes(sent))
        if "errors" in answer:
            raise SystemExit(f"the query has errors: {answer['errors'][:1]}")
        return answer["data"]


async def idle_share() -> float:
    """CPU seconds a second that the system takes while nobody asks."""
    begin, wall = time.process_time(), time.perf_counter()
    await asyncio.sleep(IDLE_S)
    return (time.process_time() - begin) / (time.perf_counter() - wall)


async def cpu(ask: Asked, name: str, query: str, variables: dict[str, Any], runs: int) -> float:
    """CPU milliseconds of a request, on average, less what runs beside it."""
    for _ in range(WARM):
        await ask(query, variables)
    share = await idle_share()
    begin, wall = time.process_time(), time.perf_counter()
    for _ in range(runs):
        await ask(query, variables)
    spent, lasted = time.process_time() - begin, time.perf_counter() - wall
    each = (spent - share * lasted) / runs * 1e3
    print(f"{name:<44}{each:8.2f} ms CPU a request ({spent / runs * 1e3:.2f} with a background of {share:.0%})")
    return each


def sample() -> Sample:
    """Catalog and stock of the sample, whole; nobody who bought."""
    whole = load_sample()
    return Sample(
        channels=whole.channels,
        categories=whole.categories,
        products=whole.products,
        variants=whole.variants,
        locations=whole.locations,
        stock=whole.stock,
        customers=(),
        orders=(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    runs = parser.parse_args().runs
    with own_mongodb() as url, TemporaryDirectory() as folder:
        os.environ["NOREN_DATA_DIR"] = str(Path(folder))
        configure_log("ERROR")
        uvloop.run(measure(url, runs))


if __name__ == "__main__":
    main()
