"""Parts that fail cost their own fields only, say so, and come back."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from gateway.app import build_gateway
from gateway.settings import GatewaySettings
from gateway.transports.pooled_http import PooledHttpTransport
from kit.app import build_app
from kit.context import ContextSigner
from kit.mongod import EmbeddedMongo
from kit.settings import context_secret
from noren.queries import TOKYO_STATION
from noren.sample.files import Sample
from noren.system import SERVICES, open_system, subgraph_sdls
from noren.up import listen
from tests.journeys.conftest import Graph, eventually


@dataclass
class _Served:
    """One service behind a real server on loopback, always on the same port: it can be stopped and started again."""

    name: str
    mongo_url: str
    port: int = 0

    async def start(self) -> None:
        module = SERVICES[self.name]
        app = build_app(self.name, lambda: module.open_service(module.Settings(mongodb_url=self.mongo_url)))
        bound = listen("127.0.0.1", self.port)
        self.port = bound.getsockname()[1]
        self.server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_keep_alive=75))
        self.server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
        self.task = asyncio.create_task(self.server.serve(sockets=[bound]))
        while not self.server.started and not self.task.done():
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.server.should_exit = True
        await self.task


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


async def test_a_stopped_service_costs_its_own_fields_only(mongo_url: str, system_prefix: str, sample: Sample) -> None:
    variant = next(v for v in sample.variants if v.prices)
    variables = {"product": variant.product_slug, "near": TOKYO_STATION, "card": sample.orders[0].customer}
    asked = {"query": QUESTION, "variables": variables}
    served = {name: _Served(name, mongo_url) for name in SERVICES}
    async with AsyncExitStack() as stack:
        for service in served.values():
            await service.start()
            stack.push_async_callback(service.stop)
        signer = ContextSigner(context_secret(GatewaySettings()))
        transports = {
            name: PooledHttpTransport(f"http://127.0.0.1:{one.port}/graphql", seal=signer.sealer(name))
            for name, one in served.items()
        }
        for transport in transports.values():
            stack.push_async_callback(transport.close)
        app = build_gateway(GatewaySettings(), subgraph_sdls(), transports)
        http = await stack.enter_async_context(
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost", timeout=30)
        )
        for stopped in COSTS:
            whole = (await http.post("/graphql", json=asked)).json()
            await served[stopped].stop()
            partial = (await http.post("/graphql", json=asked)).json()
            expected = {name: "not ready" if name == stopped else "ready" for name in SERVICES}
            await eventually(lambda: _health(http), (503, expected))
            await served[stopped].start()
            _check(stopped, whole, partial)


async def _health(http: httpx2.AsyncClient) -> tuple[int, dict[str, str]]:
    ready = await http.get("/health/ready")
    return ready.status_code, ready.json()["subgraphs"]


def _check(stopped: str, whole: dict[str, Any], partial: dict[str, Any]) -> None:
    """Only the stopped service's fields are missing, and the errors say whose they are."""
    assert "errors" not in whole
    assert {error["extensions"]["service"] for error in partial["errors"]} == {stopped}
    assert {error["extensions"]["code"] for error in partial["errors"]} == {"SUBGRAPH_UNAVAILABLE"}
    for path in COSTS[stopped]:
        assert any(tuple(error["path"]) == path[: len(error["path"])] for error in partial["errors"]), path
        _null(whole["data"], path)
    assert partial["data"] == whole["data"]


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
