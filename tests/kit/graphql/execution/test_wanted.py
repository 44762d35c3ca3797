"""A resolver learns which fields its answer will be read for."""

from typing import Any

import pytest
import strawberry

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
