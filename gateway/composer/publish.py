"""Prints merged types as SDL, with or without what is `@inaccessible`, and builds the schemas from it."""

from collections.abc import Iterable, Mapping

from graphql import GraphQLError, GraphQLSchema, build_schema, validate_schema
from graphql.language.block_string import print_block_string

from gateway.composer.declared import Applied, Declared, Definition, Value
from gateway.errors import CompositionProblem
from gateway.supergraph import ROOTS

SHOWN = ("@deprecated", "@specifiedBy", "@oneOf")
"""Directives that clients see; the others hold between subgraphs and gateway."""
KEYWORDS = {"object": "type", "interface": "interface", "input": "input", "enum": "enum"}


def build(types: Mapping[str, Definition], problems: list[CompositionProblem]) -> GraphQLSchema | None:
    """Build a schema; what is wrong with it is told in `problems`."""
    try:
        schema = build_schema(print_types(types.values()), no_location=True)
    except (GraphQLError, TypeError) as reason:
        problems.append(CompositionProblem("INVALID_GRAPHQL", str(reason)))
        return None
    wrong = validate_schema(schema)
    problems += [CompositionProblem("INVALID_GRAPHQL", reason.message) for reason in wrong]
    return None if wrong else schema


def public_types(types: Mapping[str, Definition], problems: list[CompositionProblem]) -> dict[str, Definition]:
    """Leave out what is `@inaccessible`; refuses what would still refer to it."""
    hidden = {name for name, definition in types.items() if "inaccessible" in definition.directives}
    problems += [
        CompositionProblem("QUERY_ROOT_TYPE_INACCESSIBLE", "Query cannot be @inaccessible")
        for name in hidden
        if name == "Query"
    ]
    public = {}
    for name, definition in types.items():
        if name in hidden:
            continue
        shown = Definition(name, definition.kind, definition.description, False, definition.directives)
        shown.interfaces = [i for i in definition.interfaces if i not in hidden]
        shown.members = [m for m in definition.members if m not in hidden]
        for value in definition.values.values():
            if _shown(f"{name}.{value.name}", value, hidden, problems):
                shown.values[value.name] = value
        for field in definition.fields.values():
            if "inaccessible" in field.directives:
                continue
            if field.type.name in hidden:
                _tell_reference(f"{name}.{field.name}", field.type.name, problems)
            where = f"{name}.{field.name}"
            arguments = {
                a.name: a for a in field.arguments.values() if _shown(f"{where}({a.name}:)", a, hidden, problems)
            }
            shown.fields[field.name] = Declared(field.name, field.type, arguments, field.description, field.directives)
        if _emptied(definition, shown):
            message = f"everything in {name} is @inaccessible, but {name} itself is not"
            problems.append(CompositionProblem("ONLY_INACCESSIBLE_CHILDREN", message))
        public[name] = shown
    return public


def _emptied(full: Definition, shown: Definition) -> bool:
    had = full.fields or full.values or full.members
    return bool(had) and not (shown.fields or shown.values or shown.members)


def _shown(where: str, value: Value, hidden: set[str], problems: list[CompositionProblem]) -> bool:
    if "inaccessible" in value.directives:
        if value.type.non_null and value.default is None:
            message = f"{where} is required and cannot be @inaccessible"
            problems.append(CompositionProblem("REQUIRED_INACCESSIBLE", message))
        return False
    if value.type.name in hidden:
        _tell_reference(where, value.type.name, problems)
    return True


def _tell_reference(where: str, name: str, problems: list[CompositionProblem]) -> None:
    message = f"{where} is public, but its type {name} is @inaccessible"
    problems.append(CompositionProblem("REFERENCED_INACCESSIBLE", message, hint=f"add @inaccessible to {where}"))


def print_types(types: Iterable[Definition]) -> str:
    """Print merged types as SDL."""
    listed = list(types)
    roots = [name for name in ROOTS if any(d.name == name for d in listed)]
    schema = "schema {\n" + "".join(f"  {name.lower()}: {name}\n" for name in roots) + "}"
    return "\n\n".join([schema, *(_definition(definition) for definition in listed)]) + "\n"


def _definition(definition: Definition) -> str:
    head = describe(definition.description, "")
    directives = _directives(definition.directives)
    if definition.kind == "scalar":
        return f"{head}scalar {definition.name}{directives}"
    if definition.kind == "union":
        return f"{head}union {definition.name}{directives} = {' | '.join(definition.members)}"
    implements = f" implements {' & '.join(definition.interfaces)}" if definition.interfaces else ""
    if definition.kind == "enum":
        lines = [describe(v.description) + f"  {v.name}{_directives(v.directives)}" for v in definition.fields.values()]
    elif definition.kind == "input":
        lines = [describe(v.description) + f"  {_value(v)}" for v in definition.values.values()]
    else:
        lines = [_field(field) for field in definition.fields.values()]
    body = "\n".join(lines)
    return f"{head}{KEYWORDS[definition.kind]} {definition.name}{implements}{directives} {{\n{body}\n}}"


def _field(field: Declared) -> str:
    arguments = ""
    if field.arguments:
        listed = "\n".join(describe(a.description, "    ") + f"    {_value(a)}" for a in field.arguments.values())
        arguments = f"(\n{listed}\n  )"
    return f"{describe(field.description)}  {field.name}{arguments}: {field.type}{_directives(field.directives)}"


def _value(value: Value) -> str:
    default = f" = {value.default}" if value.default is not None else ""
    return f"{value.name}: {value.type}{default}{_directives(value.directives)}"


def _directives(applied: Applied) -> str:
    text = ""
    for name, uses in applied.items():
        if name in SHOWN:
            given = ", ".join(f"{key}: {quote(str(value))}" for key, value in uses[0].items() if value is not None)
            text += f" {name}({given})" if given else f" {name}"
    return text


def quote(text: str) -> str:
    """A GraphQL string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def describe(text: str | None, indent: str = "  ") -> str:
    """A description above what it describes, or nothing."""
    if not text:
        return ""
    block = print_block_string(text)
    return "\n".join(indent + line if line else line for line in block.split("\n")) + "\n"
