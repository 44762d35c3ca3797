"""Proves that every public field can be resolved wherever a client may meet its type.

A place is a type together with the subgraphs an object may be had from there, what they provide along that path, and
which arguments set from context have a value there.
Walks places from the roots; the same place met twice is proven once.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from gateway.errors import CompositionProblem
from gateway.supergraph import Provided, Subgraph, Supergraph
from gateway.supergraph.routes import Routes
from gateway.supergraph.selection import TYPENAME, Field

MAX_PLACES = 100_000
"""Places grow with types times paths that provide differently; a real graph has some thousand."""
MAX_PROBLEMS = 20
"""One missing key makes many fields unreachable; the first few tell it all."""

AtHand = frozenset[tuple[str, Provided]]
Contexts = frozenset[tuple[str, str, str, str]]
"""Arguments that can be set: subgraph, type, field and argument."""
Place = tuple[str, AtHand, Contexts]


def check_satisfiable(supergraph: Supergraph, routes: Routes) -> list[CompositionProblem]:
    """Return one problem for each public field that some path cannot resolve."""
    return list(_Walk(supergraph, routes).problems())


class _Walk:
    """Breadth first from the roots, so that the shortest path to a problem is the one told."""

    def __init__(self, supergraph: Supergraph, routes: Routes) -> None:
        self._subgraphs = supergraph.subgraphs
        self._returns = supergraph.public_index.returns
        self._possible = supergraph.public_index.possible
        self._routes = routes
        self._contextual = [
            ((subgraph.name, declared.name, field.name, argument.name), argument)
            for subgraph in supergraph.subgraphs.values()
            for declared in subgraph.types.values()
            for field in declared.fields.values()
            for argument in field.contextual
        ]
        self._set: dict[Place, Contexts] = {}
        self._told: set[tuple[str, str]] = set()

    def problems(self) -> Iterator[CompositionProblem]:
        queue: deque[tuple[Place, str]] = deque()
        for root in ("Query", "Mutation"):
            at_hand = frozenset((name, ()) for name, s in self._subgraphs.items() if root in s.types)
            if root in self._returns:
                queue.append(((root, at_hand, frozenset()), root.lower()))
        seen = {place for place, _ in queue}
        told: set[tuple[str, str]] = set()
        while queue and len(told) < MAX_PROBLEMS:
            place, path = queue.popleft()
            for name in self._returns[place[0]]:
                sources = self._sources(place, name, frozenset())
                if not sources and (place[0], name) not in told:
                    told.add((place[0], name))
                    yield self._problem(place, name, path)
                yield from self._untold(place[0], name, sources, path)
                for child in self._below(place, name, sources):
                    if child not in seen:
                        seen.add(child)
                        queue.append((child, f"{path}.{name}"))
            if len(seen) > MAX_PLACES:
                yield CompositionProblem(
                    "SATISFIABILITY_ERROR", f"the graph has more than {MAX_PLACES} places to prove"
                )
                return

    def _sources(self, place: Place, name: str, trying: frozenset[tuple[str, str, str]]) -> AtHand:
        """Subgraphs which can give field `name` of an object at `place`, keys and `@requires` considered."""
        type_name, at_hand, _ = place
        provided = dict(at_hand)
        return frozenset(
            (service, provided.get(service, ()))
            for service, subgraph in self._subgraphs.items()
            if self._gives(place, subgraph, name, trying)
            and (service in provided or self._routes.find(type_name, at_hand, service) is not None)
        )

    def _gives(self, place: Place, subgraph: Subgraph, name: str, trying: frozenset[tuple[str, str, str]]) -> bool:
        type_name, at_hand, contexts = place
        declared = subgraph.field(type_name, name)
        if declared is None or not subgraph.resolves(type_name, name, dict(at_hand).get(subgraph.name, ())):
            return False
        if not declared.apart:
            return True
        if any((subgraph.name, type_name, name, argument.name) not in contexts for argument in declared.contextual):
            return False
        attempt = (subgraph.name, type_name, name)
        if attempt in trying or self._routes.find(type_name, at_hand, subgraph.name) is None:
            return False
        needed = declared.requires.fields_of(type_name).values() if declared.requires else ()
        return all(self._obtainable(place, field, trying | {attempt}) for field in needed)

    def _obtainable(self, place: Place, field: Field, trying: frozenset[tuple[str, str, str]]) -> bool:
        if field.name == TYPENAME:
            return True
        sources = self._sources(place, field.name, trying)
        if not sources or field.selection is None:
            return bool(sources)
        return all(
            self._obtainable(child, asked, trying)
            for child in self._below(place, field.name, sources, public=False)
            for asked in field.selection.fields_of(child[0]).values()
        )

    def _below(self, place: Place, name: str, sources: AtHand, public: bool = True) -> Iterable[Place]:
        type_name = place[0]
        contexts = self._contexts_below(place) if self._contextual else place[2]
        children: dict[str, set[tuple[str, Provided]]] = {}
        for service, provided in sources:
            subgraph = self._subgraphs[service]
            returned = subgraph.types[type_name].fields[name].type.name
            below = subgraph.provided_below(type_name, name, provided)
            for concrete in subgraph.possible.get(returned, ()):
                if not public or concrete in self._possible:
                    children.setdefault(concrete, set()).add((service, below))
        return [(concrete, frozenset(at_hand), contexts) for concrete, at_hand in children.items()]

    def _contexts_below(self, place: Place) -> Contexts:
        """Arguments that can be set below a place: of the contexts it sets itself, those of which it can be asked."""
        if place not in self._set:
            self._set[place] = place[2]  # what it selects of itself stands below nothing it sets
            own = {
                argument: all(
                    self._obtainable(place, asked, frozenset())
                    for asked in told.selections[place[0]].fields_of(place[0]).values()
                )
                for argument, told in self._contextual
                if place[0] in told.selections
            }
            given = frozenset(argument for argument, obtainable in own.items() if obtainable)
            self._set[place] = place[2].difference(own) | given
        return self._set[place]

    def _untold(self, type_name: str, name: str, sources: AtHand, path: str) -> Iterator[CompositionProblem]:
        """Interface objects of which no subgraph tells the type."""
        for service, provided in sources:
            subgraph = self._subgraphs[service]
            returned = subgraph.types[type_name].fields[name].type.name
            if returned not in subgraph.opaque or (service, returned) in self._told:
                continue
            self._told.add((service, returned))
            below = frozenset([(service, subgraph.provided_below(type_name, name, provided))])
            knowing = [s for s in self._subgraphs.values() if returned in s.types and returned not in s.opaque]
            if not any(self._routes.find(returned, below, s.name) is not None for s in knowing):
                message = f"{path}.{name}: no subgraph tells of which type the {returned} is that {service} gives"
                told = tuple(s.name for s in knowing)
                hint = f"give interface {returned} a resolvable @key that {service} knows"
                yield CompositionProblem("SATISFIABILITY_ERROR", message, told, hint)

    def _problem(self, place: Place, name: str, path: str) -> CompositionProblem:
        type_name, at_hand, contexts = place
        unset = [
            f"{type_name}.{name}({argument}:)"
            for (subgraph, of, field, argument), _ in self._contextual
            if (of, field) == (type_name, name) and (subgraph, of, field, argument) not in contexts
        ]
        declaring = sorted(s.name for s in self._subgraphs.values() if s.field(type_name, name))
        here = sorted({service for service, _ in at_hand})
        return CompositionProblem(
            "SATISFIABILITY_ERROR",
            f"{path}.{name}: {type_name}.{name} cannot be resolved from {', '.join(here)}",
            tuple(declaring),
            f"let a type on the way set the context of {', '.join(unset)}"
            if unset
            else f"give {type_name} a resolvable @key in {', '.join(declaring)} whose fields {', '.join(here)} knows",
        )
