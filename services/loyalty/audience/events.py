"""What loyalty hears of members: their segments, and of a birthday its month.

`noren.customer.segments_changed.v1` {customerId, segments}, by contract; `noren.customer.created.v1` and
`noren.customer.updated.v1` {customerId, birthMonth, birthdayAt}, where they tell one. `noren.customer.erased.v1`
{customerId}: nothing is kept of who was erased.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from kit.events import Event
from services.loyalty.audience.store import AudienceStore, Told

SEGMENTS_CHANGED: Final = "noren.customer.segments_changed.v1"
ERASED: Final = "noren.customer.erased.v1"
HEARD: Final = ("noren.customer.created.v1", "noren.customer.updated.v1", SEGMENTS_CHANGED, ERASED)


class AudienceEventNotUnderstood(ValueError):
    """An event whose data is not what its type promises; the consumer parks it."""


async def hear_audience(store: AudienceStore, events: Sequence[Event]) -> None:
    """Keep what these events say. The same events again, or in another order, leave the same: the latest counts."""
    await store.hear([told for event in events if event.type != ERASED and (told := _told(event)) is not None])
    erased = [event for event in events if event.type == ERASED]
    await store.forget({_customer(event): event.time for event in erased})


def _told(event: Event) -> Told | None:
    data, customer_id = event.data, _customer(event)
    if event.type == SEGMENTS_CHANGED:
        segments = data.get("segments")
        if not isinstance(segments, list) or not all(isinstance(one, str) for one in segments):
            raise AudienceEventNotUnderstood(f"{event.type} {event.id}: segments is not a list of words")
        return Told(customer_id, "segments", sorted(set(segments)), event.time)
    if "birthMonth" not in data:
        return None
    return Told(customer_id, "birth_month", _month(event, data), datetime.fromisoformat(data["birthdayAt"]))


def _customer(event: Event) -> str:
    customer_id = event.data.get("customerId")
    if not isinstance(customer_id, str) or not customer_id:
        raise AudienceEventNotUnderstood(f"{event.type} {event.id}: customerId is missing")
    return customer_id


def _month(event: Event, data: dict[str, Any]) -> int | None:
    month = data["birthMonth"]
    if month is not None and (not isinstance(month, int) or not 1 <= month <= 12):
        raise AudienceEventNotUnderstood(f"{event.type} {event.id}: birthMonth {month!r} is no month")
    return month
