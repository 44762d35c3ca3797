"""A run whose answer is wanted before it is over: it tells of its progress, and whose each error is."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.executor.program import Program, Task
from gateway.executor.run import Call, Run
from gateway.executor.services import Service
from gateway.executor.targets import Entities
from gateway.plan import Fetch


class StagedRun(Run):
    """One execution, begun when made; it must be waited for or closed. `told` has every error with its fetch."""

    def __init__(self, program: Program, services: Mapping[str, Service], call: Call) -> None:
        super().__init__(program, services, call)
        self._roots = program.roots
        self._progress = asyncio.Event()
        self.told: list[tuple[Fetch, dict[str, Any]]] = []
        self._all = asyncio.create_task(self._follow_all())
        self._all.add_done_callback(lambda _: self._progress.set())

    @property
    def done(self) -> frozenset[int]:
        """The planned fetches that are over, well or badly."""
        return frozenset(self._done)

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self._all.done()

    async def until(self, fetches: Iterable[int]) -> None:
        """Wait for these fetches, or for the end."""
        wanted = frozenset(fetches)
        while not self.over and not self._done.issuperset(wanted):
            await self.progress()

    async def progress(self) -> None:
        """Wait until another fetch is over, or all are."""
        await self._progress.wait()
        if not self.over:
            self._progress.clear()

    async def close(self) -> None:
        """End what is still under way."""
        self._all.cancel()
        await asyncio.wait([self._all])
        self.end()

    async def _follow_all(self) -> None:
        async with asyncio.TaskGroup() as self.group:
            for task in self._roots:
                self.group.create_task(self.follow(task))

    def _release(self, ids: tuple[int, ...]) -> list[Task]:
        released = super()._release(ids)
        self._progress.set()
        return released

    def _receive(self, fetch: Fetch, entities: Entities | None, response: Any) -> None:
        before = len(self.failures.errors)
        super()._receive(fetch, entities, response)
        self.told += [(fetch, error) for error in self.failures.errors[before:]]

    def _fail(self, fetch: Fetch, entities: Entities | None, message: str, code: str) -> None:
        before = len(self.failures.errors)
        super()._fail(fetch, entities, message, code)
        self.told += [(fetch, error) for error in self.failures.errors[before:]]
