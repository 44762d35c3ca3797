"""What composes, into what, and what is refused with which code."""

import pytest
import strawberry
import strawberry.federation

from gateway.composer import compose
from gateway.errors import CompositionError
from gateway.supergraph import Supergraph
from tests.gateway.refused import LINK, REFUSED, graph
from tests.gateway.refused_contexts import REFUSED_CONTEXTS

ALL_REFUSED = {**REFUSED, **REFUSED_CONTEXTS}


@pytest.mark.parametrize(("code", "subgraphs"), ALL_REFUSED.values(), ids=ALL_REFUSED.keys())
def test_composition_refuses(code: str, subgraphs: dict[str, str]) -> None:
    with pytest.raises(CompositionError) as refused:
        compose(subgraphs)
    assert refused.value.code == code


def test_satisfiability_error_names_the_path_and_the_subgraphs() -> None:
    with pytest.raises(CompositionError) as refused:
        compose(REFUSED["no common key"][1])
    problem = next(p for p in refused.value.problems if "T.x" in p.message)
    assert problem.message == "query.t.x: T.x cannot be resolved from a"
    assert problem.subgraphs == ("b",)
    assert problem.hint == "give T a resolvable @key in b whose fields a knows"


def test_every_problem_of_a_step_is_told() -> None:
    with pytest.raises(CompositionError) as refused:
        compose(graph(a="type Query { a: Query b: Missing }"))
    assert [p.code for p in refused.value.problems] == ["UNSUPPORTED_FEATURE", "INVALID_GRAPHQL"]


def test_output_is_as_nullable_and_input_as_strict_as_any_subgraph_says() -> None:
    sdl = compose(
        graph(
            a="type Query { a(x: Int, only: Int): Int! @shareable l: [Int!]! @shareable } enum E { X } "
            "type A @shareable { e: E } interface N { n: Int } type B implements N { n: Int }",
            b="type Query { a(x: Int!): Int @shareable l: [Int]! @shareable n: N } enum E { Y } "
            "type A @shareable { e: E } interface N { n: Int } type C implements N { n: Int }",
        )
    ).public_sdl
    assert "a(x: Int!): Int\n" in sdl
    assert "l: [Int]!" in sdl
    assert "enum E {\n  X\n  Y\n}" in sdl
    assert "type B implements N" in sdl
    assert "type C implements N" in sdl


def test_inputs_and_enums_that_only_go_in_are_intersected() -> None:
    sdl = compose(
        graph(
            a="type Query { a(i: I, e: E): Int } input I { x: Int y: Int = 3 } enum E { X Y }",
            b="type Query { b(i: I, e: E): Int } input I { y: Int! = 3 z: Int } enum E { Y Z }",
        )
    ).public_sdl
    assert "input I {\n  y: Int! = 3\n}" in sdl
    assert "enum E {\n  Y\n}" in sdl


def test_return_types_merge_to_their_interface() -> None:
    types = "interface I { x: Int } type A implements I @shareable { x: Int }"
    sdl = compose(
        graph(a=f"type Query {{ i: I @shareable }} {types}", b=f"type Query {{ i: A @shareable }} {types}")
    ).public_sdl
    assert "i: I\n" in sdl


def test_public_schema_hides_machinery_and_what_is_inaccessible() -> None:
    sdl = compose(
        graph(
            a="""type Query { "told" t: T hidden: H @inaccessible } type H @inaccessible { x: Int }
            "A thing." type T @key(fields: "id") @tag(name: "x") {
              id: ID! @inaccessible old: Int @deprecated(reason: "use \\"new\\"") new: Int
            }
            scalar Url @specifiedBy(url: "https://example.com/url") union U = T | H
            extend type Query { u(x: Url): U }"""
        )
    ).public_sdl
    for word in ("@key", "_Entity", "_Any", "hidden", "type H", "id: ID!", "@tag", "@inaccessible"):
        assert word not in sdl
    assert '"""A thing."""' in sdl
    assert '@deprecated(reason: "use \\"new\\"")' in sdl
    assert '@specifiedBy(url: "https://example.com/url")' in sdl
    assert "union U = T" in sdl


def test_directives_are_known_by_the_names_their_link_gives_them() -> None:
    head = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", as: "fed", import: ["@key", '
    a = head + '{name: "@shareable", as: "@share"}]) type Query { t: T v: V } type V @share { x: Int } '
    b = head + '"@external"]) type V { x: Int @fed__shareable } '
    entity = 'type T @key(fields: "id") { id: ID! %s: Int }'
    supergraph = compose({"a": a + entity % "x", "b": b + entity % "y"})
    assert "type T {\n  id: ID!\n  x: Int\n  y: Int\n}" in supergraph.public_sdl


def test_a_renamed_root_is_the_query() -> None:
    supergraph = compose({"a": LINK.replace("extend schema", "schema") + "{ query: Start } type Start { a: Int }"})
    assert "type Query {\n  a: Int\n}" in supergraph.public_sdl


def test_sdl_as_strawberry_prints_it_composes() -> None:
    @strawberry.federation.type(keys=["sku"])
    class Variant:
        sku: strawberry.ID
        price: int = strawberry.federation.field(external=True)

        @strawberry.federation.field(requires=["price"])
        def points(self) -> int:
            return self.price // 100

    @strawberry.federation.interface
    class UserError:
        code: str

    @strawberry.federation.type(shareable=True)
    class NotFound(UserError):
        id: strawberry.ID

    @strawberry.type
    class Query:
        @strawberry.field
        def problems(self) -> list[UserError]:
            return []

    loyalty = strawberry.federation.Schema(query=Query, types=[Variant, NotFound], federation_version="2.5").as_str()
    catalog = LINK + 'type Query { variant: Variant } type Variant @key(fields: "sku") { sku: ID! price: Int! }'
    sdl = compose({"loyalty": loyalty, "catalog": catalog}).public_sdl
    assert "type Query {\n  problems: [UserError!]!\n  variant: Variant\n}" in sdl
    assert "points: Int!" in sdl


def test_a_subscription_root_is_composed_from_all_subgraphs_whatever_they_call_it() -> None:
    composed = compose(
        graph(
            a="schema { query: Query subscription: Told } type Query { a: Int } type Told { a(of: Int): Int! }",
            b='type Query { b: Int } type Subscription { b: String @deprecated(reason: "c") }',
        )
    )
    assert 'type Subscription {\n  a(of: Int): Int!\n  b: String @deprecated(reason: "c")\n}' in composed.public_sdl
    assert "subscription: Subscription" in composed.sdl
    assert Supergraph.from_sdl(composed.sdl).public_sdl == composed.public_sdl
