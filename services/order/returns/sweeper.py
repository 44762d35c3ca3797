"""Background work: returns whose worker died are finished by whoever comes by."""

import asyncio

from pymongo.errors import PyMongoError

from kit.log import logger
from kit.times import utc_now
from services.order.returns.actions import SWEEP_S, finish_pending
from services.order.store import OrderStore

log = logger(__name__)


async def sweep(store: OrderStore) -> None:
    """Finish pending returns for ever; an unreachable database is waited for."""
    while True:
        try:
            finished = await finish_pending(store, now=utc_now())
            if finished:
                log.info("pending returns finished", returns=finished)
        except PyMongoError as error:
            log.warning("sweeper waits", error=type(error).__name__)
        await asyncio.sleep(SWEEP_S)
