"""Everything told is heard: for commands that must not end before points and events are where they belong.

What a running system does by itself in the background is done here at once; beside a running system it does no harm,
since every step is idempotent.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kit.events import Drainer, Event, EventLog
from kit.events.log import Position, Session
from kit.tasks import background
from services.catalog.events import drainers as catalog_drainers
from services.catalog.store import CatalogStore
from services.customer.events import drainers as customer_drainers
from services.customer.store import CustomerStore
from services.inventory.events import drainers as inventory_drainers
from services.inventory.store import InventoryStore
from services.loyalty.events import HEARD
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
    for teller in _tellers(stores):
        await teller.drain()
    log = _CountedLog(stores.event_log, await stores.event_log.count(HEARD), on_heard)
    points = loyalty_drainers(stores.loyalty, stores.event_log)
    heard = 0
    async with _drained(points):
        for consumer in loyalty_consumers(stores.loyalty, log):
            heard += await consumer.catch_up()
    for teller in points:
        await teller.drain()
    return heard


@asynccontextmanager
async def delivering(stores: Stores) -> AsyncIterator[None]:
    """Drain what the block writes while it writes; `deliver` afterwards finds little left to drain."""
    async with _drained(_tellers(stores)):
        yield


def _tellers(stores: Stores) -> list[Drainer]:
    """Whom loyalty hears, and who is heard by nobody yet. Customers before orders: a wallet opens before it earns."""
    log = stores.event_log
    return [
        *catalog_drainers(stores.catalog, log),
        *inventory_drainers(stores.inventory, log),
        *customer_drainers(stores.customer, log),
        *order_drainers(stores.order, log),
    ]


@asynccontextmanager
async def _drained(drainers: Sequence[Drainer]) -> AsyncIterator[None]:
    """Drain in the background; MongoDB works meanwhile on what the block asks of it."""
    async with background(**{f"drain_{place}": drainer.run() for place, drainer in enumerate(drainers)}):
        yield


class _CountedLog(EventLog):
    """The log as it is, counting what is read of its past."""

    def __init__(self, log: EventLog, total: int, on_heard: OnHeard) -> None:
        self._log = log
        self._total = total
        self._on_heard = on_heard

    async def backlog(
        self, types: Sequence[str], position: Position, session: Session | None = None
    ) -> AsyncGenerator[tuple[Event, Position], None]:
        """What lies in the log, counted."""
        read = 0
        async for item in self._log.backlog(types, position, session):
            read += 1
            self._on_heard(read, self._total)
            yield item
