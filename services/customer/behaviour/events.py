"""What behaviour hears: orders and inquiries are things people did; they come through the same door as all others."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from kit.events import Event
from services.customer.behaviour.actions import track
from services.customer.behaviour.checks import Door
from services.customer.behaviour.model import MAX_BATCH, EventDraft, Inquiry, Purchase
from services.customer.store import CustomerStore

ORDER_RECORDED: Final = "noren.order.recorded.v1"
INQUIRY_OPENED: Final = "noren.customer.inquiry_opened.v1"
HEARD: Final = (ORDER_RECORDED, INQUIRY_OPENED)


async def hear_deeds(store: CustomerStore, events: Sequence[Event], now: datetime) -> None:
    """Note them. The same events again change nothing; what is too old to be kept, or unwanted, is not."""
    drafts: dict[str, list[EventDraft]] = defaultdict(list)
    for event in events:
        if event.data.get("customerId") is not None:
            source, draft = _deed(event, event.data)
            drafts[source].append(draft)
    for source, of_source in drafts.items():
        door = Door(source, source, None, store.secret, now)
        for start in range(0, len(of_source), MAX_BATCH):
            await track(store, door, of_source[start : start + MAX_BATCH])


def _deed(event: Event, data: Mapping[str, Any]) -> tuple[str, EventDraft]:
    """Who tells it, and what was done."""
    if event.type == ORDER_RECORDED:
        at, what = datetime.fromisoformat(data["placedAt"]), Purchase(data["orderId"])
        deed = EventDraft(data["orderId"], at, (what,), data["customerId"])
        return "order", _where(deed, data["channel"], data.get("locationId"))
    asked = EventDraft(data["inquiryId"], event.time, (Inquiry(data["inquiryId"]),), data["customerId"])
    return "inquiry", _where(asked, data["channel"], None)


def _where(draft: EventDraft, channel: str, location_id: str | None) -> EventDraft:
    return replace(draft, channel=channel, location_id=location_id)
