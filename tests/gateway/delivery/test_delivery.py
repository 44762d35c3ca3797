"""`@defer`: what comes first, what later and in which form, and that all parts together are the whole answer."""

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from gateway.delivery import Parts
from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.live import LiveEngine
from gateway.transports import SubgraphRequest, SubgraphUnavailable
from tests.gateway.parts import labels, merged, read
from tests.gateway.random_oracle import deferring_queries_of, world_of
from tests.gateway.shop import SDL, InProcess, World

ME = '{ me { name ... @defer(label: "reviews") { reviews { body } } } }'
Part = dict[str, Any]


class Gated(InProcess):
    """A subgraph of the shop that answers when it is let, and may fail or answer otherwise."""

    fails: BaseException | None = None
    told: Mapping[str, Any] | None = None

    def __init__(self, name: str, sdl: str, world: World) -> None:
        super().__init__(name, sdl, world)
        self.open = asyncio.Event()
        self.open.set()
        self.given_up = 0

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        if self.fails:
            raise self.fails
        return self.told or await super().send(request, headers, timeout_s)


def shop(*closed: str) -> tuple[Engine, dict[str, Gated]]:
    world = World()
    transports = {name: Gated(name, sdl, world) for name, sdl in SDL.items()}
    for name in closed:
        transports[name].open.clear()
    return Engine.compose(SDL, transports, EngineSettings()), transports


async def begin(engine: Engine, query: str, variables: dict[str, Any] | None = None) -> tuple[Part, Parts | None]:
    async with asyncio.timeout(30):
        return await engine.execute_in_parts(GraphQLRequest(query, variables or {}), {}, 5)


async def ask(engine: Engine, query: str, variables: dict[str, Any] | None = None) -> list[Part]:
    return await read(await begin(engine, query, variables))


async def test_the_first_part_does_not_wait_for_what_is_deferred() -> None:
    engine, subgraphs = shop("reviews")
    first, rest = await begin(engine, ME)
    assert first == {
        "data": {"me": {"name": "User 0"}},
        "pending": [{"id": "0", "path": ["me"], "label": "reviews"}],
        "hasNext": True,
    }
    subgraphs["reviews"].open.set()
    assert rest is not None
    assert [part async for part in rest] == [
        {
            "incremental": [{"id": "0", "data": {"reviews": [{"body": "Body 0"}, {"body": "Body 4"}]}}],
            "completed": [{"id": "0"}],
            "hasNext": False,
        }
    ]


async def test_a_client_that_takes_no_parts_gets_the_whole_answer() -> None:
    engine, _ = shop()
    answer = await engine.execute(GraphQLRequest(ME), {}, 5)
    assert answer == {"data": {"me": {"name": "User 0", "reviews": [{"body": "Body 0"}, {"body": "Body 4"}]}}}


@pytest.mark.parametrize(("deferred", "parts"), [(True, 2), (False, 1)])
async def test_a_variable_decides_whether_anything_is_deferred(deferred: bool, parts: int) -> None:
    engine, _ = shop()
    query = "query ($d: Boolean!) { me { name ... @defer(if: $d) { reviews { body } } } }"
    came = await ask(engine, query, {"d": deferred})
    assert len(came) == parts
    assert merged(came) == await engine.execute(GraphQLRequest(query, {"d": deferred}), {}, 5)


async def test_a_deferral_that_takes_no_fetch_of_its_own_is_inlined() -> None:
    engine, _ = shop()
    [answer] = await ask(engine, "{ me { name ... @defer { nick email } } }")
    assert answer == {"data": {"me": {"name": "User 0", "nick": "nick0", "email": "u0@shop"}}}


async def test_what_is_deferred_travels_alone() -> None:
    engine, _ = shop()
    plan = engine.explain(
        GraphQLRequest(
            """{ me { reviews { body } friend { ... @defer(label: "x") { reviews { body } } } }
            ... @defer(label: "y") { product(upc: "b1") { name } } }"""
        ),
        in_parts=True,
    )
    heads = [line for line in plan.splitlines() if not line.startswith(" ")]
    assert heads == [
        "1: users",
        "2: products",
        "3: reviews after 1",
        "4: reviews after 1",
        "deferred 1 'y': with 2",
        "deferred 2 'x': with 1, 4",
    ]


async def test_each_object_of_a_list_has_a_deferral_of_its_own() -> None:
    engine, _ = shop()
    first, second = await ask(engine, "{ users(first: 2) { name ... @defer { reviews { stars } } } }")
    assert [notice["path"] for notice in first["pending"]] == [["users", 0], ["users", 1]]
    assert [entry["id"] for entry in second["incremental"]] == ["0", "1"]


