"""The supergraph as SDL: what it says, that it loads back as the same graph, and contracts cut out of it."""

import pytest
from graphql import build_schema

from gateway.composer import compose
from gateway.composer.contract import Contract
from gateway.composer.load import load_supergraph
from gateway.engine import Engine, EngineSettings
from gateway.errors import CompositionError
from gateway.supergraph import Supergraph
from tests.gateway.randomgraph import random_graph
from tests.gateway.refused import graph
from tests.gateway.shop import SDL
from tests.gateway.test_federation import CASES, sdls_of, world_of
from tests.oracles.canonical import canonical


@pytest.mark.parametrize("name", CASES)
async def test_a_loaded_supergraph_answers_as_the_composed_one(name: str) -> None:
    case = CASES[name]
    world = world_of(case)
    sdl = compose(sdls_of(case)).sdl
    world.engine = Engine(Supergraph.from_sdl(sdl), world.transports, EngineSettings())
    for query, fetches in case.queries.items():
        await world.agree(query)
        assert " ".join(world.fetched()) == fetches
    build_schema(sdl)


@pytest.mark.parametrize("seed", range(1, 200, 20))
def test_nothing_is_lost_in_the_sdl(seed: int) -> None:
    composed = compose(random_graph(seed).subgraphs)
    assert canonical(Supergraph.from_sdl(composed.sdl)) == canonical(composed)


def test_the_shop_as_a_supergraph() -> None:
    sdl = compose(SDL, urls={"users": "http://127.0.0.1:9001/graphql"}).sdl
    assert 'USERS @join__graph(name: "users", url: "http://127.0.0.1:9001/graphql")' in sdl
    assert '@join__type(graph: PRODUCTS, key: "maker { code } model")' in sdl
    assert 'shipping: Int @join__field(graph: INVENTORY, requires: "weight size { width height }")' in sdl
    assert "isbn: String @join__field(graph: PRODUCTS) @inaccessible" in sdl
    assert Supergraph.from_sdl(sdl).urls == {"users": "http://127.0.0.1:9001/graphql"}


def test_custom_directives_are_carried_if_their_subgraph_says_so() -> None:
    subgraph = """extend schema
      @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@composeDirective"])
      @link(url: "https://example.com/mine/v1.0", import: ["@mine"]) @composeDirective(name: "@mine")
    directive @mine(x: Int, of: [String]) on FIELD_DEFINITION directive @other on FIELD_DEFINITION
    type Query { a: Int @mine(x: 1, of: ["y"]) @other }"""
    composed = compose({"a": subgraph})
    assert '@link(url: "https://example.com/mine/v1.0", import: ["@mine"])' in composed.sdl
    assert "directive @mine(x: Int, of: [String]) on FIELD_DEFINITION" in composed.sdl
    assert 'a: Int @join__field(graph: A) @mine(x: 1, of: ["y"])' in composed.sdl
    assert "@other" not in composed.sdl
    assert "@mine" not in composed.public_sdl


