"""A graph that changes under load: no request fails, the new graph answers, a broken one changes nothing."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.live import LiveEngine
from gateway.startup import ask_sdl
from gateway.transports import SubgraphRequest, SubgraphUnavailable
from kit.context import ContextSigner
from tests.gateway.shop import SDL, InProcess, World
from tests.gateway.stall import SECRET

QUERY = "query Page($n: Int!, $more: Boolean!) { users(first: $n) { name reviews { body } nick @include(if: $more) } }"
CHANGED = {**SDL, "users": SDL["users"].replace("nick: String", "nick: String handle: String @deprecated")}
BROKEN = {**SDL, "users": SDL["users"].replace('@key(fields: "email")', '@key(fields: "nothing")')}
SIGNER = ContextSigner(SECRET.encode())


class Changing(InProcess):
    """A subgraph that tells its SDL, which may change, and may be away when asked."""

    sdl = ""
    away = False

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        if "_service" in request.query:
            if self.away:
                raise SubgraphUnavailable("restarting")
            return {"data": {"_service": {"sdl": self.sdl}}}
        await asyncio.sleep(0.001)
        return await super().send(request, headers, timeout_s)


def shop() -> tuple[LiveEngine, dict[str, Changing]]:
    world = World()
    transports = {name: Changing(name, sdl, world) for name, sdl in SDL.items()}
    for name, transport in transports.items():
        transport.sdl = SDL[name]
    return LiveEngine(Engine.compose(SDL, transports, EngineSettings()), SDL), transports


async def ask(live: LiveEngine, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    return await live.execute(GraphQLRequest(query, variables or {}), {}, 5.0)


async def page(live: LiveEngine, more: bool = True) -> dict[str, Any]:
    return await ask(live, QUERY, {"n": 3, "more": more})


async def test_a_reload_under_load_costs_no_request() -> None:
    live, _ = shop()
    want = await page(live)
    answers: list[dict[str, Any]] = []

    async def client() -> None:
        while live.reloads < 3:
            answers.append(await page(live))

    async def reloading() -> None:
        for subgraphs in (CHANGED, SDL, CHANGED):
            assert await live.reload(subgraphs)

    await asyncio.gather(*[client() for _ in range(8)], reloading())
    assert len(answers) > 20
    assert all(answer == want for answer in answers)


async def test_the_new_graph_answers_with_its_busiest_plans_ready() -> None:
    live, _ = shop()
    for more in (True, False):
        await page(live, more)
    assert "errors" in await ask(live, "{ me { handle } }")
    assert await live.reload(CHANGED)
    planned, validated = live.counts.planned, live.counts.validated
    for more in (True, False):
        assert "errors" not in await page(live, more)
    assert (live.counts.planned, live.counts.validated) == (planned, validated)
    assert "errors" not in await ask(live, '{ __type(name: "User") { fields { name } } }')
    assert live.counts.planned == planned + 1


async def test_an_operation_that_is_no_more_is_refused_after_the_switch_and_not_before() -> None:
    live, _ = shop()
    query = "{ me { nick } }"
    assert "errors" not in await ask(live, query)
    assert await live.reload({**SDL, "users": SDL["users"].replace("nick: String", "nickname: String")})
    refused = await ask(live, query)
    assert refused["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_subgraphs_that_do_not_compose_change_nothing_and_are_told() -> None:
    live, _ = shop()
    with capture_logs() as lines:
        assert not await live.reload(BROKEN)
    assert "errors" not in await page(live)
    assert live.reloads == 0
    [line] = [line for line in lines if line["log_level"] == "error"]
    assert line["subgraphs"] == ["users"]
    assert line["problems"]


async def test_the_same_subgraphs_are_no_reload() -> None:
    live, _ = shop()
    assert not await live.reload(dict(SDL))
    assert live.reloads == 0


async def test_a_change_is_noticed_and_a_subgraph_that_is_away_keeps_its_last() -> None:
    live, transports = shop()
    watching = asyncio.create_task(live.watch(transports, SIGNER, 0.01))
    try:
        transports["reviews"].away = True
        transports["users"].sdl = CHANGED["users"]
        while live.reloads < 1:
            await asyncio.sleep(0.01)
        assert "errors" not in await page(live)
        assert "errors" not in await ask(live, '{ __type(name: "User") { name } }')
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def test_a_subgraph_that_tells_no_sdl_is_no_answer() -> None:
    _, transports = shop()
    transports["users"].sdl = None  # type: ignore[assignment]
    with pytest.raises(SubgraphUnavailable, match="gives no SDL"):
        await ask_sdl(transports["users"], SIGNER)
