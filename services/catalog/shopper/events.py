"""What pricing hears of customers: recorded orders, and ranks and segments by contract.

`noren.order.recorded.v1` {orderId, customerId}; `noren.loyalty.rank_changed.v1` {customerId, rank};
`noren.customer.segments_changed.v1` {customerId, segments}. Of rank and segments the latest by the event's time counts.
"""

from collections.abc import Sequence
from typing import Final

from kit.events import Event
from services.catalog.shopper.store import ShopperStore

ORDER_RECORDED: Final = "noren.order.recorded.v1"
RANK_CHANGED: Final = "noren.loyalty.rank_changed.v1"
SEGMENTS_CHANGED: Final = "noren.customer.segments_changed.v1"
HEARD = (ORDER_RECORDED, RANK_CHANGED, SEGMENTS_CHANGED)


class ShopperEventNotUnderstood(ValueError):
    """An event whose data is not what its type promises; the consumer parks it."""


async def hear_shoppers(store: ShopperStore, events: Sequence[Event]) -> None:
    """Keep what these events say. The same events again, or in another order, leave the same shoppers."""
    orders: list[tuple[str, str]] = []
    for event in events:
        customer = event.data.get("customerId")
        if event.type == ORDER_RECORDED:
            if customer is not None:
                orders.append((_text(event, "orderId"), _text(event, "customerId")))
        elif event.type == RANK_CHANGED:
            rank = event.data.get("rank")
            await store.hear(_text(event, "customerId"), "rank", None if rank is None else str(rank), event.time)
        elif event.type == SEGMENTS_CHANGED:
            segments = event.data.get("segments")
            if not isinstance(segments, list) or not all(isinstance(one, str) for one in segments):
                raise ShopperEventNotUnderstood(f"{event.type} {event.id}: segments is not a list of words")
            await store.hear(_text(event, "customerId"), "segments", sorted(set(segments)), event.time)
    if orders:
        await store.add_orders(orders)


def _text(event: Event, name: str) -> str:
    value = event.data.get(name)
    if not isinstance(value, str) or not value:
        raise ShopperEventNotUnderstood(f"{event.type} {event.id}: {name} is missing")
    return value
