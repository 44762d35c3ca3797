"""What comes in one HTTP request for GraphQL: the envelope, read within its limits and checked."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from graphql import GraphQLError, OperationType, get_operation_ast, parse
from starlette.types import Receive

from gateway.accept import JSON
from gateway.engine import GraphQLRequest
from gateway.supergraph.access import Authority
from kit.app import envelope_problem

MAX_QUERY_PARAMETERS = 16
"""GET has four; proxies and caches add a few."""
PREFLIGHT_HEADERS = ("x-noren-csrf", "graphql-require-preflight", "apollo-require-preflight")
"""Any one of them makes a browser ask first (CORS preflight) before it lets a foreign page send the request."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """A request whose body may still be on its way: at most `most_bytes` of it, `within_s`."""

    receive: Receive
    headers: Mapping[str, str]
    query_string: bytes
    most_bytes: int
    within_s: float


class HttpRefusal(Exception):
    """A request that is answered without reaching the engine. `headers` are added to the answer."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


class ClientGone(Exception):
    """The client left before its request was complete."""


async def read_post(arriving: Arriving) -> dict[str, Any]:
    """Read a JSON body. Its content type is what keeps foreign pages out: no form of HTML can send it."""
    media_type, _, parameters = arriving.headers.get("content-type", "").partition(";")
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if media_type.strip().lower() != JSON or charset not in ("", "charset=utf-8", "charset=utf8"):
        raise HttpRefusal(415, "UNSUPPORTED_MEDIA_TYPE", f"Content-Type: expected {JSON}, in UTF-8", {"accept": JSON})
    if arriving.headers.get("content-encoding", "identity") != "identity":
        raise HttpRefusal(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Encoding: expected none", {"accept": JSON})
    body = await _read_body(arriving)
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"body: expected JSON, {error}") from error
    if isinstance(envelope, list):
        raise bad_request("body: batches are not taken; send one operation a request, over one connection")
    if not isinstance(envelope, dict):
        raise bad_request("body: expected an object with query, variables and operationName")
    return envelope


async def _read_body(arriving: Arriving) -> bytes:
    most, length = arriving.most_bytes, arriving.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        raise _too_large(most)
    pieces: list[bytes] = []
    size, more = 0, True
    try:
        async with asyncio.timeout(arriving.within_s):
            while more and size <= most:
                piece, more = await _next_piece(arriving)
                pieces.append(piece)
                size += len(piece)
    except TimeoutError as error:
        message = f"body: not complete after {arriving.within_s:g} s"
        raise HttpRefusal(408, "REQUEST_TIMEOUT", message, {"connection": "close"}) from error
    if size > most:
        raise _too_large(most)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _next_piece(arriving: Arriving) -> tuple[bytes, bool]:
    message = await arriving.receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    return message.get("body", b""), message.get("more_body", False)


def read_get(arriving: Arriving) -> dict[str, Any]:
    """Read a query from the URL. Any page can make a browser send that, but no foreign one can add the header."""
    if not any(arriving.headers.get(name) for name in PREFLIGHT_HEADERS):
        raise bad_request(f"by GET, send the header {PREFLIGHT_HEADERS[0]} with any value: it keeps foreign pages out")
    try:
        pairs = parse_qsl(
            arriving.query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_QUERY_PARAMETERS,
        )
    except ValueError as error:
        raise bad_request("the query string cannot be read") from error
    envelope: dict[str, Any] = dict(pairs)
    for name in ("variables", "extensions"):
        if name in envelope:
            envelope[name] = _json_parameter(name, envelope[name])
    return {**envelope, "operationName": envelope.get("operationName") or None}


def _json_parameter(name: str, text: str) -> Any:
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError as error:
        raise bad_request(f"{name}: expected JSON, {error}") from error


def request_of(envelope: Mapping[str, Any], authority: Authority) -> GraphQLRequest:
    """The request in an envelope; raises `HttpRefusal` that names what is wrong with it."""
    problem = envelope_problem(envelope)
    if problem is None and not isinstance(envelope.get("extensions"), dict | None):
        problem = "extensions: expected an object"
    if problem is None and not envelope["query"].strip():
        problem = "query: expected an operation, got an empty string"
    if problem is not None:
        raise bad_request(problem)
    name = envelope.get("operationName") or None
    return GraphQLRequest(envelope["query"], envelope.get("variables") or {}, name, authority)


def is_mutation(request: GraphQLRequest, max_tokens: int) -> bool:
    """What cannot be parsed or chosen is no mutation: the engine will say what is wrong with it."""
    try:
        document = parse(request.query, no_location=True, max_tokens=max_tokens)
    except (GraphQLError, RecursionError):
        return False
    operation = get_operation_ast(document, request.operation_name)
    return operation is not None and operation.operation is OperationType.MUTATION


def bad_request(message: str) -> HttpRefusal:
    """A request that is no GraphQL request; the message names what is wrong with it."""
    return HttpRefusal(400, "BAD_REQUEST", message)


def _too_large(most: int) -> HttpRefusal:
    return HttpRefusal(413, "PAYLOAD_TOO_LARGE", f"body: at most {most} bytes", {"connection": "close"})
