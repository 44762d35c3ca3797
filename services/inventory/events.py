"""What inventory tells; it hears nothing.

`noren.inventory.stock_changed.v1`: subject `sku@locationId`, data {sku, locationId, reason, reservationId, actor,
channel, onHandDelta, availableDelta, reservedDelta, onHand, available, reserved, version}.
`noren.inventory.reservation_held.v1`, `…_committed.v1`, `…_released.v1`, `…_expired.v1`: subject the reservation's id,
data {reservationId, customerId, channel, expiresAt, lines: [{sku, locationId, quantity}]}.
"""

from kit.events import Drainer, EventLog
from services.inventory.store import InventoryStore


def drainers(store: InventoryStore, event_log: EventLog) -> list[Drainer]:
    """The drainers of stock and of reservations, in this order."""
    kept = [Drainer(outbox, store.journal, event_log, "inventory") for outbox in store.outboxes]

    def nudge() -> None:
        for drainer in kept:
            drainer.nudge()

    store.on_change = nudge
    return kept
