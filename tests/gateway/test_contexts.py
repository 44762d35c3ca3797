"""Arguments set from context (`@context`, `@fromContext`): what is answered, in parts too, and how it is planned."""

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from graphql import build_schema

from gateway.composer import compose
from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.executor import Call
from gateway.supergraph import Supergraph
from gateway.transports import SubgraphUnavailable
from tests.gateway.context_cases import BOOK, CASES, DE, ENTITIES, FILM, HEAD, JP, MUG, ONE, ROOTS, Case, of, world_of
from tests.gateway.parts import merged, read
from tests.gateway.random_contexts import expected, random_query, random_world
from tests.gateway.worlds import World
from tests.oracles.canonical import canonical


@pytest.mark.parametrize("loaded", [False, True], ids=["composed", "loaded"])
@pytest.mark.parametrize("name", CASES)
async def test_contexts(name: str, loaded: bool) -> None:
    case = CASES[name]
    world = world_of(case)
    composed = compose({name: HEAD + sdl for name, sdl in case.subgraphs.items()})
    build_schema(composed.sdl)
    assert "in:" not in composed.public_sdl
    if loaded:
        supergraph = Supergraph.from_sdl(composed.sdl)
        assert canonical(supergraph) == canonical(composed)
        world.engine = Engine(supergraph, world.transports, EngineSettings())
    for query, (data, fetches) in case.queries.items():
        for transport in world.transports.values():
            transport.asked.clear()
        got = await world.engine.execute(GraphQLRequest(query), {}, 10)
        assert got == {"data": data}, world.engine.explain(GraphQLRequest(query))
        world._check_documents()
        assert " ".join(world.fetched()) == fetches, world.engine.explain(GraphQLRequest(query))


def test_the_plan_tells_what_is_set_from_where() -> None:
    world = world_of(CASES["the value is another subgraph's"])
    assert (
        world.engine.explain(
            GraphQLRequest(
                "query ($context_1: Boolean!) { t { u @include(if: $context_1) { price } } }", {"context_1": True}
            )
        )
        == """1: a
  {
    t {
      u {
        id
      }
      id
    }
  }
2: b after 1
  at t: T {id}
  query ($representations: [_Any!]!) {
    _entities(representations: $representations) {
      ... on T {
        prop
      }
    }
  }
3: a after 2
  at t.u: U {id}
  with $_context_1 at t: T {prop}
  query ($representations: [_Any!]!, $_context_1: String!) {
    _entities(representations: $representations) {
      ... on U {
        price(in: $_context_1)
      }
    }
  }"""
    )


def test_the_supergraph_says_it_as_other_routers_read_it() -> None:
    composed = compose({"a": HEAD + ONE})
    assert '@link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)' in composed.sdl
    assert '@link(url: "https://specs.apollo.dev/context/v0.1", for: SECURITY)' in composed.sdl
    assert 'type T\n  @join__type(graph: A, key: "id")\n  @context(name: "a__cur")' in composed.sdl
    told = 'contextArguments: [{context: "a__cur", name: "in", type: "String!", selection: "{ prop }"}]'
    assert f"): String @join__field(graph: A, {told})" in composed.sdl
    assert "price(by: Int): String" in composed.public_sdl


def test_an_argument_that_another_subgraph_has_too_is_hinted_at() -> None:
    shared = 'type U @key(fields: "id") @shareable {{ id: ID! x({}): Int }}'
    composed = compose(
        {
            "a": HEAD
            + """type Query { t: T } type T @key(fields: "id") @context(name: "c") { id: ID! y: Int u: U }"""
            + shared.format('of: Int @fromContext(field: "$c { y }")'),
            "b": HEAD + shared.format("of: Int! = 3"),
        }
    )
    assert composed.hints == ("U.x(of:) is hidden, since it is set from context; b gets no value for it",)
    assert "of:" not in composed.public_sdl


class Away:
    """A subgraph that is away."""

    async def send(self, *_: Any) -> Mapping[str, Any]:
        raise SubgraphUnavailable("away")

    async def close(self) -> None:
        pass


