"""Leaf values as expressions: the check that lets a value through as it is, or the call that converts it."""

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from graphql import GraphQLEnumType, GraphQLLeafType, GraphQLScalarType, is_specified_scalar_type
from graphql.type import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT
from strawberry.schema.schema_converter import CustomGraphQLEnumType

CHECKS: Final = {
    "String": "type({v}) is str",
    "ID": "type({v}) is str",
    "Boolean": "type({v}) is bool",
    "Int": f"type({{v}}) is int and {GRAPHQL_MIN_INT} <= {{v}} <= {GRAPHQL_MAX_INT}",
    "Float": "type({v}) is float and {v} - {v} == 0.0",
}
"""What is certainly the same on the wire as in Python; a float minus itself is 0 unless it is infinite or no number."""
LIST_CHECKS: Final = {"String": "STRINGS", "ID": "STRINGS", "Boolean": "BOOLEANS"}
STRINGS: Final = frozenset({str})
BOOLEANS: Final = frozenset({bool})
PLAIN: Final = frozenset({str, int, float, bool, Decimal, date, datetime, time, UUID, dict, list, tuple, bytes})
"""Classes that are neither exceptions nor awaitable: scalars may convert them at once."""


def check_of(type_: GraphQLLeafType) -> str | None:
    """An expression over `{v}` that is true of values that need no converting."""
    return CHECKS.get(type_.name) if is_specified_scalar_type(type_) else None


def list_check_of(type_: GraphQLLeafType) -> str | None:
    """The name of the set of classes all items of a list may have, to be copied as they are."""
    return LIST_CHECKS.get(type_.name) if is_specified_scalar_type(type_) else None


def converter_of(type_: GraphQLLeafType) -> Callable[[Any], Any]:
    """A function that gives None for what must be looked at more closely."""
    if isinstance(type_, CustomGraphQLEnumType):
        return _enum_names(type_)
    if isinstance(type_, GraphQLScalarType) and type_.extensions.get("strawberry-definition") is not None:
        definition = type_.extensions["strawberry-definition"]
        if definition.serialize is str:
            return _as_string
    return _converter(type_.coerce_output_value)


def _enum_names(type_: GraphQLEnumType) -> Callable[[Any], Any]:
    names: dict[int, str] = {}
    for member in getattr(type_, "wrapped_cls", ()):
        try:
            names[id(member)] = type_.coerce_output_value(member)
        except Exception:  # a member the schema does not know is refused when it is met
            continue

    def name_of(value: Any) -> str | None:
        return names.get(id(value))  # members are one object each, and live as long as their class

    return name_of


def _as_string(value: Any) -> str | None:
    return str(value) if type(value) in PLAIN else None


def _converter(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def converted(value: Any) -> Any:
        if type(value) not in PLAIN:
            return None
        try:
            return convert(value)
        except Exception:  # it is converted again where errors are located
            return None

    return converted
