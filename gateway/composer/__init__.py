"""Composes subgraph SDLs into a supergraph, or says why not.

A. read      every SDL becomes plain data under canonical names            (declared, link, fieldset, external)
B. refuse    what the gateway would misread, and names that lead nowhere    (checks)
C. merge     type by type, by Federation's merge rules                      (merge, values)
D. check     sharing, externals, interfaces, what is inaccessible           (checks, publish)
E. assemble  schemas, and each subgraph's view with its field sets dissolved
F. prove     that every public field can be resolved from every root        (satisfiability)

Each step stops the composition with all of its problems, so that a later step never sees what an earlier one refused.
"""

from collections.abc import Mapping, Sequence

from graphql import print_schema

from gateway.composer.checks import (
    check_externals,
    check_interfaces,
    check_names,
    check_sharing,
    check_supported,
)
from gateway.composer.declared import SubgraphSchema, read_subgraph
from gateway.composer.external import Externals
from gateway.composer.fieldset import FieldSet, field_sets
from gateway.composer.merge import merge_types
from gateway.composer.publish import build, public_types
from gateway.composer.satisfiability import check_satisfiable
from gateway.errors import CompositionError, CompositionProblem
from gateway.supergraph import Key, Subgraph, SubgraphField, SubgraphType, Supergraph
from gateway.supergraph.routes import Routes
from gateway.supergraph.selection import Selection, SelectionBuilder, TypeIndex

COMPOSITE = ("object", "interface", "union")


def compose(subgraphs: Mapping[str, str]) -> Supergraph:
    """Compose SDLs by subgraph name; raises `CompositionError` with every problem of the first step that has any."""
    problems: list[CompositionProblem] = []
    # A. read
    schemas = [read_subgraph(name, sdl) for name, sdl in subgraphs.items()]
    # B. refuse
    for schema in schemas:
        problems += [*check_supported(schema), *check_names(schema)]
    if not any("Query" in schema.types for schema in schemas):
        problems.append(CompositionProblem("NO_QUERIES", "no subgraph has a Query"))
    _stop_at(problems)
    sets = [field_set for schema in schemas for field_set in field_sets(schema, problems)]
    _stop_at(problems)
    externals = Externals(schemas, sets)
    # C. merge
    types = merge_types(schemas, externals, problems)
    _stop_at(problems)
    # D. check
    problems += [*check_sharing(schemas, sets, externals), *check_interfaces(schemas, types)]
    for schema in schemas:
        problems += check_externals(schema, sets, externals)
    shown = public_types(types, problems)
    _stop_at(problems)
    # E. assemble
    full, public = build(types, problems), build(shown, problems)
    _stop_at(problems)
    assert full is not None
    assert public is not None
    index = TypeIndex(full)
    supergraph = Supergraph(
        {schema.name: _view(schema, sets, externals, index) for schema in schemas},
        public,
        print_schema(public),
        TypeIndex(public),
        index,
    )
    # F. prove
    problems += check_satisfiable(supergraph, Routes(supergraph.subgraphs))
    _stop_at(problems)
    return supergraph


def _stop_at(problems: Sequence[CompositionProblem]) -> None:
    if problems:
        raise CompositionError(problems)


def _view(schema: SubgraphSchema, sets: Sequence[FieldSet], externals: Externals, index: TypeIndex) -> Subgraph:
    """One subgraph as planner and proof see it."""
    builder = SelectionBuilder(index, {}, lambda directives: True)
    carried: dict[tuple[str, str, str], Selection] = {}
    keys: dict[str, list[Key]] = {}
    for field_set in sets:
        if field_set.subgraph != schema.name:
            continue
        if field_set.field is None:
            key = Key(field_set.text, builder.build(field_set.on, [field_set.nodes]), field_set.resolvable)
            keys.setdefault(field_set.on, []).append(key)
            continue
        root = field_set.on
        if field_set.purpose == "provides":
            root = schema.types[root].fields[field_set.field].type.name
        carried[field_set.purpose, field_set.on, field_set.field] = builder.build(root, [field_set.nodes])
    types = {}
    for definition in schema.types.values():
        if definition.kind not in COMPOSITE:
            continue
        fields = {
            field.name: SubgraphField(
                field.name,
                field.type,
                externals.is_external(schema.name, definition.name, field.name),
                carried.get(("requires", definition.name, field.name)),
                carried.get(("provides", definition.name, field.name)),
            )
            for field in definition.fields.values()
        }
        types[definition.name] = SubgraphType(
            definition.name, definition.kind, fields, tuple(keys.get(definition.name, ()))
        )
    return Subgraph(schema.name, types, {name: schema.possible(name) for name in types})
