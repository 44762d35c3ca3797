"""Turns drafts into a plan: steps D and E of the planner."""

from collections.abc import Iterable, Mapping, Sequence

from gateway.errors import PlanRefused
from gateway.plan import Context, Deferred, Fetch, Kind, Part, Plan, Representation
from gateway.planner.contexts import ContextValue
from gateway.planner.deferring import Settled
from gateway.planner.document import Writer
from gateway.planner.draft import Draft
from gateway.planner.gather import ENTITIES
from gateway.planner.joining import join
from gateway.planner.keyspace import KeySpace
from gateway.supergraph import Subgraph, Supergraph
from gateway.supergraph.selection import TYPENAME, Field

MAX_FETCHES = 200
"""A page of a shop takes some ten; past this an operation is an attack or a mistake."""

OF_ROOT: Mapping[str, Kind] = {"Mutation": "mutation", "Subscription": "subscription"}
"""What a fetch from this root is; every other is a query."""


def assemble(
    supergraph: Supergraph, drafts: Sequence[Draft], keys: KeySpace, writer: Writer, deferred: Sequence[Settled] = ()
) -> Plan:
    """Join, order and print drafts."""
    # D. join what can travel together
    groups = join(supergraph, drafts, writer)
    if len(groups) > MAX_FETCHES:
        raise PlanRefused(f"it needs more than {MAX_FETCHES} fetches")
    numbers: dict[Draft, int] = {}
    for number, group in enumerate(groups, 1):
        numbers |= dict.fromkeys(group, number)
    # E. print each fetch as a document of its own
    fetches = [_fetch(supergraph, group, numbers, writer) for group in groups]
    later = [Deferred(d.deferral, tuple(sorted({numbers[draft] for draft in d.drafts}))) for d in deferred]
    return Plan(writer.kind, tuple(fetches), keys.visible(), tuple(later))


def _fetch(supergraph: Supergraph, group: Sequence[Draft], numbers: Mapping[Draft, int], writer: Writer) -> Fetch:
    first = group[0]
    subgraph = supergraph.subgraphs[first.service]
    number = numbers[first]
    root = first.root
    for draft in group[1:]:
        for type_name, fields in draft.root.by_type.items():
            root.by_type[type_name] = {**root.by_type.get(type_name, {}), **fields}
    document, variables, name = writer.document(subgraph, root, number, first.contexts.values())
    representations = tuple(
        Representation(draft.path, type_name, _parts(supergraph, subgraph, type_name, fields))
        for draft in group
        for type_name, fields in draft.needs.items()
    )
    return Fetch(
        id=number,
        service=first.service,
        kind=OF_ROOT.get(root.static, "query"),
        document=document,
        operation_name=name,
        variables=variables,
        representations=representations,
        representations_variable=writer.representations_variable,
        keys=tuple(key for asked in root.by_type.values() for key in asked) if root.static != ENTITIES else (),
        depends_on=tuple(sorted({numbers[dep] for dep in first.deps})),
        phase=first.phase,
        contexts=tuple(_context(supergraph, subgraph, value) for value in first.contexts.values()),
    )


def _context(supergraph: Supergraph, subgraph: Subgraph, value: ContextValue) -> Context:
    (part,) = _parts(supergraph, subgraph, value.above.type_name, [value.field])
    return Context(value.variable, value.above.path, value.above.type_name, part, value.nullable)


def _parts(supergraph: Supergraph, subgraph: Subgraph, type_name: str, fields: Iterable[Field]) -> tuple[Part, ...]:
    """Fields to send, each once: one that key and `@requires` both need is sent with all that either needs."""
    merged: dict[str, list[Field]] = {}
    for asked in fields:
        merged.setdefault(asked.name, []).append(asked)
    parts = []
    for name, same in merged.items():
        if name == TYPENAME:
            continue
        declared = subgraph.field(type_name, name)
        nullable = declared is None or not declared.type.non_null
        below: dict[str, list[Field]] = {}
        for asked in same:
            for concrete, inner in asked.selection.by_type.items() if asked.selection else ():
                below.setdefault(concrete, []).extend(inner.values())
        nested = {t: _parts(supergraph, subgraph, t, inner) for t, inner in below.items()}
        selection = same[0].selection
        opaque = declared is not None and declared.type.name in subgraph.opaque
        abstract = selection is not None and selection.abstract and not opaque
        parts.append(Part(name, same[0].data_key, nullable, nested if selection else None, abstract))
    return tuple(parts)
