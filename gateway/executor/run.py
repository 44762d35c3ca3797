"""One execution of one program: what is under way, what waits, and the tree that grows."""

import asyncio
import logging
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import INTERNAL, SUBGRAPH_INVALID_RESPONSE
from gateway.executor.contexts import EntitiesInContext, in_contexts
from gateway.executor.failures import Failures
from gateway.executor.program import Program, Task
from gateway.executor.services import Service
from gateway.executor.targets import Entities, merge
from gateway.plan import Fetch
from gateway.transports import SubgraphFailure, SubgraphRequest, SubgraphTimeout

log = logging.getLogger(__name__)

MAX_ENTITIES = 20_000
"""Objects told to a subgraph in one fetch; past this the answer would not fit a client either."""
MAX_CONTEXTS_AT_ONCE = 16
"""Requests under way for the different values that one fetch's arguments are set to; the transport has 64 ways."""
PATIENCE_S = 0.1
"""How long a joined fetch lets a member wait for what only others need, or as long again as the request took so far.

The latter counts where the machine itself is the slow one: more requests would not help it.
"""


@dataclass(frozen=True, slots=True)
class Call:
    """What one request brings: its variables as the client sent them, headers for subgraphs, and when it must be over.

    `ends_at` is in the event loop's seconds. `caller` says for whom it is, where answers may be shared; else None.
    """

    variables: Mapping[str, Any]
    headers: Mapping[str, str]
    ends_at: float
    caller: Hashable = None


class _Unusable(Exception):
    """A response that is no answer to what was asked."""


class Run:
    """One execution. `group` holds what goes on beside the first chain of fetches."""

    group: asyncio.TaskGroup

    def __init__(self, program: Program, services: Mapping[str, Service], call: Call) -> None:
        self._services = services
        self._call = call
        self._releases = program.releases
        self._contextual = program.contextual
        self._waiting = dict(program.waits)
        self._time = asyncio.get_running_loop().time
        self._began = self._time()
        self._done: set[int] = set()
        self._impatient: dict[int, asyncio.TimerHandle] = {}
        self._apart: set[int] = set()
        self._late: dict[int, list[Task]] = {}
        self.data: dict[str, Any] = {}
        self.failures = Failures(program.plan.visible)

    async def follow(self, task: Task) -> None:
        """Do a fetch, then everything that it releases."""
        while True:
            if task.members and (self.failures.errors or not await self._fetch(task)):
                released = self._go_apart(task)
            else:
                if not task.members:
                    await self._fetch(task)
                released = self._release(task.ids)
            if not released:
                return
            task = released.pop()
            for other in released:
                self.group.create_task(self.follow(other))

    def begin_with(self, source: Task, event: Any) -> list[Task]:
        """Take an event as the answer to the fetch that is a subscription's source; what it releases."""
        try:
            self._receive(source.fetch, None, event)
        except _Unusable as reason:
            self._cannot_use(source.fetch, None, reason)
        return self._release(source.ids)

    def end(self) -> None:
        """Forget what was still to come: the run is over."""
        for timer in self._impatient.values():
            timer.cancel()

    def _release(self, ids: tuple[int, ...]) -> list[Task]:
        """E. release: what waited for these planned fetches and for nothing else any more."""
        released = []
        self._done.update(ids)
        for done in ids:
            for task in self._releases[done]:
                number = task.fetch.id
                self._waiting[number] -= 1
                if number in self._apart:
                    continue
                if not self._waiting[number]:
                    released.append(task)
                elif task.members and number not in self._impatient:
                    self._be_patient(task)
            released += [task for task in self._late.pop(done, ()) if self._done.issuperset(task.after)]
        return released

    def _be_patient(self, task: Task) -> None:
        """Limit the time that a joined fetch keeps a member waiting which could go by itself."""
        if any(self._done.issuperset(member.after) for member in task.members):
            patience_s = max(PATIENCE_S, self._time() - self._began)
            timer = asyncio.get_running_loop().call_later(patience_s, self._lose_patience, task)
            self._impatient[task.fetch.id] = timer

    def _lose_patience(self, task: Task) -> None:
        if self._waiting[task.fetch.id] > 0:
            for ready in self._go_apart(task):
                self.group.create_task(self.follow(ready))

    def _go_apart(self, task: Task) -> list[Task]:
        """From now on the members of a joined fetch are fetches of their own; returns those that are ready."""
        self._apart.add(task.fetch.id)
        ready = []
        for member in task.members:
            missing = [dep for dep in member.after if dep not in self._done]
            for dep in missing:
                self._late.setdefault(dep, []).append(member)
            if not missing:
                ready.append(member)
        return ready

    async def _fetch(self, task: Task, told: EntitiesInContext | None = None) -> bool:
        """Do one fetch; False if it is a joined one that could not tell of every object and has done nothing."""
        fetch: Fetch = task.fetch
        entities: Entities | None = told
        try:
            # B. tell
            if fetch.contexts and told is None:
                return await self._fetch_in_contexts(task)
            if task.tellers:
                entities = told or Entities(task.tellers, self.data)
                if entities.incomplete and task.members:
                    return False
                if not entities.representations:
                    return True
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
            self._cannot_use(fetch, entities, reason)
        except Exception:
            log.exception("fetch from %s failed", fetch.service, extra={"service": fetch.service})
            self._fail(fetch, entities, "Internal error.", INTERNAL)
        return True

    async def _fetch_in_contexts(self, task: Task) -> bool:
        """Do one fetch once for each set of values that its arguments have."""
        groups = in_contexts(task.fetch.contexts, task.tellers[0], self.data)
        if sum(len(group.representations) for group in groups) > MAX_ENTITIES:
            raise _Unusable(f"more than {MAX_ENTITIES} objects for one fetch")
        for start in range(0, len(groups), MAX_CONTEXTS_AT_ONCE):
            together = groups[start : start + MAX_CONTEXTS_AT_ONCE]
            await asyncio.gather(*(self._fetch(task, group) for group in together))
        return True

    async def _send(self, fetch: Fetch, entities: Entities | None) -> Mapping[str, Any]:
        call = self._call
        given = call.variables
        variables = {name: given[name] for name in fetch.variables if name in given}
        if entities is not None:
            variables[fetch.representations_variable] = entities.representations
            if fetch.contexts and isinstance(entities, EntitiesInContext):
                variables |= entities.values
        request = SubgraphRequest(fetch.document, variables or None, fetch.operation_name, fetch.kind)
        left_s = call.ends_at - self._time()
        return await self._services[fetch.service].ask(request, call.headers, left_s, call.caller)

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
        if self._contextual:
            entities.receive_apart(listed)
        else:
            entities.receive(listed)
        if entities.odd:
            raise _Unusable("an entity that is no object")

    def _cannot_use(self, fetch: Fetch, entities: Entities | None, reason: _Unusable) -> None:
        log.warning("subgraph %s: %s", fetch.service, reason, extra={"service": fetch.service})
        message = f"{fetch.service} gave a response that cannot be used."
        self._fail(fetch, entities, message, SUBGRAPH_INVALID_RESPONSE)

    def _fail(self, fetch: Fetch, entities: Entities | None, message: str, code: str) -> None:
        self.failures.of_fetch(fetch, entities, self.data, message, code)
