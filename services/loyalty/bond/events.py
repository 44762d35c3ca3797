"""What bonds hear, from the customer service.

`noren.customer.merged.v1` {customerId (kept), mergedId, mergeId}; `noren.customer.unmerged.v1` {customerId, restoredId,
mergeId}.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kit.events import Event
from services.loyalty.bond.actions import follow
from services.loyalty.bond.model import Bond
from services.loyalty.bond.store import BondStore
from services.loyalty.model import CustomerId
from services.loyalty.store import LoyaltyStore

CUSTOMER_MERGED: Final = "noren.customer.merged.v1"
CUSTOMER_UNMERGED: Final = "noren.customer.unmerged.v1"
HEARD = (CUSTOMER_MERGED, CUSTOMER_UNMERGED)


async def hear_bonds(store: LoyaltyStore, events: Sequence[Event], *, now: datetime) -> None:
    """Keep who is one, then let the wallets follow. The same events again, or in another order, leave the same."""
    merged = [_bond(event, "mergedId") for event in events if event.type == CUSTOMER_MERGED]
    undone = {
        str(event.data["mergeId"]): (event.time, _bond(event, "restoredId"))
        for event in events
        if event.type == CUSTOMER_UNMERGED
    }
    await BondStore(store.db).hear(merged, undone, now)
    whose = {id for bond in (*merged, *(bond for _, bond in undone.values())) for id in (bond.kept, bond.merged)}
    await follow(store, sorted(whose), now=now)


def _bond(event: Event, name: str) -> Bond:
    data = event.data
    kept, other = CustomerId(str(data["customerId"])), CustomerId(str(data[name]))
    return Bond(str(data["mergeId"]), kept, other, event.time)
