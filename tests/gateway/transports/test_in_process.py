import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.transports import SubgraphRequest, SubgraphTimeout, SubgraphUnavailable
from gateway.transports.in_process import InProcessTransport

QUERY = SubgraphRequest("{ shelf }", None, None, "query")


class Shop:
    """Answers what it was told to, and remembers how it was asked."""

    def __init__(self, answer: dict[str, Any] | Exception, takes_s: float = 0) -> None:
        self.answer = answer
        self.takes_s = takes_s
        self.asked: list[tuple[str, dict[str, Any] | None, str | None, Mapping[str, str]]] = []
        self.finished = 0

    async def execute(
        self, query: str, variables: dict[str, Any] | None, operation_name: str | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        self.asked.append((query, variables, operation_name, headers))
        if variables:
            for representation in variables.get("representations", []):
                del representation["__typename"]
        await asyncio.sleep(self.takes_s)
        self.finished += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_passes_everything_on_and_returns_the_response() -> None:
    shop = Shop({"data": {"shelf": 1}})
    request = SubgraphRequest("query Q { shelf }", {"sku": "MUG"}, "Q", "query")
    assert await InProcessTransport(shop).send(request, {"traceparent": "t"}, 1.0) == {"data": {"shelf": 1}}
    assert shop.asked == [("query Q { shelf }", {"sku": "MUG"}, "Q", {"traceparent": "t"})]


async def test_a_callee_that_takes_its_variables_apart_does_not_touch_the_callers() -> None:
    variables = {"representations": [{"__typename": "Variant", "sku": "MUG"}]}
    request = SubgraphRequest("query ($representations: [_Any!]!) { x }", variables, None, "query")
    await InProcessTransport(Shop({"data": None})).send(request, {}, 1.0)
    assert variables == {"representations": [{"__typename": "Variant", "sku": "MUG"}]}


async def test_a_slow_query_times_out_and_is_stopped() -> None:
    shop = Shop({"data": None}, takes_s=0.05)
    with pytest.raises(SubgraphTimeout, match=r"within 0\.01 s"):
        await InProcessTransport(shop).send(QUERY, {}, 0.01)
    await asyncio.sleep(0.08)
    assert shop.finished == 0


async def test_a_slow_mutation_times_out_for_its_caller_but_runs_to_its_end() -> None:
    shop = Shop({"data": None}, takes_s=0.05)
    transport = InProcessTransport(shop)
    with pytest.raises(SubgraphTimeout):
        await transport.send(SubgraphRequest("mutation { sell }", None, None, "mutation"), {}, 0.01)
    await transport.close()
    assert shop.finished == 1


async def test_a_mutation_whose_caller_is_cancelled_runs_to_its_end() -> None:
    shop = Shop({"data": None}, takes_s=0.03)
    transport = InProcessTransport(shop)
    mutation = SubgraphRequest("mutation { sell }", None, None, "mutation")
    caller = asyncio.create_task(transport.send(mutation, {}, 1.0))
    await asyncio.sleep(0.01)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await transport.close()
    assert shop.finished == 1


@pytest.mark.parametrize("kind", ["query", "mutation"])
async def test_what_the_callee_raises_is_a_failure_of_the_subgraph(kind: Any) -> None:
    request = SubgraphRequest("{ shelf }", None, None, kind)
    with pytest.raises(SubgraphUnavailable, match="raised RuntimeError"):
        await InProcessTransport(Shop(RuntimeError("no shelf"))).send(request, {}, 1.0)


async def test_a_time_out_inside_the_callee_is_not_ours() -> None:
    with pytest.raises(SubgraphUnavailable, match="raised TimeoutError"):
        await InProcessTransport(Shop(TimeoutError("database"))).send(QUERY, {}, 1.0)
