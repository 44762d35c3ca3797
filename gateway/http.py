"""GraphQL over HTTP, after the GraphQL Foundation's specification of that name (working draft).

Owns the envelope in both directions: methods, media types, statuses, limits, the guard against cross-site requests,
the trace id, and one line of log a request. Refuses batches, uploads and mutations by GET. Knows no schema.

One request, in order:
A  method and media types                           B  who calls (`gateway.access`)
C  read and check the envelope (`gateway.persisted`) D  execute (`gateway.engine`)
E  status, answer (`gateway.compression`), its parts (`gateway.incremental`) or events (`gateway.sse`), one line of log
"""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson
from graphql import GraphQLError, OperationType, get_operation_ast, parse
from starlette.types import Receive, Scope, Send

from gateway.accept import GRAPHQL_JSON, JSON, negotiate
from gateway.access import Access, Caller, Ends
from gateway.compression import MIN_BYTES, accepts_gzip, gzipped
from gateway.engine import GraphQLRequest
from gateway.errors import UNAUTHORIZED, RequestRefused
from gateway.incremental import Form, PartsToCome, send_parts
from gateway.persisted import (
    NOT_FOUND,
    NOT_FOUND_MESSAGE,
    PersistedQueries,
    PersistedQueryInvalid,
    PersistedQueryUnknown,
)
from gateway.request.limits import MAX_TOKENS
from gateway.sse import send_told
from gateway.subscription import Asked, Subscriptions, Told, identity_of
from gateway.supergraph.access import Authority
from gateway.trace import Trace
from kit.app import envelope_problem
from kit.context import CONTEXT_HEADER, TRACE_HEADER, ContextSigner
from kit.errors import BadUserInput, Fault, Forbidden, Unauthenticated
from kit.log import logger
from kit.sse import EVENT_STREAM, accepts_events

MAX_BODY_BYTES = 2 * 1024 * 1024
"""A till's upload of 10,000 lines is somewhat over one megabyte; an order of a thousand lines an eighth of this."""
BODY_TIMEOUT_S = 10.0
"""A client on a bad line sends 1 MB in this time; one that sends a byte a second holds its connection no longer."""
MAX_QUERY_PARAMETERS = 16
"""GET has four; proxies and caches add a few."""
PREFLIGHT_HEADERS = ("x-noren-csrf", "graphql-require-preflight", "apollo-require-preflight")
"""Any one of them makes a browser ask first (CORS preflight) before it lets a foreign page send the request."""

EVENTS = f"{EVENT_STREAM}; charset=utf-8"

_STATUS_OF_CODE = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403, "INTERNAL": 500, "UNAVAILABLE": 503, UNAUTHORIZED: 403} | {
    "TOO_MANY_SUBSCRIPTIONS": 503,
    "GOING_AWAY": 503,
}
_OPERATION_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,63}")
_log = logger("gateway.access_log")


class Executes(Protocol):
    """The engine, as far as this room knows it."""

    async def execute(
        self, request: GraphQLRequest, headers: Mapping[str, str], deadline_s: float, caller: Hashable = None
    ) -> dict[str, Any]:
        """Answer `request`; a request error has no `data` key."""
        ...

    async def execute_in_parts(
        self, request: GraphQLRequest, headers: Mapping[str, str], deadline_s: float, caller: Hashable = None
    ) -> tuple[dict[str, Any], PartsToCome | None]:
        """Answer `request`, or its first part and those to come, which must be read to the end or closed."""
        ...


