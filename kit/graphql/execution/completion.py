"""Every value the generated code does not expect, completed as graphql-core completes it.

The generated functions check that a value is of the class its type usually has and take it as it is. Nulls,
exceptions, awaitables, objects of other classes, abstract types asked for the first time and scalars that need
converting come here. `lane.fail` decides whether an error stops at its position or goes up.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, Undefined, default_type_resolver, is_object_type
from graphql.execution import Executor
from graphql.pyutils import inspect, is_awaitable, is_iterable
from graphql.pyutils.is_awaitable import is_async_iterable

from kit.graphql.execution.info import FieldInfo, raw_info
from kit.graphql.execution.place import Kind, Node, Place
from kit.graphql.execution.resolver import Way, surely_of


def field(lane: Any, place: Place, above: dict[str, Any], at: Node | None, value: Any) -> Any:
    """The answer's value of a field of `above`, from anything its resolver gave; exceptions count as raised."""
    here: Node = (at, above, place.key, place)
    if place.resolver.way is Way.KEY and callable(value):  # graphql-core's default resolver calls what it finds
        try:
            value = value(raw_info(lane, place, here))
        except Exception as error:
            value = error
    return settle(lane, place, here, value)


def settle(lane: Any, place: Place, here: Node, value: Any) -> Any:
    """The answer's value at a position: later if it is awaitable, None if it failed where null is allowed."""
    try:
        if is_awaitable(value):
            lane.wait(value, place, here)
            return None
        return complete(lane, place, here, value)
    except Exception as error:
        return lane.fail(place, here, error)


def complete(lane: Any, place: Place, here: Node, value: Any) -> Any:
    """The answer's value of one that has been awaited; raises what is wrong with it."""
    select = place.by_class.get(type(value))
    if select is not None:
        return select(lane, value, here)
    if isinstance(value, Exception):
        raise value
    if value is None or value is Undefined:
        if place.non_null:
            raise TypeError(f"Cannot return null for non-nullable field {place.parent_type}.{place.name}.")
        return None
    if place.kind is Kind.LEAF:
        return Executor.complete_leaf_value(place.type, value)
    if place.kind is Kind.LIST:
        return _complete_list(lane, place, here, value)
    if place.kind is Kind.ABSTRACT:
        return _complete_abstract(lane, place, here, value)
    return _complete_object(lane, place, here, value, place.type)


def items(lane: Any, place: Place, here: Node, values: Iterable[Any]) -> list[Any]:
    """The items of a list, one by one."""
    item = place.item
    assert item is not None  # `place` is a list
    if place.items is not None and type(values) is list:
        return place.items(lane, values, here)
    done: list[Any] = []
    iterator = iter(values)
    try:
        for index, value in enumerate(iterator):
            done.append(settle(lane, item, (here, done, index, item), value))
    except Exception:
        lane.drop(_rest(iterator))
        raise
    return done


def call_batch(lane: Any, place: Place, parents: Sequence[Any], here: Node) -> Any:
    """Ask a batch resolver for all parents."""
    resolver = place.resolver
    assert resolver.function is not None  # as every batch resolver has
    given = lane.arguments(place)
    if resolver.strawberry is None:
        return resolver.function(parents, raw_info(lane, place, here), **given)
    if resolver.info_parameter is not None:
        given = {**given, resolver.info_parameter: FieldInfo(lane, place, here)}
    return resolver.function(parents, **given)


def attributes(source: Any, *names: str) -> list[Any]:
    """The values of attributes, an exception in the place of one that could not be read."""
    values: list[Any] = []
    for name in names:
        try:
            values.append(getattr(source, name))
        except Exception as error:
            values.append(error)
    return values


def reader(source: Any) -> Any:
    """The way graphql-core's default resolver finds a name in `source`, exceptions as values."""

    def read(name: str) -> Any:
        try:
            return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
        except Exception as error:
            return error

    return read


