"""Background work: what time ends, and what a crash left half done. Being late lets nobody spend what has expired."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from pymongo.errors import PyMongoError

from kit.log import logger
from kit.mongo import is_outage
from kit.times import utc_now
from services.loyalty.accrual.actions import finish_rooms, post_pending
from services.loyalty.actions import sweep_once
from services.loyalty.adjustment.actions import sweep_adjustments
from services.loyalty.bond.actions import sweep_bonds
from services.loyalty.claim.ending import sweep_claims
from services.loyalty.hold.actions import sweep_holds
from services.loyalty.merge.actions import finish_merges
from services.loyalty.notice.actions import tell_expiring
from services.loyalty.rank.actions import judge_due
from services.loyalty.refund.actions import finish_refunds
from services.loyalty.store import LoyaltyStore

log = logger(__name__)


async def sweep(store: LoyaltyStore, every_s: float, clock: Callable[[], datetime] = utc_now) -> None:
    """Sweep for ever."""
    while True:
        try:
            while await sweep_once(store, clock()):
                pass
            while await sweep_holds(store, clock()):
                pass
            while await tell_expiring(store, clock()):
                pass
            while await post_pending(store, clock()):
                pass
            while await judge_due(store.ranks, clock()):
                pass
            while await sweep_claims(store, clock()):
                pass
            await sweep_bonds(store, clock())
            await sweep_adjustments(store, clock())
            await finish_refunds(store, clock())
            await finish_rooms(store, clock())
            await finish_merges(store, clock())
        except PyMongoError as error:
            if not is_outage(error):
                raise
            log.warning("loyalty sweep waits", error=type(error).__name__)
        await asyncio.sleep(every_s)
