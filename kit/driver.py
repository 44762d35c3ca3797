"""What of the MongoDB driver must be mended before a client is made.

In Python 3.11 `asyncio.wait_for` runs what it waits for as a task of its own. PyMongo waits so for a condition of a
client; if its caller is cancelled once more while it leaves, that task gets the condition's lock when nobody is there
to release it, and every later call of the client hangs. `asyncio.timeout` waits in the caller's own task, which gives
the lock back however often it is cancelled. Python 3.12 and later do so by themselves.
"""

import asyncio
import sys
from typing import Any

from pymongo.asynchronous import pool, topology

WAIT = "_async_cond_wait"


async def wait_for_condition(condition: Any, timeout_s: float | None) -> bool:
    """Wait until the condition is notified; False if that took longer."""
    try:
        async with asyncio.timeout(timeout_s):
            notified: bool = await condition.wait()
            return notified
    except TimeoutError:
        return False


def mend() -> None:
    """Let the driver wait so; on Python 3.12 and later nothing is changed."""
    if sys.version_info < (3, 12):
        for module in (pool, topology):
            assert hasattr(module, WAIT), f"{module.__name__} waits in another way; see whether it still needs this"
            setattr(module, WAIT, wait_for_condition)
