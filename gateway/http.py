"""GraphQL over HTTP, after the GraphQL Foundation's specification of that name (working draft).

Owns the envelope in both directions: methods, media types, statuses, limits, the guard against cross-site requests,
the trace id, and one line of log a request. Refuses batches, uploads and mutations by GET. Knows no schema.

One request, in order:
A  method and media types                           B  who calls (`gateway.access`)
C  read and check the envelope (`gateway.persisted`) D  execute (`gateway.engine`)
E  status, answer (`gateway.compression`), its parts (`gateway.incremental`) or events (`gateway.sse`), one line of log
"""

import re
import time
from collections.abc import AsyncGenerator, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import orjson
from starlette.types import Receive, Scope, Send

from gateway.accept import GRAPHQL_JSON, JSON, negotiate
from gateway.access import Access, Caller, Ends
from gateway.compression import MIN_BYTES, accepts_gzip, gzipped
from gateway.engine import GraphQLRequest
from gateway.envelope import (
    Arriving,
    ClientGone,
    HttpRefusal,
    bad_request,
    is_mutation,
    read_get,
    read_post,
    request_of,
)
from gateway.errors import RATE_LIMITED, UNAUTHORIZED, RequestRefused
from gateway.guard import Guard
from gateway.incremental import Form, PartsToCome, send_parts
from gateway.persisted import (
    NOT_FOUND,
    NOT_FOUND_MESSAGE,
    PersistedQueries,
    PersistedQueryInvalid,
    PersistedQueryUnknown,
)
from gateway.rate import Bill
from gateway.request.limits import Limits
from gateway.safelist import NOT_LISTED
from gateway.shed import Shed
from gateway.sse import send_told
from gateway.subscription import Asked, Subscriptions, Told, identity_of
from gateway.trace import Trace
from kit.context import CONTEXT_HEADER, TRACE_HEADER, ContextSigner
from kit.errors import BadUserInput, Fault, Forbidden, Unauthenticated
from kit.log import logger
from kit.sse import EVENT_STREAM, accepts_events

EVENTS = f"{EVENT_STREAM}; charset=utf-8"

COST_HEADER = "x-noren-cost"
"""With any value: the answer tells in `extensions.cost` what it cost."""
TRY_AGAIN_S = "1"
"""What a client is told who is refused because there is no room at the moment."""

_STATUS_OF_CODE = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403, "INTERNAL": 500, "UNAVAILABLE": 503, UNAUTHORIZED: 403} | {
    "TOO_MANY_SUBSCRIPTIONS": 503,
    "GOING_AWAY": 503,
    NOT_LISTED: 403,
    RATE_LIMITED: 429,
}
_OVERLOADED = orjson.dumps(
    {"errors": [{"message": "More is asked than can be answered; try again.", "extensions": {"code": "OVERLOADED"}}]}
)
_OVERLOADED_HEAD = {
    "type": "http.response.start",
    "status": 503,
    "headers": [
        (b"content-type", JSON.encode()),
        (b"cache-control", b"no-store"),
        (b"retry-after", TRY_AGAIN_S.encode()),
        (b"content-length", str(len(_OVERLOADED)).encode()),
    ],
}
_OPERATION_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,63}")
_log = logger("gateway.access_log")


class Executes(Protocol):
    """The engine, as far as this room knows it."""

    async def execute(
        self,
        request: GraphQLRequest,
        headers: Mapping[str, str],
        deadline_s: float,
        caller: Hashable = None,
        bill: Bill | None = None,
    ) -> dict[str, Any]:
        """Answer `request`; a request error has no `data` key."""
        ...

    async def execute_in_parts(
        self,
        request: GraphQLRequest,
        headers: Mapping[str, str],
        deadline_s: float,
        caller: Hashable = None,
        bill: Bill | None = None,
    ) -> tuple[dict[str, Any], PartsToCome | None]:
        """Answer `request`, or its first part and those to come, which must be read to the end or closed."""
        ...


@dataclass(slots=True)
class _Exchange:
    """One request on its way: what came, and what has been found out so far."""

    scope: Scope
    receive: Receive
    headers: dict[str, str]
    trace: Trace
    media_type: str = JSON
    form: Form | None = None
    caller: Caller | None = None
    operation_name: str | None = None
    told: AsyncGenerator[Told, None] | None = None
    started: float = field(default_factory=time.perf_counter)


