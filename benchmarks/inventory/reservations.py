"""Reservations a second: one hot SKU, spread, baskets; beside raw guarded updates and multi-document transactions.

    python -m benchmarks.inventory.reservations --seconds 5

All in one run and one process, drainers running, 64 writers. "Raw" is what MongoDB does at best with one guarded update
of one document a writer, without claim, journal or event. "Transaction" does what a reservation does (its document, the
stock of every line, an event) in one multi-document transaction with the driver's own retries.
"""

import argparse
import asyncio
from collections.abc import Callable
from random import Random

from pymongo.asynchronous.client_session import AsyncClientSession

from benchmarks.inventory.bench import fill, opened
from benchmarks.rates import machine, measure, own_mongodb
from kit.ids import new_id
from kit.times import utc_now
from services.inventory.actions import audit, reserve
from services.inventory.model import Actor, LocationId, Sku
from services.inventory.reservation.model import Line, ReservationDraft
from services.inventory.store import InventoryStore

PIECES = 1_000_000
SPREAD = 500
FILL = 500
WEB = Actor(channel="web")


def basket(random: Random) -> list[str]:
    """Three cold SKUs and the hot one."""
    return [*(f"S{n}" for n in random.sample(range(SPREAD), 3)), "HOT"]


async def in_transaction(store: InventoryStore, location: LocationId, skus: list[str]) -> None:
    """The same reservation as one multi-document transaction."""
    db, id, now = store.db, new_id("rsv"), utc_now()

    async def work(session: AsyncClientSession) -> None:
        row = {"_id": id, "lines": skus, "state": "HELD", "created_at": now}
        await db["tx_reservations"].insert_one(row, session=session)
        for sku in sorted(skus):
            guard = {"_id": f"{sku}@{location}", "available": {"$gte": 1}}
            change = {"$inc": {"available": -1, "reserved": 1, "version": 1}, "$set": {f"holds.{id}": 1}}
            await db["tx_stock"].update_one(guard, change, session=session)
        await db["tx_journal"].insert_one({"_id": id, "lines": skus, "time": now}, session=session)

    async with db.client.start_session() as session:
        await session.with_transaction(work)


async def run(url: str, seconds: float, live_holds: int) -> None:
    """Every measurement in turn, each on stock of its own."""
    random = Random(6)
    skus = [f"S{n}" for n in range(SPREAD)]
    await scenario(url, seconds, "reservations, one hot SKU", lambda: ["HOT"], live_holds)
    await scenario(url, seconds, f"reservations, spread over {SPREAD} SKUs", lambda: [random.choice(skus)], 0)
    await scenario(url, seconds, "reservations, baskets of 4 with 1 hot line", lambda: basket(random), 0)


async def scenario(url: str, seconds: float, name: str, wanted: Callable[[], list[str]], live_holds: int) -> None:
    """Raw updates, reservations and transactions over the same lines, one after the other."""
    async with opened(url) as (store, location):
        await fill(store, location, ["HOT", *(f"S{n}" for n in range(SPREAD))], PIECES)

        async def raw(_: int) -> None:
            await store.db["raw"].update_one({"_id": "HOT", "n": {"$gte": 1}}, {"$inc": {"n": -1}})

        async def held(n: int | str) -> None:
            lines = tuple(Line(Sku(sku), location, 1) for sku in wanted())
            await reserve(store, ReservationDraft(f"k{n}", lines), actor=WEB, now=utc_now())

        async def transacted(_: int) -> None:
            await in_transaction(store, location, wanted())

        await store.db["raw"].insert_one({"_id": "HOT", "n": 10**9})
        base = await measure("raw guarded updates of one document", raw, seconds)
        print(base, flush=True)
        for before in range(0, live_holds, FILL):
            await asyncio.gather(*(held(f"before-{before + n}") for n in range(FILL)))
        rate = await measure(name, held, seconds)
        print(rate, f"  {rate.per_second / base.per_second:.2f} of raw", flush=True)
        assert await audit(store) == [], "the books must hold"
        await copy_stock(store)
        slow = await measure("  the same in a transaction", transacted, seconds)
        print(slow, f"  1/{rate.per_second / slow.per_second:.0f}", flush=True)


async def copy_stock(store: InventoryStore) -> None:
    """Stock documents of the transactions' own, as short as they can be."""
    rows = await store.db["stock"].find({}, {"available": 1, "reserved": 1, "version": 1}).to_list()
    await store.db["tx_stock"].insert_many([{**row, "holds": {}} for row in rows])
    for name in ("tx_reservations", "tx_journal"):
        await store.db.create_collection(name)


def main() -> None:
    """As a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--live-holds", type=int, default=0, help="on the hot SKU before it is measured")
    arguments = parser.parse_args()
    print(machine())
    with own_mongodb() as url:
        asyncio.run(run(url, arguments.seconds, arguments.live_holds))


if __name__ == "__main__":
    main()
