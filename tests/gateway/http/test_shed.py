"""What is refused at once when there is no room, and how a gateway stops."""

import asyncio
from pathlib import Path

from gateway.guard import Shed
from tests.gateway.stall import Stall, client_of, stall_gateway


def test_no_more_run_than_may() -> None:
    shed = Shed(most=3)
    assert [shed.admit() for _ in range(5)] == [True, True, True, False, False]
    shed.leave()
    assert shed.admit()
    assert (shed.running, shed.refused) == (3, 2)


async def test_who_finds_no_room_is_told_at_once_to_come_back(tmp_path: Path) -> None:
    stall = Stall()
    async with client_of(stall_gateway(stall, tmp_path, max_running=1)) as client:
        first = asyncio.create_task(client.post("/graphql", json={"query": "{ slow(ms: 1500) }"}))
        async with asyncio.timeout(30):
            while not stall.headers:
                await asyncio.sleep(0.01)
        second = await client.post("/graphql", json={"query": "{ caller }"})
        live = await client.get("/health/live")
        answers = await first, await client.post("/graphql", json={"query": "{ caller }"})
    assert (second.status_code, second.headers["retry-after"]) == (503, "1")
    assert second.json()["errors"][0]["extensions"]["code"] == "OVERLOADED"
    assert live.status_code == 200
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_a_gateway_that_stops_is_not_ready_before_it_ends_anything(tmp_path: Path) -> None:
    app = stall_gateway(Stall(), tmp_path, drain_s=0.2)
    async with client_of(app) as client:
        stopping = asyncio.create_task(app.state.begin_stop())
        await asyncio.sleep(0)
        ready = await client.get("/health/ready")
        still = await client.post("/graphql", json={"query": "{ caller }"})
        await stopping
    assert (ready.status_code, ready.json()["status"]) == (503, "stopping")
    assert still.status_code == 200
