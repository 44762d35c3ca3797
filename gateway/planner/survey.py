"""Foresees what it costs to ask a subgraph for a field with all that is asked below it."""

from collections.abc import Mapping

from gateway.supergraph import Provided, Subgraph
from gateway.supergraph.routes import Routes
from gateway.supergraph.selection import TYPENAME, Field

Cost = tuple[int, int]
"""Fields that cannot be had below at all, and fields that take another fetch."""


class Survey:
    """Costs of one plan, each worked out once."""

    def __init__(self, subgraphs: Mapping[str, Subgraph], routes: Routes) -> None:
        self._subgraphs = subgraphs
        self._routes = routes
        self._known: dict[tuple[str, str, Field, Provided], Cost] = {}

    def cost(self, service: str, type_name: str, asked: Field, provided: Provided) -> Cost:
        """Cost of asking `service`, which resolves the field."""
        if asked.selection is None:
            return (0, 0)
        question = (service, type_name, asked, provided)
        if question not in self._known:
            self._known[question] = self._work_out(service, type_name, asked, provided)
        return self._known[question]

    def _work_out(self, service: str, type_name: str, asked: Field, provided: Provided) -> Cost:
        subgraph = self._subgraphs[service]
        below = subgraph.provided_below(type_name, asked.name, provided)
        lost = hops = 0
        assert asked.selection is not None
        for concrete in subgraph.possible.get(subgraph.types[type_name].fields[asked.name].type.name, ()):
            for inner in asked.selection.fields_of(concrete).values():
                if inner.name == TYPENAME:
                    continue
                declared = subgraph.field(concrete, inner.name)
                if declared and not declared.apart and subgraph.resolves(concrete, inner.name, below):
                    cost = self.cost(service, concrete, inner, below)
                    lost, hops = lost + cost[0], hops + cost[1]
                elif self._reachable(service, concrete, inner.name, below):
                    hops += 1
                else:
                    lost += 1
        return (lost, hops)

    def _reachable(self, service: str, type_name: str, name: str, provided: Provided) -> bool:
        return any(
            subgraph.resolves(type_name, name)
            and self._routes.find(type_name, ((service, provided),), subgraph.name) is not None
            for subgraph in self._subgraphs.values()
        )
