"""A client outlives callers that leave in a hurry."""

import asyncio

import pytest
from pymongo.errors import ServerSelectionTimeoutError

from kit.mongo import connect

NOBODY = "mongodb://127.0.0.1:9/?replicaSet=rs0"
"""The discard port: nobody listens, so every caller waits for a server."""
PATIENCE_S = 20


async def test_a_client_whose_callers_are_cancelled_again_and_again_still_answers_the_next() -> None:
    client = connect(NOBODY)
    for _ in range(10):
        callers = [asyncio.create_task(client["d"]["c"].find_one()) for _ in range(5)]
        await asyncio.sleep(0.02)
        for _ in range(3):
            for caller in callers:
                caller.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(*callers, return_exceptions=True)

    (answer,), waiting = await asyncio.wait([asyncio.create_task(client["d"]["c"].find_one())], timeout=PATIENCE_S)

    assert not waiting
    with pytest.raises(ServerSelectionTimeoutError):
        answer.result()
    await client.close()
