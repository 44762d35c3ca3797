"""What an operator can count, and what he can set about the services."""

import asyncio
from pathlib import Path

from tests.gateway.stall import Stall, client_of, stall_gateway


async def test_metrics_count_requests_plans_and_calls(tmp_path: Path) -> None:
    async with client_of(stall_gateway(Stall(), tmp_path, metrics=True)) as client:
        for _ in range(3):
            await client.post("/graphql", json={"query": '{ echo(text: "secret") }'})
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    told = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert told["noren_gateway_requests_total"] == "3"
    assert told["noren_gateway_planned_total"] == "1"
    assert told["noren_gateway_plan_hits_total"] == "2"
    assert told["noren_gateway_cached_plans"] == "1"
    assert told["noren_gateway_cached_persisted_queries"] == "0"
    assert told['noren_gateway_subgraph_asked_total{service="stall"}'] == "3"
    assert "secret" not in answer.text


async def test_metrics_are_there_only_where_they_are_switched_on(tmp_path: Path) -> None:
    async with client_of(stall_gateway(Stall(), tmp_path)) as client:
        assert (await client.get("/metrics")).status_code == 404


async def test_like_queries_in_flight_are_asked_once_where_that_is_switched_on(tmp_path: Path) -> None:
    for switched_on, asked in ((True, 2), (False, 4)):
        stall = Stall()
        async with client_of(stall_gateway(stall, tmp_path, deduplicate_in_flight=switched_on)) as client:
            slow = {"query": "{ slow(ms: 50) }"}
            callers = [{}, {}, {}, {"x-noren-customer": "cus_1"}]
            answers = await asyncio.gather(*[client.post("/graphql", json=slow, headers=who) for who in callers])
        assert [answer.json() for answer in answers] == [{"data": {"slow": "at last"}}] * 4
        assert len(stall.headers) == asked


async def test_a_service_may_be_given_less_time_than_the_request(tmp_path: Path) -> None:
    async with client_of(stall_gateway(Stall(), tmp_path, subgraph_timeouts_s={"stall": 0.02})) as client:
        answer = (await client.post("/graphql", json={"query": "{ slow(ms: 500) }"})).json()
    assert answer["errors"][0]["extensions"] == {"code": "SUBGRAPH_TIMEOUT", "service": "stall"}
