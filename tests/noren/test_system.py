"""Names and ports of the parts, and that the whole runs in one process."""

import asyncio
from collections.abc import Mapping

import httpx2

from gateway.settings import GatewaySettings
from noren.queries import READY_QUERIES
from noren.system import GATEWAY, SERVICES, open_system, port_of, subgraph_urls

READY_S = 60


def test_each_part_has_a_port_of_its_own_after_the_gateways() -> None:
    assert port_of(GATEWAY, 8000) == 8000
    assert [port_of(name, 8000) for name in SERVICES] == [8001, 8002, 8003, 8004, 8005]


def test_the_urls_are_the_gateways_own_defaults() -> None:
    assert subgraph_urls(8000) == GatewaySettings.model_fields["subgraph_urls"].default


async def test_every_ready_query_is_answered_by_the_whole_in_one_process(seeded: Mapping[str, str]) -> None:
    async with open_system(seeded["NOREN_MONGODB_URL"], GatewaySettings()) as app:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
            async with asyncio.timeout(READY_S):  # a whole system that has just begun has much to do at once
                while (await http.get("/health/ready")).status_code != 200:
                    await asyncio.sleep(0.2)
            for ready in READY_QUERIES:
                if ready.variables:
                    body = {"query": ready.query, "variables": dict(ready.variables)}
                    answer = (await http.post("/graphql", json=body)).json()
                    assert "errors" not in answer, answer["errors"]
