"""Requests from text to response: what is refused before any subgraph is asked, what is cached, what is shown."""

import asyncio
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLDeferDirective,
    build_client_schema,
    get_introspection_query,
    print_directive,
    print_schema,
)

from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.request import limits
from tests.gateway.shop import SDL, InProcess, World


def shop(settings: EngineSettings | None = None) -> tuple[Engine, dict[str, InProcess]]:
    world = World()
    transports = {name: InProcess(name, sdl, world) for name, sdl in SDL.items()}
    return Engine.compose(SDL, transports, settings or EngineSettings()), transports


async def ask(
    engine: Engine, query: str, variables: dict[str, Any] | None = None, name: str | None = None
) -> dict[str, Any]:
    answer: dict[str, Any] = orjson.loads(
        orjson.dumps(await engine.execute(GraphQLRequest(query, variables or {}, name), {}, 5))
    )
    return answer


REFUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "syntax": ("GRAPHQL_PARSE_FAILED", "{ me {", {}),
    "empty": ("GRAPHQL_PARSE_FAILED", "", {}),
    "unknown field": ("GRAPHQL_VALIDATION_FAILED", "{ nothing }", {}),
    "inaccessible field": ("GRAPHQL_VALIDATION_FAILED", '{ product(upc: "b1") { ... on Book { isbn } } }', {}),
    "federation machinery": ("GRAPHQL_VALIDATION_FAILED", "{ _service { sdl } }", {}),
    "stream": ("GRAPHQL_VALIDATION_FAILED", "{ me { friends @stream { name } } }", {}),
    "fragment within itself": (
        "GRAPHQL_VALIDATION_FAILED",
        "{ me { ...F } } fragment F on User { friend { ...F } }",
        {},
    ),
    "only fragments": ("GRAPHQL_VALIDATION_FAILED", "fragment F on User { name }", {}),
    "missing variable": ("BAD_USER_INPUT", "query ($id: ID!) { user(id: $id) { name } }", {}),
    "wrong variable": ("BAD_USER_INPUT", "query ($n: Int!) { users(first: $n) { name } }", {"n": "three"}),
    "unknown enum value": ("BAD_USER_INPUT", "query ($c: Currency) { products { price(currency: $c) } }", {"c": "USD"}),
    "null condition": ("BAD_USER_INPUT", "query ($x: Boolean = true) { me { name @skip(if: $x) } }", {"x": None}),
    "too deep": ("OPERATION_TOO_COMPLEX", "{ me" + " { friend" * 30 + " { id" + " }" * 32, {}),
    "absurdly deep": ("OPERATION_TOO_COMPLEX", "{ me " * 5000, {}),
    "too many tokens": ("OPERATION_TOO_COMPLEX", "{ me { " + "id " * limits.Limits().tokens + "} }", {}),
    "too many aliases": ("OPERATION_TOO_COMPLEX", "{ me { " + " ".join(f"a{i}: id" for i in range(31)) + " } }", {}),
    "too many root fields": ("OPERATION_TOO_COMPLEX", "{ " + "me { id } " * 11 + "}", {}),
    "too many deferrals": (
        "OPERATION_TOO_COMPLEX",
        "{ me { ...F ...F ...F } } fragment F on User { " + "... @defer { id } " * 17 + "}",
        {},
    ),
    "too many like fields": ("OPERATION_TOO_COMPLEX", "{ me { " + "id " * 500 + " } }", {}),
}


@pytest.mark.parametrize(("code", "query", "variables"), REFUSED.values(), ids=REFUSED.keys())
async def test_request_is_refused_without_data_and_nothing_is_asked(
    code: str, query: str, variables: dict[str, Any]
) -> None:
    engine, transports = shop()
    answer = await ask(engine, query, variables)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == code
    assert not any(transport.asked for transport in transports.values())


