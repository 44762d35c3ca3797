"""What value hears: orders and returns, and of catalog which categories SKUs are in.

Of the order service's `noren.order.recorded.v1` and `returned.v1`, of catalog's `product_changed.v1` and
`category_changed.v1`. A guest's order is nobody's.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from kit.context import EPOCH, MILLISECOND
from kit.events import Event
from services.customer.store import CustomerStore
from services.customer.value.store import Bought, CameBack, Line

ORDER_RECORDED: Final = "noren.order.recorded.v1"
ORDER_RETURNED: Final = "noren.order.returned.v1"
PRODUCT_CHANGED: Final = "noren.catalog.product_changed.v1"
CATEGORY_CHANGED: Final = "noren.catalog.category_changed.v1"
TRADE: Final = (ORDER_RECORDED, ORDER_RETURNED)
RANGE: Final = (PRODUCT_CHANGED, CATEGORY_CHANGED)
VERSIONS: Final = 1_000_000
"""More than a product will have; a write's number stays below 2**63 for two hundred years more."""


class EventNotUnderstood(ValueError):
    """An event whose data is not what its type promises; the consumer parks it."""


async def hear_trade(store: CustomerStore, events: Sequence[Event]) -> None:
    """Keep who bought what, of everybody who was not erased. The same again, or in another order, leaves the same."""
    named = [event for event in events if event.data.get("customerId") is not None]
    gone = await store.behaviour.forgotten({event.data["customerId"] for event in named})
    kept = [event for event in named if event.data["customerId"] not in gone]
    bought = [bought_of(event) for event in kept if event.type == ORDER_RECORDED]
    await store.value.hear(bought, [came_back(event) for event in kept if event.type == ORDER_RETURNED])


async def hear_range(store: CustomerStore, events: Sequence[Event]) -> None:
    """Keep what is in which category. The same events again, or in another order, leave the same."""
    goods: dict[str, tuple[int, Sequence[str]]] = {}
    shelves: dict[str, tuple[int, str | None]] = {}
    for event in sorted(events, key=_written):
        data, written = event.data, _written(event)
        if event.type == CATEGORY_CHANGED:
            shelves[data["categoryId"]] = (written, data.get("parentId"))
        else:
            categories = [str(id) for id in data.get("categoryIds", ())]
            goods |= {str(sku): (written, categories) for sku in data.get("skus", ())}
    await store.value.hear_goods(goods)
    await store.value.hear_shelves(shelves)


def _written(event: Event) -> int:
    """Orders writes by time, those of one millisecond by version: a SKU may go from one product to another."""
    milliseconds = (event.time - EPOCH) // MILLISECOND
    return milliseconds * VERSIONS + min(int(event.data["version"]), VERSIONS - 1)


def bought_of(event: Event) -> Bought:
    """A customer's order."""
    data = event.data
    try:
        return Bought(
            order_id=data["orderId"],
            customer_id=data["customerId"],
            channel=data["channel"],
            location_id=data.get("locationId"),
            placed_at=datetime.fromisoformat(data["placedAt"]),
            currency=data["currency"],
            gross_minor=int(data["goodsGrossMinor"]),
            lines=_lines(data),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EventNotUnderstood(f"{event.type} {event.id}: {error!r}") from error


def came_back(event: Event) -> CameBack:
    """A return."""
    data = event.data
    try:
        return CameBack(data["returnId"], data["orderId"], int(data["goodsGrossMinor"]), _lines(data))
    except (KeyError, TypeError, ValueError) as error:
        raise EventNotUnderstood(f"{event.type} {event.id}: {error!r}") from error


def _lines(data: Mapping[str, Any]) -> tuple[Line, ...]:
    return tuple(Line(one["sku"], one["quantity"], one["grossMinor"]) for one in data.get("lines", ()))
