"""Which subgraphs can be reached from an object at hand, and by which keys. The proof and the planner both ask here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.supergraph import Key, Provided, Subgraph
from gateway.supergraph.selection import TYPENAME, Field


@dataclass(frozen=True, slots=True, eq=False)
class Hop:
    """An entity fetch into `service` by `key`."""

    service: str
    key: Key


class Routes:
    """Shortest key routes between subgraphs, by entity type."""

    def __init__(self, subgraphs: Mapping[str, Subgraph]) -> None:
        self._subgraphs = subgraphs
        self._found: dict[tuple[str, frozenset[tuple[str, Provided]], str], tuple[Hop, ...] | None] = {}

    def find(self, type_name: str, at_hand: Iterable[tuple[str, Provided]], target: str) -> tuple[Hop, ...] | None:
        """Return the hops that lead to `target`, last one into it, or None.

        A hop into a subgraph that is at hand already is found too: a field with `@requires` needs it.
        """
        start = frozenset(at_hand)
        question = (type_name, start, target)
        if question not in self._found:
            self._found[question] = self._search(type_name, dict(start), target)
        return self._found[question]

    def local(self, service: str, type_name: str, field: Field, provided: Provided = ()) -> bool:
        """Whether one subgraph gives the field and all that is asked below it, without another fetch."""
        subgraph = self._subgraphs[service]
        if field.name == TYPENAME:
            return True
        declared = subgraph.field(type_name, field.name)
        if declared is None or declared.apart or not subgraph.resolves(type_name, field.name, provided):
            return False
        if field.selection is None:
            return True
        below = subgraph.provided_below(type_name, field.name, provided)
        return all(
            self.local(service, concrete, asked, below)
            for concrete in subgraph.possible.get(declared.type.name, ())
            for asked in field.selection.fields_of(concrete).values()
        )

    def _search(self, type_name: str, at_hand: dict[str, Provided], target: str) -> tuple[Hop, ...] | None:
        reached: dict[str, tuple[Hop, ...]] = dict.fromkeys(at_hand, ())
        while True:
            found: dict[str, tuple[Hop, ...]] = {}
            for service, subgraph in self._subgraphs.items():
                if service in reached and service != target:
                    continue
                route = self._enter(type_name, subgraph, reached, at_hand)
                if route is not None:
                    found[service] = route
            if target in found:
                return found[target]
            fresh = {service: route for service, route in found.items() if service not in reached}
            if not fresh:
                return None
            reached.update(fresh)

    def _enter(
        self,
        type_name: str,
        subgraph: Subgraph,
        reached: Mapping[str, tuple[Hop, ...]],
        at_hand: Mapping[str, Provided],
    ) -> tuple[Hop, ...] | None:
        """Enter by the key whose fields ask for the fewest hops before."""
        declared = subgraph.types.get(type_name)
        routes = []
        for key in declared.keys if declared else ():
            before: dict[str, Hop] | None = {} if key.resolvable else None
            for field in key.selection.fields_of(type_name).values():
                sources = [
                    hops
                    for service, hops in reached.items()
                    if self.local(service, type_name, field, at_hand.get(service, ()))
                ]
                if before is None or not sources:
                    before = None
                    break
                before.update({hop.service: hop for hop in min(sources, key=len)})
            if before is not None:
                routes.append((*before.values(), Hop(subgraph.name, key)))
        return min(routes, key=len, default=None)
