"""What may be watched: events by their subject, look-ups by their location. Shares the collections of those rooms."""

from kit.mongo import Database
from services.customer.access.collections import WAITING
from services.customer.access.model import AccessKind
from services.customer.behaviour.store import EVENTS
from services.customer.live.hub import InsertHub


class LiveStore:
    """The hubs of this process."""

    def __init__(self, db: Database) -> None:
        self.events = InsertHub(db[EVENTS], {}, "subject", ())
        lookups = {"kind": AccessKind.LOOKUP.value}
        self.lookups = InsertHub(db[WAITING], lookups, "location", ("customers", "actor", "at"))
