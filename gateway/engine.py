"""The gateway's engine: composes subgraphs once, then answers GraphQL requests.

    compose:  composer → supergraph
    execute:  request → planner → plan → executor → shaper

Owns the order of these and the cache between them. Knows neither HTTP nor who is asking.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLSchema, execute_sync

from gateway.cache import BoundedCache
from gateway.composer import compose
from gateway.errors import (
    INTERNAL,
    OPERATION_TOO_COMPLEX,
    PlanRefused,
    RequestRefused,
    error,
)
from gateway.executor import Call, execute_plan
from gateway.plan import Plan
from gateway.planner import Planner
from gateway.request import Operation, coerce_variables, read_operation, shape_error
from gateway.shaper import Shaper
from gateway.supergraph import Supergraph
from gateway.transports import Transport

log = logging.getLogger(__name__)

MAX_CACHED_CHARACTERS = 16_000_000
"""Of documents in each cache. Entries alone would not bound memory: a document may be 10,000 tokens long."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """One request of a client, as parsed from its carrier."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an operator may turn. `introspection` off hides the schema from clients."""

    cached_operations: int = 1000
    introspection: bool = True


@dataclass(slots=True)
class EngineCounts:
    """Work done so far, each kind once per operation that was not cached."""

    requests: int = 0
    validated: int = 0
    planned: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is worked out of an operation before any variable but its switches is known."""

    operation: Operation
    plan: Plan
    shaper: Shaper


class Engine:
    """One composed graph, the ways to its subgraphs and the operations prepared so far. Lives on one event loop."""

    def __init__(self, supergraph: Supergraph, transports: Mapping[str, Transport], settings: EngineSettings) -> None:
        self._supergraph = supergraph
        self._transports = dict(transports)
        self._settings = settings
        self._planner = Planner(supergraph)
        self._operations = BoundedCache[Operation](settings.cached_operations, MAX_CACHED_CHARACTERS)
        self._prepared = BoundedCache[Prepared](settings.cached_operations, MAX_CACHED_CHARACTERS)
        self.public_schema: GraphQLSchema = supergraph.public_schema
        self.public_sdl: str = supergraph.public_sdl
        self.counts = EngineCounts()

    @classmethod
    def compose(
        cls, subgraphs: Mapping[str, str], transports: Mapping[str, Transport], settings: EngineSettings
    ) -> "Engine":
        """Compose SDLs by subgraph name. Raises `CompositionError`, or `KeyError` for a subgraph without transport."""
        return cls(compose(subgraphs), {name: transports[name] for name in subgraphs}, settings)

    async def execute(self, request: GraphQLRequest, headers: Mapping[str, str], deadline_s: float) -> dict[str, Any]:
        """Answer a request within `deadline_s` seconds; `headers` go to every subgraph as they are.

        Always a GraphQL response. A request error (syntax, validation, variables, limits) has no `data` key.
        """
        ends_at = asyncio.get_running_loop().time() + deadline_s
        self.counts.requests += 1
        try:
            prepared, variables = self._prepare(request)
            if prepared.plan.fetches:
                call = Call(request.variables, headers, ends_at)
                outcome = await execute_plan(prepared.plan, self._transports, call)
                data, errors = outcome.data, outcome.errors
            else:
                data, errors = {}, []
            if prepared.operation.introspection is not None:
                self._introspect(prepared.operation, variables, request, data, errors)
            shaped = prepared.shaper.shape(data, errors)
        except RequestRefused as refused:
            return {"errors": refused.errors}
        except Exception:
            log.exception("request failed")
            return {"errors": [error("Internal error.", INTERNAL)], "data": None}
        return {"errors": errors, "data": shaped} if errors else {"data": shaped}

    def explain(self, request: GraphQLRequest) -> str:
        """Return the plan of a request, printed. Raises `RequestRefused`."""
        return str(self._prepare(request)[0].plan)

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

    def _prepare(self, request: GraphQLRequest) -> tuple[Prepared, Mapping[str, Any]]:
        """From the caches if possible: then nothing is parsed, validated, planned or compiled."""
        if not isinstance(request.variables, Mapping):
            raise RequestRefused.because("BAD_REQUEST", "Variables must be an object.")
        key = (request.query, request.operation_name)
        operation = self._operations.get(key)
        if operation is None:
            operation = read_operation(
                self.public_schema, request.query, request.operation_name, introspection=self._settings.introspection
            )
            self.counts.validated += 1
            self._operations.put(key, operation, len(request.query))
        variables = coerce_variables(self.public_schema, operation, request.variables)
        switched = operation.positions_of(variables)
        prepared = self._prepared.get((*key, switched))
        if prepared is None or prepared.operation is not operation:
            prepared = self._plan(operation, switched)
            self._prepared.put((*key, switched), prepared, len(request.query))
        return prepared, variables

    def _plan(self, operation: Operation, switched: tuple[bool, ...]) -> Prepared:
        selection = operation.select(self._supergraph.public_index, switched)
        self.counts.planned += 1
        try:
            plan = self._planner.plan(operation.node, selection)
        except PlanRefused as refused:
            log.warning("operation not planned: %s", refused.reason)
            message = f"The operation cannot be planned: {refused.reason}."
            raise RequestRefused.because(OPERATION_TOO_COMPLEX, message) from refused
        return Prepared(operation, plan, Shaper(self.public_schema, selection))

    def _introspect(
        self,
        operation: Operation,
        variables: Mapping[str, Any],
        request: GraphQLRequest,
        data: dict[str, Any],
        errors: list[dict[str, Any]],
    ) -> None:
        """Answer what is asked about the schema itself."""
        assert operation.introspection is not None
        given = {name: request.variables[name] for name in variables if name in request.variables}
        result = execute_sync(self.public_schema, operation.introspection, variable_values=given)
        data.update(result.data or {})
        errors += [shape_error(reason, INTERNAL) for reason in result.errors or ()]
