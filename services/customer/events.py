"""What customer tells: `noren.customer.{created,updated,merged,unmerged,stitched,unstitched,erased}.v1`.

Ids only, and of a birthday its month.

It hears orders and returns, products and categories, for what somebody is worth; orders and its own inquiries, which
are things people did.
"""

from collections.abc import Sequence

from kit.events import Consumer, Drainer, Event, EventLog
from kit.times import utc_now
from services.customer.behaviour import events as behaviour
from services.customer.store import CustomerStore
from services.customer.value import events as value


def drainers(store: CustomerStore, event_log: EventLog) -> list[Drainer]:
    """The drainers of profiles and of inquiries, in this order."""
    profiles, inquiries = (
        Drainer(collection, store.journal, event_log, "customer")
        for collection in (store.profiles, store.inquiry.collection)
    )
    store.on_change, store.inquiry.on_change = profiles.nudge, inquiries.nudge
    return [profiles, inquiries]


def consumers(store: CustomerStore, event_log: EventLog) -> list[Consumer]:
    """What was bought, what is in which category, and what people did elsewhere."""

    async def handle_trade(events: Sequence[Event]) -> None:
        await value.hear_trade(store, events)

    async def handle_range(events: Sequence[Event]) -> None:
        await value.hear_range(store, events)

    async def handle_deeds(events: Sequence[Event]) -> None:
        await behaviour.hear_deeds(store, events, utc_now())

    return [
        Consumer("value", store.db, event_log, value.TRADE, handle_trade),
        Consumer("range", store.db, event_log, value.RANGE, handle_range),
        Consumer("behaviour", store.db, event_log, behaviour.HEARD, handle_deeds),
    ]
