"""What `@inaccessible` must not tear apart: interfaces and their implementations, inputs and their defaults."""

from collections.abc import Iterator, Mapping

from graphql import EnumValueNode, GraphQLError, ListValueNode, ObjectValueNode, ValueNode, parse_value

from gateway.composer.declared import Definition, Value
from gateway.errors import CompositionProblem

HIDDEN = "inaccessible"


def check_visible(types: Mapping[str, Definition]) -> Iterator[CompositionProblem]:
    """Problems between what is hidden and what is not; `types` are all merged types."""
    for definition in types.values():
        if HIDDEN in definition.directives:
            continue
        yield from _implementations(types, definition)
        values = [(f"{definition.name}.{v.name}", v) for v in definition.values.values()]
        values += [
            (f"{definition.name}.{f.name}({a.name}:)", a)
            for f in definition.fields.values()
            if HIDDEN not in f.directives
            for a in f.arguments.values()
        ]
        for where, value in values:
            used = _hidden_default(types, value) if HIDDEN not in value.directives and value.default else None
            if used:
                message = f"{where} is public, but its default uses {used}, which is @inaccessible"
                yield CompositionProblem("DEFAULT_VALUE_USES_INACCESSIBLE", message)


def _implementations(types: Mapping[str, Definition], definition: Definition) -> Iterator[CompositionProblem]:
    for name in definition.interfaces:
        interface = types.get(name)
        if interface is None or HIDDEN in interface.directives:
            continue
        for field in interface.fields.values():
            own = definition.fields.get(field.name)
            if own is None or HIDDEN in field.directives:
                continue
            if HIDDEN in own.directives:
                message = f"{definition.name}.{field.name} is @inaccessible, but {name}.{field.name} is not"
                yield CompositionProblem("IMPLEMENTED_BY_INACCESSIBLE", message)
            for argument in field.arguments.values():
                theirs = own.arguments.get(argument.name)
                if theirs and HIDDEN in theirs.directives and HIDDEN not in argument.directives:
                    message = f"{definition.name}.{field.name}({argument.name}:) is @inaccessible, but not in {name}"
                    yield CompositionProblem("IMPLEMENTED_BY_INACCESSIBLE", message)


def _hidden_default(types: Mapping[str, Definition], value: Value) -> str | None:
    try:
        return next(_hidden_in(types, value.type.name, parse_value(value.default or "null")), None)
    except GraphQLError:
        return None


def _hidden_in(types: Mapping[str, Definition], type_name: str, node: ValueNode) -> Iterator[str]:
    definition = types.get(type_name)
    if definition is None:
        return
    if isinstance(node, ListValueNode):
        for item in node.values:
            yield from _hidden_in(types, type_name, item)
    elif isinstance(node, EnumValueNode) and node.value in definition.fields:
        if HIDDEN in definition.fields[node.value].directives:
            yield f"{type_name}.{node.value}"
    elif isinstance(node, ObjectValueNode):
        for field in node.fields:
            declared = definition.values.get(field.name.value)
            if declared is not None and HIDDEN in declared.directives:
                yield f"{type_name}.{declared.name}"
            elif declared is not None:
                yield from _hidden_in(types, declared.type.name, field.value)
