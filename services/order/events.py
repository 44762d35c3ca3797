"""What the order service tells; it hears nothing.

`noren.order.recorded.v1`, subject the order, and `noren.order.returned.v1`, subject the return. Both carry goods only:
stock and points know no postage. Event ids follow from the document's id, so that telling twice is telling once.
"""

from typing import Any, Final

from kit.events import Drainer, EventLog, nudge_all, outbox_entry
from kit.mongo import Document
from services.order.line.model import Line
from services.order.model import Order, goods_lines
from services.order.returns.model import Return
from services.order.store import OrderStore

ORDER_RECORDED: Final = "noren.order.recorded.v1"
ORDER_RETURNED: Final = "noren.order.returned.v1"


def drainers(store: OrderStore, event_log: EventLog) -> list[Drainer]:
    """One drainer for the orders, one for the returns."""
    made = [
        Drainer(collection, store.journal, event_log, "order")
        for collection in (store.orders, store.returns.collection)
    ]
    store.on_change = nudge_all(made)
    return made


def recorded_id(order_id: str) -> str:
    """The id of the event that tells of an order."""
    return f"{order_id}:recorded"


def returned_id(return_id: str) -> str:
    """The id of the event that tells of a return."""
    return f"{return_id}:returned"


def order_recorded(order: Order) -> Document:
    """The outbox entry of a fresh order."""
    data: dict[str, Any] = {
        "orderId": order.id,
        "customerId": order.customer,
        "channel": order.channel,
        "locationId": order.location,
        "placedAt": order.placed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "currency": order.currency,
        "goodsGrossMinor": order.totals.goods_gross_minor,
        "lines": [_line(line) for line in goods_lines(order.lines)],
    }
    if order.payment_methods:
        data["paymentMethods"] = list(order.payment_methods)
    return outbox_entry(recorded_id(order.id), ORDER_RECORDED, order.id, order.recorded_at, data)


def order_returned(made: Return) -> Document:
    """The outbox entry of a recorded return."""
    data: dict[str, Any] = {
        "returnId": made.id,
        "orderId": made.order,
        "customerId": made.customer,
        "currency": made.currency,
        "goodsGrossMinor": made.totals.goods_gross_minor,
        "returnedAt": made.returned_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "lines": [_line(line) for line in goods_lines([one.line for one in made.lines])],
    }
    return outbox_entry(returned_id(made.id), ORDER_RETURNED, made.id, made.recorded_at, data)


def _line(line: Line) -> dict[str, Any]:
    return {"sku": line.sku, "quantity": line.quantity, "grossMinor": line.gross_minor}
