"""The clinic's gateway behind a real server, its subgraphs in process or behind servers of their own."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2
import orjson
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from gateway.app import build_gateway
from gateway.transports import Transport
from gateway.transports.in_process import InProcessTransport
from gateway.transports.pooled_http import PooledHttpTransport
from kit.app import Service, build_app
from kit.sse import EVENT_STREAM, EventReader
from kit.subgraph import Subgraph
from tests.gateway.subscription.clinic import SIGNER, Clinic, settings
from tests.served import served

Way = Literal["in process", "over HTTP"]


@dataclass
class House:
    """A clinic whose gateway answers at `base`."""

    clinic: Clinic
    app: Starlette
    base: str
    services: dict[str, Starlette]

    @asynccontextmanager
    async def socket(self, **init: Any) -> AsyncIterator["Client"]:
        """A WebSocket client that has been acknowledged."""
        async with self.raw() as socket:
            client = Client(socket)
            await client.send(type="connection_init", payload=init)
            assert await client.receive() == {"type": "connection_ack"}
            yield client

    def raw(self, protocols: tuple[str, ...] = ("graphql-transport-ws",), **options: Any) -> connect:
        """A WebSocket that says nothing by itself."""
        named = [Subprotocol(name) for name in protocols] or None
        return connect(f"ws://{self.base}/graphql", subprotocols=named, proxy=None, compression=None, **options)

    @asynccontextmanager
    async def events(
        self,
        query: str,
        method: str = "POST",
        accept: str = EVENT_STREAM,
        headers: Mapping[str, str] | None = None,
        auth: httpx2.Auth | None = None,
        **variables: Any,
    ) -> AsyncIterator["Events"]:
        """What SSE tells of an operation; a service wants `auth` to seal it."""
        sent = {"accept": accept, "x-noren-csrf": "1", **(headers or {})}
        url = f"http://{self.base}/graphql"
        asked: dict[str, Any] = {"json": {"query": query, "variables": variables}}
        if method == "GET":
            asked = {"params": {"query": query, "variables": orjson.dumps(variables).decode()}}
        async with (
            httpx2.AsyncClient(timeout=30, auth=auth) as client,
            client.stream(method, url, headers=sent, **asked) as answer,
        ):
            yield Events(answer)


class Client:
    """A client of `graphql-transport-ws`, one message at a time."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, **message: Any) -> None:
        await self.socket.send(orjson.dumps(message).decode())

    async def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = orjson.loads(await self.socket.recv())
        return message

    async def subscribe(self, identity: str, query: str, **variables: Any) -> None:
        await self.send(type="subscribe", id=identity, payload={"query": query, "variables": variables})


class Events:
    """A client of GraphQL over SSE."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self._events = self._read()

    async def next(self) -> tuple[str, Any]:
        return await anext(self._events)

    async def rest(self) -> list[tuple[str, Any]]:
        return [event async for event in self._events]

    async def _read(self) -> AsyncGenerator[tuple[str, Any], None]:
        reader = EventReader(1_000_000)
        async for piece in self.answer.aiter_bytes():
            for name, data in reader.feed(piece):
                yield name, orjson.loads(data) if data else None


@asynccontextmanager
async def house(way: Way, data_dir: Path, **given: Any) -> AsyncIterator[House]:
    """The whole of it, for as long as the block lasts."""
    clinic = Clinic()
    async with AsyncExitStack() as stack:
        transports: dict[str, Transport] = {}
        services: dict[str, Starlette] = {}
        for name, subgraph in clinic.subgraphs().items():
            if way == "in process":
                transports[name] = InProcessTransport(subgraph)
            else:
                services[name] = service_app(subgraph)
                base = await stack.enter_async_context(served(services[name]))
                transports[name] = PooledHttpTransport(f"http://{base}/graphql", seal=SIGNER.sealer(name))
        app = build_gateway(settings(data_dir, **given), clinic.sdls(), transports)
        yield House(clinic, app, await stack.enter_async_context(served(app)), services)


def service_app(subgraph: Subgraph) -> Starlette:
    """A subgraph as a service of its own."""

    @asynccontextmanager
    async def open_service() -> AsyncIterator[Service]:
        async def is_ready() -> bool:
            return True

        yield Service(subgraph, is_ready)

    return build_app(subgraph.name, open_service)
