"""Strawberry's fields mean compiled what they mean to Strawberry."""

from ast import literal_eval
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import hypothesis
import pytest
from graphql import parse
from hypothesis import strategies as st

from kit.graphql.execution import explain_compiled
from tests.kit.graphql.execution.clinic import WORDS, Context, schema
from tests.kit.graphql.execution.operations import Operations
from tests.kit.graphql.execution.oracle import by_reach

EXAMPLES = 80
pytestmark = [  # graphql-core leaves coroutines unawaited when an error nulls what they belong to
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def singly(effects: list[str]) -> Iterator[str]:
    """A batch's parts: which of two levels that are ready at one moment go together is a matter of time."""
    for effect in effects:
        what, of, batch = effect.partition(" of [")
        yield from (f"{what} of {one!r}" for one in literal_eval(f"[{batch}")) if of else [effect]


async def both(query: str, variables: dict[str, Any] | None = None, *, allowed: bool = True) -> tuple[Any, Any]:
    """Compiled, and by Strawberry: the results with the contexts."""
    ours, theirs = Context(allowed=allowed), Context(allowed=allowed)
    compiled = await schema.compiled.execute(query, variables, None, ours)
    assert compiled is not None, query
    expected = await schema.execute(query, variables, context_value=theirs)
    assert repr(compiled.data) == repr(expected.data), query
    assert by_reach(compiled) == by_reach(expected), query
    if not by_reach(expected)[1]:  # what ran of what became null is a matter of time
        assert Counter(singly(ours.effects)) == Counter(singly(theirs.effects)), query
    return compiled, ours


@hypothesis.given(st.integers(0, 2**40), st.booleans(), st.booleans())
@hypothesis.settings(max_examples=EXAMPLES, deadline=None)
async def test_random_operations_are_answered_as_strawberry_answers(seed: int, mutation: bool, allowed: bool) -> None:
    query, variables = Operations(schema._schema, Random(seed), WORDS).write(mutation)
    hypothesis.assume(not schema.compiled.validate_document(schema._schema, parse(query)))
    await both(query, variables, allowed=allowed)


async def test_a_batch_field_is_called_once_a_level() -> None:
    _, context = await both("{ doctors { name patients(first: 2) { name doctor { patients { id } } } } }")

    assert context.effects[0] == "patients of ['Eva', 'Odd', '']"
    assert len([effect for effect in context.effects if effect.startswith("patients")]) == 2


async def test_permission_classes_and_extensions_keep_their_meaning() -> None:
    refused, _ = await both('{ patient(id: "p1") { chart loud(times: 2) } }', allowed=False)

    assert refused.data == {"patient": {"chart": None, "loud": "ANNAANNA"}}
    assert refused.errors[0].message == "not for you"


async def test_mutations_run_in_order_and_a_refusal_stops_what_follows_only_where_null_is_not_allowed() -> None:
    result, context = await both('mutation { a: touch b: admit(name: "y") { userErrors { code ... on InvalidInput '
                                 '{ expected } } } c: touch d: admit(name: "x") { __typename } e: touch }')  # fmt: skip

    assert result.data is None
    assert context.effects == ["touch", "admit y", "touch", "admit x"]


async def test_one_unknown_type_name_leaves_the_other_entities_alone_and_the_caller_s_dicts_as_they_are() -> None:
    given = [{"__typename": "Patient", "id": "p1"}, {"__typename": "Ghost"}, {"__typename": "Patient", "id": "p2"}]
    query = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Patient { name } } }"
    result, _ = await both(query, {"r": given})

    assert result.data == {"_entities": [{"name": "Anna"}, None, {"name": "Bert"}]}
    assert [error.path for error in result.errors] == [["_entities", 1]]
    assert all("__typename" in representation for representation in given)


async def test_the_sdl_is_printed_once() -> None:
    result, _ = await both("{ _service { sdl } }")
    again, _ = await both("{ _service { sdl } }")

    assert result.data["_service"]["sdl"] is again.data["_service"]["sdl"]
    assert result.data["_service"]["sdl"] + "\n" == schema.sdl


@pytest.mark.parametrize(
    "query", ["{ patients { nodes { name blood bill { amount } } totalCount } }", "{ __typename }"]
)
async def test_the_generated_code_can_be_read(query: str) -> None:
    text = explain_compiled(schema, query)

    assert text.startswith("def root_")
    compile(text, "<explained>", "exec")
