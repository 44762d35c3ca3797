"""A subgraph in this very process, called as a function.

Owns the isolation a network would have given: the callee gets its own copy of the variables, its time is limited,
and whatever it raises becomes a failure of the subgraph. Refuses to cut a mutation in the middle: when the time is
up the caller is told, the mutation runs on to its end.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Protocol

import orjson

from gateway.transports import SubgraphRequest, SubgraphTimeout, SubgraphUnavailable
from kit.log import logger

CLOSE_TIMEOUT_S = 5.0
"""How long `close` waits for mutations whose caller has gone: a supervisor is more patient."""

_log = logger(__name__)


class Callee(Protocol):
    """What answers: `kit.subgraph.Subgraph`, or anything of its shape."""

    async def execute(
        self, query: str, variables: dict[str, Any] | None, operation_name: str | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return the GraphQL response object."""
        ...

    def subscribe(
        self, query: str, variables: dict[str, Any] | None, operation_name: str | None, headers: Mapping[str, str]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield a GraphQL response object an event."""
        ...


class InProcessTransport:
    """The transport to one subgraph object of this process and event loop."""

    def __init__(self, callee: Callee) -> None:
        self._callee = callee
        self._mutations: set[asyncio.Task[dict[str, Any]]] = set()

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        """Execute `request`; raise `SubgraphTimeout` after `timeout_s`, `SubgraphUnavailable` if the callee raises."""
        answer = self._call(request, headers)
        limit = asyncio.timeout(timeout_s)
        try:
            async with limit:
                if request.kind == "mutation":
                    return await asyncio.shield(self._keep(answer))
                return await answer
        except TimeoutError as error:
            if limit.expired():
                raise SubgraphTimeout(f"no answer within {timeout_s:g} s") from error
            raise SubgraphUnavailable(f"raised {error!r}") from error
        except Exception as error:
            raise SubgraphUnavailable(f"raised {error!r}") from error

    async def subscribe(
        self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yield the callee's responses; raise `SubgraphUnavailable` if it raises. It has begun when it is called."""
        try:
            variables = _own(request.variables)
            answers = self._callee.subscribe(request.query, variables, request.operation_name, headers)
            async with aclosing(answers):
                async for answer in answers:
                    yield answer
        except Exception as error:
            raise SubgraphUnavailable(f"raised {error!r}") from error

    async def close(self) -> None:
        """Let mutations that outlived their caller finish, for `CLOSE_TIMEOUT_S` at most."""
        if self._mutations:
            await asyncio.wait(self._mutations, timeout=CLOSE_TIMEOUT_S)

    async def _call(self, request: SubgraphRequest, headers: Mapping[str, str]) -> dict[str, Any]:
        variables = _own(request.variables)
        return await self._callee.execute(request.query, variables, request.operation_name, headers)

    def _keep(self, answer: Any) -> asyncio.Task[dict[str, Any]]:
        """Run `answer` as a task that outlives its caller; the loop itself holds tasks only weakly."""
        task: asyncio.Task[dict[str, Any]] = asyncio.ensure_future(answer)
        self._mutations.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[dict[str, Any]]) -> None:
        self._mutations.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("mutation_raised", error=repr(error))


def _own(variables: dict[str, Any] | None) -> dict[str, Any] | None:
    """A copy: a callee may take apart what it is given. Strawberry removes `__typename` from representations."""
    return orjson.loads(orjson.dumps(variables)) if variables else variables
