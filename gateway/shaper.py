"""Shapes the answer tree into the client's response: its keys in its order, typed as the public schema says.

Compiled once an operation into closures over plain tuples. They know only good answers and raise at the first value
that does not fit; then the careful walk does the same with paths, puts null where it must, and an error where none
explains it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    is_enum_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from gateway.errors import INTERNAL, SUBGRAPH_INVALID_RESPONSE, error
from gateway.supergraph.selection import TYPENAME, Field, Selection

MAX_ERRORS = 100
"""Errors added by one response; a long list of broken objects says no more."""

Path = tuple[str | int, ...]
Shape = Callable[[Any], Any]
BUILT_IN: Mapping[str, tuple[type, ...]] = {
    "Int": (int,),
    "Float": (float, int),
    "String": (str,),
    "ID": (str, int),
    "Boolean": (bool,),
}


class _Misfit(Exception):
    """A value that is not what the schema promises."""


class Misfit(_Misfit):
    """Told by the careful walk: null must go further up."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or enum. `types` is empty for a custom scalar, which may be anything; `values` are an enum's."""

    types: tuple[type, ...]
    values: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """A value made by the gateway itself, passed as it is."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    of: "Slot"


@dataclass(frozen=True, slots=True)
class Shaped:
    """An object: members by concrete type; `only` is set where the schema allows one type alone."""

    only: str | None
    members: Mapping[str, "tuple[Member, ...]"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a value, which may be null or not."""

    non_null: bool
    kind: "Leaf | Raw | Items | Shaped"


@dataclass(frozen=True, slots=True)
class Member:
    """A field of the response: its key, the key in the answer tree, its slot, or the constant type name it shows."""

    key: str
    data_key: str
    slot: Slot
    coordinate: str


