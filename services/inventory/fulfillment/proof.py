"""The proof that days of picks say what their holds say, and that every open fulfilment has its hold."""

from datetime import date, datetime

from pymongo.asynchronous.client_session import AsyncClientSession

from services.inventory.capacity.model import PickHold, PickHoldState, audit_day
from services.inventory.fulfillment.model import Fulfillment, FulfillmentState
from services.inventory.store import InventoryStore

FETCHED = (FulfillmentState.ALLOCATED, FulfillmentState.PICKING)
"""States in which its picks are still to be made."""


async def audit_picks(
    store: InventoryStore, session: AsyncClientSession, now: datetime, since: date | None = None
) -> list[str]:
    """All that is wrong at the session's one instant; of days before `since` nothing is asked."""
    problems: list[str] = []
    there: dict[tuple[str, str], PickHold] = {}
    async for day, holds in store.capacity.every(session, since):
        problems += audit_day(day, holds)
        there |= {(hold.location_id, hold.key): hold for hold in holds}
    for fulfillment in await store.fulfillments.on_the_books(session):
        if fulfillment.picks is None or (since is not None and fulfillment.picks.day < since):
            continue
        hold = there.get((fulfillment.source_id, fulfillment.picks.key))
        problems += audit_hold(fulfillment, hold, now)
    return problems


def audit_hold(fulfillment: Fulfillment, hold: PickHold | None, now: datetime) -> list[str]:
    """Whether this is the hold of what it still has to pick; one that has lapsed with its day is in order."""
    picks = fulfillment.picks
    if picks is None or fulfillment.state not in FETCHED:
        return []
    if hold is not None and (hold.day, hold.pieces) == (picks.day, picks.pieces):
        lapsed = hold.state is PickHoldState.EXPIRED and hold.until <= now
        if lapsed or hold.state is PickHoldState.HELD:
            return []
    return [f"{fulfillment.id}: holds no {picks.pieces} picks at {fulfillment.source_id} on {picks.day}"]
