"""The way of a fulfilment's pieces to the shop where they are picked up: a transfer of their own.

Sending: the fulfilment's step takes the pieces out of the origin's stock and says that its transfer is to be opened;
whoever did it opens it, once by its id, and the sweeper what a crash left. Arriving: the transfer is received like any
other, in parts, with what is damaged or lost; its whole pieces are committed at the shop. When nothing of it is on the
way any more, the fulfilment has arrived with them, and what is missing is looked for elsewhere.
"""

from collections.abc import Mapping
from datetime import datetime

from kit.errors import IdempotencyKeyReused, Refused
from services.inventory.fulfillment import life
from services.inventory.fulfillment.model import Fulfillment, FulfillmentState
from services.inventory.fulfillment.resource import resource
from services.inventory.paper.actions import INVENTORY, post
from services.inventory.paper.model import Decision, Step
from services.inventory.paper.store import StepKeyTaken
from services.inventory.store import InventoryStore
from services.inventory.transfer import leg
from services.inventory.transfer.model import Transfer, TransferState


async def open_leg(store: InventoryStore, fulfillment: Fulfillment) -> Fulfillment:
    """Open the transfer of a fulfilment that has left for the shop; safe to repeat, by anybody."""
    if fulfillment.state is not FulfillmentState.IN_TRANSIT:
        return fulfillment
    step = fulfillment.steps[-1]
    decision = leg.send(
        life.leg_id(fulfillment),
        fulfillment.source_id,
        str(fulfillment.place_id),
        [(line.sku, line.left) for line in fulfillment.lines],
        fulfillment.id,
        tracking=fulfillment.tracking,
        due_at=fulfillment.promised_at,
        at=step.at,
    )
    sent = Step(f"{fulfillment.id}\nship", "", "ship", decision.after.state, step.at, step.actor)
    await store.transfers.insert(decision, sent, INVENTORY)
    if fulfillment.unsent:
        await store.fulfillments.sent(fulfillment.id)
    return fulfillment


async def hand_on(store: InventoryStore, transfer: Transfer, now: datetime, step: Step | None = None) -> Transfer:
    """Let a fulfilment arrive when nothing of its transfer is on the way any more; safe to repeat, by anybody.

    `step`: the one that is kept in its history, if it is somebody's.
    """
    if transfer.fulfillment_id is None or not transfer.handing or transfer.state is not TransferState.COMPLETED:
        return transfer
    there = await store.fulfillments.by_id(transfer.fulfillment_id)
    if there is not None and there.state is FulfillmentState.IN_TRANSIT:
        await _arrive(store, there, {line.sku: line.received for line in transfer.lines}, step or _step(transfer, now))
    await store.transfers.handed_on(transfer.id)
    return transfer


async def _arrive(store: InventoryStore, there: Fulfillment, came: Mapping[str, int], step: Step) -> None:
    decision: Decision[Fulfillment] = life.arrive(there, came)
    try:
        kept = await store.fulfillments.decide(there, decision, step, INVENTORY)
    except StepKeyTaken as taken:
        raise Refused(IdempotencyKeyReused(key=step.key)) from taken
    if kept is not None:  # else another worker has handed it on
        await resource(store, await post(store, store.fulfillments, kept), now=step.at)


def _step(transfer: Transfer, now: datetime) -> Step:
    last = transfer.steps[-1]
    return Step(f"{transfer.id}\narrive", "", "arrive", FulfillmentState.ARRIVED, now, last.actor)
