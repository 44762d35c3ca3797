"""The app factory: a subgraph and its lifespan become a Starlette app that any ASGI server runs."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from kit.context import CONTEXT_HEADER, PROBE_HEADER
from kit.errors import Fault, Unavailable
from kit.log import logger
from kit.seal import SEAL_HEADER, SealGuard
from kit.sse import COMPLETE, accepts_events, next_event, send_stream
from kit.subgraph import Subgraph

MAX_BODY_BYTES = 4 * 1024 * 1024
"""A gateway's largest request, 5,000 representations, is about 1 MB."""
JSON_TYPE = "application/json"
GRAPHQL_PATH = "/graphql"

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: what answers, and whether what it needs is there."""

    subgraph: Subgraph
    is_ready: Callable[[], Awaitable[bool]]

    async def execute(
        self, query: str, variables: dict[str, Any] | None, operation_name: str | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """The subgraph's answer; to a probe, an error while what the service depends on is away."""
        if PROBE_HEADER in headers and not await self.is_ready():
            message = f"{self.subgraph.name} waits for its database"
            return {"errors": [{"message": message, "extensions": {"code": Unavailable.code}}]}
        return await self.subgraph.execute(query, variables, operation_name, headers)

    def subscribe(
        self, query: str, variables: dict[str, Any] | None, operation_name: str | None, headers: Mapping[str, str]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The subgraph's responses to a subscription, one an event; see `Subgraph.subscribe`."""
        return self.subgraph.subscribe(query, variables, operation_name, headers)


Opened = AbstractAsyncContextManager[Service]
"""A service for as long as the block lasts: database open, indexes made, background work running."""


def build_app(name: str, open_service: Callable[[], Opened]) -> Starlette:
    """The ASGI app of one service: POST /graphql, GET /health/live, GET /health/ready.

    A server that is about to stop awaits `app.state.begin_stop()`: subscriptions, which would go on, then end.
    """
    stopping = asyncio.Event()

    async def begin_stop() -> None:
        stopping.set()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_service() as service:
            app.state.door = Door(service, service.subgraph.signer.guard(service.subgraph.name), stopping)
            app.state.service = service
            yield

    app = App(
        lifespan=lifespan,
        routes=[
            Route(GRAPHQL_PATH, GraphQL(), methods=["POST"]),
            Route("/health/live", live, methods=["GET"]),
            Route("/health/ready", ready, methods=["GET"]),
        ],
        debug=False,
    )
    app.state.begin_stop = begin_stop
    return app


class App(Starlette):
    """Starlette, with a short way for what comes all the time: its middleware and routing cost as much as an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls it."""
        if scope["type"] == "http" and scope["path"] == GRAPHQL_PATH and scope["method"] == "POST":
            await self.state.door.answer(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class GraphQL:
    """The endpoint, for an app that is mounted under another path: that one goes Starlette's way."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls it."""
        await scope["app"].state.door.answer(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Door:
    """What stands between the network and a service: it lets calls pass that the gateway has sealed, and no others."""

    service: Service
    guard: SealGuard
    stopping: asyncio.Event

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One operation: JSON, or a stream of events if asked for; 401 without a seal, 400 for a wrong envelope."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            envelope = await self._envelope(headers, receive)
        except Fault as fault:
            log.warning("call refused", service=self.service.subgraph.name, reason=str(fault))
            status = 503 if isinstance(fault, Unavailable) else 401
            envelope = _json({"errors": [{"message": str(fault), "extensions": {"code": fault.code}}]}, status)
        if isinstance(envelope, Response):
            await envelope(scope, receive, send)
            return
        asked = (envelope["query"], envelope.get("variables"), envelope.get("operationName"), headers)
        if accepts_events(headers.get("accept", "")):
            away = {"message": f"{self.service.subgraph.name} is stopping", "extensions": {"code": Unavailable.code}}
            farewell = next_event({"errors": [away]}) + COMPLETE
            events = _blocks(self.service.subscribe(*asked))
            await send_stream(events, receive, send, stopping=self.stopping, farewell=farewell)
        else:
            await _json(await self.service.execute(*asked))(scope, receive, send)

    async def _envelope(self, headers: Mapping[str, str], receive: Receive) -> dict[str, Any] | Response:
        """What is asked, or what is wrong with it; raises a Fault for a call that is not the gateway's."""
        presented = self.guard.read(headers.get(SEAL_HEADER))
        body = await _read(receive)
        if body is None:
            return _bad(f"body: expected at most {MAX_BODY_BYTES} bytes", status=413)
        self.guard.check(presented, headers.get(CONTEXT_HEADER, ""), body)
        try:
            envelope = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return _bad(f"body: expected JSON, {error}")
        problem = envelope_problem(envelope)
        return _bad(problem) if problem is not None else cast(dict[str, Any], envelope)


async def _blocks(responses: AsyncGenerator[dict[str, Any], None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(responses):
        async for response in responses:
            yield next_event(response)
        yield COMPLETE


async def live(request: Request) -> Response:
    """The process runs."""
    return _json({"status": "live", "service": request.app.state.service.subgraph.name})


async def ready(request: Request) -> Response:
    """The process can answer: its database does."""
    service: Service = request.app.state.service
    if await service.is_ready():
        return _json({"status": "ready", "service": service.subgraph.name})
    return _json({"status": "not ready", "service": service.subgraph.name, "waits_for": "mongodb"}, status=503)


def envelope_problem(envelope: Any) -> str | None:
    """What is wrong with a GraphQL-over-HTTP envelope, naming the field; None if nothing is."""
    if not isinstance(envelope, dict):
        return "body: expected an object with query, variables and operationName"
    if not isinstance(envelope.get("query"), str):
        return "query: expected a string"
    if not isinstance(envelope.get("variables"), dict | None):
        return "variables: expected an object"
    if not isinstance(envelope.get("operationName"), str | None):
        return "operationName: expected a string"
    return None


async def _read(receive: Receive) -> bytes | None:
    body, more = b"", True
    chunks: list[bytes] = []
    size = 0
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        body, more = message.get("body", b""), message.get("more_body", False)
        size += len(body)
        if size > MAX_BODY_BYTES:
            return None
        chunks.append(body)
    return body if len(chunks) == 1 else b"".join(chunks)


def _bad(message: str, status: int = 400) -> Response:
    return _json({"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]}, status)


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status_code=status, media_type=JSON_TYPE)