class Shaper:
    """Shapes the answers of one operation."""

    def __init__(self, schema: GraphQLSchema, selection: Selection) -> None:
        self._root = Shaped(selection.type_name, _Reader(schema).members(selection))
        self._fast = _compile_object(self._root)

    def shape(self, data: Mapping[str, Any], errors: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Return the response's data. Adds to `errors` what no error there explains yet."""
        try:
            shaped: dict[str, Any] | None = self._fast(data)
        except _Misfit:
            shaped = _CarefulWalk(errors).root(self._root, data)
        return shaped


class _Reader:
    """Reads slots off the schema for one selection; shared selections are read once."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: dict[tuple[int, str], Member] = {}

    def members(self, selection: Selection) -> dict[str, tuple[Member, ...]]:
        return {
            type_name: tuple(self._member(type_name, asked) for asked in fields.values())
            for type_name, fields in selection.by_type.items()
        }

    def _member(self, type_name: str, asked: Field) -> Member:
        if asked.name == TYPENAME:
            return Member(asked.key, TYPENAME, Slot(True, Raw()), type_name)
        parent = self._schema.type_map[type_name]
        assert isinstance(parent, GraphQLObjectType)
        declared = parent.fields.get(asked.name)
        if declared is None:
            return Member(asked.key, asked.data_key, Slot(False, Raw()), f"{type_name}.{asked.name}")
        known = (id(asked), str(declared.type))
        if known not in self._known:
            slot = self._slot(declared.type, asked)
            self._known[known] = Member(asked.key, asked.data_key, slot, f"{type_name}.{asked.name}")
        return self._known[known]

    def _slot(self, declared: GraphQLOutputType, asked: Field) -> Slot:
        if is_non_null_type(declared):
            return Slot(True, self._slot(declared.of_type, asked).kind)
        if is_list_type(declared):
            return Slot(False, Items(self._slot(declared.of_type, asked)))
        if asked.selection is not None:
            only = declared.name if is_object_type(declared) else None
            return Slot(False, Shaped(only, self.members(asked.selection)))
        if is_enum_type(declared):
            return Slot(False, Leaf((str,), frozenset(declared.values)))
        return Slot(False, Leaf(BUILT_IN.get(declared.name, ())))  # type: ignore[union-attr]


def _compile(slot: Slot) -> Shape:
    kind = slot.kind
    if isinstance(kind, Leaf):
        return _compile_leaf(kind, slot.non_null)
    if isinstance(kind, Raw):
        return lambda value: value
    inner = _compile_list(kind) if isinstance(kind, Items) else _compile_object(kind)
    if slot.non_null:
        return inner
    return lambda value: None if value is None else inner(value)


def _compile_leaf(leaf: Leaf, non_null: bool) -> Shape:
    types = frozenset(leaf.types) | (frozenset() if non_null else frozenset((type(None),)))
    values = leaf.values

    def shape_enum(value: Any) -> Any:
        if value is None and not non_null:
            return None
        if type(value) is not str or value not in values:  # type: ignore[operator]
            raise _Misfit
        return value

    def shape_known(value: Any) -> Any:
        if type(value) not in types:
            raise _Misfit
        return value

    def shape_any(value: Any) -> Any:
        if value is None and non_null:
            raise _Misfit
        return value

    if values is not None:
        return shape_enum
    return shape_known if leaf.types else shape_any


def _compile_list(items: Items) -> Shape:
    inner = _compile(items.of)

    def shape(value: Any) -> Any:
        if type(value) is not list:
            raise _Misfit
        return [inner(item) for item in value]

    return shape


def _compile_object(shaped: Shaped) -> Shape:
    if shaped.only is not None:
        return _compile_members(shaped.members.get(shaped.only, ()))
    by_type = {type_name: _compile_members(members) for type_name, members in shaped.members.items()}

    def shape(value: Any) -> Any:
        if type(value) is not dict:
            raise _Misfit
        shape_type = by_type.get(value.get(TYPENAME))  # type: ignore[arg-type]
        if shape_type is None:
            raise _Misfit
        return shape_type(value)

    return shape


def _compile_members(members: Sequence[Member]) -> Shape:
    """Members as one loop. A leaf is checked in the loop itself: most of an answer is leaves, and a call costs more."""
    plan = tuple((m.key, m.data_key, _leaf_types(m), _compile_member(m)) for m in members)

    def shape(value: Any) -> Any:
        if type(value) is not dict:
            raise _Misfit
        get = value.get
        shaped = {}
        for key, data_key, types, shape_member in plan:
            member = get(data_key)
            if types is None:
                shaped[key] = shape_member(member)
            elif type(member) in types:
                shaped[key] = member
            else:
                raise _Misfit
        return shaped

    return shape


def _leaf_types(member: Member) -> frozenset[type] | None:
    """The Python types a built-in scalar may have here; None for everything else."""
    kind = member.slot.kind
    if not isinstance(kind, Leaf) or kind.values is not None or not kind.types:
        return None
    return frozenset(kind.types) if member.slot.non_null else frozenset((*kind.types, type(None)))


def _compile_member(member: Member) -> Shape:
    if member.data_key == TYPENAME:
        return lambda _: member.coordinate
    return _compile(member.slot)


class _CarefulWalk:
    """Shapes an answer that does not fit."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        self._errors = errors
        self._explained: set[Path] = set()
        self._told: set[Path] = set()
        for reason in errors:
            path = tuple(reason.get("path", ()))
            self._told.add(path)
            self._explained |= {path[:length] for length in range(len(path) + 1)}

    def root(self, shaped: Shaped, data: Any) -> dict[str, Any] | None:
        try:
            value: dict[str, Any] = self._object(shaped, data, ())
        except Misfit:
            return None
        return value

    def _value(self, slot: Slot, value: Any, path: Path, coordinate: str) -> Any:
        try:
            shaped = None if value is None else self._fill(slot.kind, value, path, coordinate)
        except Misfit:
            shaped = None
        if shaped is None and slot.non_null:
            if value is None:
                self._explain(path, f"Cannot return null for non-nullable field {coordinate}.", INTERNAL)
            raise Misfit
        return shaped

    def _fill(self, kind: Leaf | Raw | Items | Shaped, value: Any, path: Path, coordinate: str) -> Any:
        if isinstance(kind, Raw):
            return value
        if isinstance(kind, Items):
            if type(value) is list:
                return [self._value(kind.of, item, (*path, i), coordinate) for i, item in enumerate(value)]
        elif isinstance(kind, Shaped):
            if type(value) is dict and (kind.only or value.get(TYPENAME) in kind.members):
                return self._object(kind, value, path)
        elif kind.values is not None:
            if type(value) is str and value in kind.values:
                return value
        elif not kind.types or type(value) in kind.types:
            return value
        self._explain(path, f"A subgraph gave {coordinate} a value that it cannot have.", SUBGRAPH_INVALID_RESPONSE)
        return None

    def _object(self, shaped: Shaped, value: Any, path: Path) -> dict[str, Any]:
        type_name = shaped.only or value[TYPENAME]
        result = {}
        for member in shaped.members.get(type_name, ()):
            if member.data_key == TYPENAME:
                result[member.key] = member.coordinate
            else:
                given = value.get(member.data_key)
                result[member.key] = self._value(member.slot, given, (*path, member.key), member.coordinate)
        return result

    def _explain(self, path: Path, message: str, code: str) -> None:
        """Add an error, unless one there, above or below says why already."""
        if path in self._explained or any(path[:length] in self._told for length in range(len(path) + 1)):
            return
        if len(self._errors) < MAX_ERRORS:
            self._errors.append(error(message, code, path))
            self._told.add(path)
            self._explained |= {path[:length] for length in range(len(path) + 1)}
