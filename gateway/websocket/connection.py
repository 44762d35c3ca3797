"""One WebSocket connection: the messages of `graphql-transport-ws`, in both directions, in their order.

Every violation closes the connection with the code that the protocol names for it. Operations run beside one another,
each as a task; what a reader is behind with waits in its subscription (`gateway.subscription.running`), not here.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from starlette.types import Receive, Send

from gateway.access import KEY_HEADER, NARROWING_HEADERS, Access, Caller, Ends
from gateway.engine import GraphQLRequest
from gateway.errors import INTERNAL, TOO_MANY_SUBSCRIPTIONS, error
from gateway.guard import Guard
from gateway.rate import Bill
from gateway.subscription import Asked, Subscriptions
from gateway.supergraph.access import Authority
from gateway.trace import Trace
from kit.app import envelope_problem
from kit.errors import BadUserInput, Fault, Forbidden, Unauthenticated
from kit.log import logger
from kit.tasks import stop

SUBPROTOCOL = "graphql-transport-ws"
TASKS_AN_OPERATION = 2
"""Those included that have been completed and are still closing their sources."""
MAX_ID_CHARACTERS = 128
"""An operation's id; clients count, or take a UUID."""
IDLE_S = 300.0
"""A connection on which nothing runs for so long is closed; clients open one again when they need it."""
SEND_TIMEOUT_S = 30.0
"""A client that takes nothing from its connection for so long is given up."""
CLOSE_TIMEOUT_S = 1.0
"""A connection that cannot even take its close is dropped."""

NORMAL, GOING_AWAY, TOO_LARGE, INTERNAL_ERROR, TRY_AGAIN = 1000, 1001, 1009, 1011, 1013
INVALID_MESSAGE, UNAUTHORIZED, FORBIDDEN = 4400, 4401, 4403
SUBPROTOCOL_NOT_ACCEPTABLE, INIT_TIMEOUT, SUBSCRIBER_EXISTS, TOO_MANY_INITS = 4406, 4408, 4409, 4429
MAX_REASON_BYTES = 120
"""RFC 6455 5.5: a close frame has 125 bytes, two of them the code."""
CREDENTIALS = frozenset({"authorization", KEY_HEADER, *NARROWING_HEADERS})
"""What of a `connection_init` payload is read, whatever else a client puts there."""

_OPERATION_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,63}")
_log = logger("gateway.access_log")


class Closed(Exception):
    """Why a connection is closed by us."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Of one connection. The server should refuse longer messages before they are read: `ws_max_size` of uvicorn."""

    operations: int = 100
    """Running at one time: a page subscribes to some ten things."""
    message_bytes: int = 1024 * 1024
    init_timeout_s: float = 3.0
    """From the upgrade to `connection_init`, which clients send at once."""


@dataclass(frozen=True, slots=True)
class House:
    """What a connection is served with; one a gateway."""

    subscriptions: Subscriptions
    access: Access
    guard: Guard = field(default_factory=Guard)
    limits: SocketLimits = field(default_factory=SocketLimits)


@dataclass(frozen=True, slots=True)
class Line:
    """The two ways of an accepted connection, as ASGI has them."""

    receive: Receive
    send: Send

    async def close(self, closed: Closed) -> None:
        """Close it, if the client still takes that."""
        reason = closed.reason.encode()[:MAX_REASON_BYTES].decode("utf-8", "ignore")
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.send({"type": "websocket.close", "code": closed.code, "reason": reason})


