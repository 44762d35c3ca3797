"""The gateway's engine: composes subgraphs once, then answers GraphQL requests.

    compose:  composer → supergraph
    execute:  request → planner → plan → executor → shaper

Owns the order of these and the cache between them. Knows neither HTTP nor who is asking.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from graphql import GraphQLSchema

from gateway.cache import BoundedCache
from gateway.composer import compose
from gateway.delivery import Parts, Sheet
from gateway.errors import (
    INTERNAL,
    OPERATION_TOO_COMPLEX,
    SUBSCRIPTION_NOT_SUPPORTED,
    PlanRefused,
    RequestRefused,
    error,
)
from gateway.executor import Call, Program, Service, ServicePolicy, compile_plan, enrich_event, execute_plan
from gateway.executor.services import ServiceCounts
from gateway.executor.staged import StagedRun
from gateway.introspection import Introspection
from gateway.planner import Planner
from gateway.request import Operation, coerce_variables, read_operation
from gateway.shaper import Shaper
from gateway.supergraph import Supergraph
from gateway.supergraph.access import NOBODY, UNLIMITED, Atoms, Authority, permitted
from gateway.supergraph.labels import percent_of
from gateway.transports import Transport

log = logging.getLogger(__name__)

MAX_CACHED_CHARACTERS = 16_000_000
"""Of documents in each cache. Entries alone would not bound memory: a document may be 10,000 tokens long."""
HOW_TO_SUBSCRIBE = "A subscription is answered over WebSocket, or with 'Accept: text/event-stream'."


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
    labels: frozenset[str] = frozenset()
    draw: Callable[[], float] = random.random
    services: ServicePolicy = field(default_factory=ServicePolicy)


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
    sheet: Sheet | None = None
    """Set where the answer comes in parts."""


def _unfetched(prepared: Prepared) -> dict[str, Any]:
    """The data of an operation that asks no subgraph anything; a subscription is no such."""
    if prepared.program.source is not None:
        raise RequestRefused.because(SUBSCRIPTION_NOT_SUPPORTED, HOW_TO_SUBSCRIBE)
    return {}


class Engine:
    """One composed graph, the ways to its subgraphs and the operations prepared so far. Lives on one event loop."""

    def __init__(self, supergraph: Supergraph, transports: Mapping[str, Transport], settings: EngineSettings) -> None:
        self._supergraph = supergraph
        self._transports = dict(transports)
        self._services = {name: Service(name, way, settings.services) for name, way in transports.items()}
        self._settings = settings
        self._planner = Planner(supergraph)
        self._stages = BoundedCache[tuple[Supergraph, Planner]](MAX_STAGES, MAX_STAGES)
        self._operations = BoundedCache[Operation](settings.cached_operations, MAX_CACHED_CHARACTERS)
        self._prepared = BoundedCache[Prepared](settings.cached_operations, MAX_CACHED_CHARACTERS)
        self._introspection = Introspection(supergraph)
        self.public_schema: GraphQLSchema = supergraph.public_schema
        self.operation_schema: GraphQLSchema = supergraph.operation_schema
        self.public_sdl: str = supergraph.public_sdl
        self.counts = EngineCounts()

    @classmethod
    def compose(
        cls, subgraphs: Mapping[str, str], transports: Mapping[str, Transport], settings: EngineSettings
    ) -> "Engine":
        """Compose SDLs by subgraph name. Raises `CompositionError`, or `KeyError` for a subgraph without transport."""
        return cls(compose(subgraphs), {name: transports[name] for name in subgraphs}, settings)

    async def execute(
        self, request: GraphQLRequest, headers: Mapping[str, str], deadline_s: float, caller: Hashable = None
    ) -> dict[str, Any]:
        """Answer a request within `deadline_s` seconds; `headers` go to every subgraph as they are.

        Where answers of subgraphs are shared, it is among requests with an equal `caller`; None shares with none.

        Always a GraphQL response. A request error (syntax, validation, variables, limits) has no `data` key.
        """
        ends_at = asyncio.get_running_loop().time() + deadline_s
        self.counts.requests += 1
        try:
            prepared, variables = self._prepare(request)
            if prepared.program.roots:
                call = Call(request.variables, headers, ends_at, caller)
                outcome = await execute_plan(prepared.program, self._services, call)
                data, errors = outcome.data, outcome.errors
            else:
                data, errors = _unfetched(prepared), []
            return self._shown(prepared, variables, request, data, errors)
        except RequestRefused as refused:
            return {"errors": refused.errors}
        except Exception:
            log.exception("request failed")
            return {"errors": [error("Internal error.", INTERNAL)], "data": None}

    async def execute_in_parts(
        self, request: GraphQLRequest, headers: Mapping[str, str], deadline_s: float, caller: Hashable = None
    ) -> tuple[dict[str, Any], Parts | None]:
        """As `execute`, for a client that takes an answer in parts: the first part and those to come, if any are.

        The latter must be read to the end or closed.
        """
        ends_at = asyncio.get_running_loop().time() + deadline_s
        self.counts.requests += 1
        try:
            prepared, variables = self._prepare(request, in_parts=True)
            call = Call(request.variables, headers, ends_at, caller)
            if prepared.sheet is None:
                if not prepared.program.roots:
                    return self._shown(prepared, variables, request, _unfetched(prepared), []), None
                outcome = await execute_plan(prepared.program, self._services, call)
                return self._shown(prepared, variables, request, outcome.data, outcome.errors), None
            return await self._first(prepared, prepared.sheet, variables, request, call)
        except RequestRefused as refused:
            return {"errors": refused.errors}, None
        except Exception:
            log.exception("request failed")
            return {"errors": [error("Internal error.", INTERNAL)], "data": None}, None

    def _shown(
        self,
        prepared: Prepared,
        variables: Mapping[str, Any],
        request: GraphQLRequest,
        data: dict[str, Any],
        errors: list[dict[str, Any]],
    ) -> dict[str, Any]:
        if prepared.operation.introspection is not None:
            self._introspect(prepared.operation, variables, request, data, errors)
        shaped = prepared.shaper.shape(data, errors)
        return {"errors": errors, "data": shaped} if errors else {"data": shaped}

    async def _first(
        self, prepared: Prepared, sheet: Sheet, variables: Mapping[str, Any], request: GraphQLRequest, call: Call
    ) -> tuple[dict[str, Any], Parts | None]:
        def introspect(data: dict[str, Any], errors: list[dict[str, Any]]) -> None:
            self._introspect(prepared.operation, variables, request, data, errors)

        parts = Parts(sheet, StagedRun(prepared.program, self._services, call))
        try:
            first = await parts.first(introspect if prepared.operation.introspection is not None else None)
        except BaseException:
            await parts.aclose()
            raise
        return first, parts if "hasNext" in first else None

    def subscription(self, request: GraphQLRequest) -> Prepared | None:
        """What a subscription needs, from the caches if possible; None for other kinds. Raises `RequestRefused`."""
        prepared, _ = self._prepare(request)
        return prepared if prepared.program.source is not None else None

    def service(self, name: str) -> Service:
        """A subgraph as the executor asks it."""
        return self._services[name]

    async def enrich(self, prepared: Prepared, event: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """The response to one event of a subscription's source; always a GraphQL response with `data`."""
        try:
            outcome = await enrich_event(prepared.program, self._services, call, event)
            shaped = prepared.shaper.shape(outcome.data, outcome.errors)
        except Exception:
            log.exception("event failed")
            return {"errors": [error("Internal error.", INTERNAL)], "data": None}
        return {"errors": outcome.errors, "data": shaped} if outcome.errors else {"data": shaped}

    def busiest(self, count: int) -> list[PreparedKey]:
        """The operations asked most often, for a successor to prepare."""
        return cast(list[PreparedKey], self._prepared.busiest(count))

    def successor(self, subgraphs: Mapping[str, str], busiest: Sequence[PreparedKey]) -> "Engine":
        """The engine of changed SDLs, with the `busiest` operations prepared already.

        It shares the transports, the services' budgets and the counts. Nothing of this engine is changed, so it may be
        made in another thread while this one answers. Raises `CompositionError`, and `KeyError` as `compose` does.
        """
        return self._warmed(Engine.compose(subgraphs, self._transports, self._settings), busiest)

    def successor_over(
        self, supergraph: Supergraph, transports: Mapping[str, Transport], busiest: Sequence[PreparedKey]
    ) -> "Engine":
        """The engine of another supergraph, as `successor`; it shares the budgets of services reached as before."""
        return self._warmed(Engine(supergraph, transports, self._settings), busiest)

    def _warmed(self, engine: "Engine", busiest: Sequence[PreparedKey]) -> "Engine":
        for key in busiest:
            query, operation_name, switched, held = key
            request = GraphQLRequest(query, {}, operation_name, UNLIMITED)
            try:
                operation = engine._operations.get((query, operation_name)) or engine.read(request)
                prepared = engine.plan(operation, switched, held)
            except RequestRefused:
                continue  # asks for what is no more; whoever asks it will be told
            engine._operations.put((query, operation_name), operation, len(query))
            engine._prepared.put(key, prepared, len(query))
        for name, transport in engine._transports.items():
            if self._transports.get(name) is transport:
                engine._services[name] = self._services[name]
        engine.counts = self.counts
        return engine

    def explain(self, request: GraphQLRequest, *, in_parts: bool = False) -> str:
        """Return the plan of a request, printed; `in_parts` of one that may defer. Raises `RequestRefused`."""
        return str(self._prepare(request, in_parts)[0].program.plan)

    def read(self, request: GraphQLRequest) -> Operation:
        """Parse and validate, past the caches. Raises `RequestRefused`."""
        self.counts.validated += 1
        operation = read_operation(
            self.operation_schema,
            request.query,
            request.operation_name,
            introspection=self._settings.introspection,
            suggestions=self._introspection.hides_nothing(request.authority),
        )
        names, labels = operation.names(), self._supergraph.labels
        found = () if labels is None else labels.of(names)
        return replace(operation, labels=found, demands=self._supergraph.rules.demanded(names))

    def plan(self, operation: Operation, switched: tuple[bool, ...], held: Atoms) -> Prepared:
        """Work out everything for an operation whose conditions stand so, past the caches. Raises `RequestRefused`.

        `held` is what the caller holds of what it demands. Who may not see all of it gets it in one part.
        """
        allowed = permitted(operation.select(self._supergraph.public_index, switched), self._supergraph.rules, held)
        selection = allowed.selection
        sourceless = operation.root == "Subscription" and any(len(path) == 1 for path in allowed.withheld)
        if sourceless or (self._settings.rejects and allowed.withheld):
            raise RequestRefused(allowed.refusal())
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
        sheet = Sheet.of(self.public_schema, selection, plan) if plan.deferred else None
        whole = Shaper(self.public_schema, selection, withholds=bool(allowed.withheld))
        return Prepared(operation, program, sheet.first if sheet else whole, sheet)

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

    async def close(self) -> None:
        """Close every transport."""
        for transport in self._transports.values():
            await transport.close()

    def cached(self) -> Mapping[str, int]:
        """How the caches stand, for metrics."""
        return {
            "operations": len(self._operations),
            "plans": len(self._prepared),
            "plan_hits": self._prepared.counts.hits,
            "plan_misses": self._prepared.counts.misses,
            "plan_evicted": self._prepared.counts.evicted,
        }

    def services(self) -> Mapping[str, ServiceCounts]:
        """How each service was asked, for metrics."""
        return {name: service.counts for name, service in self._services.items()}

    def _prepare(self, request: GraphQLRequest, in_parts: bool = False) -> tuple[Prepared, Mapping[str, Any]]:
        """From the caches if possible: then nothing is parsed, validated, planned or compiled."""
        if not isinstance(request.variables, Mapping):
            raise RequestRefused.because("BAD_REQUEST", "Variables must be an object.")
        key = (request.query, request.operation_name)
        operation = self._operations.get(key)
        if operation is None:
            operation = self.read(request)
            self._operations.put(key, operation, len(request.query))
        variables = coerce_variables(self.public_schema, operation, request.variables)
        switched = operation.positions_of(variables, in_parts)
        if operation.labels:
            switched += tuple(self._holds(label) for label in operation.labels)
        held = request.authority.of_these(operation.demands) if operation.demands else operation.demands
        prepared = self._prepared.get((*key, switched, held))
        if prepared is None or prepared.operation is not operation:
            prepared = self.plan(operation, switched, held)
            self._prepared.put((*key, switched, held), prepared, len(request.query))
        return prepared, variables

    def _introspect(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        request: GraphQLRequest,
        data: dict[str, Any],
        errors: list[dict[str, Any]],
    ) -> None:
        """Answer what is asked about the schema itself."""
        given = {name: request.variables[name] for name in variables if name in request.variables}
        self._introspection.answer(operation, given, request.authority, data, errors)
