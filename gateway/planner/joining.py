"""Joins drafts into fetches: step D of the planner.

Entity fetches into the same subgraph that wait for the same are one fetch: another type asks by its own fragment, and
the same type at another path joins only if it asks for exactly the same. What is deferred holds up nothing else, so
fetches of different phases stay apart. So do those with arguments set from context: each has values of its own.
"""

from collections.abc import Iterable, Iterator, Sequence

from gateway.planner.document import Writer
from gateway.planner.draft import Asked, Draft, Node
from gateway.supergraph import Subgraph, Supergraph
from gateway.supergraph.selection import Field


def join(supergraph: Supergraph, drafts: Sequence[Draft], writer: Writer) -> list[list[Draft]]:
    """Group drafts in an order in which each follows what it waits for."""
    joiner = _Joiner(supergraph, writer)
    groups: list[list[Draft]] = []
    group_of: dict[Draft, int] = {}
    open_groups: dict[tuple[object, ...], list[int]] = {}
    for draft in _ordered(drafts):
        if not draft.needs or draft.contexts:
            group_of[draft] = len(groups)
            groups.append([draft])
            continue
        identity = (draft.service, draft.phase, frozenset(group_of[dep] for dep in draft.deps))
        candidates = open_groups.setdefault(identity, [])
        fitting = next((g for g in candidates if joiner.fits(draft, g)), None)
        if fitting is None:
            fitting = len(groups)
            candidates.append(fitting)
            groups.append([])
        group_of[draft] = fitting
        groups[fitting].append(draft)
        joiner.joined(draft, fitting)
    return groups


def _ordered(drafts: Sequence[Draft]) -> Iterator[Draft]:
    """Drafts by depth of waiting, then by birth."""
    depth: dict[Draft, int] = {}

    def depth_of(draft: Draft) -> int:
        if draft not in depth:
            depth[draft] = 1 + max((depth_of(dep) for dep in draft.deps), default=0)
        return depth[draft]

    yield from sorted(drafts, key=lambda draft: (depth_of(draft), draft.number))


class _Joiner:
    """Answers whether drafts may travel together. Many drafts put the same question: each pair is compared once."""

    def __init__(self, supergraph: Supergraph, writer: Writer) -> None:
        self._subgraphs = supergraph.subgraphs
        self._writer = writer
        self._numbers: dict[object, int] = {}
        self._questions: dict[Draft, int] = {}
        self._apart: dict[tuple[int, int], bool] = {}
        self._heads: dict[int, list[Draft]] = {}

    def joined(self, draft: Draft, group: int) -> None:
        """Note that a draft joined a group; of those that put one question, one speaks for all but its place."""
        heads = self._heads.setdefault(group, [])
        known = any(self._question(head) == self._question(draft) for head in heads)
        if not known or self._subgraphs[draft.service].opaque:
            heads.append(draft)

    def fits(self, draft: Draft, group: int) -> bool:
        """Whether a draft may join every draft of a group into its subgraph."""
        subgraph = self._subgraphs[draft.service]
        mine = self._question(draft)
        for other in self._heads[group]:
            theirs = self._question(other)
            if mine == theirs or self._are_apart(subgraph, draft, other, (mine, theirs)):
                continue
            if not subgraph.opaque or not _behind_one(subgraph, draft, other, self._writer):
                return False
        return True

    def _are_apart(self, subgraph: Subgraph, draft: Draft, other: Draft, pair: tuple[int, int]) -> bool:
        if pair not in self._apart:
            other_types = _types(subgraph, draft).isdisjoint(_types(subgraph, other))
            self._apart[pair] = other_types and _same_shapes(subgraph, draft.root, other.root)
        return self._apart[pair]

    def _question(self, draft: Draft) -> int:
        """A number for what a draft asks and tells: drafts that agree in it differ in their paths alone."""
        if draft not in self._questions:
            asked = self._writer.selection(self._subgraphs[draft.service], draft.root)
            told = frozenset((type_name, _parts_text(fields)) for type_name, fields in draft.needs.items())
            question = (draft.service, asked, told)
            self._questions[draft] = self._numbers.setdefault(question, len(self._numbers))
        return self._questions[draft]


def _types(subgraph: Subgraph, draft: Draft) -> set[str]:
    """Types of the objects a draft is about, with all that an interface among them may stand for."""
    named = {*draft.needs, *draft.root.by_type}
    return named.union(*(subgraph.possible.get(name, ()) for name in named))


def _same_shapes(subgraph: Subgraph, one: Node, other: Node, exclusive: bool = False) -> bool:
    """Whether two selections may stand in one document: the same key always has the same type there.

    It must be the same field too, unless the objects are known to be of different types: `exclusive`, or both objects.
    """
    shapes: dict[str, list[tuple[str, Asked]]] = {}
    for type_name, key, asked in _listed(one):
        shapes.setdefault(key, []).append((type_name, asked))
    for type_name, key, asked in _listed(other):
        for known_type, known in shapes.get(key, ()):
            kinds = {subgraph.types[t].kind for t in (type_name, known_type) if t in subgraph.types}
            differ = exclusive or (type_name != known_type and kinds == {"object"})
            if not differ and (asked.name, asked.arguments) != (known.name, known.arguments):
                return False
            if _type(subgraph, type_name, asked) != _type(subgraph, known_type, known):
                return False
            if known.below and asked.below and not _same_shapes(subgraph, known.below, asked.below, differ):
                return False
    return True


def _listed(node: Node) -> Iterator[tuple[str, str, Asked]]:
    for type_name, fields in node.by_type.items():
        for key, asked in fields.items():
            yield type_name, key, asked


def _type(subgraph: Subgraph, type_name: str, asked: Asked) -> str:
    declared = subgraph.field(type_name, asked.name)
    return str(declared.type) if declared else ""


def _behind_one(subgraph: Subgraph, draft: Draft, other: Draft, writer: Writer) -> bool:
    """Whether two drafts ask of one interface object what is asked of types behind it at one place.

    Each type then gets what any of them asks for; where they ask for the same key, they ask for the same.
    """
    if not subgraph.opaque.issuperset((*draft.root.by_type, *other.root.by_type)):
        return False
    place, told = ([step.key for step in d.path] for d in (draft, other))
    same = place == told and draft.path[:-1] == other.path[:-1] and draft.needs.keys() == other.needs.keys()
    if not same or any(_parts_text(draft.needs[t]) != _parts_text(other.needs[t]) for t in draft.needs):
        return False
    return all(
        writer.field(subgraph, key, asked) == writer.field(subgraph, key, known[key])
        for type_name, fields in draft.root.by_type.items()
        for known in [other.root.by_type.get(type_name, {})]
        for key, asked in fields.items()
        if key in known
    )


def _parts_text(fields: Iterable[Field]) -> frozenset[str]:
    texts = set()
    for asked in fields:
        below = asked.selection.by_type.items() if asked.selection else ()
        texts.add(
            f"{asked.name}={asked.data_key}" + str(sorted((t, sorted(_parts_text(f.values()))) for t, f in below))
        )
    return frozenset(texts)
