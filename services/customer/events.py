"""What customer tells: `noren.customer.created.v1` and `noren.customer.updated.v1`, ids only. It hears nothing."""

from kit.events import Drainer, EventLog
from services.customer.store import CustomerStore


def drainers(store: CustomerStore, event_log: EventLog) -> list[Drainer]:
    """The one drainer of customer: of the profiles."""
    drainer = Drainer(store.profiles, store.journal, event_log, "customer")
    store.on_change = drainer.nudge
    return [drainer]