def select_by_type(lane: Any, place: Place, type_: GraphQLObjectType) -> Any:
    """The compiled selection of an abstract place for one of its types, compiled when first met."""
    select = place.by_type.get(type_.name)
    if select is None:
        select = place.by_type[type_.name] = lane.request.operation.selection(place, type_)
    return select


def _complete_list(lane: Any, place: Place, here: Node, value: Any) -> Any:
    if is_async_iterable(value):
        lane.wait(_collect(value), place, here, _complete_collected)
        return None
    if not is_iterable(value):
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{place.parent_type}.{place.name}'.")
    return items(lane, place, here, value)


async def _collect(values: Any) -> tuple[list[Any], Exception | None]:
    found: list[Any] = []
    iterator = values.__aiter__()
    while True:
        try:
            found.append(await anext(iterator))
        except StopAsyncIteration:
            return found, None
        except Exception as error:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                await close()
            return found, error


def _complete_collected(lane: Any, here: Node, collected: tuple[list[Any], Exception | None]) -> list[Any]:
    found, error = collected
    done = items(lane, here[3], here, found)
    if error is not None:
        raise error
    return done


def _complete_abstract(lane: Any, place: Place, here: Node, value: Any) -> Any:
    info = raw_info(lane, place, here)
    resolve_type = place.type.resolve_type or default_type_resolver
    name = resolve_type(value, info, place.type)
    if is_awaitable(name):
        lane.wait(name, place, here, lambda lane, here, name: _complete_named(lane, place, here, value, name))
        return None
    return _complete_named(lane, place, here, value, name)


def _complete_named(lane: Any, place: Place, here: Node, value: Any, name: Any) -> Any:
    type_ = _runtime_type(lane, place, value, name)
    if surely_of(type_, place.type, value):
        place.by_class[type(value)] = select_by_type(lane, place, type_)
    return _complete_object(lane, place, here, value, type_)


def _complete_object(lane: Any, place: Place, here: Node, value: Any, type_: GraphQLObjectType) -> Any:
    select = select_by_type(lane, place, type_)
    if type_.is_type_of is None:
        return select(lane, value, here)
    fits = type_.is_type_of(value, raw_info(lane, place, here))
    if is_awaitable(fits):
        lane.wait(fits, place, here, lambda lane, here, fits: _fitting(lane, here, value, type_, select, fits))
        return None
    return _fitting(lane, here, value, type_, select, fits)


def _fitting(lane: Any, here: Node, value: Any, type_: GraphQLObjectType, select: Any, fits: Any) -> Any:
    if not fits:
        raise GraphQLError(f"Expected value of type '{type_}' but got: {inspect(value)}.", here[3].nodes)
    return select(lane, value, here)


def _runtime_type(lane: Any, place: Place, value: Any, name: Any) -> GraphQLObjectType:
    """graphql-core's checks of what a type resolver said, word for word."""
    schema = lane.request.operation.asked.schema
    abstract = place.type
    must = f"Abstract type '{abstract}' must resolve to an Object type at runtime for field"
    where = f"'{place.parent_type}.{place.name}'"
    known = schema.get_type(name) if isinstance(name, str) else None
    if name is None:
        problem = (
            f"{must} {where}. Either the '{abstract}' type should provide a 'resolve_type' function"
            " or each possible type should provide an 'is_type_of' function."
        )
    elif not isinstance(name, str):
        problem = (
            f"{must} {where} with value {inspect(value)}, received '{inspect(name)}',"
            " which is not a valid Object type name."
        )
    elif known is None:
        problem = f"Abstract type '{abstract}' was resolved to a type '{name}' that does not exist inside the schema."
    elif not is_object_type(known):
        problem = f"Abstract type '{abstract}' was resolved to a non-object type '{name}'."
    elif not schema.is_sub_type(abstract, known):
        problem = f"Runtime Object type '{known}' is not a possible type for '{abstract}'."
    else:
        return known
    raise GraphQLError(problem, place.nodes)


def _rest(iterator: Any) -> list[Any]:
    try:
        return list(iterator)
    except Exception:  # what is left of a broken iterator is nothing
        return []
