"""A gateway over a supergraph's file: it follows the file under load without a failed request, and a bad one not."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.app import http_gateway
from gateway.composer import compose
from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.errors import CompositionError
from gateway.live import LiveEngine
from gateway.settings import GatewaySettings
from gateway.supergraph_file import SupergraphFile
from gateway.transports import SubgraphRequest, Transport
from tests.gateway.shop import SDL, InProcess, World
from tests.gateway.stall import SECRET, Stall, client_of, stall_subgraph
from tests.gateway.test_app import served, stall_app

QUERY = "query Page { users(first: 3) { name reviews { body } } }"
CHANGED = {**SDL, "users": SDL["users"].replace("nick: String", "nick: String handle: String @deprecated")}


class Way(InProcess):
    """A way to a subgraph of the shop that takes its time, and fails once it is closed."""

    closed = False

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        await asyncio.sleep(0.001)
        assert not self.closed, "asked after it was closed"
        return await super().send(request, headers, timeout_s)

    async def close(self) -> None:
        self.closed = True


def unreached(name: str, url: str) -> Transport:
    raise AssertionError(f"connected to {name} at {url}")


class Shop:
    """The gateway of a file, and the ways that have been opened, by URL."""

    def __init__(self, path: Path, sdls: Mapping[str, str] = SDL, retire_s: float = 1.0) -> None:
        self.path, self.world = path, World()
        self.ways: dict[str, list[Way]] = {}
        self.write(sdls)
        self.file = SupergraphFile(path, {}, self.connect, retire_s)
        supergraph = self.file.open()
        self.live = LiveEngine(Engine(supergraph, self.file.transports, EngineSettings()), {})

    def connect(self, _: str, url: str) -> Transport:
        name = url.split("//")[1].split(".")[0]
        way = Way(name, SDL[name], self.world)
        self.ways.setdefault(url, []).append(way)
        return way

    def write(self, sdls: Mapping[str, str], host: str = "one") -> None:
        """Replace the file in one step, as deployments do."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(compose(sdls, urls={name: f"http://{name}.{host}/graphql" for name in sdls}).sdl)
        os.replace(fresh, self.path)

    async def ask(self, query: str = QUERY) -> dict[str, Any]:
        said = await self.live.execute(GraphQLRequest(query), {}, 5.0)
        answer: dict[str, Any] = orjson.loads(orjson.dumps(said))  # what is said of the schema is JSON already
        return answer


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "supergraph.graphql")


async def test_a_changed_file_is_followed_under_load_without_a_failed_request(shop: Shop) -> None:
    want = await shop.ask()
    answers: list[dict[str, Any]] = []
    watching = asyncio.create_task(shop.file.watch(shop.live, 0.005))

    async def client() -> None:
        while shop.live.reloads < 4:
            answers.append(await shop.ask())

    async def deploying() -> None:
        for number, (sdls, host) in enumerate([(CHANGED, "one"), (SDL, "two"), (CHANGED, "two"), (SDL, "one")]):
            shop.write(sdls, host)
            while shop.live.reloads <= number:
                await asyncio.sleep(0.001)

    async with asyncio.timeout(60):
        await asyncio.gather(*[client() for _ in range(8)], deploying())
    watching.cancel()
    await asyncio.wait([watching])
    assert len(answers) > 20
    assert all(answer == want for answer in answers)


async def test_the_new_graph_answers_with_its_busiest_plans_ready(shop: Shop) -> None:
    await shop.ask()
    assert "errors" in await shop.ask("{ me { handle } }")
    shop.write(CHANGED)
    assert await shop.file.look(shop.live)
    planned = shop.live.counts.planned
    await shop.ask()
    assert shop.live.counts.planned == planned
    introspection = await shop.ask('{ __type(name: "User") { fields(includeDeprecated: true) { name } } }')
    assert {"name": "handle"} in introspection["data"]["__type"]["fields"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("type Query {", "INVALID_SUPERGRAPH"),
        ("type Query { a: Int }", "no enum join__Graph"),
        ("", "INVALID_SUPERGRAPH"),
        (compose(SDL).sdl, "NO_SUBGRAPH_URL"),
        (None, "No such file"),
    ],
    ids=["half a file", "no supergraph", "empty", "no URLs", "away"],
)
async def test_a_broken_file_changes_nothing_and_is_told_once(shop: Shop, text: str | None, problem: str) -> None:
    want = await shop.ask()
    if text is None:
        shop.path.unlink()
    else:
        shop.path.write_text(text)
    with capture_logs() as lines:
        assert not await shop.file.look(shop.live)
        assert not await shop.file.look(shop.live)
    [line] = [line for line in lines if line["log_level"] == "error"]
    assert problem in str(line["problems"])
    assert (await shop.ask(), shop.live.reloads) == (want, 0)
    shop.write(CHANGED)
    assert await shop.file.look(shop.live)


async def test_a_subgraph_that_moves_is_reached_anew_and_its_old_way_closed_after_the_last_request(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path / "supergraph.graphql", retire_s=0.05)
    old = shop.ways["http://users.one/graphql"][0]
    shop.write({**SDL}, "two")
    under_way = asyncio.create_task(shop.ask())
    await asyncio.sleep(0)
    assert await shop.file.look(shop.live)
    assert not old.closed
    assert "errors" not in await under_way
    assert shop.file.transports["users"] is shop.ways["http://users.two/graphql"][0]
    async with asyncio.timeout(30):
        while not old.closed:
            await asyncio.sleep(0.01)


async def test_a_subgraph_that_stays_keeps_its_connections(shop: Shop) -> None:
    before = dict(shop.file.transports)
    shop.write(CHANGED)
    assert await shop.file.look(shop.live)
    assert shop.file.transports == before


async def test_a_file_that_is_wrong_at_the_start_stops_it(tmp_path: Path) -> None:
    path = tmp_path / "supergraph.graphql"
    path.write_text("type Query { a: Int }")
    with pytest.raises(CompositionError, match="no enum join__Graph"):
        SupergraphFile(path, {}, unreached).open()
    with pytest.raises(FileNotFoundError):
        SupergraphFile(tmp_path / "nothing.graphql", {}, unreached).open()


@asynccontextmanager
async def started(app: Any) -> AsyncIterator[Any]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield await stack.enter_async_context(client_of(app))


async def test_the_real_gateway_runs_from_a_file_and_follows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.app.configure", lambda *_: None)  # loggers once used would keep what it sets
    path, stall = tmp_path / "supergraph.graphql", Stall()
    sdl = stall_subgraph(stall).sdl
    async with served(stall_app(stall)) as url:
        path.write_text(compose({"stall": sdl}, urls={"stall": url}).sdl)
        settings = GatewaySettings(context_secret=SECRET, data_dir=tmp_path, supergraph=path, schema_poll_s=0.02)
        async with started(http_gateway(lambda: settings)) as client:
            answer = await client.post("/graphql", json={"query": '{ echo(text: "hi") }'})
            assert answer.json() == {"data": {"echo": "hi"}}
            renamed = compose({"stall": sdl + "\nextend type Query { more: Int }"}, urls={"stall": url}).sdl
            path.write_text(renamed)
            async with asyncio.timeout(20):
                while True:
                    asked = {"query": '{ __type(name: "Query") { fields { name } } }'}
                    fields = (await client.post("/graphql", json=asked)).json()["data"]["__type"]["fields"]
                    if {"name": "more"} in fields:
                        break
                    await asyncio.sleep(0.02)
            assert (await client.get("/health/ready")).json()["subgraphs"] == {"stall": "ready"}
