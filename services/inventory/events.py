"""What inventory tells; it hears its own `stock_changed`, to see where stock becomes low and what is back.

`noren.inventory.stock_changed.v1`: subject `sku@locationId`, data {sku, locationId, reason, reservationId, reference,
actor, channel, version} and for onHand, available, reserved, committed, safety, qualityHold and damaged the figure
after it and its delta: {onHand, onHandDelta, …}.
`noren.inventory.reservation_held.v1`, `…_committed.v1`, `…_released.v1`, `…_expired.v1`: subject the reservation's id,
data {reservationId, customerId, channel, reference, expiresAt, lines: [{sku, locationId, quantity,
committedQuantity}]}; `noren.inventory.stock_moved.v1` likewise, of lines that were moved together.
`noren.inventory.transfer_{requested,approved,rejected,cancelled,shipped,received,completed,found}.v1`: subject the
transfer's id, data {transferId, originId, destinationId, fulfillmentId, state, actor, lines: [{sku, requested,
shipped, received, damaged, lost}]}.
`noren.inventory.delivery_{expected,rescheduled,received,inspected,closed,cancelled}.v1`: subject the delivery's id,
data {deliveryId, locationId, supplier, orderNumber, state, actor, lines: [{sku, expected, dueAt, arrived, onHold,
damaged, rejected}]}.
`noren.inventory.fulfillment_{allocated,picking,picked,short,resourced,unavailable,ready,code_renewed,collected,no_show,
shipped,in_transit,arrived,delivered,cancelled,returned,inspected}.v1`: subject the fulfilment's id, data
{fulfillmentId, orderId, customerId, channel, kind, state, sourceId, placeId, carrier, tracking, collectBy, actor,
lines: [{sku, quantity, picked, short, returned}]}; of `resourced` and `unavailable` also replacements:
[{fulfillmentId, locationId, lines: [{sku, quantity}]}] and unavailable: [{sku, quantity}]; of `returned` and
`inspected` also returned: {id, locationId, lines: [{sku, quantity, restocked, damaged, writtenOff}]}.
`noren.inventory.count_{opened,recount,submitted,approved,blocked,posted,cancelled}.v1`: subject the sheet's id, data
{countId, groupId, locationId, kind, state, actor, lines, different, found, missing, differences: [{sku, counted,
expected, posted}]}.
`noren.inventory.wave_{opened,claimed,released,done}.v1`: subject the wave's id, data {waveId, locationId, state,
picker, actor, fulfillmentIds, lines: [{sku, bin, quantity, picked, short}]}.
`noren.inventory.adjustment_{requested,approved,rejected}.v1`: subject the request's id, data {adjustmentId, locationId,
reason, state, actor, lines: [{sku, delta}]}.
`noren.inventory.stock_low.v1`, `…stock_recovered.v1`: subject `sku@locationId`, data {sku, locationId, available,
incoming, reorderAt, reorderTo, suggested}.
`noren.inventory.stock_discrepancy_{found,resolved}.v1`: subject the discrepancy's id, data {discrepancyId, source,
sequence, sku, locationId, kind, state, delta, counted, onHand, available}.
`noren.inventory.back_in_stock.v1`: subject the wait's id, data {waitId, customerId, channel, sku, locationId}.
`noren.inventory.backorder_{placed,allocated,at_risk,cancelled}.v1`: subject the order's id, data {backorderId, sku,
locationId, quantity, mode, state, reference, channel, customerId, reservationId, promisedAt, expectedAt}.
`noren.inventory.audit_failed.v1`: subject the finding's id, data {findingId, problem}.
"""

from collections.abc import Sequence

from kit.events import Consumer, Drainer, Event, EventLog, nudge_all
from kit.times import utc_now
from services.inventory.backorder.actions import serve
from services.inventory.bundle.model import Component
from services.inventory.erasure.events import HEARD as ERASURES
from services.inventory.erasure.events import hear_erasures
from services.inventory.erasure.store import ErasureStore
from services.inventory.model import Sku, stock_id
from services.inventory.reorder.actions import watch
from services.inventory.store import InventoryStore
from services.inventory.waiting.actions import hear_rises, rises_in

BUNDLE_CHANGED = "noren.catalog.bundle_changed.v1"
"""data {sku, version, components: [{sku, quantity}]}; without components it is a bundle no more."""
HEARD = ("noren.inventory.stock_changed.v1",)
"""Its own: reorder points and waiting lists are watched by it."""


def drainers(store: InventoryStore, event_log: EventLog) -> list[Drainer]:
    """The drainers: stock, reservations, discrepancies, findings, waits, back-orders, papers, reorder points."""
    stock, reservations = store.outboxes
    kept = [
        Drainer(stock, store.journal, event_log, "inventory", teller=store.stock_teller),
        Drainer(reservations, store.journal, event_log, "inventory"),
        Drainer(store.sync.discrepancies, store.journal, event_log, "inventory"),
        Drainer(store.auditor.findings, store.journal, event_log, "inventory"),
        Drainer(store.waiting.collection, store.journal, event_log, "inventory"),
        Drainer(store.backorders.collection, store.journal, event_log, "inventory"),
        *[Drainer(each.collection, store.journal, event_log, "inventory") for each in (*store.papers, store.reorder)],
    ]
    store.on_change = nudge_all(kept)
    return kept


def consumers(store: InventoryStore, event_log: EventLog) -> list[Consumer]:
    """One watches reorder points of stock that has moved, one serves and tells who waits for it, one keeps bundles."""

    async def handle(events: Sequence[Event]) -> None:
        await watch(store, [event.subject for event in events], utc_now())

    async def handle_rises(events: Sequence[Event]) -> None:
        for id in dict.fromkeys(stock_id(rise.sku, rise.location_id) for rise in rises_in(events)):
            await serve(store, id, now=utc_now())
        await hear_rises(store, events, utc_now())

    async def handle_bundles(events: Sequence[Event]) -> None:
        await hear_bundles(store, events)

    async def handle_erasures(events: Sequence[Event]) -> None:
        await hear_erasures(ErasureStore(store.db), events)

    return [
        Consumer("inventory-reorder", store.db, event_log, HEARD, handle),
        Consumer("inventory-waiting", store.db, event_log, HEARD, handle_rises),
        Consumer("inventory-erasures", store.db, event_log, ERASURES, handle_erasures),
        Consumer("inventory-bundles", store.db, event_log, [BUNDLE_CHANGED], handle_bundles),
    ]


async def hear_bundles(store: InventoryStore, events: Sequence[Event]) -> None:
    """Keep the latest version of each, in whatever order they come."""
    for event in events:
        data = event.data
        components = [Component(Sku(str(each["sku"])), int(each["quantity"])) for each in data["components"]]
        await store.bundles.put(str(data["sku"]), int(data["version"]), components)
