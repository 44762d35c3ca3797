"""Events a second, CPU of an event, and what a page of a timeline costs wherever it lies.

    python -m benchmarks.customer.behaviour --members 1000000 --events 20000000

All in one run, one process and a MongoDB of its own, calls of 1,000 events from several callers at once. Events are
drawn from a seed: a tenth of the members does half of everything, every third event is anonymous, some are told late.
CPU is this process's; MongoDB's comes on top, and is printed beside it. `graph` is the whole mutation, parsed and
validated; `action` is the same without GraphQL.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from os import getloadavg
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.rates import machine, own_mongodb
from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.ids import new_id
from kit.mongo import connect, database, ensure_indexes
from kit.pages import PageArgs, encode_cursor
from kit.subgraph import Subgraph
from kit.times import utc_now
from services.customer.behaviour.actions import sessions, subjects_of, timeline
from services.customer.context import Context
from services.customer.loaders import Loaders
from services.customer.schema import schema
from services.customer.store import INDEXES, CustomerStore

BATCH = 1_000
CALLERS = 4
PAGES = 200
PROFILES = 10_000
"""Inserted at a time."""
HEAVY_EVENTS = 10_000
"""Of one member, so that there are deep pages to read."""
TRACK = """mutation ($input: EventsTrackInput!) {
  eventsTrack(input: $input) { accepted duplicates optedOut userErrors { code path } } }"""


@dataclass(frozen=True, slots=True)
class World:
    """A fresh store and the subgraph over it."""

    store: CustomerStore
    subgraph: Subgraph
    signer: ContextSigner

    async def track(self, rows: list[dict[str, Any]]) -> Mapping[str, Any]:
        """One call, as the gateway makes it."""
        variables = {"input": {"source": "bench", "events": rows}}
        caller = RequestContext(channel="web", scopes=frozenset({"behaviour:write"}))
        answer = await self.subgraph.execute(TRACK, variables, None, {CONTEXT_HEADER: self.signer.sign(caller)})
        done: Mapping[str, Any] = answer["data"]["eventsTrack"]
        assert not done["userErrors"], done["userErrors"][:3]
        return done


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[World]:
    """A fresh database; dropped afterwards."""
    signer = ContextSigner(b"x" * 32)
    async with connect(url) as client:
        db = database(client, f"b{new_id('x')[2:].lower()}_customer")
        await ensure_indexes(db, INDEXES)
        store = CustomerStore(db, b"k" * 32, b"v" * 32)
        subgraph = Subgraph("customer", schema, signer, lambda caller: Context(caller, store, Loaders(store), "JP"))
        yield World(store, subgraph, signer)
        await client.drop_database(db.name)


def drawn(members: int, count: int, now: datetime) -> Iterator[list[dict[str, Any]]]:
    """Batches of rows."""
    random = Random(8)
    for start in range(0, count, BATCH):
        rows = []
        for number in range(start, min(start + BATCH, count)):
            member = random.randrange(members // 10 or 1) if random.random() < 0.5 else random.randrange(members)
            at = now - timedelta(seconds=(count - number) * 0.05 + (random.random() < 0.02) * 86_400)
            row: dict[str, Any] = {"sourceId": f"e{number}", "at": at.isoformat()}
            if random.random() < 0.33:
                row["device"] = f"cookie-{member}"
            else:
                row["customerId"] = f"cus_{member:026d}"
            rows.append(row | _what(random))
        yield rows


def _what(random: Random) -> dict[str, Any]:
    sku = f"SKU-{random.randrange(50_000)}"
    draw = random.random()
    if draw < 0.6:
        return {"view": {"sku": sku}}
    if draw < 0.75:
        return {"search": {"keyword": f"靴 {random.randrange(1_000)}", "results": random.randrange(100)}}
    if draw < 0.9:
        return {"cart": {"sku": sku, "change": "ADDED", "quantity": 1}}
    return {"contentRead": {"contentId": f"post-{random.randrange(500)}", "percent": random.randrange(101)}}


async def ingest(world: World, batches: list[list[dict[str, Any]]]) -> tuple[float, float]:
    """Seconds and CPU seconds of these calls, by `CALLERS` callers."""
    waiting = iter(batches)
    began, cpu = time.perf_counter(), time.process_time()

    async def caller() -> None:
        for rows in waiting:
            await world.track(rows)

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return time.perf_counter() - began, time.process_time() - cpu


def server_cpu(pid: int) -> float:
    """CPU seconds of a process so far."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return sum(int(each) for each in ticks) / 100


