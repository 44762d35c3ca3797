"""Which deferrals are worth a part of their own, and which fetches each waits for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.planner.draft import Draft
from gateway.supergraph.deferred import AT_ONCE, Group
from gateway.supergraph.selection import Deferral


@dataclass(frozen=True, slots=True)
class Settled:
    """A deferral that is not inlined, and the fetches it is there with."""

    deferral: Deferral
    drafts: frozenset[Draft]


def settle(needs: Mapping[Group, frozenset[Draft]]) -> list[Settled]:
    """Inline the deferrals that cost no fetch beyond those around them; return the others, the outer ones first."""
    drafts: dict[Deferral, frozenset[Draft]] = {}
    for deferral in _all(needs):
        mine = frozenset[Draft]().union(*(used for group, used in needs.items() if deferral in group))
        around = [needs[AT_ONCE], *(drafts[above] for above in deferral.ancestors())]
        deferral.inlined = mine <= frozenset[Draft]().union(*around)
        if not deferral.inlined:
            drafts[deferral] = mine
    return [Settled(deferral, mine) for deferral, mine in drafts.items()]


def _all(needs: Mapping[Group, frozenset[Draft]]) -> Iterator[Deferral]:
    """Every deferral of the groups and around them, the outer ones first."""
    known = {around for group in needs for deferral in group for around in (deferral, *deferral.ancestors())}
    yield from sorted(known, key=lambda deferral: (len(list(deferral.ancestors())), deferral.number))