async def test_an_inner_deferral_is_announced_when_the_outer_one_is_there() -> None:
    engine, subgraphs = shop("reviews", "products")
    query = """{ me { name ... @defer(label: "outer") { reviews { body product {
        upc ... @defer(label: "inner") { name } } } } } }"""
    first, rest = await begin(engine, query)
    assert [notice["label"] for notice in first["pending"]] == ["outer"]
    assert rest is not None
    subgraphs["reviews"].open.set()
    outer = await anext(rest)
    assert [(n["label"], n["path"]) for n in outer["pending"]] == [
        ("inner", ["me", "reviews", 0, "product"]),
        ("inner", ["me", "reviews", 1, "product"]),
    ]
    assert outer["hasNext"]
    subgraphs["products"].open.set()
    inner = await anext(rest)
    assert not inner["hasNext"]
    assert merged([first, outer, inner]) == await engine.execute(GraphQLRequest(query), {}, 5)


async def test_deferrals_come_in_the_order_in_which_their_fetches_are_over() -> None:
    engine, subgraphs = shop("reviews", "products")
    query = """{ me { name } ... @defer(label: "a") { me { reviews { body } } }
        ... @defer(label: "b") { product(upc: "b1") { name } } }"""
    first, rest = await begin(engine, query)
    assert rest is not None
    subgraphs["products"].open.set()
    second = await anext(rest)
    subgraphs["reviews"].open.set()
    third = await anext(rest)
    assert labels([first, second, third]) == ["b", "a"]


async def test_a_field_that_is_deferred_and_not_comes_at_once_and_only_once() -> None:
    engine, _ = shop()
    query = "{ me { name reviews { body } ... @defer { reviews { body product { name } } } } }"
    first, second = await ask(engine, query)
    assert first["data"]["me"]["reviews"][0]["body"] == "Body 0"
    assert [(entry["subPath"], [*entry["data"]]) for entry in second["incremental"]] == [
        (["reviews", 0], ["product"]),
        (["reviews", 1], ["product"]),
    ]
    assert merged([first, second]) == await engine.execute(GraphQLRequest(query), {}, 5)


async def test_a_field_of_two_deferrals_comes_with_the_first_of_them() -> None:
    engine, subgraphs = shop("products")
    query = """{ me { name ... @defer(label: "a") { reviews { body } }
        ... @defer(label: "b") { reviews { body product { name } } } } }"""
    first, rest = await begin(engine, query)
    assert rest is not None
    second = await anext(rest)
    assert [entry["data"].keys() for entry in second["incremental"]] == [{"reviews"}]
    subgraphs["products"].open.set()
    third = await anext(rest)
    assert labels([first, second, third]) == ["a", "b"]
    assert "reviews" not in third["incremental"][0]["data"]
    assert merged([first, second, third]) == await engine.execute(GraphQLRequest(query), {}, 5)


async def test_null_bubbles_no_further_than_its_deferral() -> None:
    engine, subgraphs = shop()
    subgraphs["reviews"].fails = SubgraphUnavailable("down")
    first, second = await ask(engine, ME)
    assert first["data"] == {"me": {"name": "User 0"}}
    assert "incremental" not in second
    [completed] = second["completed"]
    assert completed["errors"] == [
        {
            "message": "reviews is unavailable.",
            "path": ["me"],
            "extensions": {"code": "SUBGRAPH_UNAVAILABLE", "service": "reviews"},
        }
    ]


async def test_an_inner_deferral_of_one_that_failed_is_never_announced() -> None:
    engine, subgraphs = shop()
    subgraphs["reviews"].fails = SubgraphUnavailable("down")
    query = """{ me { name ... @defer(label: "outer") { reviews { body }
        ... @defer(label: "inner") { friend { reviews { body } } } } } }"""
    parts = await ask(engine, query)
    assert labels(parts) == ["outer"]


async def test_an_error_comes_with_the_part_it_is_about() -> None:
    engine, subgraphs = shop()
    subgraphs["inventory"].fails = SubgraphUnavailable("down")
    query = '{ a: product(upc: "b1") { name ... on Book { ... @defer { left: shipping } } } me { name } }'
    first, second = await ask(engine, query)
    assert "errors" not in first
    [entry] = second["incremental"]
    assert entry["data"] == {"left": None}
    assert [(e["path"], e["extensions"]["service"]) for e in entry["errors"]] == [(["a"], "inventory")]


