"""Parts that fail cost their own fields only, say so, and come back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import httpx2
import pytest
import uvicorn

from gateway.app import build_gateway
from gateway.settings import GatewaySettings
from gateway.transports.pooled_http import PooledHttpTransport
from kit.app import build_app
from kit.mongod import EmbeddedMongo
from noren.queries import JOURNEY
from noren.sample.files import Sample
from noren.system import SERVICES, open_system, subgraph_sdls
from noren.up import listen
from tests.journeys.conftest import Graph, eventually


@asynccontextmanager
async def _served(name: str, mongo_url: str) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    """One service behind a real server on loopback; its URL, and the server to stop."""
    module = SERVICES[name]
    app = build_app(name, lambda: module.open_service(module.Settings(mongodb_url=mongo_url)))
    bound = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_keep_alive=75))
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
    task = asyncio.create_task(server.serve(sockets=[bound]))
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/graphql", server
    finally:
        server.should_exit = True
        await task


async def test_a_stopped_service_costs_its_own_fields_only(mongo_url: str, system_prefix: str, sample: Sample) -> None:
    variant = next(v for v in sample.variants if v.prices)
    variables = JOURNEY.variables or {}
    member = next(row.email for row in sample.customers if row.external_id == sample.orders[0].customer)
    asked = {"query": JOURNEY.query, "variables": {**variables, "product": variant.product_slug, "member": member}}
    async with (
        _served("catalog", mongo_url) as (catalog, _),
        _served("inventory", mongo_url) as (inventory, _),
        _served("loyalty", mongo_url) as (loyalty, loyalty_server),
        _served("customer", mongo_url) as (customer, _),
        _served("order", mongo_url) as (order, _),
    ):
        urls = {"catalog": catalog, "inventory": inventory, "loyalty": loyalty, "customer": customer, "order": order}
        transports = {name: PooledHttpTransport(url) for name, url in urls.items()}
        app = build_gateway(GatewaySettings(), subgraph_sdls(), transports)
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://localhost", timeout=30
        ) as http:
            whole = (await http.post("/graphql", json=asked)).json()
            assert "errors" not in whole
            assert (await http.get("/health/ready")).status_code == 200

            loyalty_server.should_exit = True
            await asyncio.sleep(1.5)
            partial = (await http.post("/graphql", json=asked)).json()
            ready = await http.get("/health/ready")
        for transport in transports.values():
            await transport.close()

    assert ready.status_code == 503
    assert ready.json()["subgraphs"]["loyalty"] == "not ready"
    assert {error["extensions"]["service"] for error in partial["errors"]} == {"loyalty"}
    assert {error["extensions"]["code"] for error in partial["errors"]} == {"SUBGRAPH_UNAVAILABLE"}
    paths = [error["path"] for error in partial["errors"]]
    assert ["customerLookup", "wallet"] in [path[:2] for path in paths] or ["customerLookup"] in paths
    assert partial["data"]["customerLookup"]["wallet"] is None
    assert partial["data"]["customerLookup"]["orders"] == whole["data"]["customerLookup"]["orders"]
    for seen, before in zip(
        partial["data"]["product"]["variants"]["nodes"], whole["data"]["product"]["variants"]["nodes"], strict=True
    ):
        assert seen == {**before, "pointsEarned": None}


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