class Connection:
    """One connection, from its acceptance to its end."""

    def __init__(self, line: Line, house: House, headers: Mapping[str, str], ends: Ends) -> None:
        self._line = line
        self._subscriptions = house.subscriptions
        self._access = house.access
        self._guard = house.guard
        self._limits = house.limits
        self._headers = dict(headers)
        self._ends = ends
        self._caller: Caller | None = None
        self._initialised = False
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()
        init_s = house.limits.init_timeout_s
        self._timer = self._after(init_s, Closed(INIT_TIMEOUT, "Connection initialisation timeout"))

    async def run(self) -> Closed | None:
        """Serve it to its end; says why, if it was closed from here, and None if the client left."""
        reading = asyncio.create_task(self._read())
        either: list[asyncio.Future[Any]] = [reading, self._closing]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._timer.cancel()
            closed = self._closing.result() if self._closing.done() else None
            if closed is not None:
                await self._line.close(closed)
            await stop(reading, *self._tasks)
        return closed

    def close(self, closed: Closed) -> None:
        """Have it closed."""
        if not self._closing.done():
            self._closing.set_result(closed)

    def _after(self, seconds: float, closed: Closed) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, self.close, closed)

    async def _read(self) -> None:
        """Take messages until the client leaves or violates the protocol."""
        try:
            while (message := await self._line.receive())["type"] != "websocket.disconnect":
                await self._take(_decoded(message, self._limits.message_bytes))
        except Closed as closed:
            self.close(closed)
        except OSError:
            return  # the client has left
        except Exception:
            _log.exception("surprise in a connection")
            self.close(Closed(INTERNAL_ERROR, "Internal error"))

    async def _take(self, message: Mapping[str, Any]) -> None:
        kind = message.get("type")
        if kind == "connection_init":
            await self._initialise(message.get("payload"))
        elif kind == "ping":
            payload = {"payload": message["payload"]} if "payload" in message else {}
            await self._send({"type": "pong", **payload})
        elif kind == "subscribe":
            await self._subscribe(message)
        elif kind == "complete":
            self._complete(_id_of(message))
        elif kind != "pong":
            raise Closed(INVALID_MESSAGE, "Invalid message: type is none that a client sends")

    async def _initialise(self, payload: Any) -> None:
        if self._initialised:
            raise Closed(TOO_MANY_INITS, "Too many initialisation requests")
        self._initialised = True
        if not isinstance(payload, dict | None):
            raise Closed(INVALID_MESSAGE, "Invalid message: payload of connection_init is an object")
        try:
            self._headers = _with_credentials(self._headers, payload or {})
            self._caller = self._identify("")
        except Unauthenticated as fault:
            raise Closed(UNAUTHORIZED, f"Unauthorized: {fault}") from fault
        except Forbidden as fault:
            raise Closed(FORBIDDEN, f"Forbidden: {fault}") from fault
        except Fault as fault:
            raise Closed(INVALID_MESSAGE, f"Invalid message: {fault}") from fault
        await self._send({"type": "connection_ack"})
        self._be_patient()

    def _identify(self, trace_id: str) -> Caller:
        return self._access.identify(self._headers, self._ends, trace_id)

    def _bill(self, request: GraphQLRequest, caller: Caller) -> Bill | None:
        self._guard.check(caller, request.query)
        return self._guard.bill(caller, self._ends)

    def _be_patient(self) -> None:
        """Wait for the next operation, but not for ever."""
        self._timer.cancel()
        if not self._operations:
            self._timer = self._after(IDLE_S, Closed(NORMAL, f"Idle for {IDLE_S:g} s"))

    async def _subscribe(self, message: Mapping[str, Any]) -> None:
        if self._caller is None:
            raise Closed(UNAUTHORIZED, "Unauthorized")
        identity = _id_of(message)
        if identity in self._operations:
            raise Closed(SUBSCRIBER_EXISTS, f"Subscriber for {identity} already exists")
        request = _request_of(message.get("payload"), self._caller.authority)
        most = self._limits.operations
        if len(self._operations) >= most or len(self._tasks) >= most * TASKS_AN_OPERATION:
            problem = error(f"{most} operations run on this connection.", TOO_MANY_SUBSCRIPTIONS)
            # Told from here, so that who takes no answers is not read any further.
            await self._send({"id": identity, "type": "error", "payload": [problem]})
            return
        asked = Asked(request, self._identify, Trace.begin(), partial(self._bill, request))
        task = asyncio.create_task(self._operate(identity, asked))
        self._operations[identity] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._timer.cancel()

    def _complete(self, identity: str) -> None:
        """The client wants no more; its id is free at once. Of an operation that has just ended, nothing is left."""
        task = self._operations.pop(identity, None)
        if task is not None:
            task.cancel()
            self._be_patient()

    async def _operate(self, identity: str, asked: Asked) -> None:
        """Run one operation to its end, and tell it."""
        started, answered = time.perf_counter(), 0
        head = b'{"id":' + orjson.dumps(identity) + b',"type":'
        last = head + b'"complete"}'
        try:
            async with aclosing(self._subscriptions.tell(asked)) as all_told:
                async for told in all_told:
                    if told.errors is not None:
                        last = head + b'"error","payload":' + orjson.dumps(told.errors) + b"}"
                        break
                    await self._send_json(head + b'"next","payload":' + told.json + b"}")
                    answered += 1
        except Closed as closed:
            self.close(closed)
        except OSError:
            pass  # the client has left; who reads notices
        except Exception:
            _log.exception("surprise in an operation", trace_id=asked.trace.id)
            last = head + b'"error","payload":' + orjson.dumps([error("Internal error.", INTERNAL)]) + b"}"
        finally:
            _log_line(asked, self._caller, started, answered)
            if self._operations.get(identity) is asyncio.current_task():
                del self._operations[identity]  # before the client is told, who may use the id again at once
                await self._tell_last(last)

    async def _tell_last(self, last: bytes) -> None:
        if not self._closing.done():
            with suppress(Closed, OSError):
                await self._send_json(last)
            self._be_patient()

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self._send_json(orjson.dumps(message))

    async def _send_json(self, message: bytes) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._line.send({"type": "websocket.send", "text": message.decode()})
        except TimeoutError as late:
            raise Closed(TRY_AGAIN, f"SLOW_CONSUMER: nothing was taken for {SEND_TIMEOUT_S:g} s") from late


