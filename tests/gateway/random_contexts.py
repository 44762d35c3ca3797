"""Random trees with arguments set from context, random queries, and the answer by walking the tree."""

from random import Random
from typing import Any

from graphql import InlineFragmentNode, OperationDefinitionNode, SelectionSetNode, parse

from tests.gateway.context_cases import HEAD, of
from tests.gateway.worlds import Obj, World

SUBGRAPHS = {
    "a": """type Query { ts: [N] } interface N @context(name: "c") { id: ID! k: String }
    type T implements N @key(fields: "id") { id: ID! k: String @external kids: [N] u: U us: [U] box: Box }
    type S implements N @key(fields: "id") { id: ID! k: String kids: [N] u: U }
    type Box { t: N us: [U] } type U @key(fields: "id") { id: ID! }""",
    "b": """type T @key(fields: "id") { id: ID! k: String } type W { label: String us: [U] }
    type U @key(fields: "id") { id: ID! w: W }""",
    "c": """interface N @context(name: "c") { id: ID! k: String }
    type T implements N @key(fields: "id") { id: ID! k: String @external }
    type S implements N @key(fields: "id") { id: ID! k: String @external }
    type U @key(fields: "id") { id: ID! back: U p(k: String @fromContext(field: "$c { k }")
      i: ID @fromContext(field: "$c ... on T { id } ... on S { id }")): String }""",
}
FIELDS = {
    "T": {"kids": "N", "u": "U", "us": "U", "box": "Box"},
    "S": {"kids": "N", "u": "U"},
    "U": {"p": "", "back": "U", "w": "W"},
    "W": {"us": "U", "label": ""},
    "Box": {"t": "N", "us": "U"},
}
DEPTH = 3


def random_world(random: Random) -> World:
    """Some objects below one another, the same one often in several places."""
    units = [Obj("U", {"id": f"u{n}", "p": f"p{n}"}) for n in range(4)]
    for unit in units:
        unit.values["back"] = random.choice([*units, None])
        unit.values["w"] = random.choice([None, Obj("W", {"label": "x", "us": random.choices(units, k=2)})])
    nodes = [Obj(random.choice("TS"), {"id": f"n{n}", "k": random.choice([None, "A", "B"])}) for n in range(6)]
    for node in nodes:
        box = Obj("Box", {"t": random.choice(nodes), "us": [random.choice(units)]})
        node.values |= {
            "kids": random.choices([*nodes, None], k=random.randrange(3)),
            "u": random.choice([*units, None]),
            "us": random.choices(units, k=2),
            "box": random.choice([None, box]),
        }
    subgraphs = {name: HEAD + sdl for name, sdl in SUBGRAPHS.items()}
    return World(subgraphs, [*units, *nodes], {"ts": random.choices(nodes, k=3)})


def random_query(random: Random, deferred: float) -> str:
    """A query of which some fields are deferred, as many as `deferred` says from 0 to 1."""
    return "{ ts { " + _selection(random, "N", DEPTH, deferred) + " } }"


def _selection(random: Random, kind: str, depth: int, deferred: float) -> str:
    if kind == "N":
        each = [f"... on {name} {{ {_selection(random, name, depth, deferred)} }}" for name in "TS"]
        return " ".join(["id __typename", *each])
    parts = []
    for name, below in FIELDS[kind].items():
        if random.random() < 0.35 or (below and not depth):
            continue
        part = f"{name} {{ {_selection(random, below, depth - 1, deferred)} }}" if below else name
        parts.append(f"... @defer {{ {part} }}" if random.random() < deferred else part)
    return " ".join(parts) or "__typename"


def expected(world: World, query: str) -> dict[str, Any]:
    """The answer, by walking down with the nearest T or S above at hand."""
    operation = parse(query).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    below: Any = operation.selection_set.selections[0]
    return {"ts": _walk(world.roots["ts"], below.selection_set, None)}


def _walk(value: Any, asked: SelectionSetNode, above: Obj | None) -> Any:
    if isinstance(value, list):
        return [_walk(item, asked, above) for item in value]
    if value is None:
        return None
    nearest = value if value.type_name in "TS" else above
    answer: dict[str, Any] = {}
    for node in asked.selections:
        if isinstance(node, InlineFragmentNode):
            if node.type_condition is None or node.type_condition.name.value == value.type_name:
                answer |= _walk(value, node.selection_set, above)
            continue
        name = node.name.value  # type: ignore[union-attr]
        if name == "__typename":
            answer[name] = value.type_name
        elif name == "p":
            assert above is not None
            answer[name] = of(value.values[name], k=above.values["k"], i=above.values["id"])
        elif node.selection_set is not None:  # type: ignore[union-attr]
            answer[name] = _walk(value.values[name], node.selection_set, nearest)  # type: ignore[union-attr]
        else:
            answer[name] = value.values[name]
    return answer
