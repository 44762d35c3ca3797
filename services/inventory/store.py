"""Inventory's store: the stores of locations, stock and reservations over one database, and all their indexes."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from pymongo import IndexModel
from pymongo.asynchronous.client_session import AsyncClientSession

from kit.events import Teller
from kit.mongo import Database
from services.inventory.adjustment.store import INDEXES as ADJUSTMENT_INDEXES
from services.inventory.adjustment.store import AdjustmentRequestStore
from services.inventory.auditor.store import INDEXES as AUDITOR_INDEXES
from services.inventory.auditor.store import AuditorStore
from services.inventory.backorder.store import INDEXES as BACKORDER_INDEXES
from services.inventory.backorder.store import BackorderStore
from services.inventory.bundle.store import INDEXES as BUNDLE_INDEXES
from services.inventory.bundle.store import BundleStore
from services.inventory.capacity.store import INDEXES as CAPACITY_INDEXES
from services.inventory.capacity.store import CapacityStore
from services.inventory.count.store import INDEXES as COUNT_INDEXES
from services.inventory.count.store import CountStore
from services.inventory.erasure.store import INDEXES as ERASURE_INDEXES
from services.inventory.fulfillment.code import PickupCodes
from services.inventory.fulfillment.store import INDEXES as FULFILLMENT_INDEXES
from services.inventory.fulfillment.store import FulfillmentStore
from services.inventory.live.hub import Hub
from services.inventory.live.store import LiveStore
from services.inventory.location.store import INDEXES as LOCATION_INDEXES
from services.inventory.location.store import LocationStore
from services.inventory.owed.store import INDEXES as OWED_INDEXES
from services.inventory.owed.store import OwedStore
from services.inventory.pick.store import INDEXES as WAVE_INDEXES
from services.inventory.pick.store import WaveStore
from services.inventory.policy.store import INDEXES as POLICY_INDEXES
from services.inventory.policy.store import PolicyStore
from services.inventory.receiving.store import INDEXES as DELIVERY_INDEXES
from services.inventory.receiving.store import DeliveryStore
from services.inventory.reorder.store import INDEXES as REORDER_INDEXES
from services.inventory.reorder.store import ReorderStore
from services.inventory.reservation.store import COLLECTION as RESERVATIONS
from services.inventory.reservation.store import INDEXES as RESERVATION_INDEXES
from services.inventory.reservation.store import ReservationStore
from services.inventory.sourcing.store import INDEXES as SOURCED_INDEXES
from services.inventory.sourcing.store import SourcedStore
from services.inventory.stock.movement import TOLD_FIELDS, tell
from services.inventory.stock.store import COLLECTION as STOCK
from services.inventory.stock.store import INDEXES as STOCK_INDEXES
from services.inventory.stock.store import JOURNAL, StockStore
from services.inventory.sync.store import INDEXES as SYNC_INDEXES
from services.inventory.sync.store import SyncStore
from services.inventory.transfer.store import INDEXES as TRANSFER_INDEXES
from services.inventory.transfer.store import TransferStore
from services.inventory.waiting.store import INDEXES as WAIT_INDEXES
from services.inventory.waiting.store import WaitStore

PAPER_INDEXES: Mapping[str, Sequence[IndexModel]] = {
    **TRANSFER_INDEXES,
    **DELIVERY_INDEXES,
    **ERASURE_INDEXES,
    **FULFILLMENT_INDEXES,
    **COUNT_INDEXES,
    **WAVE_INDEXES,
    **REORDER_INDEXES,
    **ADJUSTMENT_INDEXES,
}
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    **LOCATION_INDEXES,
    **STOCK_INDEXES,
    RESERVATIONS: [*RESERVATION_INDEXES[RESERVATIONS], *OWED_INDEXES[RESERVATIONS]],
    **PAPER_INDEXES,
    **POLICY_INDEXES,
    **SYNC_INDEXES,
    **AUDITOR_INDEXES,
    **BUNDLE_INDEXES,
    **CAPACITY_INDEXES,
    **SOURCED_INDEXES,
    **WAIT_INDEXES,
    **BACKORDER_INDEXES,
}


class InventoryStore:
    """`on_change` is called after every write that left an event; the drainers put themselves there."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.on_change: Callable[[], None] = lambda: None
        self.locations = LocationStore(db)
        self.policies = PolicyStore(db)
        self.capacity = CapacityStore(db)
        self.sourced = SourcedStore(db)
        self.stock = StockStore(db, self._changed)
        self.reservations = ReservationStore(db, self._changed)
        self.owed = OwedStore(db)
        self.auditor = AuditorStore(db, self._changed)
        self.bundles = BundleStore(db)
        self.live = Hub(LiveStore(db))
        self.sync = SyncStore(db, self._changed)
        self.transfers = TransferStore(db, self._changed)
        self.deliveries = DeliveryStore(db, self._changed)
        self.fulfillments = FulfillmentStore(db, self._changed)
        self.counts = CountStore(db, self._changed)
        self.waves = WaveStore(db, self._changed)
        self.reorder = ReorderStore(db, self._changed)
        self.adjustment_requests = AdjustmentRequestStore(db, self._changed)
        self.waiting = WaitStore(db, self._changed)
        self.backorders = BackorderStore(db, self._changed)
        self.papers = (
            *(self.transfers, self.deliveries, self.fulfillments),
            *(self.counts, self.waves, self.adjustment_requests),
        )
        self.pickup_codes = PickupCodes()
        self.journal = db[JOURNAL]
        self.outboxes = (db[STOCK], db[RESERVATIONS])
        self.stock_teller = Teller(TOLD_FIELDS, tell)

    @asynccontextmanager
    async def one_instant(self) -> AsyncIterator[AsyncClientSession]:
        """A session whose every read shows the database as it was at the first one."""
        async with self.db.client.start_session(snapshot=True) as session:
            yield session

    def _changed(self) -> None:
        self.on_change()
