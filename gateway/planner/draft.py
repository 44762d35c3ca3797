"""The planner's workpieces: fetches while they still grow, and the places in the answer at which they meet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.plan import Step
from gateway.planner.keyspace import KeySpace
from gateway.supergraph import Provided
from gateway.supergraph.selection import Field

if TYPE_CHECKING:
    from gateway.planner.contexts import ContextValue


@dataclass(slots=True, eq=False)
class Asked:
    """A field in a subgraph document."""

    name: str
    arguments: str
    variables: frozenset[str]
    below: "Node | None" = None


@dataclass(slots=True, eq=False)
class Node:
    """A selection set in a subgraph document: fields by concrete type, below a field of type `static` in that subgraph.

    `abstract` says that `__typename` is needed to tell objects apart.
    """

    static: str
    abstract: bool
    by_type: dict[str, dict[str, Asked]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Draft:
    """A fetch that still grows. `needs` are the fields to send, by entity type; a root fetch has none."""

    service: str
    path: tuple[Step, ...]
    root: Node
    deps: frozenset["Draft"]
    number: int
    phase: int = 0
    needs: dict[str, list[Field]] = field(default_factory=dict)
    contexts: "dict[str, ContextValue]" = field(default_factory=dict)
    """By variable what arguments are set to. A fetch that has any gives fields with such arguments and no others."""
    ancestors: frozenset["Draft"] = frozenset()
    """Every fetch that is done before this one starts."""

    def __post_init__(self) -> None:
        self.ancestors = self.deps.union(*(dep.ancestors for dep in self.deps))


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A fetch that asks for fields of the objects at a position."""

    draft: Draft
    node: Node
    provided: Provided


@dataclass(slots=True, eq=False)
class Position:
    """Objects of one concrete type at one place in the answer, and the fetches that reach them."""

    type_name: str
    path: tuple[Step, ...]
    keys: KeySpace
    guard: frozenset[Draft] = frozenset()
    """Fetches that tell of which type the objects are, where those that reach them cannot."""
    sites: list[Site] = field(default_factory=list)
    parent: "Position | None" = None
    _below: dict[tuple[str, str], "Position"] = field(default_factory=dict)

    def below(self, data_key: str, type_name: str, abstract: bool, guard: frozenset[Draft] = frozenset()) -> "Position":
        """The position of objects of one type under a key."""
        if (data_key, type_name) not in self._below:
            step = Step(data_key, frozenset((type_name,)) if abstract else None)
            self._below[data_key, type_name] = Position(
                type_name, (*self.path, step), self.keys.at(data_key), parent=self
            )
        position = self._below[data_key, type_name]
        if guard or self.guard:
            position.guard |= self.guard | guard
        return position

    def reached_by(self, draft: Draft, node: Node, provided: Provided) -> None:
        """Note that a fetch reaches these objects by a field of its own."""
        if not any(site.draft is draft and site.node is node for site in self.sites):
            self.sites.append(Site(draft, node, provided))

    def at_hand(self) -> Iterator[tuple[str, Provided]]:
        """The subgraphs that reach these objects, each once, with what they provide here."""
        seen = set()
        for site in self.sites:
            if site.draft.service not in seen and not (site.draft.contexts and site.draft.path == self.path):
                seen.add(site.draft.service)
                yield site.draft.service, site.provided


def without_ancestors(drafts: Iterable[Draft]) -> frozenset[Draft]:
    """Leave out the fetches which others of them wait for anyway."""
    listed = frozenset(drafts)
    return listed.difference(*(draft.ancestors for draft in listed))
