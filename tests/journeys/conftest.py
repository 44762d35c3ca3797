"""Journeys go through the gateway with all five services, over a slice of the sample data."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from rich.console import Console
from rich.progress import Progress

from gateway.settings import GatewaySettings
from kit.app import Service
from kit.ids import new_id
from kit.mongo import connect
from kit.settings import KitSettings
from noren.sample.files import Sample, sample_slice
from noren.seed import load
from noren.stores import open_stores
from noren.system import open_services, open_system

WAIT_S = 15.0
"""How long a journey waits for what events bring about; it takes milliseconds on an idle machine."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A client of the graph."""

    http: httpx2.AsyncClient

    async def ask(self, query: str, headers: Mapping[str, str] | None = None, **variables: Any) -> dict[str, Any]:
        """The whole response."""
        answer = await self.http.post(
            "/graphql", json={"query": query, "variables": variables}, headers=dict(headers or {})
        )
        body: dict[str, Any] = answer.json()
        return body

    async def data(self, query: str, headers: Mapping[str, str] | None = None, **variables: Any) -> dict[str, Any]:
        """The data of a response that must have no errors."""
        body = await self.ask(query, headers, **variables)
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data


async def eventually(look: Callable[[], Awaitable[Any]], expected: object) -> None:
    """Wait until `look` gives what is expected; events take a moment."""
    deadline = time.monotonic() + WAIT_S
    while (seen := await look()) != expected:
        assert time.monotonic() < deadline, f"still {seen!r}, expected {expected!r}"
        await asyncio.sleep(0.05)


@pytest.fixture(scope="session")
def sample() -> Sample:
    """A slice of the sample data, with every reference inside it."""
    return sample_slice(products=40, customers=50, orders=100)


@pytest.fixture(scope="session")
async def system_prefix(mongo_url: str, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Databases of all services with the slice in them; the environment names them for whoever starts here."""
    prefix = f"j{new_id('x')[2:].lower()}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOREN_DATABASE_PREFIX", prefix)
        patch.setenv("NOREN_DATA_DIR", str(tmp_path_factory.mktemp("noren")))
        async with open_stores(mongo_url) as stores:
            with Progress(console=Console(quiet=True)) as progress:
                await load(stores, sample, progress)
        assert KitSettings().database_prefix == prefix
        yield prefix
    async with connect(mongo_url) as client:
        for name in await client.list_database_names():
            if name.startswith(prefix):
                await client.drop_database(name)


@pytest.fixture(scope="session")
async def services(mongo_url: str, system_prefix: str) -> AsyncIterator[Mapping[str, Service]]:
    """The five services in this process, for who goes around the gateway."""
    async with open_services(mongo_url) as running:
        yield running


@pytest.fixture(scope="session")
async def graph(mongo_url: str, system_prefix: str) -> AsyncIterator[Graph]:
    """The whole system in this process, asked over ASGI.

    The graph is composed while its clients look for MongoDB: on a busy machine that is longer than a request waits.
    """
    patient = pytest.MonkeyPatch()
    patient.setattr("kit.mongo.SERVER_SELECTION_MS", 15_000)
    async with open_system(mongo_url, GatewaySettings()) as app:
        patient.undo()
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
            yield Graph(http)