async def test_what_is_not_known_is_not_set() -> None:
    case = CASES["the value is another subgraph's"]
    world = world_of(case)
    sdls = {name: HEAD + sdl for name, sdl in case.subgraphs.items()}
    engine = Engine.compose(sdls, {**world.transports, "b": Away()}, EngineSettings())
    got = await engine.execute(GraphQLRequest("{ t { u { id price } } }"), {}, 10)
    assert got["data"] == {"t": {"u": {"id": "mug", "price": None}}}
    assert [problem["extensions"]["code"] for problem in got["errors"]] == ["SUBGRAPH_UNAVAILABLE"]
    assert world.fetched() == ["a"]


@pytest.mark.parametrize("name", ["lists, each with its own", "the object is another subgraph's", "the nearest wins"])
@pytest.mark.parametrize("seed", range(5))
async def test_deferred_fields_are_set_alike(name: str, seed: int) -> None:
    case = CASES[name]
    world = world_of(case)
    for query, (data, _) in case.queries.items():
        deferred = query.replace("price", "... @defer { price }")
        for transport in world.transports.values():
            transport.pauses = Random(seed)
        parts = await read(await world.engine.execute_in_parts(GraphQLRequest(deferred), {}, 10))
        assert len(parts) > 1
        assert merged(parts) == {"data": data}


async def test_events_of_a_subscription_are_set_alike() -> None:
    sdl = ONE + "type Subscription { told: T }"
    world = World({"a": HEAD + sdl}, ENTITIES, ROOTS)
    prepared = world.engine.subscription(GraphQLRequest("subscription { told { u { price } } }"))
    assert prepared is not None
    for told in (JP, DE):
        event = {"data": {"told": {"prop": told.values["prop"], "u": {"id": "mug"}}}}
        call = Call({}, {}, asyncio.get_running_loop().time() + 10)
        got = await world.engine.enrich(prepared, event, call)
        price_told = of("price of mug", **{"in": told.values["prop"]})
        assert got == {"data": {"told": {"u": {"price": price_told}}}}


async def test_an_interface_object_on_the_way_tells_its_types_first() -> None:
    media = """interface Media @key(fields: "id") { id: ID! title: String! }
    type Book implements Media @key(fields: "id") @context(name: "m") { id: ID! title: String! }
    type Film implements Media @key(fields: "id") @context(name: "m") { id: ID! title: String! name: String! }"""
    case = Case(
        {
            "a": "type Query { some: [Media] }"
            + media
            + """type U @key(fields: "id") { id: ID!
              price(of: String! @fromContext(field: "$m ... on Book { title } ... on Film { name }")): String }""",
            "b": """type Query { picked: [Media] } type Media @interfaceObject @key(fields: "id") { id: ID! u: U }
            type U @key(fields: "id") { id: ID! }""",
        },
        {"picked": [BOOK, FILM]},
        [BOOK, FILM, MUG],
    )
    world = world_of(case)
    got = await world.engine.execute(GraphQLRequest("{ picked { u { price } } }"), {}, 10)
    told = [{"u": {"price": of("price of mug", of="TB")}}, {"u": {"price": of("price of mug", of="NF")}}]
    assert got == {"data": {"picked": told}}


@pytest.mark.parametrize("seed", range(24))
async def test_random_trees_are_answered_as_by_walking_them(seed: int) -> None:
    random = Random(seed)
    world = random_world(random)
    query = random_query(random, deferred=0.3 if seed % 2 else 0)
    for transport in world.transports.values():
        transport.pauses = Random(seed)
    parts = await read(await world.engine.execute_in_parts(GraphQLRequest(query), {}, 10))
    world._check_documents()
    assert merged(parts) == {"data": expected(world, query)}


def test_a_contextual_field_may_be_handed_over() -> None:
    head = HEAD.replace('"@context"', '"@override", "@context"')
    given = """type Query { t: T } type T @key(fields: "id") @context(name: "c") { id: ID! y: Int! u: U }
    type U @key(fields: "id") { id: ID! x(of: Int! @fromContext(field: "$c { y }")): Int }"""
    taken = 'type U @key(fields: "id") { id: ID! x(of: Int!): Int @override(from: "a") }'
    composed = compose({"a": head + given, "b": head + taken})
    assert "x(of: Int!): Int" in composed.public_sdl
    assert canonical(Supergraph.from_sdl(composed.sdl)) == canonical(composed)