def test_access_rules_of_several_subgraphs_hold_together() -> None:
    composed = compose(sdls_of(CASES["access rules and tags"]))
    assert '@requiresScopes(scopes: [["read"]])' in composed.sdl
    assert 'type T\n  @join__type(graph: A, key: "id") @tag(name: "public")' in composed.sdl
    head = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ['
    head += '"@requiresScopes", "@shareable"])'
    rule = "type Query {{ a: Int @shareable @requiresScopes(scopes: {}) }}"
    both = compose({"a": head + rule.format('[["a"], ["b"]]'), "b": head + rule.format('[["c"]]')})
    assert '@requiresScopes(scopes: [["a", "c"], ["b", "c"]])' in both.sdl


def test_costs_and_sizes_of_several_subgraphs_are_the_highest() -> None:
    link = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
      import: ["@shareable", "@cost", "@listSize"]) """
    composed = compose(
        {
            "a": link
            + """type Query { all(first: Int @cost(weight: 3), last: Int): [T!]! @shareable @listSize(assumedSize: 10,
              slicingArguments: ["first"], requireOneSlicingArgument: false) x: Int @shareable @cost(weight: 2) }
            type T @cost(weight: 7) { y: Int @shareable } enum E @cost(weight: 2) { A }
            input I { z: Int @cost(weight: 4) } type U { e(i: I): E }""",
            "b": link
            + """type Query { all(first: Int @cost(weight: 5), last: Int): [T!]! @shareable @listSize(assumedSize: 20,
              slicingArguments: ["last"]) x: Int @cost(weight: 9) @shareable }
            type T @cost(weight: 1) { y: Int @shareable }""",
        }
    )
    lines = [line.strip() for line in composed.sdl.splitlines()]
    assert lines.count('@link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@listSize"])') == 1
    assert '@link(url: "https://specs.apollo.dev/cost/v0.1")' not in lines
    assert "first: Int @cost(weight: 5)" in lines
    assert any(line.startswith("x: Int ") and line.endswith(" @cost(weight: 9)") for line in lines)
    sizes = 'assumedSize: 20, slicingArguments: ["first", "last"], requireOneSlicingArgument: false'
    assert any(line.endswith(f" @listSize({sizes})") for line in lines)
    assert [line for line in lines if "@cost(weight: 7)" in line] == ["@join__type(graph: B) @cost(weight: 7)"]
    assert "z: Int @cost(weight: 4)" in lines
    assert "cost" not in composed.public_sdl
    build_schema(composed.sdl)
    assert canonical(Supergraph.from_sdl(composed.sdl)) == canonical(composed)


def test_an_override_that_moves_nothing_is_hinted_at() -> None:
    composed = compose(sdls_of(CASES["override"]))
    assert composed.hints == ("T.price is moved from absent, which is no subgraph: @override can go",)


@pytest.mark.parametrize("sdl", ["type Query {", "type Query { a: Int }"])
def test_what_is_no_supergraph_is_refused(sdl: str) -> None:
    with pytest.raises(CompositionError) as refused:
        Supergraph.from_sdl(sdl)
    assert refused.value.code == "INVALID_SUPERGRAPH"


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (
            "@join__field(graph: A)",
            '@join__field(graph: A, contextArguments: [{context: "a__c", name: "x", type: "Int", selection: "{ y }"}])',
            "CONTEXT_NOT_SET",
        ),
        (
            "@join__field(graph: A)",
            '@join__field(graph: A, contextArguments: [{context: "b__c", name: "x", type: "Int", selection: "{ y }"}])',
            "INVALID_SUPERGRAPH",
        ),
        (
            "@join__field(graph: A)",
            '@join__field(graph: A) @join__directive(graphs: [A], name: "connect", args: {})',
            "UNSUPPORTED_FEATURE",
        ),
    ],
    ids=["a context that nothing sets", "another subgraph's context", "connector"],
)
def test_a_supergraph_that_would_be_misread_is_refused(before: str, after: str, code: str) -> None:
    sdl = compose(graph(a="type Query { a: Int }")).sdl
    assert before in sdl
    with pytest.raises(CompositionError) as refused:
        Supergraph.from_sdl(sdl.replace(before, after))
    assert refused.value.code == code


TAGGED = graph(
    a="""type Query { open: Open @tag(name: "partner") mixed(how: How): Mixed @tag(name: "partner") closed: Closed
    union: U @tag(name: "partner") }
    type Open @tag(name: "partner") { x: Int y: Int @tag(name: "secret") closed: Closed }
    type Mixed { seen: Int @tag(name: "partner") hidden: Int } type Closed { x: Int }
    input How { x: Int @tag(name: "partner") y: Int } union U = Open | Closed"""
)


def test_a_contract_shows_only_its_part() -> None:
    contract = Contract(include=frozenset({"partner"}), exclude=frozenset({"secret"}))
    composed = compose(TAGGED, contract=contract)
    public = composed.public_sdl
    assert "type Open {\n  x: Int\n}" in public
    assert "type Mixed {\n  seen: Int\n}" in public
    assert public.endswith("union U = Open")
    assert "Closed" not in public
    loaded = load_supergraph(compose(TAGGED).sdl, contract)
    assert loaded.public_sdl == Supergraph.from_sdl(composed.sdl).public_sdl
    assert sorted(loaded.public_sdl.split()) == sorted(public.split())


def test_a_contract_that_only_excludes_shows_the_rest() -> None:
    public = compose(TAGGED, contract=Contract(exclude=frozenset({"secret"}))).public_sdl
    assert "closed: Closed" in public
    assert "y: Int" in public
    assert "type Open {\n  x: Int\n  closed: Closed\n}" in public
