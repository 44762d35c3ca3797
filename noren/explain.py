"""`noren explain`: how the gateway would answer a query, and what a service makes of an operation."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import orjson

from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.errors import RequestRefused
from gateway.supergraph.access import UNLIMITED
from kit.graphql.execution.executor import explain_compiled
from kit.graphql.execution.refusal import NotCompiled
from noren.system import SERVICES, subgraph_sdls


class Inexplicable(ValueError):
    """The operation is refused, or cannot be compiled; the message says why."""


def plan_of(query: str, variables: str = "{}", operation_name: str | None = None) -> str:
    """The fetches a query of the public graph becomes, printed; `variables` is JSON. Raises `Inexplicable`.

    Under `@defer`, those of a client that takes an answer in parts.
    """
    try:
        given = orjson.loads(variables)
    except orjson.JSONDecodeError as reason:
        raise Inexplicable(f"--variables: expected a JSON object, {reason}") from reason
    sdls = subgraph_sdls()
    engine = Engine.compose(sdls, {name: _Unasked() for name in sdls}, EngineSettings())
    try:
        return engine.explain(GraphQLRequest(query, given, operation_name, UNLIMITED), in_parts=True)
    except RequestRefused as refused:
        raise Inexplicable("\n".join(error["message"] for error in refused.errors)) from refused


def source_of(service: str, query: str, operation_name: str | None = None) -> str:
    """The Python an operation of one service's subgraph becomes. Raises `Inexplicable`."""
    try:
        return explain_compiled(SERVICES[service].schema, query, operation_name)
    except NotCompiled as reason:
        raise Inexplicable(f"this operation is left to graphql-core: {reason}") from reason


class _Unasked:
    """A way to a subgraph that explaining never goes."""

    async def send(self, *_: object) -> Mapping[str, Any]:
        raise AssertionError("explaining asks nobody")

    def subscribe(self, *_: object) -> AsyncGenerator[Mapping[str, Any], None]:
        raise AssertionError("explaining asks nobody")

    async def close(self) -> None:
        return None
