"""Points that a caller may spend: the bucket by itself, several processes over one database, and without it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import ConnectionFailure

from gateway.errors import RequestRefused
from gateway.rate import Bill, Limiter, Rate, Rates
from gateway.rate.model import SHARE, Bucket
from gateway.rate.store import RateStore
from kit.mongo import Database

RATE = Rate(per_s=10, capacity=1_000)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_leaks_and_says_how_long_to_wait() -> None:
    bucket = Bucket("key:a", RATE, 0.0)
    bucket.spend(990, 0.0)
    assert bucket.wait_s(10, 0.0) == 0
    assert bucket.wait_s(60, 0.0) == 5.0
    assert bucket.wait_s(60, 5.0) == 0
    assert bucket.wait_s(1_001, 1e9) > 0, "what is larger than the bucket never fits"


def test_without_any_leak_it_never_empties() -> None:
    bucket = Bucket("key:a", Rate(0, 10), 0.0)
    bucket.spend(10, 0.0)
    assert bucket.wait_s(1, 1e9) == float("inf")


@given(st.lists(st.tuples(st.integers(1, 400), st.floats(0, 20)), min_size=1, max_size=60))
async def test_over_any_time_no_more_is_spent_than_the_bucket_and_its_leak(asked: list[tuple[int, float]]) -> None:
    clock = Clock()
    limiter = Limiter(Rates(RATE), clock=clock)
    taken: list[tuple[float, int]] = []
    for points, pause_s in asked:
        clock.now += pause_s
        if await limiter.take(limiter.buckets_of("a", None), points) == 0:
            taken.append((clock.now, points))
    for start, _ in taken:
        for end, _ in taken:
            within = sum(points for at, points in taken if start <= at <= end)
            assert within <= RATE.capacity + RATE.per_s * max(0.0, end - start) + 1e-6


async def test_a_key_and_a_customer_have_buckets_of_their_own_and_both_must_have_room() -> None:
    limiter = Limiter(Rates(RATE, Rate(1, 100), {"partner": Rate(1, 50), "own": None}), clock=Clock())
    assert [bucket.id for bucket in limiter.buckets_of("shop", "cus_1")] == ["key:shop", "customer:cus_1"]
    assert await limiter.take(limiter.buckets_of("shop", "cus_1"), 100) == 0
    assert await limiter.take(limiter.buckets_of("shop", "cus_1"), 1) > 0
    assert limiter.left(limiter.buckets_of("shop", None)) == 900, "what was refused was charged nowhere"
    assert await limiter.take(limiter.buckets_of("shop", "cus_2"), 100) == 0
    assert await limiter.take(limiter.buckets_of("partner", None), 51) > 0
    assert limiter.buckets_of("own", None) == []


async def test_a_bill_is_settled_by_what_was_in_the_answer_and_refused_with_facts() -> None:
    limiter = Limiter(Rates(RATE), clock=Clock())
    buckets = limiter.buckets_of("a", None)
    bill = Bill(limiter, buckets, told=True)
    await bill.charge(900)
    assert bill.settle(100) == {"requested": 900, "actual": 100, "left": 900}
    with pytest.raises(RequestRefused) as refused:
        await Bill(limiter, buckets).charge(950)
    assert refused.value.errors[0]["extensions"] == {
        "code": "RATE_LIMITED",
        "retryAfterS": 5,
        "cost": {"requested": 950, "left": 900},
    }


async def test_who_sends_what_is_refused_has_spent_its_points_after_a_while() -> None:
    limiter = Limiter(Rates(RATE), clock=Clock())
    for _ in range(11):
        bill = Bill(limiter, limiter.buckets_of("a", None))
        await bill.admit()
        bill.penalise()
    with pytest.raises(RequestRefused):
        await Bill(limiter, limiter.buckets_of("a", None)).admit()


@pytest.fixture
async def store(db: Database) -> RateStore:
    store = RateStore(db)
    await store.prepare()
    return store


@pytest.mark.parametrize("processes", [1, 4])
async def test_processes_together_keep_to_one_bucket_within_the_bound_they_state(
    store: RateStore, processes: int
) -> None:
    rate = Rate(per_s=0.0, capacity=2_000)
    limiters = [Limiter(Rates(rate), store) for _ in range(processes)]

    async def spend(limiter: Limiter) -> int:
        taken = 0
        for _ in range(500):
            taken += 10 * (await limiter.take(limiter.buckets_of("a", None), 10) == 0)
            await asyncio.sleep(0)
        return taken

    taken = sum(await asyncio.gather(*[spend(limiter) for limiter in limiters for _ in range(2)]))
    assert rate.capacity <= taken <= rate.capacity * (1 + (processes - 1) * SHARE)
    for limiter in limiters:
        await limiter._settle_soon()
    levels = await store.settle({"key:a": (0.0, rate)})
    assert levels == {"key:a": taken}, "nothing that was spent is lost"


async def test_what_was_spent_elsewhere_counts_here_and_leaks_by_the_databases_clock(store: RateStore) -> None:
    slow = Rate(per_s=1_000, capacity=1_000)
    one, other = Limiter(Rates(slow), store), Limiter(Rates(slow), store)
    assert await one.take(one.buckets_of("a", None), 1_000) == 0
    await one._settle_soon()
    other.give(other.buckets_of("a", None), 1)
    await other._settle_soon()
    left = other.left(other.buckets_of("a", None))
    assert 0 <= left < 1_000
    await asyncio.sleep(0.05)
    other.give(other.buckets_of("a", None), 1)
    await other._settle_soon()
    assert other.left(other.buckets_of("a", None)) > left


async def test_while_the_database_is_away_each_process_judges_by_itself() -> None:
    class Away:
        async def settle(self, *_: object) -> dict[str, float]:
            raise ConnectionFailure("away")

    limiter = Limiter(Rates(Rate(0.0, 100)), Away())  # type: ignore[arg-type]
    taken = [await limiter.take(limiter.buckets_of("a", None), 10) == 0 for _ in range(20)]
    assert taken == [True] * 10 + [False] * 10


async def test_buckets_that_are_empty_are_forgotten() -> None:
    clock = Clock()
    limiter = Limiter(Rates(RATE), clock=clock)
    await limiter.take(limiter.buckets_of("a", None), 10)
    limiter._forget()
    assert list(limiter._buckets) == ["key:a"]
    clock.now += 2
    limiter._forget()
    assert not limiter._buckets