class GraphQLEndpoint:
    """The ASGI application behind `/graphql`."""

    def __init__(
        self,
        engine: Executes,
        access: Access,
        signer: ContextSigner,
        timeout_s: float,
        persisted: PersistedQueries | None = None,
        subscriptions: Subscriptions | None = None,
        guard: Guard | None = None,
        max_tokens: int = Limits().tokens,
    ) -> None:
        self._engine = engine
        self._access = access
        self._signer = signer
        self._timeout_s = timeout_s
        self._persisted = PersistedQueries() if persisted is None else persisted
        self._subscriptions = subscriptions
        self._guard = Guard() if guard is None else guard
        self._max_tokens = max_tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, or refuse it at once while there are more than the process keeps up with."""
        shed = self._guard.shed
        if not shed.admit():
            await send(_OVERLOADED_HEAD)
            await send({"type": "http.response.body", "body": _OVERLOADED})
            return
        place = [shed]
        try:
            await self._serve(scope, receive, send, place)
        finally:
            if place:
                shed.leave()

    async def _serve(self, scope: Scope, receive: Receive, send: Send, place: list[Shed]) -> None:
        """Answer one; a stream, which may go on for an hour, gives up its `place` when it begins."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        exchange = _Exchange(scope, receive, headers, Trace.of(headers.get(TRACE_HEADER)))
        extra: dict[str, str] = {}
        try:
            response, rest = await self._answer(exchange)
            if exchange.told is not None:
                place.pop().leave()
                status, size = await send_told(exchange.told, receive, send, _headers(exchange, EVENTS))
                _log_line(exchange, status, size)
                return
            if rest is not None or (not exchange.media_type and "data" in response):
                assert exchange.form is not None
                headers_out = _headers(exchange, exchange.form.content_type)
                status, size = await send_parts(send, receive, headers_out, exchange.form, response, rest)
                _log_line(exchange, status, size)
                return
            status, body = _status_of(response, exchange.media_type), orjson.dumps(response)
            extra = _patience(status, response)
        except ClientGone:
            _log_line(exchange, 499, 0)
            return
        except (HttpRefusal, Fault) as reason:
            refusal = reason if isinstance(reason, HttpRefusal) else _refusal_of(reason)
            status, extra = refusal.status, refusal.headers
            body = _error_body(refusal.code, str(refusal))
        except Exception:
            _log.exception("surprise in the gateway", trace_id=exchange.trace.id)
            status, body = 500, _error_body("INTERNAL", "internal error; the log has it under the trace id")
        _log_line(exchange, status, len(body))
        await _send_answer(send, exchange, status, body, extra)

    async def _answer(self, exchange: _Exchange) -> tuple[dict[str, Any], PartsToCome | None]:
        method = exchange.scope["method"]
        if method not in ("GET", "POST"):
            raise HttpRefusal(405, "METHOD_NOT_ALLOWED", "GraphQL is asked by POST or GET", {"allow": "GET, POST"})
        accepted = negotiate(exchange.headers.get("accept", "*/*"))
        if accepted is None:
            raise HttpRefusal(406, "NOT_ACCEPTABLE", f"Accept: expected {GRAPHQL_JSON} or {JSON}")
        exchange.media_type, exchange.form = accepted.media_type, accepted.form
        ends = Ends.of(exchange.scope)
        caller = self._access.identify(exchange.headers, ends, exchange.trace.id)
        exchange.caller = caller
        query_string, guard = exchange.scope["query_string"], self._guard
        body = (exchange.receive, exchange.headers, query_string, guard.max_body_bytes, guard.body_timeout_s)
        envelope = await read_post(Arriving(*body)) if method == "POST" else read_get(Arriving(*body))
        try:
            asked = self._persisted.complete(envelope, guard.safelist)
        except PersistedQueryUnknown:
            return {"errors": [{"message": NOT_FOUND_MESSAGE, "extensions": {"code": NOT_FOUND}}]}, None
        except PersistedQueryInvalid as problem:
            raise bad_request(str(problem)) from problem
        request = request_of({**envelope, "query": asked.query}, caller.authority)
        if method == "GET" and is_mutation(request, self._max_tokens):
            raise HttpRefusal(405, "METHOD_NOT_ALLOWED", "a mutation is sent by POST, never by GET", {"allow": "POST"})
        exchange.operation_name = request.operation_name
        bill = guard.bill(caller, ends, told=COST_HEADER in exchange.headers)
        try:
            guard.check(caller, request.query)
        except RequestRefused as refused:
            return {"errors": refused.errors}, None
        takes_events = exchange.form is not None and accepts_events(exchange.headers["accept"])
        if self._subscriptions is not None and takes_events:
            who = partial(self._access.identify, exchange.headers, ends)
            try:
                exchange.told = await self._subscriptions.open(Asked(request, who, exchange.trace), bill)
            except RequestRefused as refused:
                return {"errors": refused.errors}, None
            if exchange.told is not None:
                self._persisted.remember(asked)
                return {}, None
        onward = {CONTEXT_HEADER: self._signer.sign(caller.context), TRACE_HEADER: exchange.trace.parent}
        identity, rest = identity_of(caller.context), None
        if exchange.form is None:
            response = await self._engine.execute(request, onward, self._timeout_s, identity, bill)
        else:
            response, rest = await self._engine.execute_in_parts(request, onward, self._timeout_s, identity, bill)
        if asked.remember_as is not None and "data" in response:
            self._persisted.remember(asked)
        return response, rest


