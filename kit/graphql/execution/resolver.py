"""How a field's value is read: an attribute, a Python function called directly, or a resolver of graphql-core."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from graphql import GraphQLField, GraphQLNamedType, GraphQLObjectType, default_field_resolver
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.info import Info

from kit.graphql.execution.batch import BATCH_MARK

STRAWBERRY = "strawberry-definition"


class Way(Enum):
    """The ways a value is read, the cheapest first."""

    TYPENAME = "the name of the type, known beforehand"
    ATTRIBUTE = "an attribute of the parent object"
    KEY = "an entry of the parent dict, as graphql-core's default resolver finds it"
    METHOD = "a Python function, called with converted arguments"
    BATCH = "a function called once for all parents of a level"
    RESOLVE = "a resolver with graphql-core's signature"


@dataclass(frozen=True, slots=True)
class Resolver:
    """How one field is read; `strawberry` is set if arguments and info are Strawberry's."""

    way: Way
    function: Callable[..., Any] | None = None
    attribute: str = ""
    strawberry: Any = None
    converter: Any = None
    source_parameters: tuple[str, ...] = ()
    """Keywords the parent object is given under, besides or instead of the first position."""
    takes_self: bool = False
    info_parameter: str | None = None
    is_async: bool = False
    defaults: dict[str, Any] = field(default_factory=dict)


def resolver_of(definition: GraphQLField, name: str, strawberry_schema: Any) -> Resolver:
    """The cheapest way that means the same as `definition.resolve`."""
    if name == "__typename":
        return Resolver(Way.TYPENAME)
    resolve = definition.resolve
    if resolve is None:
        if definition.args:
            return Resolver(Way.RESOLVE, default_field_resolver)
        return Resolver(Way.KEY, attribute=name)
    mark = getattr(resolve, BATCH_MARK, None)
    if mark is not None:
        return Resolver(Way.BATCH, mark)
    known = definition.extensions.get(STRAWBERRY)
    if strawberry_schema is None or not isinstance(known, StrawberryField):
        return Resolver(Way.RESOLVE, resolve)
    return _of_strawberry(known, resolve, strawberry_schema)


def _of_strawberry(known: StrawberryField, resolve: Callable[..., Any], schema: Any) -> Resolver:
    converter = schema.schema_converter
    plain = (
        not known.extensions
        and not known.is_subscription
        and type(known).get_result is StrawberryField.get_result
        and not converter.exception_handlers
        and schema.config.info_class is Info
    )
    if not plain:
        return Resolver(Way.RESOLVE, resolve)
    base = known.base_resolver
    if base is None:
        if known.default_resolver is getattr and known.python_name.isidentifier():
            return Resolver(Way.ATTRIBUTE, attribute=known.python_name)
        return Resolver(Way.RESOLVE, resolve)
    function = base.wrapped_func
    if not callable(function):
        return Resolver(Way.RESOLVE, resolve)
    parents = (base.parent_parameter, base.root_parameter)
    batch = getattr(function, BATCH_MARK, None)
    return Resolver(
        Way.METHOD if batch is None else Way.BATCH,
        batch or function,
        strawberry=known,
        converter=converter,
        source_parameters=tuple(parameter.name for parameter in parents if parameter is not None),
        takes_self=base.self_parameter is not None,
        info_parameter=None if base.info_parameter is None else base.info_parameter.name,
        is_async=base.is_async,
    )


def expected_class(type_: GraphQLNamedType) -> type | None:
    """The Python class whose instances surely are of this object type; None if only asking can tell."""
    if not isinstance(type_, GraphQLObjectType):
        return None
    definition = type_.extensions.get(STRAWBERRY)
    if isinstance(definition, StrawberryObjectDefinition):
        if definition.is_type_of is not None:
            return None
        return (definition.concrete_of or definition).origin
    return None if type_.is_type_of is not None else dict


def surely_of(type_: GraphQLObjectType, abstract: GraphQLNamedType, value: object) -> bool:
    """Whether every other value of this class, too, resolves from `abstract` to `type_`."""
    definition = type_.extensions.get(STRAWBERRY)
    above = abstract.extensions.get(STRAWBERRY)
    return (
        isinstance(definition, StrawberryObjectDefinition)
        and definition.origin is type(value)
        and definition.concrete_of is None
        and definition.is_type_of is None
        and getattr(above, "resolve_type", None) is None
    )
