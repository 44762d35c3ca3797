"""The service is killed by SIGKILL in the middle of a load: what it acknowledged is there, once, and the books agree.

One kill at a seeded moment, over the tests' own MongoDB; `make faults` kills service and primaries for minutes.
"""

import asyncio
from random import Random

from benchmarks.inventory.served import Served
from tests.faults.inventory import Told, live

SEED = 20_261
BUYERS = 6
AT_MOST_S = 60.0


async def test_what_was_acknowledged_before_a_sigkill_is_there_after_it(mongo_url: str, fresh_databases: str) -> None:
    told = Told()

    async def killed_once(served: Served) -> None:
        before = Random(SEED).randint(8, 24)
        await acknowledged(told, before)
        served.kill()
        await asyncio.sleep(0)
        await served.start()
        await acknowledged(told, len(told.states) + before)

    problems = await live(mongo_url, fresh_databases, SEED, told, killed_once, BUYERS)
    assert problems == []
    assert told.repeated > 0, "nobody was in the middle of anything"
    assert {"HELD", "COMMITTED", "RELEASED"} >= set(told.states.values())


async def acknowledged(told: Told, many: int) -> None:
    """So many reservations have been."""
    async with asyncio.timeout(AT_MOST_S):
        while len(told.states) < many:
            await asyncio.sleep(0.01)
