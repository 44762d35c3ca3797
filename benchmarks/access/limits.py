"""CPU of what limits and counts a request, piece by piece: `python -m benchmarks.access.limits`."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import uvloop

from benchmarks.access.serve import Canned
from benchmarks.system import machine
from gateway.access import Caller, Ends
from gateway.engine import Engine, EngineSettings, GraphQLRequest
from gateway.guard import Guard
from gateway.rate import Limiter, Rate, Rates
from kit.context import RequestContext
from noren.queries import READY_QUERIES
from noren.system import subgraph_sdls

ROUNDS = 20_000


def main() -> None:
    print(f"{machine()}\n")
    uvloop.run(measure())


async def measure() -> None:
    print("| what | µs CPU |")
    print("|---|---|")
    sdls = subgraph_sdls()
    engine = Engine.compose(sdls, {name: Canned(0.0) for name in sdls}, EngineSettings())
    journey = READY_QUERIES[0]
    variables = json.loads(journey.variables) if isinstance(journey.variables, str) else journey.variables
    request = GraphQLRequest(journey.query, variables)
    prepared, coerced, points = await engine.preparation.ready(request)
    answer = {"product": {"variants": {"nodes": [{"sku": "1", "options": [], "availability": {"nodes": []}}]}}}
    row("what a cached journey costs, requested", timed(lambda: prepared.cost.requested(coerced)))
    row("what a cached journey costs, actual", timed(lambda: prepared.cost.actual(answer)))
    limiter = Limiter(Rates(Rate(1e9, 10**9), Rate(1e9, 10**9)))
    caller, ends = Caller("shop", RequestContext(channel="web", customer="cus_1")), Ends("127.0.0.1", "10.0.0.1")
    guard = Guard(limiter)

    async def whole() -> None:
        guard.shed.admit()
        guard.check(caller, request.query)
        bill = guard.bill(caller, ends)
        assert bill is not None
        await bill.admit()
        await bill.charge(points)
        bill.settle(points - 1)
        guard.shed.leave()

    row("shed, safelist, two buckets: admitted, charged, settled", await timed_async(whole))
    buckets = limiter.buckets_of("shop", "cus_1")
    decision = await timed_async(lambda: limiter.take(buckets, 1))
    row("one decision on two buckets", decision)
    print(f"\n{1 / decision:,.0f} decisions a CPU-second, with no store.")


def timed(work: Callable[[], object]) -> float:
    """Seconds of CPU a call, the best of three rounds."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        for _ in range(ROUNDS):
            work()
        best = min(best, (time.process_time() - began) / ROUNDS)
    return best


async def timed_async(work: Callable[[], Awaitable[object]]) -> float:
    best = float("inf")
    for _ in range(3):
        await asyncio.sleep(0)
        began = time.process_time()
        for _ in range(ROUNDS):
            await work()
        best = min(best, (time.process_time() - began) / ROUNDS)
    return best


def row(what: str, seconds: float) -> None:
    print(f"| {what} | {seconds * 1e6:.2f} |", flush=True)


if __name__ == "__main__":
    main()