def _status_of(response: Mapping[str, Any], media_type: str) -> int:
    """200 for whatever was executed; a request error is 4xx or 5xx, but under `application/json` 200 if well-formed."""
    if "data" in response:
        return 200
    code = response["errors"][0].get("extensions", {}).get("code")
    return _STATUS_OF_CODE.get(code, 200 if media_type == JSON else 400)


def _patience(status: int, response: Mapping[str, Any]) -> dict[str, str]:
    """When to ask again, for those who are refused for a while."""
    if status not in (429, 503):
        return {}
    return {"retry-after": str(response["errors"][0]["extensions"].get("retryAfterS", TRY_AGAIN_S))}


def _refusal_of(fault: Fault) -> HttpRefusal:
    if isinstance(fault, Unauthenticated):
        return HttpRefusal(401, fault.code, str(fault), {"www-authenticate": 'Bearer realm="noren"'})
    if isinstance(fault, Forbidden):
        return HttpRefusal(403, fault.code, str(fault))
    if isinstance(fault, BadUserInput):
        return HttpRefusal(400, fault.code, str(fault))
    return HttpRefusal(503, fault.code, str(fault), {"retry-after": TRY_AGAIN_S})


def _error_body(code: str, message: str) -> bytes:
    return orjson.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})


async def _send_answer(send: Send, exchange: _Exchange, status: int, body: bytes, extra: Mapping[str, str]) -> None:
    encoding: list[tuple[bytes, bytes]] = []
    if len(body) >= MIN_BYTES and accepts_gzip(exchange.headers.get("accept-encoding", "")):
        body, encoding = await gzipped(body), [(b"content-encoding", b"gzip")]
    headers = [
        *_headers(exchange, f"{exchange.media_type or JSON}; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *encoding,
        *[(name.encode(), value.encode()) for name, value in extra.items()],
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _headers(exchange: _Exchange, content_type: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", content_type.encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-trace-id", exchange.trace.id.encode()),
        (b"vary", b"accept, accept-encoding"),
    ]


def _log_line(exchange: _Exchange, status: int, answer_bytes: int) -> None:
    """One line a request: who by the key's name, what by the operation's; no address, no customer, no variables."""
    operation = exchange.operation_name
    _log.info(
        "request",
        trace_id=exchange.trace.id,
        method=exchange.scope["method"],
        status=status,
        duration_ms=round((time.perf_counter() - exchange.started) * 1000, 2),
        answer_bytes=answer_bytes,
        caller=exchange.caller.name if exchange.caller else None,
        channel=exchange.caller.context.channel if exchange.caller else None,
        operation=operation if operation and _OPERATION_NAME.fullmatch(operation) else None,
    )
