"""Random queries over a schema: aliases, fragments inline and named, conditions, `__typename`, abstract types."""

from typing import Any

from graphql import (
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_leaf_type,
    is_object_type,
    is_required_argument,
    is_union_type,
)
from hypothesis import strategies as st

ALIASES = ("a", "b", "c", "d", "name", "upc", "id", "size", "_1_upc", "maker", "price")
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "id": ('"u1"', '"r3"', '"zz"'),
    "upc": ('"b0"', '"s1"', '"zz"'),
    "first": ("1", "4", "$many"),
    "currency": ("EUR", "JPY", "$currency"),
    "text": ('"x"', "null"),
}
VARIABLES: dict[str, Any] = {"many": 3, "currency": "JPY", "yes": True, "no": False}
DECLARED = {"many": "Int! = 2", "currency": "Currency = EUR", "yes": "Boolean!", "no": "Boolean! = false"}


class QueryBuilder:
    """Draws one document."""

    def __init__(self, draw: Any, schema: GraphQLSchema) -> None:
        self._draw = draw
        self._schema = schema
        self._fragments: list[str] = []

    def document(self) -> str:
        body = self._selection(self._schema.query_type, 6)
        everything = "\n".join([body, *self._fragments])
        declared = ", ".join(f"${name}: {of}" for name, of in DECLARED.items() if f"${name}" in everything)
        return f"query Random{f'({declared})' if declared else ''} {everything}"

    def _selection(self, parent: GraphQLNamedType | None, depth: int) -> str:
        assert parent is not None
        count = self._draw(st.integers(1, 3))
        return "{ " + " ".join(self._item(parent, depth) for _ in range(count)) + " }"

    def _item(self, parent: GraphQLNamedType, depth: int) -> str:
        choice = self._draw(st.integers(0, 9))
        if choice == 0 or (depth <= 0 and is_union_type(parent)):
            return self._alias("") + "__typename"
        if (choice <= 2 and depth > 0 and parent.name != "Query") or is_union_type(parent):
            return self._fragment(parent, depth)
        return self._field(parent, depth)

    def _fragment(self, parent: GraphQLNamedType, depth: int) -> str:
        inside = parent
        if is_abstract_type(parent):
            possible = [t.name for t in self._schema.get_possible_types(parent)]
            inside = self._schema.type_map[self._draw(st.sampled_from(possible))]
        elif is_object_type(parent) and parent.interfaces and self._draw(st.booleans()):
            inside = self._draw(st.sampled_from(parent.interfaces))
        selection = self._selection(inside, depth - 1)
        condition = self._condition()
        if self._draw(st.booleans()):
            name = f"F{len(self._fragments)}"
            self._fragments.append(f"fragment {name} on {inside.name} {selection}")
            return f"...{name}{condition}"
        return f"... on {inside.name}{condition} {selection}"

    def _field(self, parent: Any, depth: int) -> str:
        names = [n for n, f in parent.fields.items() if depth > 0 or is_leaf_type(get_named_type(f.type))]
        if not names:
            return "__typename"
        name = self._draw(st.sampled_from(names))
        declared = parent.fields[name]
        returned = get_named_type(declared.type)
        text = self._alias(name) + name + self._arguments(declared) + self._condition()
        return f"{text} {self._selection(returned, depth - 1)}" if is_composite_type(returned) else text

    def _arguments(self, declared: Any) -> str:
        given = []
        for name, argument in declared.args.items():
            if is_required_argument(argument) or self._draw(st.integers(0, 2)) == 0:
                values = ARGUMENTS[name]
                assert not is_enum_type(argument.type) or name == "currency"
                given.append(f"{name}: {self._draw(st.sampled_from(values))}")
        return f"({', '.join(given)})" if given else ""

    def _alias(self, name: str) -> str:
        if self._draw(st.integers(0, 3)):
            return ""
        return self._draw(st.sampled_from(ALIASES)) + ": "

    def _condition(self) -> str:
        if self._draw(st.integers(0, 6)):
            return ""
        directive = self._draw(st.sampled_from(("skip", "include")))
        return f" @{directive}(if: {self._draw(st.sampled_from(('$yes', '$no', 'true', 'false')))})"


@st.composite
def documents(draw: Any, schema: GraphQLSchema) -> str:
    """Documents that are mostly valid; two fields may still claim one key."""
    return QueryBuilder(draw, schema).document()
