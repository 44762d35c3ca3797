"""Joins entity fetches of one query that can travel together: as few requests as the plan's depth allows.

Two fetches to one subgraph join where what they ask can stand in one selection, and where waiting for what both need
makes no chain of fetches longer. The executor takes a joined fetch apart again where waiting would cost a field:
something it waits for is late, failed, or left out what only one of the members needs.

A. read     what each entity fetch asks of each type                                               (wording)
B. join     first fetches about the same objects, then those that ask the same or ask other types
C. write    the joined fetches, and a plan that waits for them

Mutations are left alone: what is read between two of them must not be read after both.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from gateway.executor.wording import Reader, Wording, same_objects, same_question, united, write
from gateway.plan import Fetch, Plan
from gateway.supergraph import Supergraph

MAX_PAIRS = 10_000
"""Pairs of fetches compared for one plan, at some 3 µs each; past this the rest travels alone."""
MAX_TRIALS = 200
"""Of those, pairs that fit and for which the chains are measured, at up to 1 ms each in the largest plan."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A plan of joined fetches; `members` has by id those that each was joined from, as they were planned."""

    plan: Plan
    members: Mapping[int, tuple[Fetch, ...]]


def join(plan: Plan, supergraph: Supergraph) -> Joined:
    """Join what can be; a plan in which nothing can comes back as it is."""
    if plan.kind != "query" or sum(1 for fetch in plan.fetches if fetch.representations) < 2:
        return Joined(plan, {})
    # A. read
    reader = Reader(supergraph.subgraphs)
    wordings = {fetch.id: wording for fetch in plan.fetches if (wording := reader.read(fetch)) is not None}
    # B. join
    joiner = _Joiner(plan, wordings)
    joiner.join(same_objects)
    joiner.join(same_question)
    # C. write
    return joiner.joined()


class _Joiner:
    """Fetches in groups; a group is known by the id of its first fetch."""

    def __init__(self, plan: Plan, wordings: dict[int, Wording]) -> None:
        self._plan = plan
        self._fetches = {fetch.id: fetch for fetch in plan.fetches}
        self._wordings = wordings
        self._group_of = {fetch.id: fetch.id for fetch in plan.fetches}
        self._depth = max(self._depths().values())
        self._pairs_left = MAX_PAIRS
        self._trials_left = MAX_TRIALS

    def join(self, fits: Callable[[Wording, Wording], bool]) -> None:
        for one, other in self._pairs():
            if one not in self._wordings or other not in self._wordings:
                continue  # joined a moment ago
            self._pairs_left -= 1
            if self._pairs_left < 0 or not self._trials_left:
                return
            if fits(self._wordings[one], self._wordings[other]):
                self._trials_left -= 1
                self._try(one, other)

    def _pairs(self) -> Iterator[tuple[int, int]]:
        listed = list(self._wordings)
        for index, one in enumerate(listed):
            for other in listed[index + 1 :]:
                mine, theirs = self._fetches[one], self._fetches[other]
                if mine.service == theirs.service and mine.phase == theirs.phase:
                    yield one, other

    def _try(self, one: int, other: int) -> None:
        before = dict(self._group_of)
        self._group_of = {number: one if group == other else group for number, group in before.items()}
        depths = self._depths()
        if not depths or max(depths.values()) > self._depth:
            self._group_of = before
            return
        self._wordings[one] = united(self._wordings[one], self._wordings.pop(other))

    def _after(self) -> dict[int, set[int]]:
        """The groups each group waits for; one that waits for itself stands in a circle."""
        after: dict[int, set[int]] = {group: set() for group in self._group_of.values()}
        for fetch in self._plan.fetches:
            after[self._group_of[fetch.id]] |= {self._group_of[dep] for dep in fetch.depends_on}
        return after

    def _depths(self) -> dict[int, int]:
        """How many fetches follow one another up to each group; empty if groups wait for one another in a circle."""
        after = self._after()
        depths: dict[int, int] = {}
        while len(depths) < len(after):
            ready = [g for g, deps in after.items() if g not in depths and all(dep in depths for dep in deps)]
            if not ready:
                return {}
            depths |= {group: 1 + max((depths[dep] for dep in after[group]), default=0) for group in ready}
        return depths

    def joined(self) -> Joined:
        after, depths = self._after(), self._depths()
        fetches, members = [], {}
        for group in sorted(after, key=lambda g: (depths[g], g)):
            parts = [f for f in self._plan.fetches if self._group_of[f.id] == group]
            fetch = replace(parts[0], depends_on=tuple(sorted(after[group])))
            if len(parts) > 1:
                members[group] = tuple(parts)
                fetch = write(fetch, parts, self._wordings[group])
            fetches.append(fetch)
        return Joined(replace(self._plan, fetches=tuple(fetches)), members)
