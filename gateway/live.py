"""The engine in service, and its replacement by one of changed subgraphs without a request noticing.

Owns the switch and the watching for changes. The next engine is composed, and the busiest operations planned on it, in
a thread beside the loop; then new requests go to it, and those under way end on the one they began with. A graph that
does not compose changes nothing.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from gateway.delivery import Parts
from gateway.engine import Engine, EngineCounts, GraphQLRequest
from gateway.errors import CompositionError
from gateway.executor.services import ServiceCounts
from gateway.rate import Bill
from gateway.startup import ask_sdl
from gateway.supergraph import Supergraph
from gateway.transports import SubgraphFailure, Transport
from kit.context import ContextSigner
from kit.log import logger

WARMED_OPERATIONS = 200
"""Planned before the switch: what a shop's frontends send all the time, some 3 ms each in the thread."""

_log = logger(__name__)


class LiveEngine:
    """Executes by the newest graph that composed. Lives on one event loop."""

    def __init__(self, engine: Engine, subgraphs: Mapping[str, str]) -> None:
        self._engine = engine
        self._subgraphs = dict(subgraphs)
        self._one_at_a_time = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []
        self.reloads = 0

    @property
    def engine(self) -> Engine:
        """The newest, for who must know when it changes."""
        return self._engine

    def on_reload(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each switch, on the loop."""
        self._listeners.append(listener)

    async def execute(
        self,
        request: GraphQLRequest,
        headers: Mapping[str, str],
        deadline_s: float,
        caller: Hashable = None,
        bill: Bill | None = None,
    ) -> dict[str, Any]:
        """Answer a request, to its end by the engine it began with."""
        return await self._engine.execute(request, headers, deadline_s, caller, bill)

    async def execute_in_parts(
        self,
        request: GraphQLRequest,
        headers: Mapping[str, str],
        deadline_s: float,
        caller: Hashable = None,
        bill: Bill | None = None,
    ) -> tuple[dict[str, Any], Parts | None]:
        """Answer a request in parts, to its end by the engine it began with."""
        return await self._engine.execute_in_parts(request, headers, deadline_s, caller, bill)

    async def reload(self, subgraphs: Mapping[str, str]) -> bool:
        """Switch to these SDLs; False if nothing has changed or they do not compose, which the log explains."""
        async with self._one_at_a_time:
            changed = {name for name, sdl in subgraphs.items() if self._subgraphs.get(name) != sdl}
            if not changed:
                return False
            try:
                busiest = self._engine.busiest(WARMED_OPERATIONS)
                engine = await asyncio.to_thread(self._engine.successor, dict(subgraphs), busiest)
            except CompositionError as error:
                _log.error("changed subgraphs do not compose; the old graph stays", subgraphs=sorted(changed),
                           problems=[str(problem) for problem in error.problems])  # fmt: skip
                return False
            self._subgraphs = dict(subgraphs)
            self._take(engine)
        _log.info("graph reloaded", subgraphs=sorted(changed), warmed=engine.cached()["plans"])
        return True

    async def switch(self, supergraph: Supergraph, transports: Mapping[str, Transport]) -> None:
        """Switch to a supergraph that was composed elsewhere."""
        async with self._one_at_a_time:
            busiest = self._engine.busiest(WARMED_OPERATIONS)
            self._take(await asyncio.to_thread(self._engine.successor_over, supergraph, transports, busiest))
        _log.info("graph reloaded", subgraphs=sorted(transports), warmed=self._engine.cached()["plans"])

    def _take(self, engine: Engine) -> None:
        self._engine = engine
        self.reloads += 1
        for listener in self._listeners:
            listener()

    async def watch(self, transports: Mapping[str, Transport], signer: ContextSigner, every_s: float) -> None:
        """Ask every subgraph for its SDL again and again, until cancelled. One that is away keeps its last."""
        while True:
            await asyncio.sleep(every_s)
            asked = await asyncio.gather(*[self._ask(name, way, signer) for name, way in transports.items()])
            try:
                await self.reload(dict(zip(transports, asked, strict=True)))
            except Exception:
                _log.exception("reload failed; the old graph stays")

    async def _ask(self, name: str, transport: Transport, signer: ContextSigner) -> str:
        try:
            return await ask_sdl(transport, signer)
        except SubgraphFailure as failure:
            _log.warning("no SDL", subgraph=name, reason=failure.reason)
            return self._subgraphs[name]

    def cached(self) -> Mapping[str, int]:
        """How the caches of the newest engine stand."""
        return self._engine.cached()

    def services(self) -> Mapping[str, ServiceCounts]:
        """How each service was asked."""
        return self._engine.services()

    @property
    def counts(self) -> EngineCounts:
        """Work done so far, by all engines."""
        return self._engine.counts
