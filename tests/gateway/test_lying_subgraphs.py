"""Subgraphs over real sockets that are down, slow or lying: each costs its own fields, never the rest of the answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.executor import ServicePolicy
from gateway.transports.pooled_http import MAX_RESPONSE_BYTES, PooledHttpTransport
from tests.gateway.shop import SDL, InProcess, World

QUERY = '{ me { name } product(upc: "b1") { name ... on Book { shipping } } }'
LEFT = {"me": {"name": "User 0"}, "product": {"name": "Book 1", "shipping": None}}
"""What is left of the answer, whatever the inventory does."""


def http(body: bytes, status: str = "200 OK", kind: str = "application/json", length: int | None = None) -> bytes:
    told = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {told}\r\n\r\n".encode() + body


def entities(*listed: Any) -> bytes:
    return http(orjson.dumps({"data": {"_entities": [*listed]}}))


LIES: dict[str, tuple[bytes | None, str]] = {
    "never answers": (None, "SUBGRAPH_TIMEOUT"),
    "closes at once": (b"", "SUBGRAPH_UNAVAILABLE"),
    "closes in the middle": (http(b'{"data": {"_ent', length=5000), "SUBGRAPH_UNAVAILABLE"),
    "speaks no HTTP": (b"220 mail.example.org ESMTP\r\n\r\n", "SUBGRAPH_UNAVAILABLE"),
    "invalid JSON": (http(b'{"data": {"_entities": [}'), "SUBGRAPH_UNAVAILABLE"),
    "no UTF-8": (http(b'{"data": "\xff\xfe"}'), "SUBGRAPH_UNAVAILABLE"),
    "JSON nested past any stack": (http(b"[" * 200_000 + b"]" * 200_000), "SUBGRAPH_UNAVAILABLE"),
    "a page of HTML": (http(b"<h1>502</h1>", "502 Bad Gateway", "text/html"), "SUBGRAPH_UNAVAILABLE"),
    "more than 10 MB": (http(b'{"data": "' + b"x" * MAX_RESPONSE_BYTES + b'"}'), "SUBGRAPH_UNAVAILABLE"),
    "says it is 1 TB": (http(b"{", length=10**12), "SUBGRAPH_UNAVAILABLE"),
    "too few entities": (entities(), "SUBGRAPH_INVALID_RESPONSE"),
    "too many entities": (entities({"shipping": 1}, {"shipping": 2}), "SUBGRAPH_INVALID_RESPONSE"),
    "entities that are no list": (http(b'{"data": {"_entities": {"shipping": 1}}}'), "SUBGRAPH_INVALID_RESPONSE"),
    "an entity that is no object": (entities(7), "SUBGRAPH_INVALID_RESPONSE"),
    "a value of another type": (entities({"shipping": {"a": [1]}}), "SUBGRAPH_INVALID_RESPONSE"),
    "data that is a list": (http(b'{"data": [1, 2]}'), "SUBGRAPH_INVALID_RESPONSE"),
    "an answer that is a number": (http(b"42"), "SUBGRAPH_UNAVAILABLE"),
    "nothing at all": (http(b"{}"), "SUBGRAPH_UNAVAILABLE"),
    "errors that are none": (http(b'{"errors": [1, null], "data": null}'), "INTERNAL"),
}


@asynccontextmanager
async def lying(answer: bytes | None) -> AsyncIterator[str]:
    """The URL of a server that reads a request and says this; None: nothing, for ever."""
    stop = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        if answer is None:
            await stop.wait()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"
    finally:
        stop.set()
        server.close()


@pytest.mark.parametrize(("answer", "code"), LIES.values(), ids=LIES.keys())
async def test_a_subgraph_costs_its_own_fields(answer: bytes | None, code: str) -> None:
    world = World()
    transports: dict[str, Any] = {name: InProcess(name, sdl, world) for name, sdl in SDL.items()}
    policy = ServicePolicy(timeouts_s={"inventory": 0.3 if answer is None else 20.0})
    async with lying(answer) as url:
        transports["inventory"] = PooledHttpTransport(url)
        engine = Engine.compose(SDL, transports, EngineSettings(services=policy))
        said = await engine.execute(GraphQLRequest(QUERY), {}, 30)
        await transports["inventory"].close()
    assert said["data"] == LEFT
    assert {error["extensions"]["code"] for error in said["errors"]} == {code}
    assert all(error["path"][0] == "product" for error in said["errors"])


async def test_a_subgraph_that_is_away_costs_its_own_fields() -> None:
    world = World()
    transports: dict[str, Any] = {name: InProcess(name, sdl, world) for name, sdl in SDL.items()}
    async with lying(b"") as url:
        pass
    transports["inventory"] = PooledHttpTransport(url)
    engine = Engine.compose(SDL, transports, EngineSettings())
    said = await engine.execute(GraphQLRequest(QUERY), {}, 30)
    assert said["data"] == LEFT
    assert [error["extensions"]["code"] for error in said["errors"]] == ["SUBGRAPH_UNAVAILABLE"]
