"""Plans an operation: which subgraph is asked for what, and what waits for what.

A. claim    every field the client asks for gets the key it will have in subgraph answers          (keyspace)
B. gather   from the fetches at hand, all they can give, down to the leaves                        (gather, survey)
C. hop      what is left goes to the subgraph that gives the most of it, entered by a key; keys and
            `@requires` are gathered by B and C first, and the new fetch waits for exactly those   (gather, routes)
D. join     entity fetches that could travel together do                                           (joining)
E. print    each fetch becomes a document of its own, with the variables it uses                   (finish, document)

A mutation takes B and C once for each run of neighbouring fields of one subgraph; each run waits for all before it.
"""

from typing import Literal

from graphql import OperationDefinitionNode

from gateway.errors import PlanRefused
from gateway.plan import Plan
from gateway.planner.document import Writer
from gateway.planner.draft import Draft, Node, without_ancestors
from gateway.planner.finish import assemble
from gateway.planner.gather import Gatherer, in_series, root_position
from gateway.planner.keyspace import KeySpace
from gateway.supergraph import Supergraph
from gateway.supergraph.routes import Routes
from gateway.supergraph.selection import Field, Selection

INTROSPECTION = frozenset({"__schema", "__type"})
"""Root fields that the gateway answers by itself."""


class Planner:
    """Plans operations over one supergraph."""

    def __init__(self, supergraph: Supergraph) -> None:
        self._supergraph = supergraph
        self._routes = Routes(supergraph.subgraphs)

    def plan(self, operation: OperationDefinitionNode, selection: Selection) -> Plan:
        """Plan a normalised operation, whose fields get their data keys on the way. Raises `PlanRefused`."""
        kind: Literal["query", "mutation"] = "mutation" if selection.type_name == "Mutation" else "query"
        # A. claim
        keys = KeySpace(self._supergraph)
        keys.claim(selection)
        asked = [f for f in selection.fields_of(selection.type_name).values() if f.name not in INTROSPECTION]
        # B., C. gather, hop
        gatherer = Gatherer(self._supergraph, self._routes, kind)
        if kind == "mutation":
            self._gather_in_series(gatherer, keys, asked)
        else:
            _, left = gatherer.gather(root_position(selection.type_name, keys), asked)
            _refuse(left, selection.type_name)
        # D., E. join, print
        return assemble(self._supergraph, gatherer.drafts, keys, Writer(operation, kind))

    def _gather_in_series(self, gatherer: Gatherer, keys: KeySpace, asked: list[Field]) -> None:
        for service, run in in_series(asked, self._supergraph.subgraphs.values()):
            before: frozenset[Draft] = without_ancestors(gatherer.drafts)
            at = root_position("Mutation", keys)
            draft = gatherer.start(service, (), Node("Mutation", abstract=False), before)
            at.reached_by(draft, draft.root, ())
            _, left = gatherer.gather(at, run)
            _refuse(left, "Mutation")


def _refuse(left: list[Field], type_name: str) -> None:
    if left:
        raise PlanRefused(f"{type_name}.{left[0].name} cannot be resolved with all that is asked of it")
