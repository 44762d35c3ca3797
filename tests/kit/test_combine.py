"""Many callers, one call: nobody waits alone, everybody gets their own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from kit.combine import Combiner


async def test_who_comes_while_a_batch_is_under_way_goes_with_the_next_one() -> None:
    batches: list[int] = []

    async def double(items: Sequence[int]) -> list[int]:
        batches.append(len(items))
        await asyncio.sleep(0)
        return [2 * item for item in items]

    combined = Combiner(double, limit=4)
    assert await asyncio.gather(*(combined(n) for n in range(10))) == [2 * n for n in range(10)]
    assert batches == [4, 4, 2]
    assert await combined(21) == 42


async def test_nobody_is_left_waiting_between_two_batches() -> None:
    async def echo(items: Sequence[int]) -> Sequence[int]:
        return items

    combined = Combiner(echo, limit=3)

    async def caller(n: int) -> int:
        total = 0
        for turn in range(20):
            total += await combined(turn)
            await asyncio.sleep(0) if (n + turn) % 3 else None
        return total

    async with asyncio.timeout(10):
        assert await asyncio.gather(*(caller(n) for n in range(7))) == [190] * 7


async def test_lanes_are_that_many_batches_at_once() -> None:
    under_way, most = 0, 0

    async def slow(items: Sequence[int]) -> Sequence[int]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1
        return items

    combined = Combiner(slow, limit=1, lanes=3)
    await asyncio.gather(*(combined(n) for n in range(9)))
    assert most == 3


async def test_a_failure_is_that_of_its_batch_and_no_other() -> None:
    async def picky(items: Sequence[int]) -> Sequence[int]:
        await asyncio.sleep(0)
        if 1 in items:
            raise ValueError("one")
        return items

    combined = Combiner(picky, limit=2)
    answers = await asyncio.gather(*(combined(n) for n in range(4)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError, ValueError, int, int]
    with pytest.raises(ValueError, match="one"):
        await combined(1)


async def test_a_caller_that_gives_up_stops_nobody_else() -> None:
    go = asyncio.Event()

    async def wait(items: Sequence[int]) -> Sequence[int]:
        await go.wait()
        return items

    combined = Combiner(wait, limit=5)
    first, second = (asyncio.create_task(combined(n)) for n in (1, 2))
    await asyncio.sleep(0)
    first.cancel()
    go.set()
    assert await second == 2
    assert first.cancelled() or await asyncio.gather(first, return_exceptions=True)
