"""Decides which subgraph gives which field: steps B and C of the planner."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.errors import PlanRefused
from gateway.plan import Step
from gateway.planner.contexts import ContextValue, Variables, nearest, with_contexts
from gateway.planner.draft import Asked, Draft, Node, Position, Site, without_ancestors
from gateway.planner.keyspace import KeySpace
from gateway.planner.survey import Survey
from gateway.supergraph import ROOTS, Subgraph, SubgraphField, Supergraph
from gateway.supergraph.routes import Hop, Routes
from gateway.supergraph.selection import TYPENAME, Field, Selection

MAX_DRAFTS = 1_000
"""Fetches before those that can travel together are joined; abstract types inside one another multiply them."""
MAX_DECISIONS = 50_000
"""Fields times places decided for one plan, about a second of work."""
ENTITIES = "_entities"
NO_CONTEXTS: Mapping[str, ContextValue] = {}


@dataclass(frozen=True, slots=True)
class _Choice:
    """A subgraph to go to from a position, how, and for which fields."""

    service: str
    route: tuple[Hop, ...]
    fields: tuple[Field, ...]


class Gatherer:
    """Grows drafts until they give every field asked for."""

    def __init__(self, supergraph: Supergraph, routes: Routes, kind: str, variables: Iterable[str] = ()) -> None:
        self._subgraphs = supergraph.subgraphs
        self._routes = routes
        self._survey = Survey(supergraph.subgraphs, routes)
        self._kind = kind
        self._decisions = 0
        self._variables = Variables(variables)
        self._context_types = supergraph.context_types
        self._requiring: set[tuple[Position, str, str]] = set()
        self.drafts: list[Draft] = []
        self.phase = 0
        """Which group of deferred fields fetches are made for; 0 is what comes at once."""

    def gather(self, at: Position, fields: Iterable[Field]) -> tuple[set[Draft], list[Field]]:
        """Have `fields` of the objects at `at` fetched. Returns the fetches that give them, and what none can give."""
        used: set[Draft] = set(at.guard)
        left = list(fields)
        tried: set[tuple[str, str]] = set()
        sites = -1
        while left:
            # B. all that the fetches at hand can give, each time there are more of them
            if len(at.sites) != sites:
                sites = len(at.sites)
                left = [rest for asked in left if (rest := self._from_sites(at, asked, used)) is not None]
            # C. the subgraph that gives the most of what is left, one hop at a time
            choice = self._choose(at, left, tried) if left else None
            if choice is None:
                break
            if len(choice.route) > 1:
                self._entity_site(at, choice.route[0], ())
                continue
            tried |= {(choice.service, asked.data_key) for asked in choice.fields}
            given = {id(asked): self._from_choice(at, choice, asked, used) for asked in choice.fields}
            left = [rest for asked in left if (rest := given.get(id(asked), asked)) is not None]
        return used, left

    def _from_sites(self, at: Position, asked: Field, used: set[Draft]) -> Field | None:
        if asked.name == TYPENAME:
            return None
        rest: Field | None = asked
        sites = [site for site in at.sites if self._gives(site, at, asked.name)]
        if asked.selection is not None and len(sites) > 1:
            sites.sort(key=lambda site: self._survey.cost(site.draft.service, at.type_name, asked, site.provided))
        for site in sites:
            if rest is not None:
                rest = self._ask(site, at, rest, used)
        return rest

    def _gives(self, site: Site, at: Position, name: str) -> bool:
        if site.draft.contexts and site.draft.path == at.path:
            return False  # it waits for more than this field needs, and asks once for each value
        type_name = at.type_name
        subgraph = self._subgraphs[site.draft.service]
        declared = subgraph.field(type_name, name)
        if declared is None or declared.apart or not whole_field(subgraph, type_name, name):
            return False
        return subgraph.resolves(type_name, name, site.provided)

    def _choose(self, at: Position, left: list[Field], tried: set[tuple[str, str]]) -> _Choice | None:
        at_hand = tuple(at.at_hand())
        present = {service for service, _ in at_hand}
        best: tuple[tuple[int, ...], _Choice] | None = None
        for order, (service, subgraph) in enumerate(self._subgraphs.items()):
            fields = tuple(
                asked
                for asked in left
                if (service, asked.data_key) not in tried and self._may_go(at, subgraph, asked, present)
            )
            route = self._route(at, at_hand, service) if fields else None
            if route is None:
                continue
            costs = [self._survey.cost(service, at.type_name, asked, ()) for asked in fields]
            whole = sum(1 for lost, _ in costs if not lost)
            score = (-whole, sum(c[0] for c in costs), len(route), sum(c[1] for c in costs), order)
            if best is None or score < best[0]:
                best = (score, _Choice(service, route, fields))
        return best[1] if best else None

    def _may_go(self, at: Position, subgraph: Subgraph, asked: Field, present: set[str]) -> bool:
        declared = subgraph.field(at.type_name, asked.name)
        if declared is None or not subgraph.resolves(at.type_name, asked.name):
            return False
        if subgraph.types[at.type_name].kind == "interface":
            return False  # its types are gone to one by one, once they are told
        if not declared.apart:
            return subgraph.name not in present
        if not all(nearest(at, argument) for argument in declared.contextual):
            return False
        return (at, subgraph.name, asked.name) not in self._requiring

    def _route(
        self, at: Position, at_hand: tuple[tuple[str, tuple[object, ...]], ...], service: str
    ) -> tuple[Hop, ...] | None:
        if at.type_name in ROOTS:
            return None if at.type_name == "Subscription" else ()  # its one source is chosen, and there is no other
        return self._routes.find(at.type_name, at_hand, service)  # type: ignore[arg-type]

    def _from_choice(self, at: Position, choice: _Choice, asked: Field, used: set[Draft]) -> Field | None:
        if not choice.route:
            site = self._root_site(at, choice.service)
            return self._ask(site, at, asked, used)
        declared = self._subgraphs[choice.service].types[at.type_name].fields[asked.name]
        if not declared.apart:
            return self._ask(self._entity_site(at, choice.route[0], ()), at, asked, used)
        attempt = (at, choice.service, asked.name)
        self._requiring.add(attempt)
        needs = declared.requires.fields_of(at.type_name).values() if declared.requires else ()
        required = at.keys.instantiate(at.type_name, needs)
        contexts, before = self._contexts(at, declared)
        site = self._entity_site(at, choice.route[0], required, before, contexts.values())
        self._requiring.discard(attempt)
        return self._ask(site, at, asked, used, contexts)

    def _contexts(self, at: Position, declared: SubgraphField) -> tuple[dict[str, ContextValue], set[Draft]]:
        """What arguments are set to, by name, and the fetches that tell it."""
        contexts: dict[str, ContextValue] = {}
        before: set[Draft] = set()
        for argument in declared.contextual:
            above = nearest(at, argument)
            assert above is not None
            fields = above.keys.instantiate(
                above.type_name, argument.selections[above.type_name].fields_of(above.type_name).values()
            )
            used, missing = self.gather(above, fields)
            if missing:
                raise PlanRefused(f"{above.type_name}.{missing[0].name} cannot be had for {declared.name}")
            before |= used
            contexts[argument.name] = self._variables.value(argument, above, fields[0])
        return contexts, before

    def _entity_site(
        self,
        at: Position,
        hop: Hop,
        required: Iterable[Field],
        before: Iterable[Draft] = (),
        contexts: Iterable[ContextValue] = (),
    ) -> Site:
        """The fetch that enters a subgraph by a key; one that waits for the same is used again.

        It waits for those `before` it too, which tell of its `contexts`.
        """
        told = {value.variable: value for value in contexts}
        needs = [*at.keys.instantiate(at.type_name, hop.key.selection.fields_of(at.type_name).values()), *required]
        used, missing = self.gather(at, needs)
        if missing:
            raise PlanRefused(f"{at.type_name}.{missing[0].name} cannot be had for {hop.service}")
        deps = without_ancestors(used.union(before))
        local = self._subgraphs[hop.service].local(at.type_name)
        for site in at.sites:
            known = site.draft.needs.get(local) if site.draft.path == at.path else None
            same = known is not None and site.draft.service == hop.service and site.draft.deps == deps
            if known is not None and same and bool(site.draft.contexts) == bool(told) and agree(known, needs):
                known.extend(needs)
                site.draft.contexts |= told
                return site
        node = Node(ENTITIES, abstract=True)
        draft = self.start(hop.service, at.path, node, deps)
        draft.needs[local] = needs
        draft.contexts |= told
        at.reached_by(draft, node, ())
        return at.sites[-1]

    def _root_site(self, at: Position, service: str) -> Site:
        for site in at.sites:
            if site.draft.service == service:
                return site
        draft = self.start(service, at.path, Node(at.type_name, abstract=False), frozenset())
        at.reached_by(draft, draft.root, ())
        return at.sites[-1]

    def start(self, service: str, path: tuple[Step, ...], root: Node, deps: frozenset[Draft]) -> Draft:
        """Begin a fetch."""
        if len(self.drafts) >= MAX_DRAFTS:
            raise PlanRefused(f"it needs more than {MAX_DRAFTS} fetches")
        draft = Draft(service, path, root, deps, len(self.drafts), self.phase)
        self.drafts.append(draft)
        return draft

    def _ask(
        self,
        site: Site,
        at: Position,
        asked: Field,
        used: set[Draft],
        contexts: Mapping[str, ContextValue] = NO_CONTEXTS,
    ) -> Field | None:
        """Put a field into a fetch, and gather what is asked below. Returns what is not to be had from here."""
        self._decisions += 1
        if self._decisions > MAX_DECISIONS:
            raise PlanRefused(f"it takes more than {MAX_DECISIONS} decisions")
        used.add(site.draft)
        subgraph = self._subgraphs[site.draft.service]
        here = site.node.by_type.setdefault(subgraph.local(at.type_name), {})
        entry = here.setdefault(
            asked.data_key, Asked(asked.name, with_contexts(asked.arguments, contexts), asked.variables)
        )
        if asked.selection is None:
            return None
        static = subgraph.types[at.type_name].fields[asked.name].type.name
        abstract = asked.selection.abstract or subgraph.types[static].kind != "object"
        opaque = static in subgraph.opaque
        if entry.below is None:
            entry.below = Node(static, abstract and not opaque)
        entry.below.abstract = entry.below.abstract or (abstract and not opaque)
        provided = subgraph.provided_below(at.type_name, asked.name, site.provided)
        possible = [concrete for concrete in subgraph.possible[static] if asked.selection.fields_of(concrete)]
        told: Site | None = None
        common: dict[int, Field | None] = {}
        if opaque:
            whole = at.below(asked.data_key, static, abstract=False)
            whole.reached_by(site.draft, entry.below, provided)
            told = self._told_type(whole, asked.selection)
            used.add(told.draft)
            common = self._for_all(whole, asked.selection, subgraph.possible[static], used)
        missing: dict[str, dict[str, Field]] = {}
        for concrete in possible:
            guard = frozenset((told.draft,)) if told else frozenset()
            position = at.below(asked.data_key, concrete, abstract, guard)
            position.reached_by(site.draft, entry.below, provided)
            if told is not None:
                position.reached_by(told.draft, told.node, ())
            fields = (common.get(id(f), f) for f in asked.selection.fields_of(concrete).values())
            inner, rest = self.gather(position, [f for f in fields if f is not None])
            used |= inner
            if rest:
                missing[concrete] = {field.key: field for field in rest}
        if not missing:
            return None
        selection = asked.selection
        return asked.copy_with(type(selection)(selection.type_name, selection.abstract, missing))

    def _for_all(
        self, whole: Position, selection: Selection, possible: tuple[str, ...], used: set[Draft]
    ) -> dict[int, Field | None]:
        """Gather what is asked alike of every type behind an interface object, without waiting for the types.

        Returns what is left of each such field, by its identity.
        """
        if not self._context_types.isdisjoint(possible):
            return {}  # what is below depends on which of them it is
        asked = [selection.fields_of(concrete) for concrete in possible]
        shared = [f for f in asked[0].values() if all(other.get(f.key) is f for other in asked)] if asked else []
        inner, rest = self.gather(whole, shared)
        used |= inner
        left = {f.key: f for f in rest}
        return {id(f): left.get(f.key) for f in shared}

    def _told_type(self, whole: Position, selection: Selection) -> Site:
        """The fetch that tells of which types the objects are that a subgraph gives as interface objects."""
        while True:
            best: tuple[tuple[int, int, int], tuple[Hop, ...]] | None = None
            for order, (service, subgraph) in enumerate(self._subgraphs.items()):
                declared = subgraph.types.get(whole.type_name)
                if declared is None or declared.kind != "interface":
                    continue
                route = self._routes.find(whole.type_name, tuple(whole.at_hand()), service)
                if route is None:
                    continue
                given = sum(
                    subgraph.resolves(concrete, asked.name)
                    for concrete, fields in selection.by_type.items()
                    for asked in fields.values()
                )
                score = (len(route), -given, order)
                if best is None or score < best[0]:
                    best = (score, route)
            if best is None:
                raise PlanRefused(f"no subgraph tells which {whole.type_name} an object is")
            site = self._entity_site(whole, best[1][0], ())
            if len(best[1]) == 1:
                typename = Asked(TYPENAME, "", frozenset())
                site.node.by_type.setdefault(whole.type_name, {})[TYPENAME] = typename
                return site


def whole_field(subgraph: Subgraph, type_name: str, name: str) -> bool:
    """Whether a field that is asked of an interface itself is the same in all its types there, and given by each."""
    if subgraph.types[type_name].kind != "interface":
        return True
    wanted = str(subgraph.types[type_name].fields[name].type)
    return all(
        declared is not None
        and not declared.apart
        and str(declared.type) == wanted
        and subgraph.resolves(concrete, name)
        for concrete in subgraph.possible[type_name]
        for declared in [subgraph.field(concrete, name)]
    )


def agree(some: Iterable[Field], others: Iterable[Field]) -> bool:
    """Whether two lists of needs can be sent as one object: the same name always means the same value."""
    known = {asked.name: asked for asked in some}
    for asked in others:
        same = known.get(asked.name)
        if same is None:
            continue
        if same.data_key != asked.data_key:
            return False
        for concrete, fields in asked.selection.by_type.items() if asked.selection and same.selection else ():
            assert same.selection is not None
            if not agree(same.selection.fields_of(concrete).values(), fields.values()):
                return False
    return True


def root_position(type_name: str, keys: KeySpace) -> Position:
    """The one object at the root."""
    return Position(type_name, (), keys)


def in_series(fields: Iterable[Field], subgraphs: Iterable[Subgraph]) -> Iterator[tuple[str, list[Field]]]:
    """Mutation fields in the client's order; neighbours of the same subgraph together."""
    listed = list(subgraphs)
    group: tuple[str, list[Field]] | None = None
    for asked in fields:
        if asked.name == TYPENAME:
            continue
        owners = [s.name for s in listed if s.resolves("Mutation", asked.name)]
        if not owners:
            raise PlanRefused(f"no subgraph resolves Mutation.{asked.name}")
        if group is not None and group[0] in owners:
            group[1].append(asked)
            continue
        if group is not None:
            yield group
        group = (owners[0], [asked])
    if group is not None:
        yield group
