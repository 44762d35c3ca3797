"""What a response may hold, place by place: read once off the schema for one operation's selection."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graphql import (
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    is_enum_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from gateway.supergraph.selection import TYPENAME, Field, Selection

BUILT_IN: Mapping[str, tuple[type, ...]] = {
    "Int": (int,),
    "Float": (float, int),
    "String": (str,),
    "ID": (str, int),
    "Boolean": (bool,),
}


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
    """A field of the response: its key, the key in the answer tree, its slot, or the constant type name it shows.

    What is withheld from the caller is null.
    """

    key: str
    data_key: str
    slot: Slot
    coordinate: str
    withheld: bool = False


def shown_of(selection: Selection, type_name: str) -> Iterable[Field]:
    """What the answer lists of one concrete type."""
    return selection.by_type[type_name].values() if selection.shown is None else selection.shown[type_name]


class SlotReader:
    """Reads slots off the schema for one selection; shared selections are read once."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: dict[tuple[int, str], Member] = {}

    def members(self, selection: Selection) -> dict[str, tuple[Member, ...]]:
        """Members of an object by its concrete type."""
        return {
            type_name: tuple(self._member(type_name, asked) for asked in shown_of(selection, type_name))
            for type_name in selection.by_type
        }

    def _member(self, type_name: str, asked: Field) -> Member:
        if asked.name == TYPENAME:
            return Member(asked.key, TYPENAME, Slot(True, Raw()), type_name)
        parent = self._schema.type_map[type_name]
        assert isinstance(parent, GraphQLObjectType)
        declared = parent.fields.get(asked.name)
        if declared is None:
            return Member(asked.key, asked.data_key, Slot(False, Raw()), f"{type_name}.{asked.name}")
        if asked.withheld:
            slot = Slot(is_non_null_type(declared.type), Raw())
            return Member(asked.key, "", slot, f"{type_name}.{asked.name}", withheld=True)
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
