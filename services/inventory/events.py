"""What inventory tells; it hears nothing.

`noren.inventory.stock_changed.v1`: subject `sku@locationId`, data {sku, locationId, reason, reservationId, reference,
actor, channel, version} and for onHand, available, reserved, committed, safety, qualityHold and damaged the figure
after it and its delta: {onHand, onHandDelta, …}.
`noren.inventory.reservation_held.v1`, `…_committed.v1`, `…_released.v1`, `…_expired.v1`: subject the reservation's id,
data {reservationId, customerId, channel, reference, expiresAt, lines: [{sku, locationId, quantity,
committedQuantity}]}; `noren.inventory.stock_moved.v1` likewise, of lines that were moved together.
"""

from kit.events import Drainer, EventLog
from services.inventory.store import InventoryStore


def drainers(store: InventoryStore, event_log: EventLog) -> list[Drainer]:
    """The drainers of stock and of reservations, in this order."""
    stock, reservations = store.outboxes
    kept = [
        Drainer(stock, store.journal, event_log, "inventory", teller=store.stock_teller),
        Drainer(reservations, store.journal, event_log, "inventory"),
    ]

    def nudge() -> None:
        for drainer in kept:
            drainer.nudge()

    store.on_change = nudge
    return kept
