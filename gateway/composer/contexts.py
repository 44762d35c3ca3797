"""`@context` and `@fromContext`: arguments that the gateway sets, from what an object further up the answer says.

A type with `@context(name:)` sets a context for everything below it. An argument with `@fromContext(field:)` is hidden
from clients and gets the value that its selection names of the nearest such object above.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql import FieldNode, GraphQLError, InlineFragmentNode, OperationDefinitionNode, SelectionSetNode, parse

from gateway.composer.declared import Declared, Definition, SubgraphSchema, Value
from gateway.composer.fieldset import COMPOSITE, MAX_FIELD_SET_TOKENS, FieldSet
from gateway.composer.override import label_of, overrides
from gateway.errors import CompositionProblem
from gateway.supergraph import ROOTS, TypeRef

REFERENCE = re.compile(r"[\s,]*\$[\s,]*(\w+)(.*)", re.DOTALL)
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
"""Underscores are left for the supergraph, in which a context is `subgraph__name`."""
CONTEXTS_SINCE = (2, 8)
INVALID = "CONTEXT_INVALID_SELECTION"


@dataclass(frozen=True, slots=True, eq=False)
class ContextUse:
    """One contextual argument. `chosen` is what it selects of each object type that sets its context."""

    subgraph: str
    type_name: str
    field: str
    argument: Value
    context: str
    text: str
    chosen: Mapping[str, SelectionSetNode]

    @property
    def where(self) -> str:
        """Its coordinate."""
        return f"{self.type_name}.{self.field}({self.argument.name}:)"

    def field_sets(self) -> Iterator[FieldSet]:
        """What it selects, as field sets of the types it selects of."""
        for name, nodes in self.chosen.items():
            yield FieldSet("context", self.subgraph, name, None, self.text, nodes)


def context_uses(schema: SubgraphSchema, problems: list[CompositionProblem]) -> list[ContextUse]:
    """Read every contextual argument of a subgraph; what is wrong with one is told in `problems`."""
    providers = _providers(schema)
    uses = []
    for definition in schema.types.values():
        for field in definition.fields.values() if definition.kind in ("object", "interface") else ():
            for argument in field.arguments.values():
                for applied in argument.directives.get("fromContext", ()):
                    use = _read(schema, providers, (definition, field, argument), applied.get("field"))
                    if isinstance(use, ContextUse):
                        uses.append(use)
                    else:
                        problems.append(CompositionProblem(*use, (schema.name,)))
    return uses


def check_contexts(schema: SubgraphSchema) -> Iterator[CompositionProblem]:
    """Refuse contexts by names that cannot be, where they cannot stand, and before there were any."""
    own = (schema.name,)
    for definition in schema.types.values():
        for applied in definition.directives.get("context", ()):
            name, where = str(applied.get("name", "")), definition.name
            if schema.link.version < CONTEXTS_SINCE:
                yield CompositionProblem("INVALID_GRAPHQL", f"@context on {where} takes Federation 2.8 or newer", own)
            if definition.kind not in COMPOSITE:
                yield CompositionProblem("INVALID_GRAPHQL", f"@context cannot stand on {definition.kind} {where}", own)
            if not NAME.fullmatch(name):
                message = f"@context on {where}: {name!r} is no name of letters and digits alone"
                yield CompositionProblem("CONTEXT_NAME_INVALID", message, own)
            if definition.interface_object:
                message = f"@context on {where}: an @interfaceObject sets no context"
                yield CompositionProblem(INVALID, message, own)
        yield from _misplaced(schema, definition)
    for name, text in schema.directives.items():
        if any(d == "fromContext" and f"@{alias}(" in text for alias, d in schema.link.directives.items()):
            message = f"@fromContext cannot stand on an argument of the directive @{name}"
            yield CompositionProblem("CONTEXT_NOT_SET", message, own)


def _misplaced(schema: SubgraphSchema, definition: Definition) -> Iterator[CompositionProblem]:
    own = (schema.name,)
    for value in definition.values.values():
        if "fromContext" in value.directives:
            message = f"{definition.name}.{value.name}: @fromContext stands on arguments of fields alone"
            yield CompositionProblem("CONTEXT_NOT_SET", message, own)
    for field in definition.fields.values():
        for argument in field.arguments.values():
            if "fromContext" not in argument.directives:
                continue
            where = f"{definition.name}.{field.name}({argument.name}:)"
            above = [i for i in definition.interfaces if i in schema.types and field.name in schema.types[i].fields]
            wrong = ""
            if definition.kind == "interface":
                wrong = "the field is an interface's"
            elif above:
                wrong = f"the field implements that of the interface {above[0]}"
            elif argument.default is not None:
                wrong = "it has a default"
            if wrong:
                yield CompositionProblem("CONTEXT_NOT_SET", f"{where} cannot be set from context: {wrong}", own)
            keys = definition.directives.get("key", ())
            if definition.name in ROOTS or not any(use.get("resolvable", True) is not False for use in keys):
                message = f"{where} is set from context, so {definition.name} needs a resolvable @key"
                yield CompositionProblem("CONTEXT_NO_RESOLVABLE_KEY", message, own)


def check_contextual_everywhere(schemas: Sequence[SubgraphSchema]) -> Iterator[CompositionProblem]:
    """What one subgraph has set from context, no other may demand of clients, who do not see it."""
    for name, field, argument, subgraph, value in contextual_elsewhere(schemas):
        if value.type.non_null and value.default is None:
            message = f"{name}.{field}({argument}:) is set from context elsewhere and required in {subgraph}"
            code = "CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS"
            yield CompositionProblem(code, message, (subgraph,), "add @fromContext, make it nullable or give a default")


def contextual_elsewhere(schemas: Sequence[SubgraphSchema]) -> Iterator[tuple[str, str, str, str, Value]]:
    """Arguments that are contextual in another subgraph only: type, field, argument, subgraph, and what it says.

    What a subgraph has handed over, or does not resolve itself, does not count.
    """
    moved = {
        (source, definition.name, field.name)
        for schema in schemas
        for definition, field, source in overrides(schema)
        if label_of(field) is None
    }
    contextual = {
        (definition.name, field.name, argument.name)
        for schema in schemas
        for definition in schema.types.values()
        for field in definition.fields.values()
        if (schema.name, definition.name, field.name) not in moved
        for argument in field.arguments.values()
        if "fromContext" in argument.directives
    }
    for name, field, argument in sorted(contextual):
        for schema in schemas:
            declared = schema.types[name].fields.get(field) if name in schema.types else None
            if declared is None or (schema.name, name, field) in moved or "external" in declared.directives:
                continue
            value = declared.arguments.get(argument)
            if value is not None and "fromContext" not in value.directives:
                yield name, field, argument, schema.name, value


def _providers(schema: SubgraphSchema) -> dict[str, dict[str, str]]:
    """By context the object types that set it, each with the type that says so for it, itself if it does."""
    found: dict[str, dict[str, str]] = {}
    for definition in schema.types.values():
        for applied in definition.directives.get("context", ()):
            types = found.setdefault(str(applied.get("name", "")), {})
            for concrete in schema.possible(definition.name):
                if definition.name == concrete or definition.kind == "interface":
                    types[concrete] = definition.name if types.get(concrete) != concrete else concrete
                else:
                    types.setdefault(concrete, concrete)
    return found


def _read(
    schema: SubgraphSchema,
    providers: Mapping[str, Mapping[str, str]],
    at: tuple[Definition, Declared, Value],
    text: object,
) -> ContextUse | tuple[str, str]:
    """A use, or the code and the message of what is wrong with it."""
    definition, field, argument = at
    where = f"{definition.name}.{field.name}({argument.name}:)"
    reference = REFERENCE.fullmatch(text) if isinstance(text, str) else None
    if reference is None:
        return "NO_CONTEXT_IN_SELECTION", f"{where}: {text!r} names no context"
    context, selection = reference[1], reference[2].strip(" \t\r\n,")
    if context not in providers:
        return "CONTEXT_NOT_SET", f"{where}: no type of {schema.name} sets the context {context}"
    if not selection:
        return "NO_SELECTION_FOR_CONTEXT", f"{where}: nothing of the context {context} is selected"
    try:
        source = selection if selection.startswith("{") else "{" + selection + "}"
        document = parse(source, no_location=True, max_tokens=MAX_FIELD_SET_TOKENS)
    except GraphQLError as reason:
        return INVALID, f"{where}: {reason.message}"
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    chosen = {}
    for concrete, sayer in providers[context].items():
        found = _chosen(schema, concrete, sayer, operation.selection_set)
        if isinstance(found, str):
            return INVALID, f"{where}: {found}"
        nodes, on = found
        value = _value_type(schema, on, nodes)
        if isinstance(value, str):
            return INVALID, f"{where}: {value}"
        if not _fits(value, argument.type):
            return INVALID, f"{where} is {argument.type}, but what is selected of {on} is {value}"
        chosen[concrete] = nodes
    return ContextUse(schema.name, definition.name, field.name, argument, context, selection, chosen)


def _chosen(
    schema: SubgraphSchema, concrete: str, sayer: str, nodes: SelectionSetNode
) -> tuple[SelectionSetNode, str] | str:
    """What is selected of one object type, and the type it is selected on; or what is wrong."""
    fragments = [node for node in nodes.selections if isinstance(node, InlineFragmentNode)]
    if not fragments:
        return nodes, sayer
    if len(fragments) < len(nodes.selections):
        return "a selection has either fields or fragments"
    matching: dict[str, SelectionSetNode] = {}
    for fragment in fragments:
        if fragment.type_condition is None:
            return "a fragment names its type"
        if fragment.directives:
            return "a selection takes no directives"
        condition = fragment.type_condition.name.value
        if concrete in schema.possible(condition):
            matching.setdefault(condition, fragment.selection_set)
    on = concrete if concrete in matching else next(iter(matching), None)
    return (matching[on], on) if on is not None else f"no fragment matches {concrete}"


def _value_type(schema: SubgraphSchema, type_name: str, nodes: SelectionSetNode) -> TypeRef | str:
    """The type of the one value that is selected, or what is wrong."""
    if len(nodes.selections) != 1:
        return "a selection names one value"
    node = nodes.selections[0]
    if not isinstance(node, FieldNode):
        return "fragments stand at the top of a selection alone"
    if node.alias:
        return f"{node.name.value}: a selection takes no aliases"
    if node.directives:
        return "a selection takes no directives"
    field = schema.types[type_name].fields.get(node.name.value)
    if field is None:
        return f"{type_name} has no field {node.name.value} in {schema.name}"
    if node.arguments or any(a.type.non_null and a.default is None for a in field.arguments.values()):
        return f"{type_name}.{field.name} takes arguments"
    if any("fromContext" in argument.directives for argument in field.arguments.values()):
        return f"{type_name}.{field.name} is set from context itself"
    composite = schema.types.get(field.type.name, Definition(field.type.name, "scalar")).kind in COMPOSITE
    if composite != (node.selection_set is not None):
        return f"{field.name} is {field.type} and {'must' if composite else 'must not'} have a selection"
    if node.selection_set is None:
        return field.type
    below = _value_type(schema, field.type.name, node.selection_set)
    return below if isinstance(below, str) else _through(field.type, below)


def _through(outer: TypeRef, inner: TypeRef) -> TypeRef:
    """The type of what is read of every object that a field gives."""
    if outer.of is not None:
        return TypeRef(inner.name, _through(outer.of, inner), outer.non_null)
    return TypeRef(inner.name, inner.of, inner.non_null and outer.non_null)


def _fits(value: TypeRef, wanted: TypeRef) -> bool:
    """Whether every value of one type may go into the other."""
    if wanted.non_null and not value.non_null:
        return False
    if value.of is not None and wanted.of is not None:
        return _fits(value.of, wanted.of)
    return value.of is None and wanted.of is None and value.name == wanted.name
