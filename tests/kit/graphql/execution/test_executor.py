"""What is compiled, what is left to graphql-core, and that nothing is kept for ever."""

from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, get_introspection_query, graphql_sync

from kit.graphql.execution import CompiledExecutor, executor, explain_compiled
from kit.graphql.execution.refusal import NotCompiled
from tests.kit.graphql.execution.clinic import Context
from tests.kit.graphql.execution.clinic import schema as clinic

SDL = """
directive @loud on FIELD
type Query { grid: [[Int!]]! person(id: ID = "a"): Person boom: Int! }
type Mutation { write(times: Int!): Int! }
type Subscription { ticks: Int }
type Person { name: String friend: Person }
"""


@pytest.fixture
def core() -> GraphQLSchema:
    schema = build_schema(SDL)
    schema.mutation_type.fields["write"].resolve = lambda written, _info, times: written.append(times) or times  # type: ignore[union-attr]
    return schema


@pytest.mark.parametrize(
    "query",
    [
        "subscription { ticks }",
        "{ person { name @loud } }",
        "{ person { nope } }",
        "{ person {",
        "query A { boom } query B { boom }",
        "fragment F on Person { name }",
        f"{{ person {{ name }} }} #{'x' * executor.MAX_DOCUMENT}",
        "query { " + "person { friend { " * 300 + "name" + " } }" * 300 + " }",
    ],
)
async def test_what_only_graphql_core_executes_or_refuses_is_left_to_it(core: GraphQLSchema, query: str) -> None:
    compiled = CompiledExecutor(core)

    for _ in range(2):
        assert await compiled.execute(query, None, None, None, {}) is None


async def test_a_mutation_left_to_graphql_core_has_not_run_before(core: GraphQLSchema) -> None:
    written: list[int] = []

    query = "mutation($yes: Boolean!) { write(times: 1) @include(if: $yes) }"
    for name in ("@loud", "@skip(if: $yes)"):
        document = query.replace("@include(if: $yes)", f"@include(if: $yes) {name}")
        done = await CompiledExecutor(core).execute(document, {"yes": False}, None, None, written)
        assert done is None or done.data == {}

    assert written == []


async def test_conditions_are_compiled_apart_and_their_number_is_bounded(core: GraphQLSchema) -> None:
    names = [f"c{index}" for index in range(4)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: name @include(if: ${name})" for name in names)
    query, compiled = f"query({declared}) {{ person {{ {fields} }} }}", CompiledExecutor(core)
    root = {"person": {"name": "Ann"}}

    done = [
        await compiled.execute(query, {name: bool(number >> i & 1) for i, name in enumerate(names)}, None, None, root)
        for number in range(16)
    ]

    assert [result is None for result in done] == [False] * executor.MAX_VARIANTS + [True] * 8
    assert done[5] is not None
    assert done[5].data == {"person": {"c0": "Ann", "c2": "Ann"}}


async def test_documents_are_forgotten_when_newer_ones_come(core: GraphQLSchema) -> None:
    compiled = CompiledExecutor(core, max_operations=3)

    for number in range(10):
        await compiled.execute(f"{{ a{number}: grid }}", None, None, None, {"grid": []})

    assert [query for query, _ in compiled._known] == ["{ a7: grid }", "{ a8: grid }", "{ a9: grid }"]


async def test_generated_code_is_bounded_in_all(core: GraphQLSchema, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "MAX_SOURCE", 1_000)
    compiled = CompiledExecutor(core)

    for number in range(10):
        await compiled.execute(f"{{ a{number}: person {{ name }} }}", None, None, None, {})

    assert sum(known.size for known in compiled._known.values()) < 2_000


async def test_lists_of_lists_null_what_may_be_null_and_locate_what_may_not(core: GraphQLSchema) -> None:
    compiled = CompiledExecutor(core)

    done = await compiled.execute("{ grid }", None, None, None, {"grid": [[1, 2], [3, None], None, [2**40]]})

    assert done is not None
    assert done.data == {"grid": [[1, 2], None, None, None]}
    assert [error.path for error in done.errors or ()] == [["grid", 1, 1], ["grid", 3, 0]]


async def test_variables_are_refused_in_graphql_core_s_words(core: GraphQLSchema) -> None:
    query = "mutation($n: Int!) { write(times: $n) }"
    for values in ({}, {"n": None}, {"n": "one"}, {"n": 2**40}):
        ours: Any = await CompiledExecutor(core).execute(query, values, None, None, [])
        theirs = graphql_sync(core, query, [], variable_values=values)

        assert [error.formatted for error in ours.errors] == [error.formatted for error in theirs.errors or ()]
        assert ours.data is None


async def test_introspection_is_compiled() -> None:
    query = get_introspection_query()
    ours = await clinic.compiled.execute(query, None, None, Context())
    theirs = await clinic.execute(query)

    assert ours is not None
    assert ours.data == theirs.data


def test_explaining_says_why_something_is_not_compiled() -> None:
    with pytest.raises(NotCompiled, match="Cannot query field 'nobody'"):
        explain_compiled(clinic, "{ nobody }")
