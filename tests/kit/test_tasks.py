"""Background work lives as long as its block and never dies in silence."""

import asyncio

import pytest
from structlog.testing import capture_logs

from kit.tasks import background, stop


async def test_work_runs_beside_the_block_and_is_cancelled_with_it() -> None:
    steps: list[str] = []

    async def work() -> None:
        steps.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            steps.append("ended")

    async with background(one=work(), two=work()):
        await asyncio.sleep(0)
        assert steps == ["begun", "begun"]

    assert steps == ["begun", "begun", "ended", "ended"]


async def test_work_that_fails_is_logged_by_name_and_the_rest_goes_on() -> None:
    ended = asyncio.Event()

    async def fails() -> None:
        raise RuntimeError("no disk")

    async def goes_on() -> None:
        ended.set()

    with capture_logs() as logs:
        async with background(drain=fails(), sweep=goes_on()):
            await asyncio.wait_for(ended.wait(), 30)

    assert [(entry["event"], entry["work"]) for entry in logs] == [("background work died", "drain")]


async def test_a_failing_block_still_stops_its_work() -> None:
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def block() -> None:
        async with background(work=work()):
            await asyncio.sleep(0)
            raise ValueError("the block's own")

    with pytest.raises(ValueError, match="the block's own"):
        await block()
    assert cancelled.is_set()


async def test_a_task_that_loses_its_first_cancellation_is_stopped_all_the_same() -> None:
    lost: list[str] = []

    async def deaf() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost.append("once")
        await asyncio.Event().wait()

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)

    await asyncio.wait_for(stop(task, again_s=0.01), 30)
    assert lost == ["once"]
    assert task.cancelled()
