"""`noren keys` beside a gateway that runs: a key opens it when it is made and no more when it is revoked."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from gateway.app import build_gateway
from gateway.keys.directory import open_keys
from gateway.settings import GatewaySettings
from gateway.transports.in_process import InProcessTransport
from noren.keys import KeyRefused, app
from tests.gateway.stall import Stall, stall_subgraph

QUERY = {"query": "{ caller }"}


@asynccontextmanager
async def gateway(mongo_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a gateway that follows the installation's keys, seen from another machine."""
    settings, subgraph = GatewaySettings(), stall_subgraph(Stall())
    async with open_keys(mongo_url, settings) as keys:
        stall = {"stall": InProcessTransport(subgraph)}
        built = build_gateway(settings, {"stall": subgraph.sdl}, stall, keys=keys)
        transport = httpx2.ASGITransport(app=built, client=("203.0.113.9", 1234))
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop.example") as client:
            yield client


async def keys(*words: str) -> Result:
    """`noren keys …`, in a thread: it has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, words)


async def until(client: httpx2.AsyncClient, key: str, status: int) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            answer = await client.post("/graphql", json=QUERY, headers={"authorization": f"Bearer {key}"})
            if answer.status_code == status:
                body: dict[str, Any] = answer.json()
                return body
            await asyncio.sleep(0.02)


@pytest.fixture
def installation(named_mongo: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("NOREN_CONTEXT_SECRET", "s" * 32)
    monkeypatch.setenv("COLUMNS", "200")
    return named_mongo["NOREN_MONGODB_URL"]


async def test_a_key_lives_from_create_to_revoke(installation: str) -> None:
    async with gateway(installation) as client:
        closed = await client.post("/graphql", json=QUERY)
        assert closed.status_code == 403
        made = await keys("create", "till-1", "--scope", "stock:read", "--channel", "pos", "--location", "loc_1")
        assert made.exit_code == 0, made.output
        key = made.stdout.strip()
        body = await until(client, key, 200)
        assert body["data"]["caller"][:2] == ["pos", "loc_1"]
        assert body["data"]["caller"][5:] == ["stock:read"]

        id = key.split("_")[2]
        rotated = await keys("rotate", id, "--overlap-hours", "0")
        await until(client, rotated.stdout.strip(), 200)
        await until(client, key, 401)
        listed = (await keys("list")).stdout
        assert all(word in listed for word in (id, "till-1", "stock:read", "loc_1", "active"))
        assert key not in listed

        assert (await keys("revoke", id, "--reason", "lost")).exit_code == 0
        refused = await until(client, rotated.stdout.strip(), 401)
        assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        log = (await keys("log")).stdout.splitlines()
        assert [line.split()[4] for line in log] == ["created", "rotated", "revoked"]
        assert "lost" in log[-1]


async def test_a_key_that_makes_no_sense_is_told_by_field(installation: str) -> None:
    wrong = await keys("create", "page", "--publishable", "--scope", "stock:write", "--scope", "stock:anything")
    assert isinstance(wrong.exception, KeyRefused)
    assert str(wrong.exception).splitlines() == [
        "scopes: expected a scope of this system, got 'stock:anything'",
        "scopes: expected none for a publishable key, which everybody can read, got 'stock:write'",
    ]
    assert (await keys("list")).stdout.count("page") == 0
