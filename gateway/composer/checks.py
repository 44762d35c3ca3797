"""Rules a graph must keep beyond merging: names, sharing, externals, interfaces."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from graphql import FieldNode, InlineFragmentNode, SelectionSetNode, specified_scalar_types

from gateway.composer.declared import Applied, Definition, SubgraphSchema
from gateway.composer.external import Externals, marked_external
from gateway.composer.fieldset import FieldSet, coordinates
from gateway.composer.link import FEDERATION_DIRECTIVES
from gateway.composer.override import Step
from gateway.errors import CompositionProblem
from gateway.supergraph import ROOTS


def check_imported(schema: SubgraphSchema) -> Iterator[CompositionProblem]:
    """Refuse Federation's directives by names that no `@link` gave them."""
    for place, directives in _places(schema):
        for name in directives:
            if name.removeprefix("@") in FEDERATION_DIRECTIVES and name.startswith("@"):
                message = f"{name} on {place} is used but not imported by @link"
                yield CompositionProblem("INVALID_GRAPHQL", message, (schema.name,), f'add "{name}" to the import')


def check_names(schema: SubgraphSchema) -> Iterator[CompositionProblem]:
    """Every type that is named must be declared, and no field may lead back to a root."""
    known = set(schema.types) | set(specified_scalar_types)
    for definition in schema.types.values():
        named = [*definition.interfaces, *definition.members]
        named += [value.type.name for value in definition.values.values()]
        for field in definition.fields.values() if definition.kind != "enum" else ():
            named += [field.type.name, *(a.type.name for a in field.arguments.values())]
            if field.type.name in ROOTS:
                message = f"{definition.name}.{field.name} returns {field.type.name}, which only starts an operation"
                yield CompositionProblem("UNSUPPORTED_FEATURE", message, (schema.name,), "remove the field")
        for name in dict.fromkeys(named):
            if name not in known:
                message = f"{definition.name} names type {name}, which is not declared"
                yield CompositionProblem("INVALID_GRAPHQL", message, (schema.name,))


def check_sharing(
    schemas: Sequence[SubgraphSchema], sets: Sequence[FieldSet], externals: Externals, steps: Sequence[Step] = ()
) -> Iterator[CompositionProblem]:
    """A field that several subgraphs resolve must be `@shareable` in each, unless it is in a key.

    Of two between which it moves in steps, either resolves it, never both.
    """
    leaving = {(step.source, step.type_name, step.field) for step in steps}
    by_name = {schema.name: schema for schema in schemas}
    keys = {
        (field_set.subgraph, type_name, field)
        for field_set in sets
        if field_set.purpose == "key"
        for type_name, field, _ in coordinates(by_name[field_set.subgraph], field_set)
    }
    for name in dict.fromkeys(name for schema in schemas for name in schema.types):
        declared = [(s.name, s.types[name]) for s in schemas if name in s.types and s.types[name].kind == "object"]
        for field in dict.fromkeys(field for _, definition in declared for field in definition.fields):
            owners = [
                (s, d)
                for s, d in declared
                if field in d.fields and not externals.is_external(s, name, field) and (s, name, field) not in leaving
            ]
            alone = tuple(
                s
                for s, d in owners
                if "shareable" not in d.directives
                and "shareable" not in d.fields[field].directives
                and (s, name, field) not in keys
            )
            if name == "Subscription":
                yield from _never_shared(field, tuple(s for s, _ in owners if s not in alone))
            elif len(owners) > 1 and alone:
                message = f"{name}.{field} is resolved in {', '.join(s for s, _ in owners)}, but not @shareable in all"
                yield CompositionProblem("INVALID_FIELD_SHARING", message, alone, "add @shareable")


def _never_shared(field: str, shared: tuple[str, ...]) -> Iterator[CompositionProblem]:
    """A subscription has one source; where several subgraphs could be it, each has events of its own."""
    if shared:
        message = f"Subscription.{field} is @shareable, which a root field of a subscription cannot be"
        yield CompositionProblem("INVALID_FIELD_SHARING", message, shared, "remove @shareable")


