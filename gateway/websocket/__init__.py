"""GraphQL over WebSocket: the sub-protocol `graphql-transport-ws` to the letter, and no other.

Owns connections, their limits and their close codes; queries and mutations run over them too. A caller is who its
`connection_init` says, by the same keys and narrowing values as headers; the upgrade's own headers count as well, and
the two may not contradict each other. A page of another origin is refused: a browser lets any page connect.

    connect → origin, sub-protocol → connection_init → connection_ack → subscribe → next … complete | error
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from gateway.access import Ends
from gateway.websocket.connection import (
    GOING_AWAY,
    SUBPROTOCOL,
    SUBPROTOCOL_NOT_ACCEPTABLE,
    Closed,
    Connection,
    House,
    Line,
)
from kit.log import logger

MAX_CONNECTIONS = 2_000
"""Open at one time in one process: as many as it runs subscriptions."""
LAST_WORDS_S = 2.0
"""How long a gateway that stops waits for its connections to be closed with their code."""

_log = logger(__name__)


@dataclass(slots=True)
class SocketCounts:
    """Connections so far: taken, refused before they were, and closed by us, by code."""

    opened: int = 0
    refused: int = 0
    closed: Counter[int] = field(default_factory=Counter)


class WebSocketEndpoint:
    """The ASGI application behind `/graphql` for WebSockets; one a gateway."""

    def __init__(self, house: House, origins: Sequence[str]) -> None:
        self._house = house
        self._origins = frozenset(origins)
        self._open: set[Connection] = set()
        self._all_closed = asyncio.Event()
        self._stopping = False
        self.counts = SocketCounts()

    def __len__(self) -> int:
        return len(self._open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection to its end."""
        await receive()  # websocket.connect
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(headers)
        if refusal is not None:
            self.counts.refused += 1
            _log.info("connection refused", reason=refusal)
            with suppress(OSError):
                await send({"type": "websocket.close"})  # before it is accepted: the server answers 403
            return
        if SUBPROTOCOL not in scope["subprotocols"]:
            await self._refuse_subprotocol(receive, send)
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        ends = Ends.of(scope)
        connection = Connection(Line(receive, send), self._house, headers, ends)
        self._open.add(connection)
        self.counts.opened += 1
        try:
            closed = await connection.run()
            if closed is not None:
                self.counts.closed[closed.code] += 1
        finally:
            self._open.discard(connection)
            if not self._open:
                self._all_closed.set()

    async def stop(self) -> None:
        """Close every connection, and take no more; waits until they are closed, for `LAST_WORDS_S`."""
        self._stopping = True
        for connection in list(self._open):
            connection.close(Closed(GOING_AWAY, "Going away"))
        if self._open:
            self._all_closed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    await self._all_closed.wait()

    def _refusal(self, headers: Mapping[str, str]) -> str | None:
        if self._stopping:
            return "stopping"
        if len(self._open) >= MAX_CONNECTIONS:
            return "too many connections"
        if not self._is_ours(headers):
            return "foreign origin"
        return None

    def _is_ours(self, headers: Mapping[str, str]) -> bool:
        """Whether no foreign page is behind it: browsers always say the page's origin, and only they do."""
        origin = headers.get("origin")
        if origin is None or origin in self._origins or "*" in self._origins:
            return True
        return bool(origin) and urlsplit(origin).netloc.lower() == headers.get("host", "").lower()

    async def _refuse_subprotocol(self, receive: Receive, send: Send) -> None:
        """Only an open connection can be closed with a code; `graphql-ws`, the legacy one, gets this too."""
        self.counts.closed[SUBPROTOCOL_NOT_ACCEPTABLE] += 1
        with suppress(OSError):
            await send({"type": "websocket.accept"})
            reason = "Subprotocol not acceptable"
            await send({"type": "websocket.close", "code": SUBPROTOCOL_NOT_ACCEPTABLE, "reason": reason})