async def enrol(store: CustomerStore, members: int) -> None:
    """Of every member what says who is one person with whom: the door and every reader ask for it."""
    for start in range(0, members, PROFILES):
        ids = [f"cus_{number:026d}" for number in range(start, min(start + PROFILES, members))]
        await store.profiles.insert_many([{"_id": id, "state": "LIVE", "root": id} for id in ids], ordered=False)


async def run(url: str, members: int, events: int) -> None:
    """Fill, then tell again, then read."""
    async with opened(url) as world:
        await enrol(world.store, members)
        pid = int((await world.store.db.client.admin.command("serverStatus"))["pid"])
        await fill(world, members, events, pid)
        await heavy(world)
        await pages(world)


async def fill(world: World, members: int, events: int, pid: int) -> None:
    """All events, in slices, so that what is drawn is not measured."""
    now = utc_now()
    took = used = 0.0
    served = server_cpu(pid)
    slice_: list[list[dict[str, Any]]] = []
    done = 0
    last: list[list[dict[str, Any]]] = []
    for rows in drawn(members, events, now):
        slice_.append(rows)
        if len(slice_) == 100 or done + sum(map(len, slice_)) >= events:
            seconds, cpu = await ingest(world, slice_)
            took, used, done = took + seconds, used + cpu, done + sum(map(len, slice_))
            last, slice_ = slice_, []
    drawn_cpu = server_cpu(pid) - served
    print(
        f"{'eventsTrack, graph, ' + str(CALLERS) + ' callers':<44}{events / took:>9,.0f} events/s   "
        f"{1e6 * used / events:.0f} µs CPU an event, MongoDB's {1e6 * drawn_cpu / events:.0f} µs",
        flush=True,
    )
    again, _ = await ingest(world, last)
    print(f"{'the last ones told again':<44}{sum(map(len, last)) / again:>9,.0f} events/s", flush=True)


async def heavy(world: World) -> None:
    """One member with a long history."""
    now = utc_now()
    rows = [
        {
            "sourceId": f"h{n}",
            "at": (now - timedelta(minutes=7 * n)).isoformat(),
            "customerId": "cus_heavy",
            "view": {"sku": f"SKU-{n}"},
        }
        for n in range(HEAVY_EVENTS)
    ]
    await ingest(world, [rows[n : n + BATCH] for n in range(0, HEAVY_EVENTS, BATCH)])


async def pages(world: World) -> None:
    """Pages of 20 at every depth, and a page of sessions."""
    store = world.store
    person = (await store.kin.persons(["cus_heavy"]))["cus_heavy"]
    keys = [bytes(row["key"]) async for row in store.behaviour.events.find({"subject": "cus_heavy"}).sort("key", -1)]
    for depth in (0, 100, 1_000, HEAVY_EVENTS - 100):
        after = None if depth == 0 else encode_cursor([keys[depth].hex()])
        began, cpu = time.perf_counter(), time.process_time()
        for _ in range(PAGES):
            subjects = await subjects_of(store, person)
            page = await timeline(store, subjects, (), PageArgs.parse(20, after))
            assert len(page.nodes) == 20
        each, used = (time.perf_counter() - began) / PAGES, (time.process_time() - cpu) / PAGES
        print(f"{f'timeline page of 20, {depth:,} events deep':<44}{1e3 * each:>9.2f} ms   {1e3 * used:.2f} ms CPU")
    began = time.perf_counter()
    for _ in range(PAGES // 10):
        await sessions(store, frozenset({"cus_heavy"}), PageArgs(10))
    print(f"{'page of 10 sessions':<44}{1e3 * (time.perf_counter() - began) / (PAGES // 10):>9.2f} ms")


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=200_000)
    options = parser.parse_args()
    print(f"{machine()}, load {getloadavg()[0]:.1f}, {options.members:,} members, {options.events:,} events")
    with own_mongodb() as url:
        asyncio.run(run(url, options.members, options.events))


if __name__ == "__main__":
    main()
