"""Each subgraph's view of the graph as planner and proof see it, with its field sets dissolved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from graphql import GraphQLSchema, print_schema

from gateway.composer.contexts import ContextUse
from gateway.composer.declared import Definition, SubgraphSchema
from gateway.composer.external import Externals
from gateway.composer.fieldset import FieldSet, coordinates
from gateway.composer.override import Step
from gateway.supergraph import ContextArgument, Key, Subgraph, SubgraphField, SubgraphType, Supergraph
from gateway.supergraph.labels import Labels
from gateway.supergraph.selection import Selection, SelectionBuilder, TypeIndex

COMPOSITE = ("object", "interface", "union")


@dataclass(frozen=True, slots=True)
class Carriers:
    """What fields carry: every field set, and what arguments select of contexts."""

    sets: Sequence[FieldSet]
    contexts: Sequence[ContextUse] = ()


def assemble(
    schemas: Sequence[SubgraphSchema],
    carriers: Carriers,
    externals: Externals,
    full: GraphQLSchema,
    public: GraphQLSchema,
    steps: Sequence[Step] = (),
) -> Supergraph:
    """Join what was read, merged and built into a supergraph; its SDL and hints are still to be set.

    Of the fields that move in `steps`, none has, and the graph's `labels` give those in which some have.
    """
    index = TypeIndex(full)

    def under(active: frozenset[str]) -> Supergraph:
        lost = externals.with_overridden(frozenset(step.loser(active) for step in steps))
        views = {schema.name: _view(schema, carriers, lost, index) for schema in schemas}
        return replace(plain, subgraphs=views)

    views = {schema.name: _view(schema, carriers, externals, index) for schema in schemas}
    plain = Supergraph(views, public, print_schema(public), TypeIndex(public), index)
    return replace(under(frozenset()), labels=_labels(schemas, carriers.sets, steps, under)) if steps else plain


def _labels(
    schemas: Sequence[SubgraphSchema],
    sets: Sequence[FieldSet],
    steps: Sequence[Step],
    under: Callable[[frozenset[str]], Supergraph],
) -> Labels:
    by_name = {schema.name: schema for schema in schemas}
    named = {name for field_set in sets for _, name, _ in coordinates(by_name[field_set.subgraph], field_set)}
    fields: dict[str, frozenset[str]] = {}
    for step in steps:
        fields[step.label] = fields.get(step.label, frozenset()) | {step.field}
    return Labels(fields, frozenset(label for label, moved in fields.items() if moved & named), under)


def _view(schema: SubgraphSchema, carriers: Carriers, externals: Externals, index: TypeIndex) -> Subgraph:
    own = [field_set for field_set in carriers.sets if field_set.subgraph == schema.name]
    keys = _keys(own, index)
    carried = _carried(schema, own, index)
    contextual = _contextual(schema, carriers.contexts, index)
    types = {
        definition.name: _type(schema, definition, externals, carried, keys, contextual)
        for definition in schema.types.values()
        if definition.kind in COMPOSITE and definition.name in index.possible
    }
    possible = {name: tuple(p for p in schema.possible(name) if p in types) for name in types}
    behind = {d.name: d.stands_behind for d in schema.types.values() if d.stands_behind}
    opaque = frozenset(d.name for d in schema.types.values() if d.interface_object)
    return Subgraph(schema.name, types, possible, behind, opaque)


def _keys(own: Sequence[FieldSet], index: TypeIndex) -> Mapping[str, list[Key]]:
    builder = SelectionBuilder(index, {}, lambda directives: True)
    keys: dict[str, list[Key]] = {}
    for field_set in own:
        if field_set.purpose == "key" and field_set.on in index.possible:
            selection = builder.build(field_set.on, [field_set.nodes], itself=True)
            keys.setdefault(field_set.on, []).append(Key(field_set.text, selection, field_set.resolvable))
    return keys


def _carried(
    schema: SubgraphSchema, own: Sequence[FieldSet], index: TypeIndex
) -> dict[tuple[str, str, str], Selection]:
    """Selections of `@requires` and `@provides` by purpose, type and field."""
    builder = SelectionBuilder(index, {}, lambda directives: True)
    carried: dict[tuple[str, str, str], Selection] = {}
    for field_set in own:
        if field_set.field is None or field_set.on not in index.possible:
            continue
        root = field_set.on
        if field_set.purpose == "provides":
            root = schema.types[root].fields[field_set.field].type.name
        selection = builder.build(root, [field_set.nodes], itself=True)
        carried[field_set.purpose, field_set.on, field_set.field] = selection
    return carried


def _contextual(
    schema: SubgraphSchema, contexts: Sequence[ContextUse], index: TypeIndex
) -> dict[tuple[str, str], tuple[ContextArgument, ...]]:
    """Arguments set from context, by type and field."""
    builder = SelectionBuilder(index, {}, lambda directives: True)
    found: dict[tuple[str, str], tuple[ContextArgument, ...]] = {}
    for use in contexts:
        if use.subgraph != schema.name or use.type_name not in index.possible:
            continue
        selections = {
            name: builder.build(name, [nodes], itself=True)
            for name, nodes in use.chosen.items()
            if name in index.possible
        }
        argument = ContextArgument(use.argument.name, use.argument.type, selections)
        found[use.type_name, use.field] = (*found.get((use.type_name, use.field), ()), argument)
    return found


def _type(
    schema: SubgraphSchema,
    definition: Definition,
    externals: Externals,
    carried: Mapping[tuple[str, str, str], Selection],
    keys: Mapping[str, list[Key]],
    contextual: Mapping[tuple[str, str], tuple[ContextArgument, ...]],
) -> SubgraphType:
    name = definition.name
    fields = {
        field.name: SubgraphField(
            field.name,
            field.type,
            externals.is_external(schema.name, name, field.name),
            carried.get(("requires", name, field.name)),
            carried.get(("provides", name, field.name)),
            contextual.get((name, field.name), ()),
        )
        for field in definition.fields.values()
        if not (
            externals.is_external(schema.name, name, field.name) and externals.is_moved(schema.name, name, field.name)
        )
    }
    return SubgraphType(name, definition.kind, fields, tuple(keys.get(name, ())))
