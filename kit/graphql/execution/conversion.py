"""Coerced arguments converted to what resolvers take, by functions that are made once a field.

Strawberry's `convert_arguments` finds out anew for every value what its type is and what its fields are called. Here
that is done once; inputs, lists, optional values, scalars and enums come out as they do there. What else there is
(`Maybe`, lazy types, global ids, inputs that build themselves, generic ones) is left to Strawberry.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any, TypeAlias

from strawberry.relay.types import GlobalID
from strawberry.scalars import is_scalar
from strawberry.types.arguments import convert_arguments
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.unset import UNSET

Conversion: TypeAlias = Callable[[Any], Any]
"""From a coerced value to what the resolver takes."""
Conversions: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]
"""The same of all arguments of a field, by the names its function has for them."""


class NotPlain(Exception):
    """Something Strawberry itself has to convert."""


def conversions_of(field: Any, converter: Any) -> Conversions:
    """For a Strawberry field under a schema's converter."""
    registry, config = converter.scalar_registry, converter.config
    try:
        known: dict[type, Conversion] = {}
        made = [
            (config.name_converter.from_argument(one), one.python_name, _of(one.type, registry, config, known))
            for one in field.arguments
        ]
    except NotPlain:
        return lambda values: convert_arguments(dict(values), field.arguments, registry, config, None)

    def convert(values: Mapping[str, Any]) -> dict[str, Any]:
        return {python_name: one(values[name]) for name, python_name, one in made if name in values}

    return convert


def _of(type_: Any, registry: Any, config: Any, known: dict[type, Conversion]) -> Conversion:
    if type(type_) is StrawberryOptional:
        return _of(type_.of_type, registry, config, known)
    if type(type_) is StrawberryList:
        return _list(_of(type_.of_type, registry, config, known))
    if type_ is GlobalID:
        raise NotPlain
    if is_scalar(type_, registry) or isinstance(type_, StrawberryEnumDefinition) or has_enum_definition(type_):
        return _as_it_is
    if not isinstance(type_, type):
        raise NotPlain
    return known.get(type_) or _input(type_, registry, config, known)


def _as_it_is(value: Any) -> Any:
    return value


def _list(item: Conversion) -> Conversion:
    if item is _as_it_is:
        return lambda values: values if values is None or values is UNSET else list(values)
    return lambda values: values if values is None or values is UNSET else [item(one) for one in values]


def _input(class_: Any, registry: Any, config: Any, known: dict[type, Conversion]) -> Conversion:
    definition: Any = getattr(class_, "__strawberry_definition__", None)
    if definition is None or definition.origin is not class_ or not definition.is_input:
        raise NotPlain
    if definition.from_input is not None or definition.is_graphql_generic:
        raise NotPlain
    fields: list[tuple[str, str, Conversion]] = []
    absent = {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }

    def convert(value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        given: dict[str, Any] = dict(absent)
        for name, python_name, inner in fields:
            if name in value:
                given[python_name] = inner(value[name])
        return class_(**given)

    known[class_] = convert
    fields += [
        (
            config.name_converter.from_field(field),
            field.python_name,
            _of(field.resolve_type(type_definition=definition), registry, config, known),
        )
        for field in definition.fields
    ]
    return convert
