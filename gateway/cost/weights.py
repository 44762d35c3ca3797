"""What the graph says of costs: `@cost` and `@listSize` of the supergraph, and what holds where it says nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    GraphQLField,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_input_object_type,
    is_interface_type,
    is_list_type,
    is_object_type,
    parse,
)
from graphql.utilities import value_from_ast_untyped

from gateway.supergraph import Supergraph

LIST_ITEMS = 10
"""Items a list is taken to have of which nothing is said."""
MUTATION_POINTS = 10
"""For each root field of a mutation, on top: it writes, waits for a majority and tells others."""
INTROSPECTION_POINTS = 10_000
"""For `__schema` and `__type` each: the whole schema takes a third of a second and is a megabyte."""
RELAY_ARGUMENTS = ("first", "last")
RELAY_LISTS = ("nodes", "edges")
SIZE_DIRECTIVES = ("listSize", "cost__listSize")


@dataclass(frozen=True, slots=True)
class ListSize:
    """How many items a list has. With `sized` it tells of these lists below its field, not of the field's own value."""

    slicing: tuple[str, ...] = ()
    sized: tuple[str, ...] = ()
    assumed: int | None = None
    one_needed: bool = False


@dataclass(frozen=True, slots=True)
class FieldWeight:
    """Of one field: each item's weight, its arguments' own, and how many items it has where it is a list."""

    each: int
    is_list: bool = False
    size: ListSize | None = None
    arguments: Mapping[str, int] = field(default_factory=dict)
    declared: GraphQLField | None = None


_UNKNOWN = FieldWeight(0)


class Weights:
    """Of all fields of one public graph; read when first asked for."""

    def __init__(self, schema: GraphQLSchema, sdl: str = "") -> None:
        self._schema = schema
        self._known: dict[tuple[str, str], FieldWeight] = {}
        self._own: dict[tuple[str, ...], int] = {}
        self._sizes: dict[tuple[str, ...], ListSize] = {}
        if "@cost" in sdl or "listSize(" in sdl:
            for definition in parse(sdl, no_location=True).definitions:
                self._read(definition)
        self._weighty = self._weighty_inputs()

    @classmethod
    def of(cls, supergraph: Supergraph) -> "Weights":
        """Those of a composed graph."""
        return cls(supergraph.public_schema, supergraph.sdl)

    def field(self, type_name: str, name: str) -> FieldWeight:
        """Of a field of an object; one that is not in the graph, such as `__typename`, weighs nothing."""
        key = (type_name, name)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._weigh(type_name, name)
        return known

    def value(self, type_name: str, value: Any) -> int:
        """Of what is given for an input of a named type: the `@cost` of every field in it."""
        if type_name not in self._weighty:
            return 0
        if isinstance(value, list):
            return sum(self.value(type_name, item) for item in value)
        if not isinstance(value, Mapping):
            return 0
        declared = self._schema.type_map[type_name]
        assert is_input_object_type(declared)
        points = 0
        for name, inner in value.items():
            points += self._own.get((type_name, name), 0)
            if name in declared.fields:
                points += self.value(get_named_type(declared.fields[name].type).name, inner)
        return points

    def weighs_inside(self, type_name: str) -> bool:
        """Whether what is given for an input of this type may weigh anything."""
        return type_name in self._weighty

    def _weigh(self, type_name: str, name: str) -> FieldWeight:
        if name in ("__schema", "__type"):
            return FieldWeight(INTROSPECTION_POINTS)
        parent = self._schema.type_map.get(type_name)
        declared = parent.fields.get(name) if is_object_type(parent) or is_interface_type(parent) else None
        if declared is None:
            return _UNKNOWN
        named = get_named_type(declared.type)
        each = self._own.get((type_name, name))
        if each is None:
            each = self._own.get((named.name,), 1 if is_composite_type(named) else 0)
        is_list = is_list_type(get_nullable_type(declared.type))
        arguments = {
            argument: self._own[type_name, name, argument]
            for argument in declared.args
            if (type_name, name, argument) in self._own
        }
        size = self._sizes.get((type_name, name)) or _relay_size(declared, is_list)
        return FieldWeight(each, is_list, size, arguments, declared)

    def _read(self, definition: DefinitionNode) -> None:
        named: Any = getattr(definition, "name", None)
        if named is None:
            return
        owner = named.value
        self._note((owner,), getattr(definition, "directives", None) or ())
        for declared in getattr(definition, "fields", None) or ():
            self._note((owner, declared.name.value), declared.directives or ())
            for argument in getattr(declared, "arguments", None) or ():
                self._note((owner, declared.name.value, argument.name.value), argument.directives or ())

    def _note(self, where: tuple[str, ...], directives: Sequence[ConstDirectiveNode]) -> None:
        for directive in directives:
            given = {a.name.value: value_from_ast_untyped(a.value) for a in directive.arguments or ()}
            if directive.name.value == "cost":
                self._own[where] = int(given["weight"])
            elif directive.name.value in SIZE_DIRECTIVES:
                slicing = tuple(given.get("slicingArguments") or ())
                self._sizes[where] = ListSize(
                    slicing,
                    tuple(given.get("sizedFields") or ()),
                    given.get("assumedSize"),
                    bool(slicing) and given.get("requireOneSlicingArgument", True) is not False,
                )

    def _weighty_inputs(self) -> frozenset[str]:
        """Input types in which anything weighs, however deep."""
        inputs = {name: kind for name, kind in self._schema.type_map.items() if is_input_object_type(kind)}
        found = {where[0] for where in self._own if len(where) == 2 and where[0] in inputs}
        while found:
            more = {name for name, kind in inputs.items() if name not in found and found & set(_inner(kind))}
            if not more:
                break
            found |= more
        return frozenset(found)


def _inner(kind: Any) -> Iterator[str]:
    for declared in kind.fields.values():
        yield get_named_type(declared.type).name


def _relay_size(declared: GraphQLField, is_list: bool) -> ListSize | None:
    """What `first` and `last` tell where the graph says nothing: of a connection's lists, or of a list itself."""
    slicing = tuple(name for name in RELAY_ARGUMENTS if name in declared.args)
    if not slicing:
        return None
    if is_list:
        return ListSize(slicing)
    named = get_named_type(declared.type)
    if not is_object_type(named):
        return None
    sized = tuple(name for name in RELAY_LISTS if name in named.fields)
    return ListSize(slicing, sized) if sized else None