def check_externals(
    schema: SubgraphSchema, sets: Sequence[FieldSet], externals: Externals
) -> Iterator[CompositionProblem]:
    """`@external` must serve a purpose, and `@requires` and `@provides` must name external fields."""
    own = [field_set for field_set in sets if field_set.subgraph == schema.name]
    used = {(t, f) for field_set in own for t, f, _ in coordinates(schema, field_set)}
    for definition in schema.types.values():
        marked = [] if definition.stands_behind else marked_external(definition)
        if definition.kind == "interface" and marked:
            message = f"{definition.name}.{marked[0]}: a field of an interface cannot be @external"
            yield CompositionProblem("EXTERNAL_ON_INTERFACE", message, (schema.name,))
            continue
        for name in marked:
            by_interface = any(name in schema.types[i].fields for i in definition.interfaces if i in schema.types)
            if (definition.name, name) not in used and not by_interface:
                message = (
                    f"{definition.name}.{name} is @external, but no @key, @requires, @provides or @fromContext names it"
                )
                yield CompositionProblem("EXTERNAL_UNUSED", message, (schema.name,), "remove the field")
    for field_set in own:
        if field_set.purpose in ("key", "context"):
            continue
        root = field_set.on
        if field_set.purpose == "provides" and field_set.field:
            root = schema.types[root].fields[field_set.field].type.name
        marks = {d.name: set(marked_external(d)) for d in schema.types.values()}
        for leaf in _owned_leaves(schema, root, field_set.nodes, marks):
            code = f"{field_set.purpose.upper()}_FIELDS_MISSING_EXTERNAL"
            message = f"@{field_set.purpose} on {field_set.type_name} names {leaf}, which is not @external"
            yield CompositionProblem(code, message, (schema.name,))


def _owned_leaves(
    schema: SubgraphSchema, type_name: str, nodes: SelectionSetNode, marks: Mapping[str, set[str]]
) -> Iterator[str]:
    """Leaves of a field set of which neither they nor anything above is external."""
    for node in nodes.selections:
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition.name.value if node.type_condition else type_name
            yield from _owned_leaves(schema, condition, node.selection_set, marks)
        elif isinstance(node, FieldNode):
            name = node.name.value
            if any(name in marks[t] for t in (type_name, *schema.possible(type_name))):
                continue
            if node.selection_set is None:
                yield f"{type_name}.{name}"
            else:
                below = schema.types[type_name].fields[name].type.name
                yield from _owned_leaves(schema, below, node.selection_set, marks)


def check_interface_keys(
    schemas: Sequence[SubgraphSchema], types: Mapping[str, Definition]
) -> Iterator[CompositionProblem]:
    """An interface with a key is an entity: its subgraph must know every type that implements it."""
    for schema in schemas:
        for definition in schema.types.values():
            keys = {str(use.get("fields")) for use in definition.directives.get("key", ())}
            if definition.kind != "interface" or not keys:
                continue
            for implementation in schema.possible(definition.name):
                own = {str(use.get("fields")) for use in schema.types[implementation].directives.get("key", ())}
                if not keys <= own:
                    message = f"{definition.name} has keys which its type {implementation} lacks"
                    yield CompositionProblem("INTERFACE_KEY_NOT_ON_IMPLEMENTATION", message, (schema.name,))
            resolvable = any(use.get("resolvable", True) for use in definition.directives["key"])
            for merged in types.values() if resolvable else ():
                lacking = merged.kind == "object" and merged.name not in schema.types
                if lacking and definition.name in merged.interfaces:
                    message = f"{definition.name} has a key, but its type {merged.name} is not declared beside it"
                    code = "INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE"
                    yield CompositionProblem(code, message, (schema.name,), f"declare {merged.name}")


def check_interfaces(
    schemas: Sequence[SubgraphSchema], types: Mapping[str, Definition]
) -> Iterator[CompositionProblem]:
    """Merged objects have all fields of their merged interfaces."""
    for definition in types.values():
        for interface in definition.interfaces:
            for name in types[interface].fields if interface in types else ():
                if name not in definition.fields:
                    message = f"{definition.name} implements {interface}, but no subgraph gives it {name}"
                    having = tuple(s.name for s in schemas if definition.name in s.types)
                    yield CompositionProblem("INTERFACE_FIELD_NO_IMPLEM", message, having)


def _places(schema: SubgraphSchema) -> Iterable[tuple[str, Applied]]:
    for definition in schema.types.values():
        yield definition.name, definition.directives
        for value in definition.values.values():
            yield f"{definition.name}.{value.name}", value.directives
        for field in definition.fields.values():
            yield f"{definition.name}.{field.name}", field.directives
            for argument in field.arguments.values():
                yield f"{definition.name}.{field.name}({argument.name}:)", argument.directives
