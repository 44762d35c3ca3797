"""What customer tells, ids only: `noren.customer.{created,updated,merged,unmerged,stitched,unstitched,erased}.v1`.

It hears its own merges: who is one person is read by what belongs to several profiles.
"""

from collections.abc import Sequence

from kit.events import Consumer, Drainer, Event, EventLog
from services.customer.kin import events as kin
from services.customer.store import CustomerStore


def drainers(store: CustomerStore, event_log: EventLog) -> list[Drainer]:
    """The drainers of profiles and of inquiries, in this order."""
    profiles, inquiries = (
        Drainer(collection, store.journal, event_log, "customer")
        for collection in (store.profiles, store.inquiry.collection)
    )
    store.on_change, store.inquiry.on_change = profiles.nudge, inquiries.nudge
    return [profiles, inquiries]


def consumers(store: CustomerStore, event_log: EventLog) -> list[Consumer]:
    """Who is one person with whom."""

    async def handle_kin(events: Sequence[Event]) -> None:
        await kin.hear_kin(store.kin, events)

    return [Consumer("kin", store.db, event_log, kin.HEARD, handle_kin)]
