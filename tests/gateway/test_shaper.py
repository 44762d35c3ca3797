"""Answers that fit, answers that do not, and graphql-core as the judge of where null must go."""

from typing import Any

from graphql import build_schema, execute, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.request import read_operation
from gateway.shaper import Shaper
from gateway.shaper.careful import CarefulWalk
from gateway.supergraph.selection import Selection, TypeIndex

SCHEMA = build_schema("""
type Query { one: Thing all: [Thing!] must: [Thing]! grid: [[Int!]!] color: Color any: Any maybe: Being }
interface Being { name: String! }
enum Color { RED BLUE }
scalar Any
type Thing implements Being { name: String! size: Int! weight: Float next: Thing inner: Inner! tags: [String!]! }
type Ghost implements Being { name: String! since: Int }
type Inner { on: Boolean! deep: Thing }
""")
QUERY = """{
  one { name size weight next { name inner { on deep { tags } } } inner { on } tags }
  all { name tags } must { size } grid color any
  maybe { __typename name ... on Thing { size } ... on Ghost { since } }
}"""


class BothWays:
    """A shaper asked twice: the first time it walks, the second time it is compiled. Both must agree."""

    def __init__(self, shaper: Shaper) -> None:
        self._shaper = shaper
        self._shaper.shape({}, [])

    def shape(self, data: Any, errors: list[dict[str, Any]]) -> Any:
        walked: list[dict[str, Any]] = list(errors)
        want = CarefulWalk(walked).root(self._shaper._root, data)
        got = self._shaper.shape(data, errors)
        assert (str(got), errors) == (str(want), walked)
        return got


def shaper(query: str) -> BothWays:
    selection = read_operation(SCHEMA, query, None).select(TypeIndex(SCHEMA), ())
    take_keys(selection)
    return BothWays(Shaper(SCHEMA, selection))


def take_keys(selection: Selection) -> None:
    for fields in selection.by_type.values():
        for asked in fields.values():
            asked.data_key = asked.name
            if asked.selection:
                take_keys(asked.selection)


def thing(depth: int = 2) -> dict[str, Any]:
    return {
        "__typename": "Thing",
        "name": "n",
        "size": 1,
        "weight": 1.5,
        "tags": ["a", "b"],
        "next": thing(depth - 1) if depth else None,
        "inner": {"on": True, "deep": thing(depth - 1) if depth else None},
    }


def tree() -> dict[str, Any]:
    return {
        "one": thing(),
        "all": [thing(0), thing(0)],
        "must": [thing(0), None],
        "grid": [[1, 2], [3]],
        "color": "RED",
        "any": {"x": [1]},
        "maybe": {"__typename": "Ghost", "name": "g", "since": None},
    }


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path and path[-1] != "__typename" else []
    if path[:1] == ("any",):
        return found
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += places(inner, (*path, key))
    return found


def put(data: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        data = data[key]
    data[path[-1]] = value


@given(st.lists(st.sampled_from(places(tree())), max_size=3, unique=True))
@settings(max_examples=100, deadline=None)
def test_null_goes_where_graphql_core_puts_it(nulled: list[tuple[Any, ...]]) -> None:
    data = tree()
    for path in sorted(nulled, key=len, reverse=True):
        put(data, path, None)
    judged = execute(SCHEMA, parse(QUERY), root_value=data)
    errors: list[dict[str, Any]] = []
    assert shaper(QUERY).shape(data, errors) == judged.data  # type: ignore[union-attr]
    assert bool(errors) == bool(judged.errors)  # type: ignore[union-attr]


@given(st.sampled_from(places(tree())), st.sampled_from(["x", 7, 1.5, True, [], {}, [None], {"__typename": "Nobody"}]))
@settings(max_examples=150, deadline=None)
def test_any_value_anywhere_gives_an_answer_that_fits_the_schema(place: tuple[Any, ...], value: Any) -> None:
    data = tree()
    put(data, place, value)
    shaped = shaper(QUERY).shape(data, [])
    if shaped is not None:
        judged = execute(SCHEMA, parse(QUERY), root_value=shaped)
        assert not judged.errors  # type: ignore[union-attr]
        assert judged.data == shaped  # type: ignore[union-attr]


def test_aliases_order_and_constant_type_names() -> None:
    shape = shaper("{ b: __typename a: color one { t: __typename n: name } maybe { kind: __typename } }")
    shaped = shape.shape(tree(), [])
    assert str(shaped) == str({"b": "Query", "a": "RED", "one": {"t": "Thing", "n": "n"}, "maybe": {"kind": "Ghost"}})


def test_an_error_that_explains_a_null_is_not_repeated() -> None:
    data = tree()
    data["one"]["inner"] = None
    for told in (["one"], ["one", "inner"], ["one", "inner", "on"]):
        errors: list[dict[str, Any]] = [{"message": "why", "path": told}]
        shaped = shaper("{ one { inner { on } } color }").shape(data, errors)
        assert shaped == {"one": None, "color": "RED"}
        assert len(errors) == 1


def test_an_error_elsewhere_explains_nothing() -> None:
    data = tree()
    data["one"]["inner"] = None
    errors: list[dict[str, Any]] = [{"message": "why", "path": ["color"]}]
    shaper("{ one { inner { on } } color }").shape(data, errors)
    assert [reason["path"] for reason in errors] == [["color"], ["one", "inner"]]


def test_an_enum_value_that_is_not_public_is_null_with_an_error() -> None:
    errors: list[dict[str, Any]] = []
    assert shaper("{ color }").shape({"color": "GREEN"}, errors) == {"color": None}
    assert errors[0]["extensions"]["code"] == "SUBGRAPH_INVALID_RESPONSE"


def test_an_operation_that_comes_again_is_compiled() -> None:
    selection = read_operation(SCHEMA, "{ color }", None).select(TypeIndex(SCHEMA), ())
    take_keys(selection)
    shaper = Shaper(SCHEMA, selection)
    compiled = []
    for _ in range(3):
        assert shaper.shape({"color": "RED"}, []) == {"color": "RED"}
        compiled.append(shaper._fast is not None)
    assert compiled == [False, True, True]
