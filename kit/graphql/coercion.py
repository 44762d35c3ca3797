"""Input values coerced by functions that are made once a type.

graphql-core asks every value anew what its type is. Here that is asked once; what is right comes out as
`coerce_input_value` makes it, and for everything else the answer is `Undefined`: then graphql-core is asked what is
wrong. What no request of ours sends (other iterables than lists, one-of inputs) is left to it altogether.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

from graphql import (
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
    type_from_ast,
)
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_value

Coercer: TypeAlias = Callable[[Any], Any]
"""From a value as it was sent to the coerced one, or to `Undefined` if it is wrong."""

MAX_PLAIN_DEPTH: Final = 20
"""Values nested deeper than this are looked at by graphql-core, which refuses what is too deep."""
REQUIRED: Final = object()
"""In place of a default: the field has none and may not be left out."""
_Field: TypeAlias = tuple[str, str, Coercer, Any]
"""Name, name in the coerced value, function, default."""


def is_deep(value: Any, depth: int = 0) -> bool:
    """Whether a value is nested deeper than `MAX_PLAIN_DEPTH`."""
    if type(value) is dict:
        value = value.values()
    elif type(value) is not list:
        return False
    if depth >= MAX_PLAIN_DEPTH:
        return True
    return any(is_deep(item, depth + 1) for item in value if type(item) is dict or type(item) is list)


def coercer_of(type_: GraphQLInputType, known: dict[str, Coercer] | None = None) -> Coercer:
    """The function for values of a type; `known` are those of input objects by name, which may name one another."""
    known = {} if known is None else known
    if is_non_null_type(type_):
        return _needed(coercer_of(type_.of_type, known))
    if is_list_type(type_):
        return _list(type_, coercer_of(type_.of_type, known))
    if is_input_object_type(type_):
        return known.get(type_.name) or _object(type_, known)
    return _leaf(type_)


def _needed(inner: Coercer) -> Coercer:
    def coerce(value: Any) -> Any:
        return Undefined if value is None else inner(value)

    return coerce


def _list(type_: Any, item: Coercer) -> Coercer:
    def coerce(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not list:
            return coerce_input_value(value, type_)
        made = []
        for one in value:
            if (coerced := item(one)) is Undefined:
                return Undefined
            made.append(coerced)
        return made

    return coerce


def _leaf(type_: Any) -> Coercer:
    parse = type_.coerce_input_value
    is_text = type_ is GraphQLString or type_ is GraphQLID

    def coerce(value: Any) -> Any:
        if value is None or (is_text and type(value) is str):
            return value
        try:
            return parse(value)
        except Exception:  # whatever a scalar raises, the value is wrong
            return Undefined

    return coerce


def _object(type_: GraphQLInputObjectType, known: dict[str, Coercer]) -> Coercer:
    fields: list[_Field] = []

    def coerce(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not dict or type_.is_one_of:
            return coerce_input_value(value, type_)
        made: dict[str, Any] = {}
        seen = 0
        for name, out_name, inner, default in fields or fill():
            given = value.get(name, Undefined)
            if given is Undefined:
                if default is REQUIRED:
                    return Undefined
                if default is not Undefined:
                    made[out_name] = default
                continue
            seen += 1
            if (coerced := inner(given)) is Undefined:
                return Undefined
            made[out_name] = coerced
        return type_.out_type(made) if seen == len(value) else Undefined  # else it has a field nobody knows

    def fill() -> list[_Field]:
        fields[:] = [
            (
                name,
                field.out_name or name,
                coercer_of(field.type, known),
                REQUIRED if is_required_input_field(field) else coerce_default_value(field),
            )
            for name, field in type_.fields.items()
        ]
        return fields

    known[type_.name] = coerce
    return coerce


def coerced(coercers: Mapping[str, tuple[Coercer, bool]], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """All variables, if all are right and none needs a default; else None, and graphql-core says what they are.

    `coercers` by variable: the function, and whether the variable may be left out.
    """
    made: dict[str, Any] = {}
    for name, (coerce, optional) in coercers.items():
        value = given.get(name, Undefined)
        if value is Undefined:
            if not optional:
                return None
        elif is_deep(value) or (one := coerce(value)) is Undefined:
            return None
        else:
            made[name] = one
    return made


def coercers_of(schema: GraphQLSchema, operation: OperationDefinitionNode) -> dict[str, tuple[Coercer, bool]]:
    """For `coerced`. A variable with a default may not be left out there: defaults are graphql-core's."""
    made: dict[str, tuple[Coercer, bool]] = {}
    known: dict[str, Coercer] = {}
    for definition in operation.variable_definitions or ():
        type_ = cast(GraphQLInputType | None, type_from_ast(schema, definition.type))
        if type_ is None:
            return {definition.variable.name.value: (_wrong, False)}
        optional = definition.default_value is None and not is_non_null_type(type_)
        made[definition.variable.name.value] = (coercer_of(type_, known), optional)
    return made


def _wrong(value: Any) -> Any:
    """Of a type the schema has not: graphql-core says so."""
    return Undefined
