"""From a client's document to all that can be worked out before it is carried out, once an operation.

    request → cost → planner → plan → program, shaper

Owns the caches between these, and refuses what is too large or costs too much before it is planned. Knows no service.
"""

import asyncio
import gc
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from gateway.cache import BoundedCache
from gateway.composer.contract import Contract
from gateway.cost import Cost, Weights
from gateway.delivery import Sheet
from gateway.errors import COST_TOO_HIGH, OPERATION_TOO_COMPLEX, PlanRefused, RequestRefused
from gateway.executor import Program, ServicePolicy, compile_plan
from gateway.planner import Planner
from gateway.request import Operation, coerce_variables, read_operation
from gateway.request.limits import Limits
from gateway.shaper import Shaper
from gateway.supergraph import Supergraph
from gateway.supergraph.access import NOBODY, UNLIMITED, Atoms, Authority, permitted
from gateway.supergraph.labels import percent_of
from kit.errors import Unavailable

log = logging.getLogger(__name__)

T = TypeVar("T")
MAX_WAITING = 200
"""New operations that wait to be read and planned: some seconds' work; more are told to come back."""

MAX_CACHED_CHARACTERS = 16_000_000
"""Of documents in each cache. Entries alone would not bound memory: a document may be 10,000 tokens long."""
MAX_STAGES = 64
"""Graphs kept for different labels that hold at once; each is as large as the graph's subgraphs."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """One request of a client, as parsed from its carrier."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    authority: Authority = NOBODY
    """What its caller holds of what the schema demands."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an operator may turn. `introspection` off hides the schema from clients.

    `labels` are those of `@override` that hold for every request; `percent(n)` holds for as many as `draw`, which
    gives numbers from 0 up to 1, lets it.
    """

    cached_operations: int = 1000
    introspection: bool = True
    rejects: bool = False
    """Whether an operation with a field that its caller may not see is refused; else the field alone is withheld."""
    contract: Contract | None = None
    """What alone is public, by `@tag`; None: everything that is not `@inaccessible`."""
    labels: frozenset[str] = frozenset()
    draw: Callable[[], float] = random.random
    services: ServicePolicy = field(default_factory=ServicePolicy)
    limits: Limits = field(default_factory=Limits)


@dataclass(slots=True)
class EngineCounts:
    """Work done so far: requests, and each kind of preparing once per operation that was not cached."""

    requests: int = 0
    validated: int = 0
    planned: int = 0


PreparedKey = tuple[str, str | None, tuple[bool, ...], Atoms]
"""Document, operation name, how the switches stand, and what the caller holds of what the operation may demand."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is worked out of an operation before any variable but its switches is known."""

    operation: Operation
    program: Program
    shaper: Shaper
    cost: Cost
    mutates: tuple[str, ...] = ()
    """The root fields of a mutation."""
    sheet: Sheet | None = None
    """Set where the answer comes in parts."""


def _tidily(work: Callable[[], T]) -> T:
    """Do work that leaves circles behind, as graphql-core's tokens and visitors are, and take them away at once.

    Left to themselves those of many documents are looked for together one day, for which everything stops.
    """
    try:
        return work()
    finally:
        gc.collect(0)


