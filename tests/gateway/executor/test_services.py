"""What stands between a fetch and its transport: limits, repeats within a budget, queries shared in flight."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.executor import services
from gateway.executor.services import Service, ServicePolicy
from gateway.transports import SubgraphRequest, SubgraphTimeout, SubgraphUnavailable

QUERY = SubgraphRequest("{ a }", {"x": 1}, None, "query")
MUTATION = SubgraphRequest("mutation { a }", None, None, "mutation")


class Shaky:
    """A transport that fails so often, then answers; each answer tells its number."""

    def __init__(self, fails: int = 0, delay_s: float = 0.0) -> None:
        self.fails = fails
        self.delay_s = delay_s
        self.sent: list[SubgraphRequest] = []

    async def send(self, request: SubgraphRequest, headers: Mapping[str, str], timeout_s: float) -> Mapping[str, Any]:
        self.sent.append(request)
        await asyncio.sleep(self.delay_s)
        if len(self.sent) <= self.fails:
            raise SubgraphUnavailable("connection refused")
        return {"data": {"a": len(self.sent)}}

    async def close(self) -> None:
        return


@pytest.fixture(autouse=True)
def _without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "RETRY_PAUSE_S", 0.0)


def service(transport: Shaky, **policy: Any) -> Service:
    return Service("stock", transport, ServicePolicy(**policy))


async def test_a_query_is_repeated_once() -> None:
    transport = Shaky(fails=1)
    assert await service(transport).ask(QUERY, {}, 1.0) == {"data": {"a": 2}}
    transport = Shaky(fails=2)
    with pytest.raises(SubgraphUnavailable):
        await service(transport).ask(QUERY, {}, 1.0)
    assert len(transport.sent) == 2


async def test_a_mutation_is_never_repeated() -> None:
    transport = Shaky(fails=1)
    with pytest.raises(SubgraphUnavailable):
        await service(transport).ask(MUTATION, {}, 1.0)
    assert transport.sent == [MUTATION]


async def test_repeats_keep_to_their_budget() -> None:
    transport = Shaky(fails=10_000)
    asked = service(transport)
    for _ in range(200):
        with pytest.raises(SubgraphUnavailable):
            await asked.ask(QUERY, {}, 1.0)
    allowed = services.MAX_RETRY_CREDIT + 200 * services.RETRY_SHARE
    assert asked.counts.repeated <= allowed
    assert asked.counts.repeated == len(transport.sent) - 200
    assert asked.counts.failed == len(transport.sent)


async def test_a_service_has_its_own_limit_within_the_requests() -> None:
    slow = service(Shaky(delay_s=5.0), timeouts_s={"stock": 0.02, "other": 9.0})
    with pytest.raises(SubgraphTimeout, match=r"0\.020"):
        await slow.ask(QUERY, {}, 5.0)
    with pytest.raises(SubgraphTimeout, match=r"0\.010"):
        await slow.ask(QUERY, {}, 0.01)
    with pytest.raises(SubgraphTimeout, match="no time"):
        await slow.ask(QUERY, {}, -0.01)


async def test_a_repeat_counts_against_the_same_limit() -> None:
    transport = Shaky(fails=1, delay_s=0.03)
    with pytest.raises(SubgraphTimeout):
        await service(transport, timeouts_s={"stock": 0.045}).ask(QUERY, {}, 1.0)
    assert len(transport.sent) == 2


async def test_queries_are_not_shared_unless_asked_for() -> None:
    transport = Shaky(delay_s=0.01)
    alone = service(transport)
    await asyncio.gather(*[alone.ask(QUERY, {}, 1.0, "me") for _ in range(3)])
    assert len(transport.sent) == 3


async def test_like_queries_in_flight_are_asked_once_and_each_gets_objects_of_its_own() -> None:
    transport = Shaky(delay_s=0.01)
    shared = service(transport, deduplicate=True)
    answers = await asyncio.gather(*[shared.ask(QUERY, {}, 1.0, "me") for _ in range(3)])
    assert answers == [{"data": {"a": 1}}] * 3
    assert len({id(answer["data"]) for answer in answers}) == 3
    assert (len(transport.sent), shared.counts.shared) == (1, 2)
    assert await shared.ask(QUERY, {}, 1.0, "me") == {"data": {"a": 2}}


async def test_nothing_is_shared_between_callers_variables_or_mutations() -> None:
    transport = Shaky(delay_s=0.01)
    shared = service(transport, deduplicate=True)
    other = SubgraphRequest("{ a }", {"x": 2}, None, "query")
    await asyncio.gather(
        shared.ask(QUERY, {}, 1.0, "me"),
        shared.ask(QUERY, {}, 1.0, "you"),
        shared.ask(QUERY, {}, 1.0),
        shared.ask(other, {}, 1.0, "me"),
        shared.ask(MUTATION, {}, 1.0, "me"),
        shared.ask(MUTATION, {}, 1.0, "me"),
    )
    assert (len(transport.sent), shared.counts.shared) == (6, 0)


async def test_who_came_first_may_leave_and_a_failure_is_everybodys() -> None:
    transport = Shaky(delay_s=0.03)
    shared = service(transport, deduplicate=True)
    first = asyncio.create_task(shared.ask(QUERY, {}, 1.0, "me"))
    second = asyncio.create_task(shared.ask(QUERY, {}, 1.0, "me"))
    await asyncio.sleep(0.01)
    first.cancel()
    assert await second == {"data": {"a": 1}}
    failing = service(Shaky(fails=9, delay_s=0.01), deduplicate=True)
    both = await asyncio.gather(*[failing.ask(QUERY, {}, 1.0, "me") for _ in range(2)], return_exceptions=True)
    assert [type(answer) for answer in both] == [SubgraphUnavailable] * 2
