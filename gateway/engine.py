"""The gateway's engine: composes subgraphs once, then answers GraphQL requests.

    compose:  composer → supergraph
    execute:  prepare (request → cost → planner → plan) → executor → shaper

Owns the order of these. Knows neither HTTP nor who is asking.
"""

import asyncio
import logging
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, cast

from graphql import GraphQLSchema

from gateway.composer import compose
from gateway.delivery import Parts, Sheet
from gateway.errors import INTERNAL, SUBSCRIPTION_NOT_SUPPORTED, RequestRefused, error
from gateway.executor import Call, Outcome, Service, enrich_event, execute_plan
from gateway.executor.services import ServiceCounts
from gateway.executor.staged import StagedRun
from gateway.introspection import Introspection
from gateway.prepare import EngineCounts, EngineSettings, GraphQLRequest, Preparation, Prepared, PreparedKey
from gateway.rate import Bill
from gateway.request import Operation
from gateway.supergraph import Supergraph
from gateway.transports import Transport

__all__ = ["Engine", "EngineCounts", "EngineSettings", "GraphQLRequest", "Prepared", "PreparedKey"]

log = logging.getLogger(__name__)

UNKNOWN = "UNKNOWN"
"""How a mutation ended of which the gateway did not hear the end."""
HOW_TO_SUBSCRIBE = "A subscription is answered over WebSocket, or with 'Accept: text/event-stream'."


def _unfetched(prepared: Prepared) -> dict[str, Any]:
    """The data of an operation that asks no subgraph anything; a subscription is no such."""
    if prepared.program.source is not None:
        raise RequestRefused.because(SUBSCRIPTION_NOT_SUPPORTED, HOW_TO_SUBSCRIBE)
    return {}


def _billed(response: dict[str, Any], prepared: Prepared, bill: Bill) -> dict[str, Any]:
    """The response, its cost settled and told where it is asked for, and a mutation witnessed."""
    _witnessed(response, prepared, bill)
    if bill.counts:
        told = bill.settle(prepared.cost.actual(response["data"]))
        if told is not None:
            response["extensions"] = {"cost": told}
    return response


def _witnessed(response: dict[str, Any], prepared: Prepared, bill: Bill | None) -> None:
    if prepared.mutates and bill is not None and bill.witness is not None:
        name = prepared.operation.node.name
        bill.witness(name.value if name else None, prepared.mutates, response)