class Preparation:
    """Of one graph's operations. Lives on one event loop."""

    def __init__(
        self,
        supergraph: Supergraph,
        settings: EngineSettings,
        counts: EngineCounts,
        hides_nothing: Callable[[Authority], bool],
    ) -> None:
        self._supergraph = supergraph
        self._settings = settings
        self._planner = Planner(supergraph)
        self._weights = Weights.of(supergraph)
        self._stages = BoundedCache[tuple[Supergraph, Planner]](MAX_STAGES, MAX_STAGES)
        self.operations = BoundedCache[Operation](settings.cached_operations, MAX_CACHED_CHARACTERS)
        self.prepared = BoundedCache[Prepared](settings.cached_operations, MAX_CACHED_CHARACTERS)
        self.counts = counts
        self._hides_nothing = hides_nothing
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0

    def read(self, request: GraphQLRequest) -> Operation:
        """Parse and validate, past the caches. Raises `RequestRefused`."""
        self.counts.validated += 1
        operation = read_operation(
            self._supergraph.operation_schema,
            request.query,
            request.operation_name,
            self._settings.limits,
            introspection=self._settings.introspection,
            suggestions=self._hides_nothing(request.authority),
        )
        names, labels = operation.names(), self._supergraph.labels
        found = () if labels is None else labels.of(names)
        return replace(operation, labels=found, demands=self._supergraph.rules.demanded(names))

    def warm(self, busiest: Sequence[PreparedKey]) -> None:
        """Prepare operations that are going to be asked."""
        for key in busiest:
            query, operation_name, switched, held = key
            try:
                operation = self.operations.get((query, operation_name))
                operation = operation or self.read(GraphQLRequest(query, {}, operation_name, UNLIMITED))
                prepared = self.plan(operation, switched, held)
            except RequestRefused:
                continue  # asks for what is no more; whoever asks it will be told
            self.operations.put((query, operation_name), operation, len(query))
            self.prepared.put(key, prepared, len(query))

    def plan(
        self, operation: Operation, switched: tuple[bool, ...], held: Atoms, variables: Mapping[str, Any] | None = None
    ) -> Prepared:
        """Work out everything for an operation whose conditions stand so, past the caches. Raises `RequestRefused`.

        `held` is what the caller holds of what it demands. Who may not see all of it gets it in one part. With
        `variables` it refuses what costs too much before it is planned.
        """
        allowed = permitted(operation.select(self._supergraph.public_index, switched), self._supergraph.rules, held)
        selection = allowed.selection
        sourceless = operation.root == "Subscription" and any(len(path) == 1 for path in allowed.withheld)
        if sourceless or (self._settings.rejects and allowed.withheld):
            raise RequestRefused(allowed.refusal())
        cost = Cost.of(self._weights, selection, self._settings.limits.page)
        if variables is not None:
            self._points(cost, variables)
        self.counts.planned += 1
        supergraph, planner = self._stage(operation.labels_in(switched))
        in_parts = operation.in_parts(switched) and not allowed.withheld
        try:
            plan = planner.plan(operation.node, selection, in_parts=in_parts)
        except PlanRefused as refused:
            log.warning("operation not planned: %s", refused.reason)
            message = f"The operation cannot be planned: {refused.reason}."
            raise RequestRefused.because(OPERATION_TOO_COMPLEX, message) from refused
        program = compile_plan(plan, supergraph)
        schema = self._supergraph.public_schema
        sheet = Sheet.of(schema, selection, plan) if plan.deferred else None
        whole = Shaper(schema, selection, withholds=bool(allowed.withheld))
        mutates = tuple(asked.name for asked in selection.fields_of("Mutation").values())
        return Prepared(operation, program, sheet.first if sheet else whole, cost, mutates, sheet)

    def _points(self, cost: Cost, variables: Mapping[str, Any]) -> int:
        """What it costs at most; raises `RequestRefused` where that is too much."""
        points, limit = cost.requested(variables), self._settings.limits.cost
        if points > limit:
            message = f"The operation costs {points} points, and {limit} at most are taken: ask for fewer items."
            raise RequestRefused.because(COST_TOO_HIGH, message)
        return points

    def _stage(self, active: frozenset[str]) -> tuple[Supergraph, Planner]:
        """The graph and its planner while these labels hold."""
        if not active or self._supergraph.labels is None:
            return self._supergraph, self._planner
        stage = self._stages.get(active)
        if stage is None:
            supergraph = self._supergraph.labels.under(active)
            stage = (supergraph, Planner(supergraph))
            self._stages.put(active, stage, 1)
        return stage

    def _holds(self, label: str) -> bool:
        percent = percent_of(label)
        return label in self._settings.labels if percent is None else self._settings.draw() * 100 < percent

    async def ready(self, request: GraphQLRequest, in_parts: bool = False) -> tuple[Prepared, Mapping[str, Any], int]:
        """As `prepare`; what is in no cache is worked out in a thread, one request after another.

        So a document that takes long holds up those that are new like it, and nobody else.
        """
        key = (request.query, request.operation_name)
        operation = self.operations.get(key)
        if operation is None:
            operation = await self._beside(lambda: self.operations.peek(key), partial(self.read, request))
            self.operations.put(key, operation, len(request.query))
        variables, switched, held = self._settle(operation, request, in_parts)
        whole = (*key, switched, held)
        prepared = self.prepared.get(whole)
        if prepared is None or prepared.operation is not operation:
            planning = partial(self.plan, operation, switched, held, variables)
            prepared = await self._beside(lambda: self._same(operation, whole), planning)
            self.prepared.put(whole, prepared, len(request.query))
        return prepared, variables, self._points(prepared.cost, variables)

    async def _beside(self, known: Callable[[], T | None], work: Callable[[], T]) -> T:
        """What was worked out while others had their turn, or is now."""
        if self._waiting >= MAX_WAITING:
            message = "Too many new operations are waiting to be read; try again."
            raise RequestRefused.because(Unavailable.code, message)
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                found = known()
                return await asyncio.to_thread(_tidily, work) if found is None else found
        finally:
            self._waiting -= 1

    def _same(self, operation: Operation, key: PreparedKey) -> Prepared | None:
        prepared = self.prepared.peek(key)
        return prepared if prepared is not None and prepared.operation is operation else None

    def _settle(
        self, operation: Operation, request: GraphQLRequest, in_parts: bool
    ) -> tuple[Mapping[str, Any], tuple[bool, ...], Atoms]:
        """Its variables, coerced, how its switches stand, and what its caller holds of what it demands."""
        if not isinstance(request.variables, Mapping):
            raise RequestRefused.because("BAD_REQUEST", "Variables must be an object.")

        def hinting() -> bool:
            return self._settings.introspection and self._hides_nothing(request.authority)

        try:
            variables = coerce_variables(self._supergraph.public_schema, operation, request.variables, hinting)
        except RecursionError as reason:
            raise RequestRefused.because(OPERATION_TOO_COMPLEX, "A variable is nested too deeply.") from reason
        switched = operation.positions_of(variables, in_parts)
        if operation.labels:
            switched += tuple(self._holds(label) for label in operation.labels)
        held = request.authority.of_these(operation.demands) if operation.demands else operation.demands
        return variables, switched, held

    def prepare(self, request: GraphQLRequest, in_parts: bool = False) -> tuple[Prepared, Mapping[str, Any], int]:
        """From the caches if possible: then nothing is parsed, validated, planned or compiled. Last, what it costs."""
        key = (request.query, request.operation_name)
        operation = self.operations.get(key)
        if operation is None:
            operation = self.read(request)
            self.operations.put(key, operation, len(request.query))
        variables, switched, held = self._settle(operation, request, in_parts)
        whole = (*key, switched, held)
        prepared = self.prepared.get(whole)
        if prepared is None or prepared.operation is not operation:
            prepared = self.plan(operation, switched, held, variables)
            self.prepared.put(whole, prepared, len(request.query))
        return prepared, variables, self._points(prepared.cost, variables)

    def cached(self) -> Mapping[str, int]:
        """How the caches stand, for metrics."""
        return {
            "operations": len(self.operations),
            "plans": len(self.prepared),
            "plan_hits": self.prepared.counts.hits,
            "plan_misses": self.prepared.counts.misses,
            "plan_evicted": self.prepared.counts.evicted,
        }
