"""What composes, into what, and what is refused with which code."""

import pytest
import strawberry
import strawberry.federation

from gateway.composer import compose
from gateway.errors import CompositionError

LINK = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: [
  "@key", "@external", "@requires", "@provides", "@shareable", "@inaccessible", "@tag", "@override", "@interfaceObject"
])
"""
BASE = 'type Query { t: T } type T @key(fields: "id") { id: ID! name: String }'


def graph(**sdl: str) -> dict[str, str]:
    return {name: LINK + text for name, text in sdl.items()}


REFUSED = {
    "syntax": ("INVALID_GRAPHQL", graph(a="type Query {")),
    "unknown type": ("INVALID_GRAPHQL", graph(a="type Query { a: Missing }")),
    "no federation": ("INVALID_LINK_DIRECTIVE_USAGE", {"a": "type Query { a: Int }"}),
    "directive not imported": (
        "INVALID_GRAPHQL",
        {
            "a": 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5") '
            'type Query { t: T } type T @key(fields: "id") { id: ID! }'
        },
    ),
    "required other spec": (
        "UNSUPPORTED_LINKED_FEATURE",
        {
            "a": LINK
            + 'extend schema @link(url: "https://example.com/spec/v1.0", for: EXECUTION) type Query { a: Int }',
        },
    ),
    "no query": ("NO_QUERIES", graph(a="type T { a: Int }")),
    "override": ("UNSUPPORTED_FEATURE", graph(a='type Query { a: Int @override(from: "b") }')),
    "interface object": (
        "UNSUPPORTED_FEATURE",
        graph(a='type Query { a: I } type I @interfaceObject @key(fields: "id") { id: ID! }'),
    ),
    "way back to the root": ("UNSUPPORTED_FEATURE", graph(a="type Query { a: A } type A { query: Query! }")),
    "kinds": ("TYPE_KIND_MISMATCH", graph(a="type Query { a: A } type A { x: Int }", b="input A { x: Int }")),
    "field types": (
        "FIELD_TYPE_MISMATCH",
        graph(a="type Query { a: A } type A @shareable { x: Int }", b="type A @shareable { x: String }"),
    ),
    "argument types": (
        "FIELD_ARGUMENT_TYPE_MISMATCH",
        graph(a="type Query { a(x: Int): Int @shareable }", b="type Query { a(x: String): Int @shareable }"),
    ),
    "argument defaults": (
        "FIELD_ARGUMENT_DEFAULT_MISMATCH",
        graph(a="type Query { a(x: Int = 1): Int @shareable }", b="type Query { a(x: Int = 2): Int @shareable }"),
    ),
    "required argument": (
        "REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH",
        graph(a="type Query { a(x: Int!): Int @shareable }", b="type Query { a: Int @shareable }"),
    ),
    "required input field": (
        "REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH",
        graph(
            a="type Query { a(i: I): Int } input I { x: Int! y: Int }",
            b="type Query { b(i: I): Int } input I { y: Int }",
        ),
    ),
    "no common input field": (
        "EMPTY_MERGED_INPUT_TYPE",
        graph(a="type Query { a(i: I): Int } input I { x: Int }", b="type Query { b(i: I): Int } input I { y: Int }"),
    ),
    "enum both ways": (
        "ENUM_VALUE_MISMATCH",
        graph(a="type Query { a(e: E): E } enum E { X Y }", b="type Query { b: E } enum E { X }"),
    ),
    "no common enum value": (
        "EMPTY_MERGED_ENUM_TYPE",
        graph(a="type Query { a(e: E): Int } enum E { X }", b="type Query { b(e: E): Int } enum E { Y }"),
    ),
    "sharing": ("INVALID_FIELD_SHARING", graph(a=BASE, b='type T @key(fields: "id") { id: ID! name: String }')),
    "shared root": ("INVALID_FIELD_SHARING", graph(a="type Query { a: Int }", b="type Query { a: Int }")),
    "external unused": (
        "EXTERNAL_UNUSED",
        graph(a=BASE, b='type T @key(fields: "id") { id: ID! name: String @external }'),
    ),
    "external without owner": (
        "EXTERNAL_MISSING_ON_BASE",
        graph(a=BASE, b='type T @key(fields: "id") { id: ID! z: Int @external y: Int @requires(fields: "z") }'),
    ),
    "external type": (
        "EXTERNAL_TYPE_MISMATCH",
        graph(a=BASE, b='type T @key(fields: "id") { id: ID! name: Int @external y: Int @requires(fields: "name") }'),
    ),
    "requires what it owns": (
        "REQUIRES_FIELDS_MISSING_EXTERNAL",
        graph(a=BASE, b='type T @key(fields: "id") { id: ID! z: Int y: Int @requires(fields: "z") }'),
    ),
    "requires nonsense": (
        "REQUIRES_INVALID_FIELDS",
        graph(a=BASE, b='type T @key(fields: "id") { id: ID! y: Int @requires(fields: "nothing") }'),
    ),
    "provides on a scalar": ("PROVIDES_ON_NON_OBJECT_FIELD", graph(a='type Query { a: Int @provides(fields: "x") }')),
    "key of nothing": ("KEY_INVALID_FIELDS", graph(a='type Query { t: T } type T @key(fields: "x") { id: ID! }')),
    "key with arguments": (
        "KEY_FIELDS_HAS_ARGS",
        graph(a='type Query { t: T } type T @key(fields: "id(x: 1)") { id(x: Int): ID! }'),
    ),
    "key of an interface": (
        "KEY_FIELDS_SELECT_INVALID_TYPE",
        graph(
            a="""type Query { t: T } type T @key(fields: "i { id }") { i: I! }
            interface I { id: ID! } type J implements I { id: ID! }"""
        ),
    ),
    "external without its argument": (
        "EXTERNAL_ARGUMENT_MISSING",
        graph(
            a='type Query { t: T } type T @key(fields: "id") { id: ID! x(y: Int): Int }',
            b='type T @key(fields: "id") { id: ID! x: Int @external z: Int @requires(fields: "x") }',
        ),
    ),
    "interface not implemented": (
        "INTERFACE_FIELD_NO_IMPLEM",
        graph(
            a="type Query { i: I } interface I { x: Int } type A implements I { x: Int }",
            b="type Query { j: I } interface I { y: Int } type B implements I { y: Int x: Int }",
        ),
    ),
    "interface key": (
        "INTERFACE_KEY_NOT_ON_IMPLEMENTATION",
        graph(a='type Query { i: I } interface I @key(fields: "id") { id: ID! } type A implements I { id: ID! }'),
    ),
    "inaccessible type in public": (
        "REFERENCED_INACCESSIBLE",
        graph(a="type Query { a: A } type A @inaccessible { x: Int }"),
    ),
    "inaccessible required argument": (
        "REQUIRED_INACCESSIBLE",
        graph(a="type Query { a(x: Int! @inaccessible): Int }"),
    ),
    "inaccessible through and through": (
        "ONLY_INACCESSIBLE_CHILDREN",
        graph(a="type Query { a: A b: Int } type A { x: Int @inaccessible }"),
    ),
    "unresolvable key": (
        "SATISFIABILITY_ERROR",
        graph(a=BASE.replace(" name: String", ""), b='type T @key(fields: "id", resolvable: false) { id: ID! x: Int }'),
    ),
    "no common key": (
        "SATISFIABILITY_ERROR",
        graph(a=BASE, b='type T @key(fields: "other") { other: ID! x: Int }'),
    ),
    "value type in parts": (
        "SATISFIABILITY_ERROR",
        graph(
            a="type Query { a: V } type V @shareable { x: Int }",
            b="type Query { b: V } type V @shareable { x: Int y: Int }",
        ),
    ),
    "requires in a circle": (
        "SATISFIABILITY_ERROR",
        graph(
            a="type Query { t: T } "
            'type T @key(fields: "id") { id: ID! y: Int @external x: Int @requires(fields: "y") }',
            b='type T @key(fields: "id") { id: ID! x: Int @external y: Int @requires(fields: "x") }',
        ),
    ),
}


@pytest.mark.parametrize(("code", "subgraphs"), REFUSED.values(), ids=REFUSED.keys())
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
        compose(graph(a='type Query { a: Int @override(from: "b") b: Missing }'))
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
