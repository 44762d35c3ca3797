"""Follows a plan: every fetch starts as soon as the last one it waits for is done, and what it says joins one tree.

A. start     fetches that wait for nothing
B. tell      an entity fetch finds its objects and makes their representations, each once
C. send      within what is left of the request's time
D. receive   check the response, merge it, note its errors
E. release   fetches that waited for this one

A subgraph that fails, lies or is late costs its own fields: the failure becomes an error, and the tree lacks them.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import INTERNAL, SUBGRAPH_INVALID_RESPONSE
from gateway.executor.failures import Failures
from gateway.executor.targets import Entities, merge
from gateway.plan import Fetch, Plan
from gateway.transports import SubgraphFailure, SubgraphRequest, SubgraphTimeout, Transport

log = logging.getLogger(__name__)

MAX_ENTITIES = 20_000
"""Objects told to a subgraph in one fetch; past this the answer would not fit a client either."""


@dataclass(frozen=True, slots=True)
class Call:
    """What one request brings: its variables as the client sent them, headers for subgraphs, and when it must be over.

    `ends_at` is in the event loop's seconds.
    """

    variables: Mapping[str, Any]
    headers: Mapping[str, str]
    ends_at: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The tree of all answers under their data keys, and every error."""

    data: dict[str, Any]
    errors: list[dict[str, Any]]


async def execute_plan(plan: Plan, transports: Mapping[str, Transport], call: Call) -> Outcome:
    """Follow the plan to its end; raises nothing but cancellation."""
    run = _Run(plan, transports, call)
    ready = [fetch for fetch in plan.fetches if not fetch.depends_on]
    if len(ready) == 1:
        await run.follow(ready[0])
    elif ready:
        async with asyncio.TaskGroup() as group:
            for fetch in ready:
                group.create_task(run.follow(fetch))
    return Outcome(run.data, run.failures.errors)


class _Run:
    """One execution of one plan."""

    def __init__(self, plan: Plan, transports: Mapping[str, Transport], call: Call) -> None:
        self._transports = transports
        self._call = call
        self._waiting = {fetch.id: len(fetch.depends_on) for fetch in plan.fetches}
        self._dependents: dict[int, list[Fetch]] = {}
        for fetch in plan.fetches:
            for dep in fetch.depends_on:
                self._dependents.setdefault(dep, []).append(fetch)
        self.data: dict[str, Any] = {}
        self.failures = Failures(plan.visible)

    async def follow(self, fetch: Fetch) -> None:
        """Do a fetch, then everything that it releases."""
        while True:
            await self._fetch(fetch)
            # E. release
            released = []
            for dependent in self._dependents.get(fetch.id, ()):
                self._waiting[dependent.id] -= 1
                if not self._waiting[dependent.id]:
                    released.append(dependent)
            if not released:
                return
            if len(released) > 1:
                async with asyncio.TaskGroup() as group:
                    for dependent in released:
                        group.create_task(self.follow(dependent))
                return
            fetch = released[0]

    async def _fetch(self, fetch: Fetch) -> None:
        entities: Entities | None = None
        try:
            # B. tell
            if fetch.representations:
                entities = Entities(fetch, self.data)
                if not entities.representations:
                    return
                if len(entities.representations) > MAX_ENTITIES:
                    raise _Unusable(f"more than {MAX_ENTITIES} objects for one fetch")
            # C. send
            response = await self._send(fetch, entities)
            # D. receive
            self._receive(fetch, entities, response)
        except SubgraphFailure as failure:
            log.warning("subgraph %s: %s", fetch.service, failure.reason, extra={"service": fetch.service})
            what = "did not answer in time" if isinstance(failure, SubgraphTimeout) else "is unavailable"
            self._fail(fetch, entities, f"{fetch.service} {what}.", failure.code)
        except _Unusable as reason:
            log.warning("subgraph %s: %s", fetch.service, reason, extra={"service": fetch.service})
            message = f"{fetch.service} gave a response that cannot be used."
            self._fail(fetch, entities, message, SUBGRAPH_INVALID_RESPONSE)
        except Exception:
            log.exception("fetch from %s failed", fetch.service, extra={"service": fetch.service})
            self._fail(fetch, entities, "Internal error.", INTERNAL)

    async def _send(self, fetch: Fetch, entities: Entities | None) -> Mapping[str, Any]:
        given = self._call.variables
        variables = {name: given[name] for name in fetch.variables if name in given}
        if entities is not None:
            variables[fetch.representations_variable] = entities.representations
        request = SubgraphRequest(fetch.document, variables or None, fetch.operation_name, fetch.kind)
        left_s = self._call.ends_at - asyncio.get_running_loop().time()
        if left_s <= 0:
            raise SubgraphTimeout("no time was left to ask")
        try:
            async with asyncio.timeout(left_s):
                return await self._transports[fetch.service].send(request, self._call.headers, left_s)
        except TimeoutError as late:
            raise SubgraphTimeout(f"no answer within {left_s:.3f} s") from late

    def _receive(self, fetch: Fetch, entities: Entities | None, response: Any) -> None:
        if not isinstance(response, Mapping):
            raise _Unusable(f"response is {type(response).__name__}")
        data, errors = response.get("data"), response.get("errors")
        if data is not None and type(data) is not dict:
            raise _Unusable(f"data is {type(data).__name__}")
        if data is None and not errors:
            raise _Unusable("neither data nor errors")
        if errors:
            self.failures.of_subgraph(fetch, entities, self.data, errors)
        if data is None:
            return
        if entities is None:
            merge(self.data, data)
            return
        listed = data.get("_entities")
        if listed is None and errors:
            return
        if type(listed) is not list or len(listed) != len(entities.representations):
            told = len(listed) if type(listed) is list else type(listed).__name__
            raise _Unusable(f"{told} entities for {len(entities.representations)} representations")
        entities.receive(listed)

    def _fail(self, fetch: Fetch, entities: Entities | None, message: str, code: str) -> None:
        self.failures.of_fetch(fetch, entities, self.data, message, code)


class _Unusable(Exception):
    """A response that is no answer to what was asked."""
