"""What catalog tells: `noren.catalog.product_changed.v1` with {productId, version}. It hears nothing."""

from kit.events import Drainer, EventLog
from services.catalog.store import CatalogStore


def drainers(store: CatalogStore, event_log: EventLog) -> list[Drainer]:
    """A drainer for every collection that has something to tell, the products' first."""
    kept = [Drainer(outbox, store.journal, event_log, "catalog") for outbox in store.outboxes]

    def nudge() -> None:
        for drainer in kept:
            drainer.nudge()

    store.on_change = nudge
    return kept
