"""Plans an operation: which subgraph is asked for what, and what waits for what.

A. claim    every field the client asks for gets the key it will have in subgraph answers          (keyspace)
B. gather   from the fetches at hand, all they can give, down to the leaves                        (gather, survey)
C. hop      what is left goes to the subgraph that gives the most of it, entered by a key; keys and
            `@requires` are gathered by B and C first, and the new fetch waits for exactly those   (gather, routes)
            So is, of an object further up, what an argument is set to from context                (contexts)
D. join     entity fetches that could travel together do                                           (joining)
E. print    each fetch becomes a document of its own, with the variables it uses                   (finish, document)

An operation with `@defer` takes B and C once for what comes at once, and then once for each group of deferred fields
(`supergraph.deferred`): what those can have from fetches at hand costs nothing more, and fetches made for them hold up
no other group. A deferral none of whose fields takes a fetch of its own is inlined.

A mutation takes B and C once for each run of neighbouring fields of one subgraph; each run waits for all before it.
A subscription takes them from its source: the first subgraph that has its root field and with which all can be had.
"""

from collections.abc import Iterator, Sequence

from graphql import OperationDefinitionNode

from gateway.errors import PlanRefused
from gateway.plan import Kind, Plan
from gateway.planner.deferring import settle
from gateway.planner.document import Writer
from gateway.planner.draft import Draft, Node, Position, without_ancestors
from gateway.planner.finish import OF_ROOT, assemble
from gateway.planner.gather import Gatherer, in_series, root_position
from gateway.planner.keyspace import KeySpace
from gateway.supergraph import Supergraph
from gateway.supergraph.deferred import AT_ONCE, INTROSPECTION, groups_in, part_of
from gateway.supergraph.routes import Routes
from gateway.supergraph.selection import Field, Selection


class Planner:
    """Plans operations over one supergraph."""

    def __init__(self, supergraph: Supergraph) -> None:
        self._supergraph = supergraph
        self._routes = Routes(supergraph.subgraphs)

    def plan(self, operation: OperationDefinitionNode, selection: Selection, *, in_parts: bool = False) -> Plan:
        """Plan a normalised operation, whose fields get their data keys on the way. Raises `PlanRefused`.

        `in_parts`: what stands under `@defer` may come later.
        """
        variables = [d.variable.name.value for d in operation.variable_definitions or ()]
        kind: Kind = OF_ROOT.get(selection.type_name, "query")
        # A. claim
        keys = KeySpace(self._supergraph)
        keys.claim(selection)
        groups = groups_in(selection) if in_parts else []
        # B., C. gather, hop
        if kind == "subscription":
            drafts = self._gather_from_source(keys, _fetched(selection)[0], variables)
            return assemble(self._supergraph, drafts, keys, Writer(operation, kind))
        gatherer = Gatherer(self._supergraph, self._routes, kind, variables)
        positions = self._gather(gatherer, keys, part_of(selection, AT_ONCE) if groups else selection)
        needs = {AT_ONCE: frozenset(gatherer.drafts)}
        for phase, group in enumerate(groups, 1):
            gatherer.phase = phase
            needs[group] = _gather_later(gatherer, positions, part_of(selection, group))
        # D., E. join, print
        deferred = settle(needs) if groups else []
        return assemble(self._supergraph, gatherer.drafts, keys, Writer(operation, kind), deferred)

    def _gather(self, gatherer: Gatherer, keys: KeySpace, selection: Selection) -> "Positions":
        asked = _fetched(selection)
        if selection.type_name == "Mutation":
            return dict(self._gather_in_series(gatherer, keys, asked))
        at = root_position(selection.type_name, keys)
        _, left = gatherer.gather(at, asked)
        _refuse(left, selection.type_name)
        return {None: at}

    def _gather_in_series(
        self, gatherer: Gatherer, keys: KeySpace, asked: list[Field]
    ) -> Iterator[tuple[str | None, Position]]:
        for service, run in in_series(asked, self._supergraph.subgraphs.values()):
            before: frozenset[Draft] = without_ancestors(gatherer.drafts)
            at = root_position("Mutation", keys)
            draft = gatherer.start(service, (), Node("Mutation", abstract=False), before)
            at.reached_by(draft, draft.root, ())
            _, left = gatherer.gather(at, run)
            _refuse(left, "Mutation")
            for field in run:
                yield field.key, at

    def _gather_from_source(self, keys: KeySpace, asked: Field, variables: Sequence[str]) -> list[Draft]:
        refusal = PlanRefused(f"no subgraph resolves Subscription.{asked.name}")
        for service, subgraph in self._supergraph.subgraphs.items():
            if not subgraph.resolves("Subscription", asked.name):
                continue
            gatherer = Gatherer(self._supergraph, self._routes, "subscription", variables)
            at = root_position("Subscription", keys)
            draft = gatherer.start(service, (), Node("Subscription", abstract=False), frozenset())
            at.reached_by(draft, draft.root, ())
            try:
                _, left = gatherer.gather(at, [asked])
                _refuse(left, "Subscription")
            except PlanRefused as reason:
                refusal = reason
            else:
                return gatherer.drafts
        raise refusal


Positions = dict[str | None, Position]
"""Where the roots are: of a mutation by the client's key of each field, of a query under None."""


def _gather_later(gatherer: Gatherer, positions: Positions, part: Selection) -> frozenset[Draft]:
    """Gather one deferred group; returns the fetches it is there with."""
    used: set[Draft] = set()
    for field in _fetched(part):
        at = positions[field.key if part.type_name == "Mutation" else None]
        given, left = gatherer.gather(at, [field])
        _refuse(left, part.type_name)
        used |= given
    return frozenset(used)


def _fetched(selection: Selection) -> list[Field]:
    return [f for f in selection.fields_of(selection.type_name).values() if f.name not in INTROSPECTION]


def _refuse(left: list[Field], type_name: str) -> None:
    if left:
        raise PlanRefused(f"{type_name}.{left[0].name} cannot be resolved with all that is asked of it")
