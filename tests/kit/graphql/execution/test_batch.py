"""Batch resolvers: one call a level, compiled or not; one value a parent, or every parent's error."""

from collections.abc import Sequence
from typing import Any

import pytest
import strawberry

from kit.graphql.execution import batch_field
from kit.graphql.schema import build_schema

CALLS: list[tuple[list[int], int]] = []


@strawberry.type
class Node:
    """Has children."""

    number: int

    @batch_field(description="Numbers below.")
    @staticmethod
    async def children(nodes: Sequence["Node"], info: strawberry.Info, count: int = 1) -> "list[list[Node]]":
        """As many as asked."""
        CALLS.append(([node.number for node in nodes], count))
        return [[Node(number=node.number * 10 + i) for i in range(count)] for node in nodes]

    @batch_field()
    @staticmethod
    def odd(nodes: Sequence["Node"]) -> list[str | None]:
        """Without info, without awaiting; an error for one, nothing for another."""
        failed: Any = ValueError("seven")
        return [failed if node.number == 7 else None if node.number % 2 else "even" for node in nodes]

    @batch_field()
    @staticmethod
    async def short(nodes: Sequence["Node"]) -> list[int | None]:
        """Forgets one."""
        return [1] * (len(nodes) - 1)


@strawberry.type
class Query:
    """Asks."""

    @strawberry.field
    def nodes(self) -> list[Node]:
        """Three."""
        return [Node(number=number) for number in (2, 7, 9)]


SCHEMA = build_schema(Query)


async def ask(query: str, compiled: bool) -> Any:
    CALLS.clear()
    return await (SCHEMA.run(query, None, None, None) if compiled else SCHEMA.execute(query))


@pytest.mark.parametrize("compiled", [True, False])
async def test_one_call_for_all_parents_of_a_level_and_set_of_arguments(compiled: bool) -> None:
    result = await ask(
        "{ nodes { children(count: 2) { number children { number } } a: children { number } } }", compiled
    )

    assert not result.errors
    assert result.data["nodes"][1]["children"][1] == {"number": 71, "children": [{"number": 710}]}
    assert sorted(CALLS) == [([2, 7, 9], 1), ([2, 7, 9], 2), ([20, 21, 70, 71, 90, 91], 1)]


@pytest.mark.parametrize("compiled", [True, False])
async def test_an_exception_among_the_values_is_that_parent_s_alone(compiled: bool) -> None:
    result = await ask("{ nodes { odd } }", compiled)

    assert result.data == {"nodes": [{"odd": "even"}, {"odd": None}, {"odd": None}]}
    assert [(error.message, error.path) for error in result.errors] == [("seven", ["nodes", 1, "odd"])]


@pytest.mark.parametrize("compiled", [True, False])
async def test_a_batch_that_forgets_a_parent_fails_for_all(compiled: bool) -> None:
    result = await ask("{ nodes { short } }", compiled)

    assert [error.message.partition(": ")[2] for error in result.errors] == ["3 parents asked for, 2 answered"] * 3


def test_the_field_s_type_is_the_list_s_item() -> None:
    assert "children(count: Int! = 1): [Node!]!" in SCHEMA.sdl
    assert "odd: String\n" in SCHEMA.sdl


def test_a_batch_resolver_that_does_not_return_a_list_is_refused() -> None:
    def one(nodes: Sequence[Node]) -> int:
        return len(nodes)

    with pytest.raises(TypeError, match="returns a list"):
        batch_field()(one)
