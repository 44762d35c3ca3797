"""What kin hears, from this service's own merges: `noren.customer.merged.v1` and `unmerged.v1`."""

from collections.abc import Sequence
from typing import Final

from kit.events import Event
from services.customer.kin.model import Bond
from services.customer.kin.store import KinStore

MERGED: Final = "noren.customer.merged.v1"
"""`{customerId, mergedId, mergeId}`: who stays, who became part of them, and by which merge."""
UNMERGED: Final = "noren.customer.unmerged.v1"
"""`{customerId, restoredId, mergeId}`: the merge that was undone."""
HEARD: Final = (MERGED, UNMERGED)


async def hear_kin(store: KinStore, events: Sequence[Event]) -> None:
    """Keep who is one person. The same events again, or in another order, leave the same."""
    merged = [event for event in events if event.type == MERGED]
    await store.hear_merged(
        [Bond(one.data["mergeId"], one.data["customerId"], one.data["mergedId"], one.time) for one in merged]
    )
    await store.hear_unmerged({one.data["mergeId"]: one.time for one in events if one.type == UNMERGED})
