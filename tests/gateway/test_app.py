"""The gateway beside services that are processes of their own: real servers on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from structlog.testing import capture_logs

from gateway import startup
from gateway.app import http_gateway
from gateway.settings import GatewaySettings
from gateway.startup import StartFailed, fetch_sdls
from gateway.transports.pooled_http import PooledHttpTransport
from kit.app import Service, build_app
from kit.context import ContextSigner
from tests.gateway.stall import SECRET, Stall, client_of, stall_subgraph


@asynccontextmanager
async def served(app: Any, port: int = 0) -> AsyncIterator[str]:
    """The URL of `app` behind uvicorn, for as long as the block lasts."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False))
    with contextlib.ExitStack() as signals:
        server.capture_signals = lambda: signals  # type: ignore[assignment, method-assign] # pytest's stay in force
        running = asyncio.create_task(server.serve())
        while not server.started and not running.done():
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
        finally:
            server.should_exit = True
            await running


def stall_app(stall: Stall) -> Any:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Service]:
        async def is_ready() -> bool:
            return True

        yield Service(stall_subgraph(stall), is_ready)

    return build_app("stall", opened)


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_it_fetches_the_sdl_and_answers_over_http(tmp_path: Path) -> None:
    stall = Stall()
    async with served(stall_app(stall)) as url:
        settings = GatewaySettings(context_secret=SECRET, data_dir=tmp_path, subgraph_urls={"stall": url})  # type: ignore[arg-type]
        app = http_gateway(lambda: settings)
        async with app.router.lifespan_context(app), client_of(app) as client:
            answer = await client.post("/graphql", json={"query": 'mutation { sell(sku: "MUG") }'})
            ready = await client.get("/health/ready")
            asked = await client.post("/graphql", json={"query": "{ caller }"}, headers={"x-noren-channel": "pos"})
    assert (answer.json(), stall.sold) == ({"data": {"sell": "MUG"}}, ["MUG"])
    assert ready.json() == {"status": "ready", "subgraphs": {"stall": "ready"}}
    assert asked.json()["data"]["caller"][0] == "pos"


async def test_it_waits_for_a_service_that_comes_up_later_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "ASK_AGAIN_S", 0.01)
    port = free_port()
    url = f"http://127.0.0.1:{port}/graphql"
    signer = ContextSigner(SECRET.encode())
    transports = {"stall": PooledHttpTransport(url, seal=signer.sealer("stall"))}
    with capture_logs() as lines:
        fetching = asyncio.create_task(fetch_sdls(transports, signer, {"stall": url}, 5.0))
        await asyncio.sleep(0.05)
        async with served(stall_app(Stall()), port):
            sdls = await fetching
            await transports["stall"].close()
    assert "type Mutation" in sdls["stall"]
    waiting = [line for line in lines if line["event"] == "waiting for a service"]
    assert [(line["subgraph"], line["url"]) for line in waiting] == [("stall", url)]


async def test_it_gives_up_on_a_service_that_never_comes_and_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "ASK_AGAIN_S", 0.01)
    url = f"http://127.0.0.1:{free_port()}/graphql"
    with pytest.raises(StartFailed, match=f"order at {url} was not ready within 0.05 s: cannot connect"):
        await fetch_sdls({"order": PooledHttpTransport(url)}, ContextSigner(SECRET.encode()), {"order": url}, 0.05)


async def test_a_service_with_another_secret_is_told_from_one_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "ASK_AGAIN_S", 0.01)
    async with served(stall_app(Stall())) as url:
        transports = {"stall": PooledHttpTransport(url)}
        with pytest.raises(StartFailed, match=r"gives no SDL: .*UNAUTHENTICATED"):
            await fetch_sdls(transports, ContextSigner(b"another" * 8), {"stall": url}, 0.05)
        await transports["stall"].close()
