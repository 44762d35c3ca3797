"""Turns drafts into a plan: steps D and E of the planner."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.errors import PlanRefused
from gateway.plan import Fetch, Part, Plan, Representation
from gateway.planner.document import Writer
from gateway.planner.draft import Draft
from gateway.planner.gather import ENTITIES
from gateway.planner.keyspace import KeySpace
from gateway.supergraph import Subgraph, Supergraph
from gateway.supergraph.selection import TYPENAME, Field

MAX_FETCHES = 200
"""A page of a shop takes some ten; past this an operation is an attack or a mistake."""


def assemble(supergraph: Supergraph, drafts: Sequence[Draft], keys: KeySpace, writer: Writer) -> Plan:
    """Join, order and print drafts."""
    # D. join what can travel together
    groups = _join(supergraph, drafts, writer)
    if len(groups) > MAX_FETCHES:
        raise PlanRefused(f"it needs more than {MAX_FETCHES} fetches")
    numbers: dict[Draft, int] = {}
    for number, group in enumerate(groups, 1):
        numbers |= dict.fromkeys(group, number)
    # E. print each fetch as a document of its own
    fetches = [_fetch(supergraph, group, numbers, writer) for group in groups]
    return Plan(writer.kind, tuple(fetches), keys.visible())


def _join(supergraph: Supergraph, drafts: Sequence[Draft], writer: Writer) -> list[list[Draft]]:
    """Group drafts in an order in which each follows what it waits for.

    Entity fetches into the same subgraph that wait for the same are one fetch: another type asks by its own fragment,
    and the same type at another path joins only if it asks for exactly the same.
    """
    groups: list[list[Draft]] = []
    group_of: dict[Draft, int] = {}
    open_groups: dict[tuple[object, ...], list[int]] = {}
    questions = {draft: _question(supergraph, draft, writer) for draft in drafts if draft.needs}
    for draft in _ordered(drafts):
        if not draft.needs:
            group_of[draft] = len(groups)
            groups.append([draft])
            continue
        identity = (draft.service, frozenset(group_of[dep] for dep in draft.deps))
        candidates = open_groups.setdefault(identity, [])
        fitting = [g for g in candidates if all(_fits(draft, other, questions) for other in groups[g])]
        if not fitting:
            candidates.append(len(groups))
            groups.append([])
            fitting = [candidates[-1]]
        group_of[draft] = fitting[0]
        groups[fitting[0]].append(draft)
    return groups


def _ordered(drafts: Sequence[Draft]) -> Iterator[Draft]:
    """Drafts by depth of waiting, then by birth."""
    depth: dict[Draft, int] = {}

    def depth_of(draft: Draft) -> int:
        if draft not in depth:
            depth[draft] = 1 + max((depth_of(dep) for dep in draft.deps), default=0)
        return depth[draft]

    yield from sorted(drafts, key=lambda draft: (depth_of(draft), draft.number))


def _fits(draft: Draft, other: Draft, questions: Mapping[Draft, object]) -> bool:
    return draft.needs.keys().isdisjoint(other.needs) or questions[draft] == questions[other]


def _question(supergraph: Supergraph, draft: Draft, writer: Writer) -> object:
    """What a draft asks and tells: two drafts of one type that agree in it differ in their paths alone."""
    asked = writer.selection(supergraph.subgraphs[draft.service], draft.root)
    return asked, {type_name: _parts_text(fields) for type_name, fields in draft.needs.items()}


def _parts_text(fields: Iterable[Field]) -> frozenset[str]:
    texts = set()
    for asked in fields:
        below = asked.selection.by_type.items() if asked.selection else ()
        texts.add(
            f"{asked.name}={asked.data_key}" + str(sorted((t, sorted(_parts_text(f.values()))) for t, f in below))
        )
    return frozenset(texts)


def _fetch(supergraph: Supergraph, group: Sequence[Draft], numbers: Mapping[Draft, int], writer: Writer) -> Fetch:
    first = group[0]
    subgraph = supergraph.subgraphs[first.service]
    number = numbers[first]
    root = first.root
    for draft in group[1:]:
        root.by_type |= draft.root.by_type
    document, variables, name = writer.document(subgraph, root, number)
    representations = tuple(
        Representation(draft.path, type_name, _parts(supergraph, subgraph, type_name, fields))
        for draft in group
        for type_name, fields in draft.needs.items()
    )
    return Fetch(
        id=number,
        service=first.service,
        kind="mutation" if root.static == "Mutation" else "query",
        document=document,
        operation_name=name,
        variables=variables,
        representations=representations,
        representations_variable=writer.representations_variable,
        keys=tuple(key for asked in root.by_type.values() for key in asked) if root.static != ENTITIES else (),
        depends_on=tuple(sorted({numbers[dep] for dep in first.deps})),
    )


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
        parts.append(
            Part(
                name, same[0].data_key, nullable, nested if selection else None, bool(selection and selection.abstract)
            )
        )
    return tuple(parts)