class HttpRefusal(Exception):
    """A request that is answered without reaching the engine. `headers` are added to the answer."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


class _ClientGone(Exception):
    """The client left before its request was complete."""


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
    ) -> None:
        self._engine = engine
        self._access = access
        self._signer = signer
        self._timeout_s = timeout_s
        self._persisted = PersistedQueries() if persisted is None else persisted
        self._subscriptions = subscriptions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        exchange = _Exchange(scope, receive, headers, Trace.of(headers.get(TRACE_HEADER)))
        extra: dict[str, str] = {}
        try:
            response, rest = await self._answer(exchange)
            if exchange.told is not None:
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
        except _ClientGone:
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
        envelope = await _read_post(exchange) if method == "POST" else _read_get(exchange)
        try:
            asked = self._persisted.complete(envelope)
        except PersistedQueryUnknown:
            return {"errors": [{"message": NOT_FOUND_MESSAGE, "extensions": {"code": NOT_FOUND}}]}, None
        except PersistedQueryInvalid as problem:
            raise _bad_request(str(problem)) from problem
        request = _request_of({**envelope, "query": asked.query}, caller.authority)
        if method == "GET" and _is_mutation(request):
            raise HttpRefusal(405, "METHOD_NOT_ALLOWED", "a mutation is sent by POST, never by GET", {"allow": "POST"})
        exchange.operation_name = request.operation_name
        takes_events = exchange.form is not None and accepts_events(exchange.headers["accept"])
        if self._subscriptions is not None and takes_events:
            who = partial(self._access.identify, exchange.headers, ends)
            try:
                exchange.told = self._subscriptions.begin(Asked(request, who, exchange.trace))
            except RequestRefused as refused:
                return {"errors": refused.errors}, None
            if exchange.told is not None:
                self._persisted.remember(asked)
                return {}, None
        onward = {CONTEXT_HEADER: self._signer.sign(caller.context), TRACE_HEADER: exchange.trace.parent}
        identity, rest = identity_of(caller.context), None
        if exchange.form is None:
            response = await self._engine.execute(request, onward, self._timeout_s, identity)
        else:
            response, rest = await self._engine.execute_in_parts(request, onward, self._timeout_s, identity)
        if asked.remember_as is not None and "data" in response:
            self._persisted.remember(asked)
        return response, rest


async def _read_post(exchange: _Exchange) -> dict[str, Any]:
    """Read a JSON body. Its content type is what keeps foreign pages out: no form of HTML can send it."""
    media_type, _, parameters = exchange.headers.get("content-type", "").partition(";")
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if media_type.strip().lower() != JSON or charset not in ("", "charset=utf-8", "charset=utf8"):
        raise HttpRefusal(415, "UNSUPPORTED_MEDIA_TYPE", f"Content-Type: expected {JSON}, in UTF-8", {"accept": JSON})
    if exchange.headers.get("content-encoding", "identity") != "identity":
        raise HttpRefusal(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Encoding: expected none", {"accept": JSON})
    body = await _read_body(exchange)
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _bad_request(f"body: expected JSON, {error}") from error
    if isinstance(envelope, list):
        raise _bad_request("body: batches are not taken; send one operation a request, over one connection")
    if not isinstance(envelope, dict):
        raise _bad_request("body: expected an object with query, variables and operationName")
    return envelope


async def _read_body(exchange: _Exchange) -> bytes:
    length = exchange.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > MAX_BODY_BYTES:
        raise _too_large()
    body, more = await _next_piece(exchange)
    if not more and len(body) <= MAX_BODY_BYTES:
        return body
    pieces, size = [body], len(body)
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while more and size <= MAX_BODY_BYTES:
                piece, more = await _next_piece(exchange)
                pieces.append(piece)
                size += len(piece)
    except TimeoutError as error:
        raise HttpRefusal(408, "REQUEST_TIMEOUT", f"body: not complete after {BODY_TIMEOUT_S:g} s") from error
    if size > MAX_BODY_BYTES:
        raise _too_large()
    return b"".join(pieces)


async def _next_piece(exchange: _Exchange) -> tuple[bytes, bool]:
    message = await exchange.receive()
    if message["type"] == "http.disconnect":
        raise _ClientGone
    return message.get("body", b""), message.get("more_body", False)


def _read_get(exchange: _Exchange) -> dict[str, Any]:
    """Read a query from the URL. Any page can make a browser send that, but no foreign one can add the header."""
    if not any(exchange.headers.get(name) for name in PREFLIGHT_HEADERS):
        raise _bad_request(f"by GET, send the header {PREFLIGHT_HEADERS[0]} with any value: it keeps foreign pages out")
    try:
        pairs = parse_qsl(
            exchange.scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_QUERY_PARAMETERS,
        )
    except ValueError as error:
        raise _bad_request("the query string cannot be read") from error
    envelope: dict[str, Any] = dict(pairs)
    for name in ("variables", "extensions"):
        if name in envelope:
            envelope[name] = _json_parameter(name, envelope[name])
    return {**envelope, "operationName": envelope.get("operationName") or None}


def _json_parameter(name: str, text: str) -> Any:
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError as error:
        raise _bad_request(f"{name}: expected JSON, {error}") from error


def _request_of(envelope: Mapping[str, Any], authority: Authority) -> GraphQLRequest:
    problem = envelope_problem(envelope)
    if problem is None and not isinstance(envelope.get("extensions"), dict | None):
        problem = "extensions: expected an object"
    if problem is None and not envelope["query"].strip():
        problem = "query: expected an operation, got an empty string"
    if problem is not None:
        raise _bad_request(problem)
    name = envelope.get("operationName") or None
    return GraphQLRequest(envelope["query"], envelope.get("variables") or {}, name, authority)


def _is_mutation(request: GraphQLRequest) -> bool:
    """What cannot be parsed or chosen is no mutation: the engine will say what is wrong with it."""
    try:
        document = parse(request.query, no_location=True, max_tokens=MAX_TOKENS)
    except (GraphQLError, RecursionError):
        return False
    operation = get_operation_ast(document, request.operation_name)
    return operation is not None and operation.operation is OperationType.MUTATION


def _status_of(response: Mapping[str, Any], media_type: str) -> int:
    """200 for whatever was executed; a request error is 4xx or 5xx, but under `application/json` 200 if well-formed."""
    if "data" in response:
        return 200
    code = response["errors"][0].get("extensions", {}).get("code")
    return _STATUS_OF_CODE.get(code, 200 if media_type == JSON else 400)


def _refusal_of(fault: Fault) -> HttpRefusal:
    if isinstance(fault, Unauthenticated):
        return HttpRefusal(401, fault.code, str(fault), {"www-authenticate": 'Bearer realm="noren"'})
    if isinstance(fault, Forbidden):
        return HttpRefusal(403, fault.code, str(fault))
    return HttpRefusal(400 if isinstance(fault, BadUserInput) else 503, fault.code, str(fault))


def _bad_request(message: str) -> HttpRefusal:
    return HttpRefusal(400, "BAD_REQUEST", message)


def _too_large() -> HttpRefusal:
    return HttpRefusal(413, "PAYLOAD_TOO_LARGE", f"body: at most {MAX_BODY_BYTES} bytes")


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
