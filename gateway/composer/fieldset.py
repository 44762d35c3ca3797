"""Field sets: the small selections in `@key`, `@requires` and `@provides`, read and checked within their subgraph.

What `@fromContext` selects (`contexts`) is a field set of the types it selects of.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)

from gateway.composer.declared import Definition, SubgraphSchema
from gateway.errors import CompositionProblem

Purpose = Literal["key", "requires", "provides", "context"]
CARRIED_BY_FIELDS: tuple[Purpose, ...] = ("requires", "provides")
COMPOSITE = ("object", "interface", "union")
MAX_FIELD_SET_TOKENS = 1000
"""A field set is written by hand for one field; past this it is a mistake."""


@dataclass(frozen=True, slots=True, eq=False)
class FieldSet:
    """One field set. `field` is the field that carries it, None for a key or a context."""

    purpose: Purpose
    subgraph: str
    on: str
    field: str | None
    text: str
    nodes: SelectionSetNode
    resolvable: bool = True

    @property
    def type_name(self) -> str:
        """Where it stands, for messages."""
        return f"{self.on}.{self.field}" if self.field else self.on


def field_sets(schema: SubgraphSchema, problems: list[CompositionProblem]) -> list[FieldSet]:
    """Read every field set of a subgraph; those that do not parse are told in `problems`."""
    found: list[FieldSet] = []
    for definition in schema.types.values():
        for use in definition.directives.get("key", ()):
            if definition.kind in ("object", "interface"):
                resolvable = use.get("resolvable", True) is not False
                _read(schema, FieldSetPlace("key", definition.name, None, resolvable), use, found, problems)
        for field in definition.fields.values():
            for purpose in CARRIED_BY_FIELDS:
                for use in field.directives.get(purpose, ()):
                    place = FieldSetPlace(purpose, definition.name, field.name)
                    _read(schema, place, use, found, problems)
    return found


@dataclass(frozen=True, slots=True)
class FieldSetPlace:
    """Where a field set stands."""

    purpose: Purpose
    on: str
    field: str | None
    resolvable: bool = True


def _read(
    schema: SubgraphSchema,
    place: FieldSetPlace,
    use: dict[str, object],
    found: list[FieldSet],
    problems: list[CompositionProblem],
) -> None:
    text = use.get("fields")
    code = place.purpose.upper()
    at = f"@{place.purpose} on {place.on}{'.' + place.field if place.field else ''}"
    if not isinstance(text, str):
        problems.append(CompositionProblem(f"{code}_INVALID_FIELDS_TYPE", f"{at}: fields is no string", (schema.name,)))
        return
    try:
        document = parse("{" + text + "}", no_location=True, max_tokens=MAX_FIELD_SET_TOKENS)
    except GraphQLError as reason:
        message = f"{at}: {reason.message}"
        problems.append(CompositionProblem(f"{code}_INVALID_FIELDS", message, (schema.name,)))
        return
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    field_set = FieldSet(
        place.purpose, schema.name, place.on, place.field, text, operation.selection_set, place.resolvable
    )
    root = place.on
    if place.purpose == "provides" and place.field:
        root = schema.types[place.on].fields[place.field].type.name
        if schema.types.get(root, Definition(root, "scalar")).kind not in COMPOSITE:
            message = f"{at}: {root} has no fields"
            problems.append(CompositionProblem("PROVIDES_ON_NON_OBJECT_FIELD", message, (schema.name,)))
            return
    before = len(problems)
    for own_code, told in _wrong(schema, root, field_set.nodes, place.purpose):
        problems.append(CompositionProblem(own_code or f"{code}_INVALID_FIELDS", f"{at}: {told}", (schema.name,)))
    if len(problems) == before:
        found.append(field_set)


def _wrong(
    schema: SubgraphSchema, type_name: str, nodes: SelectionSetNode, purpose: Purpose
) -> Iterator[tuple[str, str]]:
    definition = schema.types[type_name]
    for node in nodes.selections:
        if node.directives:
            yield f"{purpose.upper()}_DIRECTIVE_IN_FIELDS_ARG", "a field set takes no directives"
        if isinstance(node, FragmentSpreadNode):
            yield "", f"...{node.name.value}: a field set takes no named fragments"
        elif isinstance(node, InlineFragmentNode):
            condition = node.type_condition.name.value if node.type_condition else type_name
            if schema.types.get(condition, Definition(condition, "scalar")).kind not in COMPOSITE:
                yield "", f"... on {condition}: no such type"
            elif purpose == "key":
                yield "KEY_FIELDS_SELECT_INVALID_TYPE", "a key takes no fragments"
            else:
                yield from _wrong(schema, condition, node.selection_set, purpose)
        elif isinstance(node, FieldNode):
            yield from _wrong_field(schema, definition, node, purpose)


def _wrong_field(
    schema: SubgraphSchema, definition: Definition, node: FieldNode, purpose: Purpose
) -> Iterator[tuple[str, str]]:
    name = node.name.value
    field = definition.fields.get(name)
    if node.alias:
        yield "", f"{name}: a field set takes no aliases"
    if field is None:
        yield "", f"{definition.name} has no field {name} in {schema.name}"
        return
    if field.arguments and purpose != "requires":
        yield f"{purpose.upper()}_FIELDS_HAS_ARGS", f"{name} takes arguments"
    returned = schema.types.get(field.type.name, Definition(field.type.name, "scalar"))
    if purpose == "key" and returned.kind in ("interface", "union"):
        yield "KEY_FIELDS_SELECT_INVALID_TYPE", f"{name} is {field.type}, which cannot identify anything"
    if (returned.kind in COMPOSITE) != bool(node.selection_set):
        yield "", f"{name} is {field.type} and {'must not' if node.selection_set else 'must'} have a selection"
    elif node.selection_set:
        yield from _wrong(schema, returned.name, node.selection_set, purpose)


def coordinates(schema: SubgraphSchema, field_set: FieldSet) -> Iterator[tuple[str, str, bool]]:
    """Each field that a set names: type, field, whether a leaf; an interface's for each implementation too."""
    root = field_set.on
    if field_set.purpose == "provides" and field_set.field:
        root = schema.types[field_set.on].fields[field_set.field].type.name
    yield from _coordinates(schema, root, field_set.nodes)


def _coordinates(schema: SubgraphSchema, type_name: str, nodes: SelectionSetNode) -> Iterator[tuple[str, str, bool]]:
    for node in nodes.selections:
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition.name.value if node.type_condition else type_name
            yield from _coordinates(schema, condition, node.selection_set)
        elif isinstance(node, FieldNode):
            name = node.name.value
            for concrete in dict.fromkeys((type_name, *schema.possible(type_name))):
                yield concrete, name, node.selection_set is None
            if node.selection_set:
                yield from _coordinates(schema, schema.types[type_name].fields[name].type.name, node.selection_set)
