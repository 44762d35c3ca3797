"""Everything told is heard: for commands that must not end before points and events are where they belong.

What a running system does by itself in the background is done here at once; beside a running system it does no harm,
since every step is idempotent.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

from kit.events import Event, EventLog
from kit.events.log import Position, Session
from services.catalog.events import drainers as catalog_drainers
from services.catalog.store import CatalogStore
from services.customer.events import drainers as customer_drainers
from services.customer.store import CustomerStore
from services.inventory.events import drainers as inventory_drainers
from services.inventory.store import InventoryStore
from services.loyalty.events import consumers as loyalty_consumers
from services.loyalty.events import drainers as loyalty_drainers
from services.loyalty.store import LoyaltyStore
from services.order.events import drainers as order_drainers
from services.order.store import OrderStore

OnHeard = Callable[[int, int], None]
"""Told how many events were read, and how many there are."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Every service's store and the log between them."""

    catalog: CatalogStore
    inventory: InventoryStore
    loyalty: LoyaltyStore
    customer: CustomerStore
    order: OrderStore
    event_log: EventLog


async def deliver(stores: Stores, on_heard: OnHeard = lambda read, total: None) -> int:
    """Drain every outbox, let loyalty hear what it has not heard, drain what that made; return how many were heard."""
    log = stores.event_log
    tellers = [
        *catalog_drainers(stores.catalog, log),
        *inventory_drainers(stores.inventory, log),
        *customer_drainers(stores.customer, log),
        *order_drainers(stores.order, log),
    ]
    for teller in tellers:
        await teller.drain()
    total = sum([await log.count(consumer.types) for consumer in loyalty_consumers(stores.loyalty, log)])
    counted = _CountedLog(log, total, on_heard)
    heard = 0
    for consumer in loyalty_consumers(stores.loyalty, counted):
        heard += await consumer.catch_up()
    for teller in loyalty_drainers(stores.loyalty, log):
        await teller.drain()
    return heard


class _CountedLog(EventLog):
    """The log as it is, counting what is read of its past."""

    def __init__(self, log: EventLog, total: int, on_heard: OnHeard) -> None:
        self._log = log
        self._total = total
        self._read = 0
        self._on_heard = on_heard

    async def backlog(
        self, types: Sequence[str], position: Position, session: Session | None = None
    ) -> AsyncGenerator[tuple[Event, Position], None]:
        """What lies in the log, counted."""
        async for item in self._log.backlog(types, position, session):
            self._read += 1
            self._on_heard(self._read, self._total)
            yield item
