"""Points a second: one hot wallet and spread ones, beside raw guarded updates; expiry and audit.

    python -m benchmarks.loyalty.wallets --seconds 5 --expire 100000

All in one run and one process, drainers running, 64 writers. "Raw" is what MongoDB does at best with one guarded update
of one document a writer (or of spread ones), without key, lots, journal or event.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from os import getloadavg
from random import Random

from benchmarks.rates import machine, measure, own_mongodb
from kit.events import Event, EventLog
from kit.ids import new_id
from kit.mongo import connect, database, ensure_indexes
from kit.tasks import background
from kit.times import utc_now
from services.loyalty.actions import SWEEP_PART, SWEEPS_AT_ONCE, audit, earn, redeem, sweep_once
from services.loyalty.events import drainers
from services.loyalty.hold.actions import capture, hold
from services.loyalty.hold.model import HoldEnd, HoldRequest
from services.loyalty.model import CustomerId, EntryKind, Reference
from services.loyalty.posting.closing import facts_of
from services.loyalty.posting.model import MAX_POINTS, PointsRequest
from services.loyalty.store import INDEXES, LoyaltyStore

SPREAD = 500
INSERT_BATCH = 5_000
RAW_EXPIRY = 100_000
"""Documents of the raw run: enough for a rate."""


@asynccontextmanager
async def opened(url: str, *, drain: bool = True) -> AsyncIterator[LoyaltyStore]:
    """A fresh store, its drainers running as they do in the service, unless told otherwise; dropped afterwards."""
    prefix = f"b{new_id('x')[2:].lower()}"
    async with connect(url) as client:
        db = database(client, f"{prefix}_loyalty")
        await ensure_indexes(db, INDEXES)
        store = LoyaltyStore(db)
        log = EventLog(database(client, f"{prefix}_events"))
        await log.prepare()
        running = drainers(store, log) if drain else []
        async with background(**{f"drain_{n}": each.run() for n, each in enumerate(running)}):
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
    """Wallets whose points have expired, entered by the sweep; then their entries, drained; and the audit of it all.

    "Raw" writes as much to the same documents in the same batches: three fields and an entry of the same size.
    """
    async with opened(url, drain=False) as store:
        await fill(store, min(count, RAW_EXPIRY))
        raw = await timed("raw update_many with an entry", "wallets", raw_expiry(store))
        await fill(store, count)
        await timed("replay audit of one entry a wallet", "entries", audit_all(store))
        swept = await timed("expiry sweep", "wallets", sweep_all(store))
        print(f"{'':<44}{swept / raw:>9.2f} of raw", flush=True)
        log = EventLog(database(store.db.client, f"{store.db.name}_log"))
        await log.prepare()
        await timed("drain of the expiries", "entries", drainers(store, log)[0].drain())
        await store.db.client.drop_database(f"{store.db.name}_log")
        await timed("replay audit of two entries a wallet", "entries", audit_all(store))


async def fill(store: LoyaltyStore, count: int) -> None:
    """So many wallets whose ten points expired yesterday, each with the entry that gave them."""
    await store.wallets.drop()
    await store.journal.drop()
    await ensure_indexes(store.db, INDEXES)
    gone = utc_now() - timedelta(days=1)
    body = {"regular_points": 10, "regular_expires_at": gone, "limited": [], "booked": 10, "next_expiry_at": gone}
    body |= {"holds": [], "next_hold_end_at": None, "debt": 0, "frozen_at": None, "seq": 1, "keys": [], "outbox": []}
    for start in range(0, count, INSERT_BATCH):
        ids = [f"{start + n:012}" for n in range(min(INSERT_BATCH, count - start))]
        wallets = [{"_id": f"wal_{id}", "customer_id": f"cus_{id}", **body} for id in ids]
        await store.wallets.insert_many(wallets, ordered=False)
        await store.journal.insert_many([_given(id, gone - timedelta(days=365)) for id in ids], ordered=False)


def _given(id: str, at: datetime) -> dict[str, object]:
    postings = [{"account": "wallet", "points": 10}, {"account": "issuance", "points": -10}]
    sums = {"seq": 1, "points": 10, "balanceAfter": 10, "heldAfter": 0, "regular": 10, "debtAfter": 0, "taken": []}
    data = {"kind": "EARNED", **facts_of("FILL", Reference(), None, ""), **sums, "postings": postings}
    data |= {"walletId": f"wal_{id}", "customerId": f"cus_{id}"}
    event = Event(f"wal_{id}/fill", "/noren/loyalty", EntryKind.EARNED.event_type, f"wal_{id}", at, data)
    return event.to_document()


async def raw_expiry(store: LoyaltyStore) -> int:
    """As much written to as many documents, with nothing decided."""
    ids = [row["_id"] async for row in store.wallets.find({}, {"_id": 1})]
    entry = {"id": "x" * 40, "type": "x" * 30, "subject": "x" * 16, "time": utc_now(), "data": {"text": "x" * 420}}
    change = {"$set": {"regular_points": 0, "booked": 0, "next_expiry_at": None}, "$inc": {"seq": 1}}
    change["$push"] = {"outbox": entry}
    parts = [ids[start : start + SWEEP_PART] for start in range(0, len(ids), SWEEP_PART)]

    async def some(number: int) -> None:
        for part in parts[number::SWEEPS_AT_ONCE]:
            await store.wallets.update_many({"_id": {"$in": part}}, change)

    await asyncio.gather(*(some(number) for number in range(SWEEPS_AT_ONCE)))
    return len(ids)


async def sweep_all(store: LoyaltyStore) -> int:
    """Until nothing is due."""
    done = 0
    while swept := await sweep_once(store, utc_now()):
        done += swept
    return done


async def audit_all(store: LoyaltyStore) -> int:
    """Replays everything; the books must hold."""
    assert await audit(store) == [], "the books must hold"
    return await store.journal.count_documents({})


async def timed(name: str, what: str, work: Coroutine[object, object, int]) -> float:
    """Print how many a second, and return it."""
    began = time.perf_counter()
    done = await work
    rate = done / (time.perf_counter() - began)
    print(f"{name:<44}{rate:>9,.0f} {what}/s   ({done:,})", flush=True)
    return rate


def main() -> None:
    """As a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--only-expiry", action="store_true", help="the expiry run alone")
    parser.add_argument("--expire", type=int, default=100_000, help="wallets of the expiry run")
    arguments = parser.parse_args()
    print(machine(), f"load {getloadavg()[0]:.1f}")
    with own_mongodb() as url:
        if arguments.only_expiry:
            asyncio.run(expiry(url, arguments.expire))
        else:
            asyncio.run(run(url, arguments.seconds, arguments.expire))


if __name__ == "__main__":
    main()
