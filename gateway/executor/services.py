"""Asking a subgraph, with all that stands between a fetch and its transport.

Owns the time one service may take inside the request's deadline, repeating queries within a budget, and sharing
queries in flight. A mutation is asked once, whatever happens.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Hashable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.executor.breaker import SLOW_S, Breaker
from gateway.transports import SubgraphFailure, SubgraphRequest, SubgraphTimeout, SubgraphUnavailable, Transport

RETRY_SHARE = 0.1
"""Repeats earned by each query: a service that fails is asked a tenth more, not twice as much."""
MAX_RETRY_CREDIT = 10.0
"""Repeats saved up in good times; also what a fresh gateway begins with."""
RETRY_PAUSE_S = 0.05
"""A repeat waits up to this long, so that those of many requests do not arrive as one."""


@dataclass(frozen=True, slots=True)
class ServicePolicy:
    """How services are asked. `timeouts_s` by service, within the time of the whole request; absent: all of it.

    `deduplicate` lets a query that is asked for the same caller at the same moment be asked once. Callers then share
    the trace id and the instant of whoever came first.
    """

    timeouts_s: Mapping[str, float] = field(default_factory=dict)
    deduplicate: bool = False
    breaker: bool = False
    """Whether a service that fails is not asked for a while (`breaker`)."""


@dataclass(slots=True)
class ServiceCounts:
    """Requests sent, those of them that were repeats, those not sent because one like it was under way, failures.

    `spared` were not sent because too many before them had failed.

    Subscriptions begun are counted by themselves, and among repeats and failures.
    """

    asked: int = 0
    repeated: int = 0
    shared: int = 0
    failed: int = 0
    subscribed: int = 0
    spared: int = 0


class Service:
    """One subgraph, as the executor asks it. Lives on one event loop."""

    def __init__(self, name: str, transport: Transport, policy: ServicePolicy) -> None:
        self._transport = transport
        self._timeout_s = policy.timeouts_s.get(name)
        self._in_flight: dict[Hashable, asyncio.Future[bytes]] | None = {} if policy.deduplicate else None
        self._credit = MAX_RETRY_CREDIT
        self.breaker = Breaker(time.monotonic) if policy.breaker else None
        self.counts = ServiceCounts()

    async def ask(
        self, request: SubgraphRequest, headers: Mapping[str, str], left_s: float, caller: Hashable = None
    ) -> Mapping[str, Any]:
        """Return the response; raises `SubgraphFailure`. `caller` is who may share an answer; None shares with none."""
        limit_s = left_s if self._timeout_s is None else min(left_s, self._timeout_s)
        if limit_s <= 0:
            raise SubgraphTimeout("no time was left to ask")
        if self.breaker is None:
            return await self._ask(request, headers, limit_s, caller)
        if not self.breaker.lets_through():
            self.counts.spared += 1
            raise SubgraphUnavailable("not asked, because many calls before had failed")
        failed: bool | None = None
        try:
            response = await self._ask(request, headers, limit_s, caller)
            failed = False
            return response
        except SubgraphFailure as failure:
            late = isinstance(failure, SubgraphTimeout)
            failed = True if not late or limit_s >= SLOW_S or limit_s == self._timeout_s else None
            raise
        finally:
            self.breaker.note(failed)

    async def _ask(
        self, request: SubgraphRequest, headers: Mapping[str, str], limit_s: float, caller: Hashable
    ) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(limit_s):
                if request.kind != "query":
                    return await self._send(request, headers, limit_s)
                if self._in_flight is None or caller is None:
                    return await self._send_again(request, headers, limit_s)
                return await self._share(self._in_flight, request, headers, limit_s, caller)
        except TimeoutError as late:
            self.counts.failed += 1
            raise SubgraphTimeout(f"no answer within {limit_s:.3f} s") from late

    async def subscribe(
        self, request: SubgraphRequest, fresh_headers: Callable[[], Mapping[str, str]], left_s: float
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yield responses; raises `SubgraphFailure`. What breaks before its first event is begun once more, on credit.

        Later it is not: nobody could say what was missed. `left_s` is the time to begin in, not that of events.
        """
        limit_s = left_s if self._timeout_s is None else min(left_s, self._timeout_s)
        may_repeat = True
        while True:
            self.counts.subscribed += 1
            try:
                async with aclosing(self._transport.subscribe(request, fresh_headers(), limit_s)) as responses:
                    async for response in responses:
                        may_repeat = False
                        yield response
                return
            except SubgraphFailure as failure:
                self.counts.failed += 1
                if not may_repeat or not isinstance(failure, SubgraphUnavailable) or self._credit < 1.0:
                    raise
            may_repeat = False
            self._credit -= 1.0
            self.counts.repeated += 1
            await asyncio.sleep(RETRY_PAUSE_S * random.random())

    async def _send(self, request: SubgraphRequest, headers: Mapping[str, str], limit_s: float) -> Mapping[str, Any]:
        self.counts.asked += 1
        try:
            return await self._transport.send(request, headers, limit_s)
        except SubgraphUnavailable:
            self.counts.failed += 1
            raise

    async def _send_again(
        self, request: SubgraphRequest, headers: Mapping[str, str], limit_s: float
    ) -> Mapping[str, Any]:
        """Send a query, and once more if the service is away and there is credit for it."""
        if self._credit < MAX_RETRY_CREDIT:
            self._credit += RETRY_SHARE
        try:
            return await self._send(request, headers, limit_s)
        except SubgraphUnavailable:
            if self._credit < 1.0:
                raise
        self._credit -= 1.0
        self.counts.repeated += 1
        await asyncio.sleep(RETRY_PAUSE_S * random.random())
        return await self._send(request, headers, limit_s)

    async def _share(
        self,
        in_flight: dict[Hashable, "asyncio.Future[bytes]"],
        request: SubgraphRequest,
        headers: Mapping[str, str],
        limit_s: float,
        caller: Hashable,
    ) -> Mapping[str, Any]:
        """Wait for one like it, else send and let others wait. Each gets objects of its own: it will write into them.

        The sending is a task of its own, so that it outlives the request that began it while others wait for it.
        """
        key = (caller, request.query, request.operation_name, orjson.dumps(request.variables))
        under_way = in_flight.get(key)
        if under_way is None:
            under_way = asyncio.ensure_future(self._as_bytes(request, headers, limit_s))
            in_flight[key] = under_way
            under_way.add_done_callback(lambda done: _forget(in_flight, key, done))
        else:
            self.counts.shared += 1
        response: Mapping[str, Any] = orjson.loads(await asyncio.shield(under_way))
        return response

    async def _as_bytes(self, request: SubgraphRequest, headers: Mapping[str, str], limit_s: float) -> bytes:
        return orjson.dumps(await self._send_again(request, headers, limit_s))


def _forget(in_flight: dict[Hashable, "asyncio.Future[bytes]"], key: Hashable, done: "asyncio.Future[bytes]") -> None:
    del in_flight[key]
    if not done.cancelled():
        done.exception()  # whoever waited has been told; if nobody did, nobody needs to be
