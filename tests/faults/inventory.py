"""The inventory under SIGKILL: service and primary mongod die in the middle of a load, again and again.

    python -m tests.faults.inventory --rounds 6 --seed 1

Buyers reserve, commit and release over HTTP with keys of their own, and ask again with the same key until they have an
answer. A subscriber follows live stock from its cursor. In every round the service, the primary of the three-member
replica set, or both are killed and started again. Then: every acknowledged reservation is there in the state that was
acknowledged, stock equals journal and holds, nothing is oversold, and the subscriber has seen every version once.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.inventory.bench import fill, opened_at
from benchmarks.inventory.served import COMMIT, RELEASE, Served
from kit.ids import new_id
from kit.mongo import connect, database
from kit.tasks import background, stop
from kit.times import utc_now
from services.inventory.actions import audit, sweep
from services.inventory.live.hub import Hub
from services.inventory.live.model import Watch
from services.inventory.live.store import LiveStore
from services.inventory.model import stock_id
from services.inventory.store import InventoryStore
from tests.faults.replica_set import ReplicaSet

BUYERS = 12
PIECES = 400
SKUS = ("HOT", "A", "B", "C")
RETRY_S = 0.2
QUIET_S = 60.0


@dataclass(slots=True)
class Told:
    """What buyers and the subscriber were told."""

    states: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    repeated: int = 0
    versions: dict[str, list[int]] = field(default_factory=dict)
    cursor: str | None = None


async def buy(served: Served, location: str, number: int, random: Random, told: Told, over: asyncio.Event) -> None:
    """One buyer after another basket, until it is over; what is begun is brought to an answer."""
    turn = 0
    while not over.is_set():
        turn += 1
        skus = random.sample(SKUS, random.randint(1, 3))
        lines = [{"sku": sku, "locationId": location, "quantity": 1} for sku in skus]
        key = f"b{number}-{turn}"
        held = await answered(served, told, lambda key=key, lines=lines: served.reserve(key, lines))  # type: ignore[misc]
        if held["reservation"] is None:
            told.refused += 1
            continue
        id = held["reservation"]["id"]
        told.states[id] = "HELD"
        ending = random.choice([COMMIT, RELEASE, None])
        if ending is not None:
            variables = {"input": {"idempotencyKey": f"e-{key}", "reservationId": id}}
            payload = await answered(served, told, lambda v=variables, q=ending: end(served, q, v))  # type: ignore[misc]
            assert payload["reservation"] is not None, payload
            told.states[id] = payload["reservation"]["state"]


async def end(served: Served, query: str, variables: dict[str, object]) -> dict[str, object]:
    """Commit or release; the payload."""
    answer = await served.ask(query, variables)
    if "errors" in answer:
        raise RuntimeError(str(answer["errors"]))
    (payload,) = answer["data"].values()
    return dict(payload)


async def answered(served: Served, told: Told, ask):  # type: ignore[no-untyped-def]
    """The answer, asked for with the same key until there is one."""
    while True:
        try:
            return await ask()
        except Exception:
            told.repeated += 1
            await asyncio.sleep(RETRY_S)


async def watch(url: str, prefix: str, location: str, told: Told) -> None:
    """Follow live stock, from the cursor where it was cut off."""
    async with connect(url) as client:
        hub = Hub(LiveStore(database(client, f"{prefix}_inventory")))
        async with (
            background(live=hub.run()),
            aclosing(hub.watch(Watch(frozenset(SKUS), frozenset({location})), told.cursor)) as levels,
        ):
            async for each in levels:
                told.versions.setdefault(each.level.id, []).append(each.level.version)
                told.cursor = each.cursor or told.cursor


async def torment(members: ReplicaSet, served: Served, random: Random, rounds: int) -> None:
    """Kill, and start again."""
    for number in range(rounds):
        await asyncio.sleep(random.uniform(1.0, 3.0))
        victim = ("service", "mongod", "both")[number % 3]
        print(f"round {number + 1}: SIGKILL {victim}", flush=True)
        port = None
        if victim != "service":
            port = await members.kill_primary()
        if victim != "mongod":
            served.kill()
        await asyncio.sleep(random.uniform(0.2, 1.0))
        if port is not None:
            members.start_again(port)
        await members.primary()
        if victim != "mongod":
            await served.start()
    await asyncio.sleep(1.0)


async def run(directory: Path, rounds: int, seed: int) -> list[str]:
    """What was wrong; empty if nothing was."""
    random, told = Random(seed), Told()
    prefix = f"f{new_id('x')[2:].lower()}"
    async with ReplicaSet(directory) as members:
        problems = await live(members.url, prefix, seed, told, lambda served: torment(members, served, random, rounds))
    print(
        f"{len(told.states)} acknowledged ({dict(Counter(told.states.values()))}), {told.refused} refused, "
        f"{told.repeated} asked again"
    )
    return problems


async def live(
    url: str, prefix: str, seed: int, told: Told, tormented: Callable[[Served], Awaitable[None]], buying: int = BUYERS
) -> list[str]:
    """Let buyers buy while the service is tormented; what was wrong afterwards."""
    async with opened_at(url, prefix, drains=False) as (store, location):
        await fill(store, location, list(SKUS), PIECES)
        served = Served(url, prefix, connections=buying)
        watcher = asyncio.create_task(watch(url, prefix, location, told))
        try:
            await served.start()
            over = asyncio.Event()
            buyers = [
                asyncio.create_task(buy(served, location, n, Random(f"{seed}-{n}"), told, over)) for n in range(buying)
            ]
            await tormented(served)
            over.set()
            await asyncio.gather(*buyers)
            return await settled(store, location, told)
        finally:
            await stop(watcher)
            await served.close()


async def settled(store: InventoryStore, location: str, told: Told) -> list[str]:
    """Wait until the running service has drained and swept, then look."""
    problems: list[str] = []
    ids = [stock_id(sku, location) for sku in SKUS]
    async with asyncio.timeout(QUIET_S):
        while True:
            levels = (await store.stock.look(tuple(ids))).levels
            waiting = await store.db["stock"].count_documents({"outbox.0": {"$exists": True}})
            seen = all(told.versions.get(id, [0])[-1] == level.version for id, level in levels.items())
            if not waiting and seen:
                break
            await sweep(store, now=utc_now())
            await asyncio.sleep(0.2)
    problems += await audit(store)
    for id, state in told.states.items():
        there = await store.reservations.by_id(id)
        if there is None or there.state.value != state:
            problems.append(f"{id}: acknowledged as {state}, but is {there and there.state.value}")
    sold: Counter[str] = Counter()
    for id, state in told.states.items():
        there = await store.reservations.by_id(id)
        if there is not None and state == "COMMITTED":
            sold.update(line.stock_id for line in there.lines)
    for id, level in levels.items():
        if level.quantities.on_hand != PIECES - sold[id]:
            problems.append(f"{id}: {level.quantities.on_hand} on hand, {sold[id]} acknowledged as sold of {PIECES}")
        versions = told.versions.get(id, [])
        if versions != list(range(versions[0], level.version + 1)):
            problems.append(f"{id}: the subscriber saw {len(versions)} versions of {level.version}, not each once")
    return problems


def main() -> None:
    """As a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with TemporaryDirectory() as directory:
        problems = asyncio.run(run(Path(directory), arguments.rounds, arguments.seed))
    print("\n".join(problems) or "nothing lost, nothing oversold, nothing told twice")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
