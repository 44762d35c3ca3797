"""Places of an answer: what is known of a field, or of the items of a list, before any request."""

import builtins
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetails

from kit.graphql.execution.conversion import Conversions
from kit.graphql.execution.resolver import Resolver

Node: TypeAlias = tuple[Any, Any, Any, "Place"]
"""A position in one answer: (position above or None, the dict or list it lies in, its key there, its place)."""
Select: TypeAlias = Callable[[Any, Any, Any], dict[str, Any]]
"""A compiled selection: (lane, source object, position) to the object of the answer."""


class Kind(Enum):
    """What a place's value becomes."""

    LEAF = "leaf"
    LIST = "list"
    OBJECT = "object"
    ABSTRACT = "abstract"


class Place:
    """A field of a selection, or the items of a list in it; `item` is the place one level further in."""

    __slots__ = (
        "by_class",
        "by_type",
        "convert",
        "depth",
        "details",
        "field",
        "item",
        "items",
        "key",
        "kind",
        "name",
        "nodes",
        "non_null",
        "number",
        "owner",
        "parent_type",
        "resolver",
        "return_type",
        "type",
        "wanted",
    )

    field: GraphQLField
    return_type: GraphQLOutputType
    """As the schema says; of items, the field's."""
    type: Any
    """What it is when it is not null: a list, or a named type."""
    non_null: bool
    kind: Kind
    resolver: Resolver
    owner: "Place"
    """The field itself, of the place of its items."""
    wanted: dict[str | None, Any]
    by_class: dict[builtins.type, Select]
    """The selection for values of a class; of abstract types, of those met so far."""
    by_type: dict[str, Select]
    items: Callable[[Any, Any, Any], list[Any]] | None
    """The compiled function of a list."""

    def __init__(
        self, key: str | None, parent_type: GraphQLObjectType, details: list[FieldDetails], number: int
    ) -> None:
        self.key = key
        self.parent_type = parent_type
        self.details = details
        self.nodes: list[FieldNode] = [detail.node for detail in details]
        self.name: str = self.nodes[0].name.value
        self.number = number
        self.depth = 0
        self.by_class = {}
        self.by_type = {}
        self.items = None
        self.convert: Conversions | None = None
        self.item: Place | None = None
        self.owner = self
        self.wanted = {}

    @property
    def label(self) -> str:
        """Its number, with an i for every list it lies in: 12, 12i."""
        return f"{self.number}{'i' * self.depth}"

    @property
    def path_type(self) -> str | None:
        """What graphql-core writes beside the key in `info.path`."""
        return None if self.key is None else self.parent_type.name

    @property
    def node(self) -> FieldNode:
        """The first of the merged fields: its arguments count."""
        return self.nodes[0]


def field_place(
    key: str, parent_type: GraphQLObjectType, details: list[FieldDetails], field: GraphQLField, number: int
) -> Place:
    """The place of a field, and of its items if it is a list."""
    place = Place(key, parent_type, details, number)
    place.field = field
    place.return_type = field.type
    _give_type(place, field.type)
    return place


def _give_type(place: Place, type_: GraphQLOutputType) -> None:
    place.non_null = is_non_null_type(type_)
    inner: Any = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    place.type = inner
    if is_list_type(inner):
        place.kind = Kind.LIST
        item = Place(None, place.parent_type, place.details, place.number)
        item.field, item.return_type, item.owner = place.field, place.return_type, place.owner
        item.depth = place.depth + 1
        _give_type(item, inner.of_type)
        place.item = item
    elif is_leaf_type(inner):
        place.kind = Kind.LEAF
    else:
        place.kind = Kind.ABSTRACT if is_abstract_type(inner) else Kind.OBJECT