def _decoded(message: Mapping[str, Any], most_bytes: int) -> Mapping[str, Any]:
    text = message.get("text")
    if not isinstance(text, str):
        raise Closed(INVALID_MESSAGE, "Invalid message: expected text, not bytes")
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) > most_bytes:
        raise Closed(TOO_LARGE, f"Message too large: at most {most_bytes} bytes")
    try:
        decoded = orjson.loads(encoded)
    except orjson.JSONDecodeError as reason:
        raise Closed(INVALID_MESSAGE, f"Invalid message: expected JSON, {reason}") from reason
    if not isinstance(decoded, dict):
        raise Closed(INVALID_MESSAGE, "Invalid message: expected an object")
    return decoded


def _id_of(message: Mapping[str, Any]) -> str:
    identity = message.get("id")
    if not isinstance(identity, str) or not 0 < len(identity) <= MAX_ID_CHARACTERS:
        raise Closed(INVALID_MESSAGE, f"Invalid message: id is a string of 1 to {MAX_ID_CHARACTERS} characters")
    return identity


def _request_of(payload: Any, authority: Authority) -> GraphQLRequest:
    problem = envelope_problem(payload)
    if problem is not None:
        raise Closed(INVALID_MESSAGE, f"Invalid message: payload of subscribe: {problem}")
    name = payload.get("operationName") or None
    return GraphQLRequest(payload["query"], payload.get("variables") or {}, name, authority)


def _with_credentials(headers: Mapping[str, str], payload: Mapping[str, Any]) -> dict[str, str]:
    """The upgrade's headers and what `connection_init` adds; it cannot change what is there, maybe from a proxy."""
    merged = dict(headers)
    for key, value in payload.items():
        name = key.lower()
        if name not in CREDENTIALS:
            continue
        if not isinstance(value, str):
            raise BadUserInput(f"{name}: expected a string")
        if merged.setdefault(name, value) != value:
            raise Forbidden(f"{name}: another value came with the upgrade")
    return merged


def _log_line(asked: Asked, caller: Caller | None, started: float, answered: int) -> None:
    """One line an operation, as by HTTP: no address, no customer, no variables."""
    name = asked.request.operation_name
    _log.info(
        "request",
        trace_id=asked.trace.id,
        method="WS",
        duration_ms=round((time.perf_counter() - started) * 1000, 2),
        answers=answered,
        caller=caller.name if caller else None,
        channel=caller.context.channel if caller else None,
        operation=name if name and _OPERATION_NAME.fullmatch(name) else None,
    )