class Engine:
    """One composed graph, the ways to its subgraphs and the operations prepared so far. Lives on one event loop."""

    def __init__(self, supergraph: Supergraph, transports: Mapping[str, Transport], settings: EngineSettings) -> None:
        self._supergraph = supergraph
        self._transports = dict(transports)
        self._services = {name: Service(name, way, settings.services) for name, way in transports.items()}
        self._settings = settings
        self.public_schema: GraphQLSchema = supergraph.public_schema
        self.operation_schema: GraphQLSchema = supergraph.operation_schema
        self.public_sdl: str = supergraph.public_sdl
        self.counts = EngineCounts()
        self._introspection = Introspection(supergraph)
        self.preparation = Preparation(supergraph, settings, self.counts, self._introspection.hides_nothing)

    @classmethod
    def compose(
        cls, subgraphs: Mapping[str, str], transports: Mapping[str, Transport], settings: EngineSettings
    ) -> "Engine":
        """Compose SDLs by subgraph name. Raises `CompositionError`, or `KeyError` for a subgraph without transport."""
        supergraph = compose(subgraphs, contract=settings.contract)
        return cls(supergraph, {name: transports[name] for name in subgraphs}, settings)

    async def execute(
        self,
        request: GraphQLRequest,
        headers: Mapping[str, str],
        deadline_s: float,
        caller: Hashable = None,
        bill: Bill | None = None,
    ) -> dict[str, Any]:
        """Answer a request within `deadline_s` seconds; `headers` go to every subgraph as they are.

        Where answers of subgraphs are shared, it is among requests with an equal `caller`; None shares with none. What
        it costs goes on the `bill`, which may refuse it.

        Always a GraphQL response. A request error (syntax, validation, variables, limits) has no `data` key.
        """
        ends_at = asyncio.get_running_loop().time() + deadline_s
        self.counts.requests += 1
        try:
            prepared, variables = await self._ready(request, bill)
            if prepared.program.roots:
                call = Call(request.variables, headers, ends_at, caller)
                outcome = await self._carried_out(prepared, call, bill)
                data, errors = outcome.data, outcome.errors
            else:
                data, errors = _unfetched(prepared), []
            response = await self._shown(prepared, variables, request, data, errors)
            return response if bill is None else _billed(response, prepared, bill)
        except RequestRefused as refused:
            return {"errors": refused.errors}
        except Exception:
            log.exception("request failed")
            return {"errors": [error("Internal error.", INTERNAL)], "data": None}

    async def execute_in_parts(
        self,
        request: GraphQLRequest,
        headers: Mapping[str, str],
        deadline_s: float,
        caller: Hashable = None,
        bill: Bill | None = None,
    ) -> tuple[dict[str, Any], Parts | None]:
        """As `execute`, for a client that takes an answer in parts: the first part and those to come, if any are.

        The latter must be read to the end or closed.
        """
        ends_at = asyncio.get_running_loop().time() + deadline_s
        self.counts.requests += 1
        try:
            prepared, variables = await self._ready(request, bill, in_parts=True)
            call = Call(request.variables, headers, ends_at, caller)
            if prepared.sheet is None:
                if not prepared.program.roots:
                    return await self._shown(prepared, variables, request, _unfetched(prepared), []), None
                outcome = await self._carried_out(prepared, call, bill)
                whole = await self._shown(prepared, variables, request, outcome.data, outcome.errors)
                return whole if bill is None else _billed(whole, prepared, bill), None
            first, rest = await self._first(prepared, prepared.sheet, variables, request, call)
            _witnessed(first, prepared, bill)
            return first, rest
        except RequestRefused as refused:
            return {"errors": refused.errors}, None
        except Exception:
            log.exception("request failed")
            return {"errors": [error("Internal error.", INTERNAL)], "data": None}, None

    async def _carried_out(self, prepared: Prepared, call: Call, bill: Bill | None) -> Outcome:
        """Follow its plan; a mutation whose end nobody waits for, or that ends in a surprise, is witnessed here."""
        try:
            return await execute_plan(prepared.program, self._services, call)
        except BaseException:
            _witnessed({"errors": [error("", UNKNOWN)]}, prepared, bill)
            raise

    async def _ready(
        self, request: GraphQLRequest, bill: Bill | None, *, in_parts: bool = False
    ) -> tuple[Prepared, Mapping[str, Any]]:
        """All that is worked out before, and charged for; what was refused costs something, too."""
        if bill is None:
            prepared, variables, _ = await self.preparation.ready(request, in_parts)
            return prepared, variables
        await bill.admit()
        try:
            prepared, variables, points = await self.preparation.ready(request, in_parts)
        except RequestRefused:
            bill.penalise()
            raise
        await bill.charge(points)
        return prepared, variables

    async def _shown(
        self,
        prepared: Prepared,
        variables: Mapping[str, Any],
        request: GraphQLRequest,
        data: dict[str, Any],
        errors: list[dict[str, Any]],
    ) -> dict[str, Any]:
        if prepared.operation.introspection is not None:
            told, wrong = await self._introspected(prepared.operation, variables, request)
            data.update(told)
            errors += wrong
        shaped = prepared.shaper.shape(data, errors)
        return {"errors": errors, "data": shaped} if errors else {"data": shaped}

    async def _first(
        self, prepared: Prepared, sheet: Sheet, variables: Mapping[str, Any], request: GraphQLRequest, call: Call
    ) -> tuple[dict[str, Any], Parts | None]:
        introspect = None
        if prepared.operation.introspection is not None:
            told, wrong = await self._introspected(prepared.operation, variables, request)

            def introspect(data: dict[str, Any], errors: list[dict[str, Any]]) -> None:
                data.update(told)
                errors.extend(wrong)

        parts = Parts(sheet, StagedRun(prepared.program, self._services, call))
        try:
            first = await parts.first(introspect)
        except BaseException:
            await parts.aclose()
            raise
        return first, parts if "hasNext" in first else None

    def subscription(self, request: GraphQLRequest) -> Prepared | None:
        """What a subscription needs, from the caches if possible; None for other kinds. Raises `RequestRefused`."""
        prepared, _, _ = self.preparation.prepare(request)
        return prepared if prepared.program.source is not None else None

    async def points(self, request: GraphQLRequest) -> int:
        """What a request costs at most, once it is prepared, beside the loop. Raises `RequestRefused`."""
        return (await self.preparation.ready(request))[2]

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
        return cast(list[PreparedKey], self.preparation.prepared.busiest(count))

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
        engine.preparation.warm(busiest)
        for name, transport in engine._transports.items():
            if self._transports.get(name) is transport:
                engine._services[name] = self._services[name]
        engine.counts = engine.preparation.counts = self.counts
        return engine

    def explain(self, request: GraphQLRequest, *, in_parts: bool = False) -> str:
        """Return the plan of a request, printed; `in_parts` of one that may defer. Raises `RequestRefused`."""
        return str(self.preparation.prepare(request, in_parts)[0].program.plan)

    def cached(self) -> Mapping[str, int]:
        """How the caches stand, for metrics."""
        return self.preparation.cached()

    async def close(self) -> None:
        """Close every transport."""
        for transport in self._transports.values():
            await transport.close()

    def services(self) -> Mapping[str, ServiceCounts]:
        """How each service was asked, for metrics."""
        return {name: service.counts for name, service in self._services.items()}

    async def _introspected(
        self, operation: Operation, variables: Mapping[str, Any], request: GraphQLRequest
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        given = {name: request.variables[name] for name in variables if name in request.variables}
        return await self._introspection.answer(operation, given, request.authority)
