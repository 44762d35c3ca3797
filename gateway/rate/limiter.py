"""Decides whether a caller may spend its points now: at once, from what this process knows, and seldom by a wait.

Each process judges by the level it knows and tells the others every `SETTLE_S` what was spent here. So a decision takes
no write, and the error is bounded: `n` processes together let a caller spend at most `(n - 1)` times the larger of
`SHARE × capacity` and one operation more than the bucket holds, because a process that has spent a share of which the
others do not know tells them first. What went beyond is in the bucket and held against the caller, so that over time
nothing is won by it. While MongoDB does not answer, each process judges by itself.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from pymongo.errors import PyMongoError

from gateway.rate.model import Bucket, Rate, Rates
from gateway.rate.store import RateStore
from kit.log import logger
from kit.mongo import open_database
from kit.tasks import background

SETTLE_S = 0.1
"""How often what was spent is told: one write a busy bucket each time, whatever the traffic."""
AGAIN_S = 1.0
"""How long MongoDB is left alone after it did not answer."""
MAX_BUCKETS = 10_000
"""Kept in one process; of more, those that were left alone longest go, and are read again when needed."""

log = logger(__name__)


class Limiter:
    """Every bucket of one process; `store` shares them with others. Lives on one event loop."""

    def __init__(
        self, rates: Rates, store: RateStore | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rates = rates
        self._store = store
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._round: asyncio.Task[None] | None = None
        self._away_until = 0.0
        self.refused = 0

    def buckets_of(self, key: str, customer: str | None) -> list[Bucket]:
        """The buckets that a caller's requests fill; none where nothing limits it."""
        asked = [(f"key:{key}", self.rates.of_key(key))]
        if customer is not None:
            asked.append((f"customer:{customer}", self.rates.customer))
        return [self._bucket(id, rate) for id, rate in asked if rate is not None]

    async def take(self, buckets: Sequence[Bucket], points: float) -> float:
        """Spend points in each of these buckets, or in none: 0, or the seconds after which there may be room."""
        while True:
            now = self._clock()
            wait_s = max([bucket.wait_s(points, now) for bucket in buckets], default=0.0)
            if wait_s > 0:
                self.refused += 1
                return wait_s
            if not self._shares or not any(bucket.exceeds_share(points) for bucket in buckets):
                break
            await asyncio.shield(self._settle_soon())
        self.give(buckets, points)
        return 0.0

    def give(self, buckets: Sequence[Bucket], points: float) -> None:
        """Spend points whatever the level, or with a negative number give them back."""
        now = self._clock()
        for bucket in buckets:
            bucket.spend(points, now)

    def left(self, buckets: Sequence[Bucket]) -> int:
        """Points that may be spent at once now, where it is fewest."""
        now = self._clock()
        return min(int(bucket.rate.capacity - bucket.leak(now)) for bucket in buckets)

    async def follow(self) -> None:
        """Tell what was spent, for ever."""
        while True:
            await asyncio.sleep(SETTLE_S)
            if self._shares:
                await self._settle_soon()
            self._forget()

    @property
    def _shares(self) -> bool:
        return self._store is not None and self._clock() >= self._away_until

    def _bucket(self, id: str, rate: Rate) -> Bucket:
        bucket = self._buckets.get(id)
        if bucket is None:
            if len(self._buckets) >= 2 * MAX_BUCKETS:
                self._buckets.popitem(last=False)
            bucket = self._buckets[id] = Bucket(id, rate, self._clock())
        else:
            self._buckets.move_to_end(id)
        return bucket

    def _settle_soon(self) -> asyncio.Task[None]:
        if self._round is None or self._round.done():
            self._round = asyncio.create_task(self._settle())
        return self._round

    async def _settle(self) -> None:
        assert self._store is not None
        spent = {id: (one.unsettled, one.rate) for id, one in self._buckets.items() if one.unsettled}
        if not spent:
            return
        try:
            levels = await self._store.settle(spent)
        except PyMongoError as error:
            self._away_until = self._clock() + AGAIN_S
            log.warning("rates are judged by this process alone", error=type(error).__name__)
            return
        now = self._clock()
        for id, level in levels.items():
            if id in self._buckets:
                self._buckets[id].settled(spent[id][0], level, now)

    def _forget(self) -> None:
        """Drop empty buckets, the longest untouched first; of too many also others that were told."""
        now = self._clock()
        settling = self._round is not None and not self._round.done()
        while self._buckets and not settling:
            id, oldest = next(iter(self._buckets.items()))
            if oldest.unsettled and self._store is not None:
                return
            if oldest.leak(now) > 0 and len(self._buckets) <= MAX_BUCKETS:
                return
            del self._buckets[id]


@asynccontextmanager
async def open_limiter(rates: Rates, mongodb_url: str, database: str) -> AsyncIterator[Limiter]:
    """The limiter of one process, for as long as the block lasts; without a URL it shares with nobody."""
    if not mongodb_url:
        limiter = Limiter(rates)
        async with background(follow_rates=limiter.follow()):
            yield limiter
        return
    async with open_database(mongodb_url, database) as db:
        store = RateStore(db)
        with suppress(PyMongoError):  # the index only sweeps; the next start makes it
            await store.prepare()
        limiter = Limiter(rates, store)
        async with background(follow_rates=limiter.follow()):
            yield limiter
