"""Whether the gateway runs, and whether it can answer: every subgraph does.

Owns `/health/live` and `/health/ready`. Tells which subgraph is missing, never why: reasons are for the log.
"""

import asyncio
import time
from collections.abc import Callable, Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.own import NAME as OWN
from gateway.trace import Trace
from gateway.transports import SubgraphFailure, SubgraphRequest, Transport
from kit.context import CONTEXT_HEADER, PROBE_HEADER, TRACE_HEADER, ContextSigner, RequestContext
from kit.log import logger

READY_TIMEOUT_S = 3.0
"""A subgraph that needs longer for nothing is not ready."""
READY_KEPT_S = 1.0
"""The answer is kept so long: anybody may ask, and each time costs every subgraph a call."""
SYSTEM_CHANNEL = "system"

_PROBE = SubgraphRequest("{ __typename }", None, None, "query")
_log = logger(__name__)


def system_headers(signer: ContextSigner) -> dict[str, str]:
    """The headers of a call that the gateway makes for itself: a caller without any scope."""
    trace = Trace.begin()
    context = RequestContext(channel=SYSTEM_CHANNEL, trace_id=trace.id)
    return {CONTEXT_HEADER: signer.sign(context), TRACE_HEADER: trace.parent}


class Health:
    """The two endpoints, over the transports of one gateway."""

    def __init__(
        self,
        transports: Mapping[str, Transport],
        signer: ContextSigner,
        clock: Callable[[], float] = time.monotonic,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._stopping = stopping
        self._transports = transports
        self._signer = signer
        self._clock = clock
        self._kept_until = 0.0
        self._kept: dict[str, str] = {}
        self._one_at_a_time = asyncio.Lock()

    async def live(self, _: Request) -> Response:
        """The process runs and its loop turns."""
        return _json({"status": "live"}, 200)

    async def ready(self, _: Request) -> Response:
        """200 if every subgraph answers, else 503; either way each by its name. 503 as soon as the gateway stops."""
        if self._stopping():
            return _json({"status": "stopping"}, 503)
        async with self._one_at_a_time:
            if self._clock() >= self._kept_until:
                self._kept = await self._probe_all()
                self._kept_until = self._clock() + READY_KEPT_S
        is_ready = all(state == "ready" for state in self._kept.values())
        return _json(
            {"status": "ready" if is_ready else "not ready", "subgraphs": self._kept}, 200 if is_ready else 503
        )

    async def _probe_all(self) -> dict[str, str]:
        headers = {**system_headers(self._signer), PROBE_HEADER: "ready"}
        # They may change while they are asked. What the gateway answers itself says nothing of the services.
        transports = {name: way for name, way in self._transports.items() if name != OWN}
        states = await asyncio.gather(*[self._probe(name, way, headers) for name, way in transports.items()])
        return dict(zip(transports, states, strict=True))

    async def _probe(self, name: str, transport: Transport, headers: Mapping[str, str]) -> str:
        try:
            answer = await transport.send(_PROBE, headers, READY_TIMEOUT_S)
        except SubgraphFailure as failure:
            _log.warning("subgraph not ready", subgraph=name, reason=failure.reason)
            return "not ready"
        if answer.get("errors"):
            _log.warning("subgraph not ready", subgraph=name, reason=str(answer["errors"])[:300])
            return "not ready"
        return "ready"


def _json(content: Mapping[str, object], status: int) -> Response:
    return Response(orjson.dumps(content), status, {"cache-control": "no-store"}, "application/json")
