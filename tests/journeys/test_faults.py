"""Parts that fail cost their own fields only, say so, and come back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from gateway.app import build_gateway
from gateway.settings import GatewaySettings
from gateway.transports.pooled_http import PooledHttpTransport
from kit.app import build_app
from kit.mongod import EmbeddedMongo
from noren.queries import TOKYO_STATION
from noren.sample.files import Sample
from noren.system import SERVICES, open_system, subgraph_sdls
from noren.up import listen
from tests.journeys.conftest import Graph, eventually


@asynccontextmanager
async def _served(name: str, mongo_url: str) -> AsyncIterator[tuple[str, uvicorn.Server, "asyncio.Task[None]"]]:
    """One service behind a real server on loopback: its URL, the server to stop, and the end to wait for."""
    module = SERVICES[name]
    app = build_app(name, lambda: module.open_service(module.Settings(mongodb_url=mongo_url)))
    bound = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_keep_alive=75))
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(server.serve(sockets=[bound]))
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/graphql", server, task
    finally:
        server.should_exit = True
        await task


QUESTION = """query ($product: String!, $near: GeoPointInput!, $card: String!) {
  product(slug: $product) { name variants(first: 1) { nodes { sku price { gross { amount } }
    availability(near: $near) { nodes { available } } stock(first: 1) { nodes { onHand } } pointsEarned } } }
  customerLookup(card: $card) { displayName wallet { balance } orders(first: 1) { nodes { number } } }
}"""
VARIANT = ("product", "variants", "nodes", 0)
COSTS: Mapping[str, Sequence[tuple[str | int, ...]]] = {
    "catalog": [("product",)],
    "customer": [("customerLookup",)],
    "inventory": [(*VARIANT, "availability"), (*VARIANT, "stock")],
    "loyalty": [(*VARIANT, "pointsEarned"), ("customerLookup", "wallet")],
    "order": [("customerLookup", "orders")],
}
"""Which fields of the question are null while a service is away: its own, and no others."""


@pytest.mark.parametrize("stopped", COSTS)
async def test_a_stopped_service_costs_its_own_fields_only(
    mongo_url: str, system_prefix: str, sample: Sample, stopped: str
) -> None:
    variant = next(v for v in sample.variants if v.prices)
    variables = {"product": variant.product_slug, "near": TOKYO_STATION, "card": sample.orders[0].customer}
    asked = {"query": QUESTION, "variables": variables}
    async with AsyncExitStack() as stack:
        served = {name: await stack.enter_async_context(_served(name, mongo_url)) for name in SERVICES}
        transports = {name: PooledHttpTransport(url) for name, (url, _, _) in served.items()}
        app = build_gateway(GatewaySettings(), subgraph_sdls(), transports)
        http = await stack.enter_async_context(
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost", timeout=30)
        )
        whole = (await http.post("/graphql", json=asked)).json()
        _, server, ended = served[stopped]
        server.should_exit = True
        await ended
        partial = (await http.post("/graphql", json=asked)).json()
        ready = await http.get("/health/ready")
        for transport in transports.values():
            await transport.close()

    assert "errors" not in whole
    assert {error["extensions"]["service"] for error in partial["errors"]} == {stopped}
    assert {error["extensions"]["code"] for error in partial["errors"]} == {"SUBGRAPH_UNAVAILABLE"}
    for path in COSTS[stopped]:
        assert any(tuple(error["path"]) == path[: len(error["path"])] for error in partial["errors"]), path
        _null(whole["data"], path)
    assert partial["data"] == whole["data"]
    assert ready.status_code == 503
    assert ready.json()["subgraphs"] == {name: "not ready" if name == stopped else "ready" for name in SERVICES}


def _null(data: Any, path: Sequence[str | int]) -> None:
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = None


@pytest.mark.usefixtures("fresh_databases")
async def test_mongodb_gone_gives_503_and_heals(
    tmp_path: Path, database_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOREN_DATABASE_PREFIX", database_prefix)
    monkeypatch.setenv("NOREN_DATA_DIR", str(tmp_path))
    mongo = await asyncio.to_thread(EmbeddedMongo.start, tmp_path / "mongodb")
    try:
        async with open_system(mongo.url, GatewaySettings(gateway_timeout_s=5)) as app:
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", timeout=30) as http:
                graph = Graph(http)

                async def status() -> int:
                    return (await http.get("/health/ready")).status_code

                assert await status() == 200
                os.kill(mongo.mongod_pid, signal.SIGSTOP)
                try:
                    await eventually(status, 503)
                    body = await graph.ask('{ product(slug: "nope") { name } }')
                    error = body["errors"][0]
                    assert error["extensions"]["service"] == "catalog"
                    assert error["extensions"]["code"] in ("UNAVAILABLE", "SUBGRAPH_TIMEOUT")
                    assert "Traceback" not in str(body)
                finally:
                    os.kill(mongo.mongod_pid, signal.SIGCONT)
                await eventually(status, 200)
                assert (await graph.data('{ product(slug: "nope") { name } }'))["product"] is None
    finally:
        await asyncio.to_thread(mongo.close)
