"""Around the gateway: what was not sealed by it, for this service and this call, reaches no service."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from time import time

import httpx2
import orjson
import pytest
from starlette.applications import Starlette

from gateway.settings import GatewaySettings
from kit import seal as seals
from kit.app import Service, build_app
from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.seal import SEAL_HEADER, SEAL_TTL_S
from kit.settings import context_secret
from noren.system import NAMES

TRIES = 10_000
SEED = 20261125
EVERYTHING = GatewaySettings().development_scopes


@dataclass(frozen=True, slots=True)
class Straight:
    """One call to a service's own door."""

    service: str
    headers: Mapping[str, str]
    body: bytes


class Attacker:
    """Makes calls that no service may answer; it has seen good ones on the wire, and holds another secret."""

    def __init__(self, signer: ContextSigner, chance: random.Random) -> None:
        self._signer = signer
        self._stranger = ContextSigner(b"another secret, as long as it must be")
        self._chance = chance
        self._old = [self.good(name) for name in NAMES for _ in range(4)]
        self.used: list[Straight] = []

    def good(self, service: str) -> Straight:
        """What the gateway itself would send, by a caller with every scope."""
        body = orjson.dumps({"query": "{ __typename }", "variables": {"n": self._chance.random()}})
        token = self._signer.sign(RequestContext("web", scopes=EVERYTHING, trace_id=str(self._chance.random())))
        return Straight(service, {CONTEXT_HEADER: token, SEAL_HEADER: self._signer.sealer(service)(token, body)}, body)

    def kinds(self) -> dict[str, Callable[[str], Straight]]:
        """Every kind of bad call, by what is wrong with it."""
        return {
            "missing": lambda name: self._without(name, SEAL_HEADER),
            "both missing": lambda name: Straight(name, {}, b'{"query": "{ __typename }"}'),
            "no context": lambda name: self._without(name, CONTEXT_HEADER),
            "expired": lambda name: self._chance.choice([old for old in self._old if old.service == name]),
            "foreign service": lambda name: self._foreign(name),
            "foreign secret": lambda name: self._forged(name),
            "body": lambda name: self._other_body(name),
            "context": lambda name: self._other_context(name),
            "replayed": lambda name: self._chance.choice([used for used in self.used if used.service == name]),
            "garbled": lambda name: self._garbled(name),
        }

    def _without(self, service: str, header: str) -> Straight:
        good = self.good(service)
        return Straight(service, {k: v for k, v in good.headers.items() if k != header}, good.body)

    def _foreign(self, service: str) -> Straight:
        good = self.good(self._chance.choice([name for name in NAMES if name != service]))
        return Straight(service, good.headers, good.body)

    def _forged(self, service: str) -> Straight:
        good = self.good(service)
        token = (
            good.headers[CONTEXT_HEADER] if self._chance.random() < 0.5 else self._stranger.sign(RequestContext("x"))
        )
        seal = self._stranger.sealer(service)(token, good.body)
        return Straight(service, {CONTEXT_HEADER: token, SEAL_HEADER: seal}, good.body)

    def _other_body(self, service: str) -> Straight:
        good = self.good(service)
        return Straight(service, good.headers, good.body.replace(b"__typename", b"_service { sdl }"))

    def _other_context(self, service: str) -> Straight:
        good, other = self.good(service), self.good(service)
        return Straight(service, {**good.headers, CONTEXT_HEADER: other.headers[CONTEXT_HEADER]}, good.body)

    def _garbled(self, service: str) -> Straight:
        good = self.good(service)
        text = good.headers[SEAL_HEADER]
        at = self._chance.randrange(len(text))
        changed = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
        return Straight(service, {**good.headers, SEAL_HEADER: changed}, good.body)


class Doors:
    """The five services, each behind its own door, as `noren serve` would have it."""

    def __init__(self, clients: Mapping[str, httpx2.AsyncClient]) -> None:
        self._clients = clients

    async def send(self, call: Straight, events: bool = False) -> httpx2.Response:
        accept = {"accept": "text/event-stream"} if events else {}
        return await self._clients[call.service].post("/graphql", content=call.body, headers={**call.headers, **accept})


@pytest.fixture
async def doors(services: Mapping[str, Service]) -> AsyncIterator[Doors]:
    async with AsyncExitStack() as stack:
        clients = {}
        for name, service in services.items():
            app = _app_of(service)
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx2.ASGITransport(app=app)
            client = httpx2.AsyncClient(transport=transport, base_url="http://localhost")
            clients[name] = await stack.enter_async_context(client)
        yield Doors(clients)


def _app_of(service: Service) -> Starlette:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Service]:
        yield service

    return build_app(service.subgraph.name, opened)


async def test_no_straight_call_is_answered(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.app.log.warning", lambda *_, **__: None)
    signer, chance = ContextSigner(context_secret(GatewaySettings())), random.Random(SEED)
    with monkeypatch.context() as past:
        past.setattr(seals, "time", lambda: time() - 3 * SEAL_TTL_S)
        attacker = Attacker(signer, chance)
    for name in NAMES:
        for _ in range(5):
            attacker.used.append(call := attacker.good(name))
            assert (await doors.send(call)).json() == {"data": {"__typename": "Query"}}

    outcomes: Counter[tuple[int, str]] = Counter()
    kinds = attacker.kinds()
    for number in range(TRIES):
        kind = [*kinds][number % len(kinds)]
        answer = await doors.send(kinds[kind](chance.choice(NAMES)), events=chance.random() < 0.2)
        body = answer.json() if answer.status_code == 401 else {"answered": kind}
        outcomes[answer.status_code, body["errors"][0]["extensions"]["code"] if "errors" in body else kind] += 1
        if number % 500 == 0:
            await asyncio.sleep(0)

    assert outcomes == {(401, "UNAUTHENTICATED"): TRIES}