async def test_a_variables_error_names_variable_and_field() -> None:
    engine, _ = shop()
    answer = await ask(engine, "query ($first: Int!) { users(first: $first) { name } }", {"first": "three"})
    assert "$first" in answer["errors"][0]["message"]
    assert "three" in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    "bomb",
    [
        # Each fragment spreads the next twice: 2 to the power of 40 fields.
        "{ me { ...F0 } } " + " ".join(f"fragment F{i} on User {{ ...F{i + 1} ...F{i + 1} }}" for i in range(40))
        + " fragment F40 on User { id }",
        # The same below fields, which merge.
        "{ me { ...F0 } } "
        + " ".join(f"fragment F{i} on User {{ friend {{ ...F{i + 1} }} friend {{ ...F{i + 1} }} }}" for i in range(14))
        + " fragment F14 on User { id }",
    ],
)  # fmt: skip
async def test_fragments_that_blow_up_are_refused_at_once(bomb: str) -> None:
    engine, _ = shop()
    started = asyncio.get_running_loop().time()
    answer = await ask(engine, bomb)
    assert answer["errors"][0]["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
    assert asyncio.get_running_loop().time() - started < 0.5


async def test_the_named_operation_is_chosen() -> None:
    engine, _ = shop()
    query = "query A { me { name } } query B { me { id } }"
    assert await ask(engine, query, name="B") == {"data": {"me": {"id": "u0"}}}
    for name in (None, "C"):
        answer = await ask(engine, query, name=name)
        assert answer["errors"][0]["extensions"]["code"] == "OPERATION_NOT_FOUND"


async def test_a_cached_operation_is_neither_validated_nor_planned_again() -> None:
    engine, _ = shop()
    query = "query ($id: ID!) { user(id: $id) { name } }"
    for user in ("u0", "u1", "u2"):
        assert (await ask(engine, query, {"id": user}))["data"] == {"user": {"name": f"User {user[1]}"}}
    assert (engine.counts.requests, engine.counts.validated, engine.counts.planned) == (3, 1, 1)
    assert engine.cached() == {"operations": 1, "plans": 1, "plan_hits": 2, "plan_misses": 1, "plan_evicted": 0}


async def test_the_cache_is_bounded() -> None:
    engine, _ = shop(EngineSettings(cached_operations=2))
    for key in "abcd":
        await ask(engine, f"{{ {key}: me {{ id }} }}")
    assert engine.cached()["plans"] == 2
    assert engine.cached()["plan_evicted"] == 2


async def test_each_position_of_a_condition_has_its_own_plan() -> None:
    engine, transports = shop()
    query = "query ($deep: Boolean! = false) { me { name reviews @include(if: $deep) { stars } } }"
    assert (await ask(engine, query))["data"] == {"me": {"name": "User 0"}}
    assert transports["reviews"].asked == []
    assert "reviews" in (await ask(engine, query, {"deep": True}))["data"]["me"]
    assert (await ask(engine, query, {"deep": False}))["data"] == {"me": {"name": "User 0"}}
    assert (engine.counts.validated, engine.counts.planned) == (1, 2)


async def test_variables_go_only_to_the_subgraphs_that_use_them() -> None:
    engine, transports = shop()
    query = "query ($upc: ID!, $n: Int!) { product(upc: $upc) { ... on Book { reviews(first: $n) { body } } } }"
    answer = await ask(engine, query, {"upc": "b1", "n": 1, "unused": {"x": 1}})
    assert answer["data"]["product"]["reviews"] == [{"body": "Body 1"}]
    assert transports["products"].asked[0].variables == {"upc": "b1"}
    sent = transports["reviews"].asked[0].variables
    assert sent is not None
    assert set(sent) == {"representations", "n"}


async def test_a_client_variable_may_be_called_representations() -> None:
    engine, _ = shop()
    query = "query ($representations: Int!) { me { reviews { product { reviews(first: $representations) { id } } } } }"
    inside = 'query ($representations: Int) { product(upc: "b1") { name reviews(first: $representations) { id } } }'
    assert "errors" not in await ask(engine, query, {"representations": 1})
    assert (await ask(engine, inside, {"representations": 1}))["data"]["product"]["reviews"] == [{"id": "r1"}]


async def test_introspection_shows_the_public_schema() -> None:
    engine, transports = shop()
    answer = await ask(engine, get_introspection_query())
    shown = build_client_schema(answer["data"])
    defer = print_directive(GraphQLDeferDirective)
    assert print_schema(shown).replace(defer, "").split() == engine.public_sdl.split()
    assert defer in print_schema(shown)
    assert not any(transport.asked for transport in transports.values())


async def test_introspection_mixes_with_data_fragments_and_variables() -> None:
    engine, _ = shop()
    query = """query ($type: String!, $no: Boolean = false) { me { id } ...S t: __type(name: $type) { ...N }
        __schema @include(if: $no) { types { name } } }
        fragment S on Query { s: __schema { queryType { ...N } } } fragment N on __Type { name }"""
    assert (await ask(engine, query, {"type": "User"})) == {
        "data": {"me": {"id": "u0"}, "s": {"queryType": {"name": "Query"}}, "t": {"name": "User"}}
    }


async def test_introspection_can_be_switched_off() -> None:
    engine, _ = shop(EngineSettings(introspection=False))
    answer = await ask(engine, "{ __schema { queryType { name } } }")
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert (await ask(engine, "{ __typename }")) == {"data": {"__typename": "Query"}}
    assert "Did you mean" not in (await ask(engine, "{ m }"))["errors"][0]["message"]


async def test_a_subscription_asked_as_a_query_is_told_how_to_ask() -> None:
    sdl = SDL["users"] + " type Subscription { renamed: User }"
    engine = Engine.compose({"users": sdl}, {"users": InProcess("users", sdl, World())}, EngineSettings())
    answer = await ask(engine, "subscription { renamed { id } }")
    assert answer["errors"][0]["extensions"]["code"] == "SUBSCRIPTION_NOT_SUPPORTED"
    assert "text/event-stream" in answer["errors"][0]["message"]
    assert "data" not in answer
    assert "data" not in answer


async def test_closing_closes_every_transport() -> None:
    engine, transports = shop()
    await ask(engine, "{ me { id } }")
    await engine.close()
    assert transports["users"].asked == []
