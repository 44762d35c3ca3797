"""What catalog tells: `noren.catalog.product_changed.v1` with {productId, version}. It hears nothing."""

from kit.events import Drainer, EventLog
from services.catalog.store import CatalogStore


def drainers(store: CatalogStore, event_log: EventLog) -> list[Drainer]:
    """The one drainer of catalog: of the products."""
    drainer = Drainer(store.products, store.journal, event_log, "catalog")
    store.on_change = drainer.nudge
    return [drainer]
