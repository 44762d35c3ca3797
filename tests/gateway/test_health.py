from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from gateway.health import READY_KEPT_S, Health
from gateway.transports import SubgraphRequest, SubgraphTimeout
from gateway.transports.in_process import InProcessTransport
from kit.context import ContextSigner
from tests.gateway.stall import SECRET, Stall, client_of, stall_gateway, stall_subgraph

SIGNER = ContextSigner(SECRET.encode())


class Switched:
    """A transport to a real subgraph, with a plug to pull."""

    def __init__(self) -> None:
        self.inner = InProcessTransport(stall_subgraph(Stall()))
        self.plugged_in = True
        self.asked = 0

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        self.asked += 1
        if not self.plugged_in:
            raise SubgraphTimeout("no answer from 10.0.0.7")
        return await self.inner.send(request, headers, timeout_s)

    async def close(self) -> None:
        await self.inner.close()


def app_of(health: Health) -> Starlette:
    return Starlette(routes=[Route("/ready", health.ready)])


async def test_a_gateway_lives_and_is_ready_when_its_subgraph_answers(tmp_path: Path) -> None:
    async with client_of(stall_gateway(Stall(), tmp_path)) as client:
        assert (await client.get("/health/live")).json() == {"status": "live"}
        assert (await client.get("/health/ready")).json() == {"status": "ready", "subgraphs": {"stall": "ready"}}


async def test_one_missing_subgraph_is_named_and_its_reason_is_not() -> None:
    there, away = Switched(), Switched()
    away.plugged_in = False
    async with client_of(app_of(Health({"catalog": there, "order": away}, SIGNER))) as client:
        answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "subgraphs": {"catalog": "ready", "order": "not ready"}}
    assert "10.0.0.7" not in answer.text


async def test_a_subgraph_that_does_not_trust_the_gateway_is_not_ready() -> None:
    transport = InProcessTransport(stall_subgraph(Stall()))
    stranger = ContextSigner(b"another secret, as long as it must be")
    async with client_of(app_of(Health({"stall": transport}, stranger))) as client:
        assert (await client.get("/ready")).json()["subgraphs"] == {"stall": "not ready"}


@pytest.mark.parametrize(("later_s", "asked"), [(READY_KEPT_S * 0.9, 1), (READY_KEPT_S * 1.1, 2)])
async def test_asking_often_does_not_ask_the_subgraphs_as_often(later_s: float, asked: int) -> None:
    now = 100.0
    transport = Switched()
    async with client_of(app_of(Health({"stall": transport}, SIGNER, clock=lambda: now))) as client:
        await client.get("/ready")
        transport.plugged_in = False
        now += later_s
        assert (await client.get("/ready")).status_code == (200 if asked == 1 else 503)
    assert transport.asked == asked
