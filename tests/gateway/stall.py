"""A gateway over one real subgraph that tells what reached it: who called, and what was sold."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import strawberry
from starlette.applications import Starlette
from strawberry.types import Info

from gateway.app import build_gateway
from gateway.graphiql import ReadyQuery
from gateway.settings import GatewaySettings
from gateway.transports import SubgraphRequest, Transport
from gateway.transports.in_process import InProcessTransport
from kit.context import ContextSigner, RequestContext
from kit.graphql.schema import build_schema
from kit.subgraph import Subgraph

SECRET = "s" * 32


@dataclass
class Stall:
    """What the subgraph saw and did."""

    sold: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)


@dataclass
class StallContext:
    stall: Stall
    caller: RequestContext


@strawberry.type
class Query:
    @strawberry.field
    def caller(self, info: Info[StallContext, None]) -> list[str]:
        """Who asks: channel, location, customer, staff, trace id, scopes."""
        who = info.context.caller
        return [who.channel, who.location or "", who.customer or "", who.staff or "", who.trace_id, *sorted(who.scopes)]

    @strawberry.field
    def echo(self, text: str) -> str:
        return text

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("the drawer is stuck")

    @strawberry.field
    async def slow(self, ms: int) -> str | None:
        await asyncio.sleep(ms / 1000)
        return "at last"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def sell(self, info: Info[StallContext, None], sku: str) -> str:
        info.context.stall.sold.append(sku)
        return sku


class Recording:
    """A transport that notes the headers it carries."""

    def __init__(self, inner: Transport, seen: list[Mapping[str, str]]) -> None:
        self.inner = inner
        self.seen = seen

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        self.seen.append(dict(headers))
        return await self.inner.send(request, headers, timeout_s)

    async def close(self) -> None:
        await self.inner.close()


def stall_subgraph(stall: Stall) -> Subgraph:
    signer = ContextSigner(SECRET.encode())
    return Subgraph("stall", build_schema(Query, Mutation), signer, lambda caller: StallContext(stall, caller))


def stall_gateway(stall: Stall, data_dir: Path, queries: Sequence[ReadyQuery] = (), **settings: Any) -> Starlette:
    """The real gateway with its subgraph in process; `settings` as an operator would set them."""
    subgraph = stall_subgraph(stall)
    read = GatewaySettings(**{"context_secret": SECRET, "data_dir": data_dir, **settings})
    transport = Recording(InProcessTransport(subgraph), stall.headers)
    return build_gateway(read, {"stall": subgraph.sdl}, {"stall": transport}, queries)


def client_of(app: Any, base_url: str = "http://localhost:8000") -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=base_url)
