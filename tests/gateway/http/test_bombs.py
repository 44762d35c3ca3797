"""Documents, bodies and connections that are meant to hurt: refused, and the next client is answered."""

import asyncio
import gzip
import signal
from collections.abc import AsyncIterator

import httpx2
import orjson
import pytest
from starlette.applications import Starlette

from benchmarks.access.battery import ANYTHING, Place, bombs
from gateway.accept import GRAPHQL_JSON
from gateway.app import build_gateway
from gateway.settings import GatewaySettings
from noren import patience
from noren.up import listen, serve
from tests.gateway.shop import SDL, InProcess, World
from tests.gateway.stall import SECRET, client_of

USER = Place("me", "User", "id", "friend { % }")
BOMBS = list(bombs(USER))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Starlette:
    settings = GatewaySettings(context_secret=SECRET, data_dir=tmp_path_factory.mktemp("data"))
    world = World()
    return build_gateway(settings, SDL, {name: InProcess(name, sdl, world) for name, sdl in SDL.items()})


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.mark.parametrize(("query", "code"), [bomb[1:] for bomb in BOMBS], ids=[bomb[0] for bomb in BOMBS])
async def test_a_bomb_is_refused_with_its_code(client: httpx2.AsyncClient, query: str, code: str) -> None:
    answer = await client.post("/graphql", json={"query": query}, headers={"accept": GRAPHQL_JSON})
    if code is ANYTHING:
        assert answer.status_code < 500
        return
    told = answer.json()
    assert "data" not in told
    assert (answer.status_code, told["errors"][0]["extensions"]["code"]) == (400, code)
    assert len(told["errors"]) <= 6
    assert (await client.post("/graphql", json={"query": "{ me { id } }"})).json() == {"data": {"me": {"id": "u0"}}}


async def test_variables_nested_as_deep_as_json_goes_are_refused(client: httpx2.AsyncClient) -> None:
    deep = orjson.loads("[" * 900 + "]" * 900)
    answer = await client.post(
        "/graphql", json={"query": "query ($n: Int) { users(first: $n) { id } }", "variables": {"n": deep}}
    )
    assert answer.json()["errors"][0]["extensions"]["code"] in ("BAD_USER_INPUT", "OPERATION_TOO_COMPLEX")


async def test_a_compressed_body_is_not_unpacked(client: httpx2.AsyncClient) -> None:
    body = gzip.compress(b" " * 50_000_000)
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = await client.post("/graphql", content=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


NO_HEADS = (
    b"",
    b"POST /graphql HTTP/1.1\r\nhost: localhost\r\n",
    b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\nGET / HT",
)


async def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.1)
    started = asyncio.Event()
    with listen("127.0.0.1", 0) as bound:
        serving = asyncio.create_task(serve(Starlette(), bound, started.set))
        await started.wait()

        async def until_closed(sent: bytes) -> None:
            reader, writer = await asyncio.open_connection(*bound.getsockname())
            writer.write(sent)
            await reader.read()
            writer.close()

        async with asyncio.timeout(30):
            await asyncio.gather(*[until_closed(sent) for sent in NO_HEADS])
        signal.raise_signal(signal.SIGTERM)
        await serving