async def test_an_error_in_what_comes_at_once_comes_at_once() -> None:
    engine, subgraphs = shop()
    subgraphs["products"].fails = SubgraphUnavailable("down")
    query = '{ product(upc: "b1") { name } me { name ... @defer { reviews { body } } } }'
    first, second = await ask(engine, query)
    assert first["data"] == {"product": None, "me": {"name": "User 0"}}
    assert [e["path"] for e in first["errors"]] == [["product"]]
    assert "errors" not in second["incremental"][0]


async def test_where_nothing_stands_nothing_is_pending() -> None:
    engine, subgraphs = shop("reviews")
    subgraphs["users"].told = {"data": {"me": None}}
    assert await ask(engine, ME) == [{"data": {"me": None}}]


async def test_a_mutation_is_carried_out_once_and_its_payload_may_come_later() -> None:
    engine, subgraphs = shop("reviews")
    query = """mutation { userRename(id: "u0", name: "Zoe") { user { name ... @defer { reviews { body } } } }
        productRename(upc: "b1", name: "Zoo") { product { name } } }"""
    first, rest = await begin(engine, query)
    assert first["data"]["userRename"]["user"]["name"] == "Zoe"
    assert first["data"]["productRename"]["product"] == {"name": "Zoo"}
    subgraphs["reviews"].open.set()
    assert rest is not None
    [second] = [part async for part in rest]
    assert second["incremental"][0]["data"]["reviews"]
    assert [r.query.split()[0] for r in subgraphs["users"].asked].count("mutation") == 1


@pytest.mark.parametrize(
    "query",
    [
        'mutation { ... @defer { userRename(id: "u0", name: "Zoe") { user { name } } } }',
        '{ me { ... @defer(label: "x") { name } friend { ... @defer(label: "x") { name } } } }',
        "query ($l: String) { me { ... @defer(label: $l) { name } } }",
        "{ me @defer { name } }",
        "{ me { friends @stream { name } } }",
    ],
    ids=["root of a mutation", "same label twice", "label by variable", "on a field", "stream"],
)
async def test_what_may_not_be_deferred_is_refused(query: str) -> None:
    engine, subgraphs = shop()
    [answer] = await ask(engine, query)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert not subgraphs["users"].asked


async def test_introspection_comes_at_once() -> None:
    engine, _ = shop()
    query = '{ ... @defer { __type(name: "User") { ... @defer { name } } me { reviews { body } } } }'
    first, second = await ask(engine, query)
    assert first["data"] == {"__type": {"name": "User"}}
    assert second["incremental"][0]["data"]["me"]["reviews"]


async def test_clients_learn_that_there_is_defer() -> None:
    engine, _ = shop()
    [answer] = await ask(engine, "{ __schema { directives { name locations } } }")
    assert {"name": "defer", "locations": ["FRAGMENT_SPREAD", "INLINE_FRAGMENT"]} in answer["data"]["__schema"][
        "directives"
    ]


async def test_a_reader_that_stops_ends_what_is_under_way() -> None:
    engine, subgraphs = shop("reviews")
    _, rest = await begin(engine, ME)
    assert rest is not None
    await asyncio.sleep(0)
    await rest.aclose()
    assert subgraphs["reviews"].given_up == 1


async def test_parts_under_way_end_on_the_graph_they_began_with() -> None:
    engine, subgraphs = shop("reviews")
    live = LiveEngine(engine, SDL)
    first, rest = await live.execute_in_parts(GraphQLRequest(ME), {}, 5)
    changed = SDL["reviews"].replace("reviews: [Review!]!\n}", "reviews: [Review!]! liked: [Review!]!\n}")
    assert changed != SDL["reviews"]
    assert await live.reload({**SDL, "reviews": changed})
    subgraphs["reviews"].open.set()
    assert rest is not None
    whole = merged([first, *[part async for part in rest]])
    assert whole["data"]["me"]["reviews"] == [{"body": "Body 0"}, {"body": "Body 4"}]


async def test_a_plan_with_parts_is_made_once() -> None:
    engine, _ = shop()
    for _ in range(3):
        whole = await engine.execute(GraphQLRequest(ME), {}, 5)
        assert merged(await ask(engine, ME)) == whole
    assert (engine.counts.validated, engine.counts.planned) == (1, 2)


@pytest.mark.parametrize("seed", range(3, 2000, 57))
async def test_random_deferrals_add_up_to_the_whole_answer(seed: int) -> None:
    world = world_of(seed)
    for query in deferring_queries_of(seed, world)[:6] if world else ():
        await world.agree_in_parts(query, Random(seed))
