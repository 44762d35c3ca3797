"""What keeps all papers true: the sweep that finishes what crashes left, and the proof that stock and papers agree."""

import asyncio
from datetime import datetime, timedelta

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import PyMongoError

from kit.log import logger
from kit.times import utc_now
from services.inventory.adjustment.actions import sweep_adjustments
from services.inventory.backorder.actions import sweep_backorders
from services.inventory.count.actions import sweep_counts
from services.inventory.fulfillment.sweep import sweep_fulfillments
from services.inventory.paper.actions import post_left_over
from services.inventory.paper.claims import claims_of
from services.inventory.paper.model import audit_claims
from services.inventory.pick.actions import sweep_waves
from services.inventory.store import InventoryStore
from services.inventory.transfer.actions import sweep_transfers

log = logger(__name__)

SWEEP_EVERY_S = 1.0
STUCK = timedelta(minutes=5)
"""A paper whose movements are not made after so many sweeps needs somebody to look at it."""


async def sweep_papers(store: InventoryStore, *, now: datetime) -> int:
    """Finish the next batch of every kind of paper, serve back-orders; return how many. Any number of instances may."""
    swept = await sweep_transfers(store, now) + await sweep_fulfillments(store, now)
    swept += await sweep_counts(store, now) + await sweep_waves(store, now) + await sweep_adjustments(store, now)
    return swept + await post_left_over(store, store.deliveries) + await sweep_backorders(store, now)


async def sweep_papers_for_ever(store: InventoryStore) -> None:
    """Sweep every `SWEEP_EVERY_S`; an unreachable database is waited for, a paper that fails is told."""
    while True:
        try:
            await sweep_papers(store, now=utc_now())
        except PyMongoError as error:
            log.warning("paper sweeper waits", error=type(error).__name__)
        except Exception:
            log.exception("papers could not be swept")
        await asyncio.sleep(SWEEP_EVERY_S)


async def audit_papers(store: InventoryStore, session: AsyncClientSession) -> list[str]:
    """Every stock with fewer committed pieces than open papers, and reservations of which no fulfilment has been made
    yet, have committed there; and every paper that is stuck."""
    problems: list[str] = []
    transfers = await store.transfers.on_the_books(session)
    going = await store.fulfillments.on_the_way([str(each.fulfillment_id) for each in transfers], session)
    fulfillments = await store.fulfillments.on_the_books(session)
    claims = claims_of(transfers, going, fulfillments, await store.owed.every(session))
    for papers in store.papers:
        for id, since in (await papers.stuck(session, utc_now() - STUCK)).items():
            problems.append(f"{id}: has movements of stock to make since {since.isoformat()}")
    committed = await store.auditor.committed({claim.stock_id for claim in claims}, session)
    return problems + audit_claims(claims, committed)
