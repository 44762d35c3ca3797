"""Points a second: one hot wallet and spread ones, beside raw guarded updates; expiry and audit.

    python -m benchmarks.loyalty.wallets --seconds 5 --expire 100000

All in one run and one process, drainers running, 64 writers. "Raw" is what MongoDB does at best with one guarded update
of one document a writer (or of spread ones), without key, lots, journal or event.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random

from benchmarks.rates import machine, measure, own_mongodb
from kit.events import EventLog
from kit.ids import new_id
from kit.mongo import connect, database, ensure_indexes
from kit.tasks import background
from kit.times import utc_now
from services.loyalty.actions import audit, earn, redeem, sweep_once
from services.loyalty.events import drainers
from services.loyalty.hold.actions import capture, hold
from services.loyalty.hold.model import HoldEnd, HoldRequest
from services.loyalty.model import CustomerId
from services.loyalty.posting.model import MAX_POINTS, PointsRequest
from services.loyalty.store import INDEXES, LoyaltyStore

SPREAD = 500
INSERT_BATCH = 5_000


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[LoyaltyStore]:
    """A fresh store, its drainers running as they do in the service; dropped afterwards."""
    prefix = f"b{new_id('x')[2:].lower()}"
    async with connect(url) as client:
        db = database(client, f"{prefix}_loyalty")
        await ensure_indexes(db, INDEXES)
        store = LoyaltyStore(db)
        log = EventLog(database(client, f"{prefix}_events"))
        await log.prepare()
        async with background(**{f"drain_{n}": each.run() for n, each in enumerate(drainers(store, log))}):
            yield store
        for name in (db.name, f"{prefix}_events"):
            await client.drop_database(name)


async def run(url: str, seconds: float, expire: int) -> None:
    """Every measurement in turn."""
    random = Random(7)
    members = [CustomerId(new_id("cus")) for _ in range(SPREAD)]
    await wallets(url, seconds, "one hot wallet", lambda: members[0])
    await wallets(url, seconds, f"{SPREAD} wallets", lambda: random.choice(members))
    await expiry(url, expire)


async def wallets(url: str, seconds: float, where: str, whose: Callable[[], CustomerId]) -> None:
    """Raw updates, then the ledger's, on one kind of wallets."""
    async with opened(url) as store:
        raw = store.db["raw"]
        await raw.insert_many([{"_id": n, "n": 10**9} for n in range(SPREAD)])
        spread = Random(8)

        async def bare(_: int) -> None:
            id = 0 if where == "one hot wallet" else spread.randrange(SPREAD)
            await raw.update_one({"_id": id, "n": {"$gte": 1}}, {"$inc": {"n": -1}})

        async def earned(n: int) -> None:
            await earn(store, PointsRequest(whose(), 100, "BENCH", f"e{n}"), now=utc_now())

        async def redeemed(n: int) -> None:
            await redeem(store, PointsRequest(whose(), 1, "BENCH", f"r{n}"), now=utc_now())

        async def held(n: int) -> None:
            member = whose()
            made = await hold(store, HoldRequest(PointsRequest(member, 2, "BENCH", f"h{n}")), now=utc_now())
            await capture(store, HoldEnd(member, made.hold.id, 1, "BENCH", f"c{n}"), now=utc_now())

        for member in {whose() for _ in range(20 * SPREAD)}:  # enough for everybody: nothing measured is a refusal
            await earn(store, PointsRequest(member, MAX_POINTS, "BENCH", "fill"), now=utc_now())
        base = await measure(f"raw guarded updates, {where}", bare, seconds)
        print(base, flush=True)
        for name, work in (("earn", earned), ("redeem", redeemed), ("hold and capture", held)):
            rate = await measure(f"{name}, {where}", work, seconds)
            print(rate, f"  {rate.per_second / base.per_second:.2f} of raw", flush=True)
        print(await measure(f"read of a wallet, {where}", lambda _: store.wallets_by_id([_id(whose())]), seconds))
        await audited(store)


def _id(member: CustomerId) -> str:
    return "wal_" + member.removeprefix("cus_")


async def audited(store: LoyaltyStore) -> None:
    """How fast the journal is replayed against the wallets."""
    entries = sum([document["seq"] async for document in store.wallets.find({}, {"seq": 1})])
    began = time.perf_counter()
    assert await audit(store) == [], "the books must hold"
    took = time.perf_counter() - began
    print(f"{'replay audit':<44}{entries / took:>9,.0f} entries/s   ({entries:,} entries)", flush=True)


async def expiry(url: str, count: int) -> None:
    """Wallets whose points have expired, entered by the sweep."""
    async with opened(url) as store:
        gone = utc_now() - timedelta(days=1)
        body = {"regular_points": 10, "regular_expires_at": gone, "limited": [], "booked": 10, "next_expiry_at": gone}
        body |= {
            "holds": [],
            "next_hold_end_at": None,
            "debt": 0,
            "frozen_at": None,
            "seq": 0,
            "keys": [],
            "outbox": [],
        }
        for start in range(0, count, INSERT_BATCH):
            ids = [f"{start + n:012}" for n in range(min(INSERT_BATCH, count - start))]
            await store.wallets.insert_many(
                [{"_id": f"wal_{id}", "customer_id": f"cus_{id}", **body, "keys": [], "outbox": []} for id in ids],
                ordered=False,
            )
        began = time.perf_counter()
        done = 0
        while swept := await sweep_once(store, utc_now()):
            done += swept
        took = time.perf_counter() - began
        print(f"{'expiry sweep':<44}{done / took:>9,.0f} wallets/s   ({done:,} wallets)", flush=True)


def main() -> None:
    """As a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--expire", type=int, default=100_000, help="wallets of the expiry run")
    arguments = parser.parse_args()
    print(machine())
    with own_mongodb() as url:
        asyncio.run(run(url, arguments.seconds, arguments.expire))


if __name__ == "__main__":
    main()
