"""Composes subgraph SDLs into a supergraph, or says why not.

A. read      every SDL becomes plain data under canonical names            (declared, link, fieldset, external,
                                                                            upgrade, interfaceobject, override,
                                                                            contexts)
B. refuse    what the gateway would misread, and names that lead nowhere    (checks, placement, demand,
                                                                            contexts)
C. merge     type by type, by Federation's merge rules                      (merge, values)
D. check     sharing, externals, interfaces, what is inaccessible           (checks, publish, visibility)
E. assemble  schemas, and each subgraph's view with its field sets dissolved (assemble)
F. prove     that every public field can be resolved from every root        (satisfiability)
G. print     what fields demand of who asks, and the supergraph as other    (access, join, joinspec)
             routers load it

Each step stops the composition with all of its problems, so that a later step never sees what an earlier one refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from gateway.composer.access import access_rules
from gateway.composer.assemble import Carriers, assemble
from gateway.composer.checks import (
    check_externals,
    check_imported,
    check_interface_keys,
    check_interfaces,
    check_names,
    check_sharing,
)
from gateway.composer.contexts import check_contexts, check_contextual_everywhere, context_uses
from gateway.composer.contract import Contract, narrow
from gateway.composer.declared import read_subgraph
from gateway.composer.demand import check_demand
from gateway.composer.external import Externals
from gateway.composer.fieldset import field_sets
from gateway.composer.hints import hints
from gateway.composer.interfaceobject import expand_interface_objects
from gateway.composer.join import Sources, print_supergraph
from gateway.composer.merge import merge_types
from gateway.composer.override import moves
from gateway.composer.placement import check_bases, check_placement
from gateway.composer.publish import build, public_types
from gateway.composer.satisfiability import check_satisfiable
from gateway.composer.upgrade import upgrade
from gateway.composer.visibility import check_visible
from gateway.errors import CompositionError, CompositionProblem
from gateway.supergraph import Supergraph
from gateway.supergraph.routes import Routes


def compose(
    subgraphs: Mapping[str, str], *, urls: Mapping[str, str] | None = None, contract: Contract | None = None
) -> Supergraph:
    """Compose SDLs by subgraph name; raises `CompositionError` with every problem of the first step that has any.

    `urls` are where subgraphs are served, for the supergraph's SDL. `contract` narrows what is public.
    """
    problems: list[CompositionProblem] = []
    # A. read
    schemas = [read_subgraph(name, sdl) for name, sdl in subgraphs.items()]
    # B. refuse
    for schema in schemas:
        problems += [*check_imported(schema), *check_names(schema), *check_placement(schema)]
        problems += [*check_demand(schema), *check_contexts(schema)]
    problems += [*check_bases(schemas), *check_contextual_everywhere(schemas)]
    if not any("Query" in schema.types for schema in schemas):
        problems.append(CompositionProblem("NO_QUERIES", "no subgraph has a Query"))
    _stop_at(problems)
    for schema in schemas:
        upgrade(schema)
    expand_interface_objects(schemas, problems)
    moved = moves(schemas, problems)
    _stop_at(problems)
    sets = [field_set for schema in schemas for field_set in field_sets(schema, problems)]
    contexts = [use for schema in schemas for use in context_uses(schema, problems)]
    _stop_at(problems)
    sets += [field_set for use in contexts for field_set in use.field_sets()]
    externals = Externals(schemas, sets, moved.whole)
    # C. merge
    types = merge_types(schemas, externals, problems)
    _stop_at(problems)
    # D. check
    problems += [*check_sharing(schemas, sets, externals, moved.steps), *check_interfaces(schemas, types)]
    problems += check_interface_keys(schemas, types)
    for schema in schemas:
        problems += check_externals(schema, sets, externals)
    if contract is not None:
        narrow(types, contract)
    problems += check_visible(types)
    shown = public_types(types, problems)
    _stop_at(problems)
    # E. assemble
    full, public = build(types, problems), build(shown, problems)
    _stop_at(problems)
    assert full is not None
    assert public is not None
    supergraph = assemble(schemas, Carriers(sets, contexts), externals, full, public, moved.steps)
    # F. prove
    for stage in _stages(supergraph):
        problems += check_satisfiable(stage, Routes(stage.subgraphs))
        _stop_at(problems)
    # G. print
    sdl = print_supergraph(types, Sources(schemas, externals, urls or {}, moved.steps, contexts))
    supergraph = replace(supergraph, rules=access_rules(types))
    return supergraph.with_sdl(sdl, urls or {}, hints(schemas))


def _stages(supergraph: Supergraph) -> Iterator[Supergraph]:
    """The graph before any field has moved by label, with one label alone each, and with all of them."""
    yield supergraph
    if supergraph.labels is not None:
        labels = [*supergraph.labels.fields]
        yield from [supergraph.labels.under(frozenset([label])) for label in labels]
        yield supergraph.labels.under(frozenset(labels))


def _stop_at(problems: Sequence[CompositionProblem]) -> None:
    if problems:
        raise CompositionError(problems)
