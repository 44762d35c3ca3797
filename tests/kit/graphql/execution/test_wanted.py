"""A resolver learns which fields its answer will be read for."""

from typing import Any

import pytest
import strawberry
from graphql import FieldNode, FragmentDefinitionNode, OperationDefinitionNode, parse

from kit.graphql.execution import Wanted, wanted
from kit.graphql.schema import build_schema

SEEN: list[Any] = []


@strawberry.type
class Leaf:
    """The end."""

    name: str
    size: int = 1


@strawberry.interface
class Thing:
    """Any."""

    id: str


@strawberry.type
class Tree(Thing):
    """One."""

    leaves: list[Leaf]


@strawberry.type
class Stone(Thing):
    """Another."""

    weight: int = 2


@strawberry.type
class Query:
    """Asks."""

    @strawberry.field
    def things(self, info: strawberry.Info) -> list[Thing]:
        """Notes what is wanted."""
        SEEN.append((wanted(info), wanted(info, on="Tree"), wanted(info, on="Stone")))
        return [Tree(id="1", leaves=[Leaf(name="a")]), Stone(id="2")]


SCHEMA = build_schema(Query, types=[Tree, Stone])
QUERY = """query($yes: Boolean!) { things { ... on Tree { leaves { ...L size @skip(if: $yes) } } ... on Stone { weight }
  ... on Thing { id } same: id } } fragment L on Leaf { n: name }"""


@pytest.mark.parametrize("compiled", [True, False])
async def test_names_of_the_schema_by_type_with_fragments_and_conditions(compiled: bool) -> None:
    SEEN.clear()
    run = SCHEMA.run(QUERY, {"yes": True}, None, None) if compiled else SCHEMA.execute(QUERY, {"yes": True})
    assert not (await run).errors

    every, of_tree, of_stone = SEEN[0]
    assert every == {"leaves": {"name": {}}, "weight": {}, "id": {}}
    assert of_tree == {"leaves": {"name": {}}, "id": {}}
    assert of_stone == {"weight": {}, "id": {}}
    assert every.at("leaves") == {"name": {}}
    assert every.at("weight", "nothing") == Wanted()


@pytest.mark.parametrize(
    ("document", "most"),
    [
        ("{ things { id } }", 20),
        ("{ things(first: 3) { id } }", 3),
        ("{ things(first: 3) { id } ...more } fragment more on Query { things(first: 3) { id } }", 3),
        ("query($n: Int) { things(first: $n) { id } }", None),
    ],
)
def test_the_most_that_is_asked_of_a_list_is_known_unless_a_variable_says_it(document: str, most: int | None) -> None:
    found = _wanted_of(document)

    assert found.most("first", 20) == most
    assert found.gives("first") is ("first" in document)


def test_aliases_of_a_field_count_together() -> None:
    assert (
        _wanted_of("{ a: things(first: 2) { id } b: things(first: 9) { id } c: things { id } }").most("first", 5) == 9
    )


def _wanted_of(document: str) -> Wanted:
    definitions = parse(document).definitions
    found = Wanted()
    for node in definitions:
        assert isinstance(node, OperationDefinitionNode | FragmentDefinitionNode)
        found.nodes += [field for field in node.selection_set.selections if isinstance(field, FieldNode)]
    return found
