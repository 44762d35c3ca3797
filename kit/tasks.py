"""Background work of a service: started with it, cancelled with it, and never dead in silence."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from kit.log import logger

log = logger(__name__)

CANCEL_AGAIN_S = 2.0
"""How long a cancelled task has to tidy up before it is cancelled again."""


@asynccontextmanager
async def background(**work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run each coroutine for as long as the block lasts; one that fails is logged under its name."""
    tasks = [asyncio.create_task(coroutine, name=name) for name, coroutine in work.items()]
    for task in tasks:
        task.add_done_callback(_tell_death)
    try:
        yield
    finally:
        await stop(*tasks)


async def stop(*tasks: asyncio.Task[Any], again_s: float = CANCEL_AGAIN_S) -> None:
    """Cancel tasks and wait until they have ended, however they do.

    Once is not always enough: in Python 3.11 a cancellation that meets the end of an `asyncio.wait_for` is lost
    (CPython issue 86296, gone in 3.12), and the MongoDB driver uses one for every message it sends.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=again_s)
    await asyncio.gather(*tasks, return_exceptions=True)  # their errors count as seen


def _tell_death(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background work died", work=task.get_name(), exc_info=error)
