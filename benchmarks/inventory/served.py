"""A service (inventory, unless told otherwise) in a process of its own, asked over HTTP as the gateway asks it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.transports import SubgraphRequest
from gateway.transports.pooled_http import PooledHttpTransport
from kit.context import CONTEXT_HEADER, PROBE_HEADER, ContextSigner, RequestContext
from kit.mongod.server import free_port
from noren.system import port_of

SECRET = "a secret of at least thirty-two bytes, for this run"
TIMEOUT_S = 20.0
START_S = 120.0
LOOK_EVERY_S = 0.1
SIGNER = ContextSigner(SECRET.encode())
SCOPES = frozenset({"stock:read", "stock:write", "stock:reserve", "stock:sync"})
RESERVE = """mutation ($input: StockReserveInput!) { stockReserve(input: $input) {
  reservation { id state }
  userErrors { code message ... on InsufficientStock { sku locationId requested available } } } }"""
COMMIT = """mutation ($input: ReservationCommitInput!) { reservationCommit(input: $input) {
  reservation { id state } userErrors { code message } } }"""
RELEASE = """mutation ($input: StockReleaseInput!) { stockRelease(input: $input) {
  reservation { id state } userErrors { code message } } }"""
STOCK = """query ($of: [_Any!]!) { _entities(representations: $of) { ... on Variant {
  stock { nodes { onHand available reserved } } } } }"""


@dataclass(slots=True)
class Served:
    """The service's process and the way to it."""

    mongodb_url: str
    prefix: str
    connections: int
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    service: str = "inventory"
    scopes: frozenset[str] = SCOPES
    _transport: PooledHttpTransport = field(init=False)

    def __post_init__(self) -> None:
        # The command counts its ports from the gateway's.
        self.port = free_port(None)
        url = f"http://127.0.0.1:{port_of(self.service, self.port)}/graphql"
        self._transport = PooledHttpTransport(url, max_connections=self.connections, seal=SIGNER.sealer(self.service))

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        environment = {
            **os.environ,
            "NOREN_MONGODB_URL": self.mongodb_url,
            "NOREN_DATABASE_PREFIX": self.prefix,
            "NOREN_CONTEXT_SECRET": SECRET,
            "NOREN_PORT": str(self.port),
            "NOREN_LOG_LEVEL": "ERROR",
        }
        command = [sys.executable, "-m", "noren", "serve", self.service]
        self.process = _begin(command, environment)
        async with asyncio.timeout(START_S):
            while not await self._is_ready():  # noqa: ASYNC110 - another process cannot set an event
                await asyncio.sleep(LOOK_EVERY_S)

    def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    async def close(self) -> None:
        """End it and the connections."""
        await self._transport.close()
        if self.process is not None:
            self.process.terminate()
            self.process.wait()

    async def ask(self, query: str, variables: Mapping[str, Any], channel: str = "web") -> dict[str, Any]:
        """One operation as this channel, with all scopes; transport failures are raised."""
        headers = {CONTEXT_HEADER: SIGNER.sign(RequestContext(channel, scopes=self.scopes))}
        kind: Any = "mutation" if query.startswith("mutation") else "query"
        answer = await self._transport.send(SubgraphRequest(query, dict(variables), None, kind), headers, TIMEOUT_S)
        return dict(answer)

    async def reserve(self, key: str, lines: Sequence[Mapping[str, Any]], channel: str = "web") -> dict[str, Any]:
        """Hold these lines; the payload."""
        answer = await self.ask(RESERVE, {"input": {"idempotencyKey": key, "lines": list(lines)}}, channel)
        if "errors" in answer:
            raise RuntimeError(str(answer["errors"]))
        payload: dict[str, Any] = answer["data"]["stockReserve"]
        return payload

    async def _is_ready(self) -> bool:
        try:
            probe = {PROBE_HEADER: "1", CONTEXT_HEADER: SIGNER.sign(RequestContext("probe"))}
            request = SubgraphRequest("{ __typename }", {}, None, "query")
            return "errors" not in await self._transport.send(request, probe, 2.0)
        except Exception:
            return False


def _begin(command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
