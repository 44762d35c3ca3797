"""What can be done with transfers: request, approve, ship, receive, and finish what a crash has left.

Approval: decide APPROVING; reserve every line and commit it; decide APPROVED, or REQUESTED again where it is not there.
Whoever finds it APPROVING for too long does the rest, under the same reservation key.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kit.errors import NotFound, Refused
from kit.ids import new_id
from services.inventory.fulfillment.leg import hand_on
from services.inventory.model import LocationId, Sku
from services.inventory.paper.actions import INVENTORY, each_alone, open_paper, post_left_over, take_step
from services.inventory.paper.model import Command, Count, Step, refuse
from services.inventory.paper.taking import take_pieces
from services.inventory.reservation.model import Line
from services.inventory.store import InventoryStore
from services.inventory.transfer import model
from services.inventory.transfer.model import Arrival, Transfer, TransferDraft, TransferState

APPROVAL_S = 10
"""An approval that takes longer was left by a crash."""


async def request_transfer(store: InventoryStore, draft: TransferDraft, command: Command) -> Transfer:
    """Ask for stock to be moved; the pieces are not taken before it is approved."""
    refuse(model.check_transfer(draft))
    known = await store.locations.by_id([draft.origin_id, draft.destination_id])
    ends = (("originId", draft.origin_id), ("destinationId", draft.destination_id))
    refuse([NotFound(path=("input", name), kind="Location", id=id) for name, id in ends if id not in known])
    decision = model.request(new_id("trf"), draft, command.by, command.at)
    return await open_paper(store, store.transfers, command, decision)


async def approve_transfer(store: InventoryStore, command: Command) -> Transfer:
    """Commit every line at the origin, or refuse with what is there; a refused approval leaves its key free."""
    begun = await take_step(
        store, store.transfers, command, lambda transfer: model.begin_approval(transfer, command.by)
    )
    return await finish_approval(store, begun, command.at)


async def finish_approval(store: InventoryStore, transfer: Transfer, now: datetime) -> Transfer:
    """From APPROVING to APPROVED, or back to REQUESTED and Refused; a transfer in another state is left as it is."""
    if transfer.state is not TransferState.APPROVING or transfer.reservation_key is None:
        return transfer
    key, begun = transfer.reservation_key, transfer.steps[-1]
    origin = LocationId(transfer.origin_id)
    lines = tuple(Line(Sku(line.sku), origin, line.requested, at) for at, line in enumerate(transfer.lines))
    try:
        await take_pieces(store, key, lines, transfer.id, now=now)
    except Refused:
        if await store.transfers.retract(transfer, model.fail_approval(transfer), begun.key) is None:
            return await _as_it_is(store, transfer.id)
        raise
    decision = model.end_approval(transfer)
    step = Step(f"{key}:approved", begun.fingerprint, "approved", decision.after.state, now, begun.actor)
    kept = await store.transfers.decide(transfer, decision, step, INVENTORY)
    return kept or await _as_it_is(store, transfer.id)


async def reject_transfer(store: InventoryStore, command: Command) -> Transfer:
    """Say no to a request."""
    return await take_step(store, store.transfers, command, lambda each: model.reject(each, command.by))


async def cancel_transfer(store: InventoryStore, command: Command) -> Transfer:
    """Call it off before it is sent; its pieces are available again."""
    return await take_step(store, store.transfers, command, lambda each: model.cancel(each, command.by))


async def ship_transfer(
    store: InventoryStore, counts: Sequence[Count] | None, tracking: str | None, command: Command
) -> Transfer:
    """Send it, whole or in part; what stays behind is available again."""
    return await take_step(store, store.transfers, command, lambda each: model.ship(each, counts, tracking, command.by))


async def receive_transfer(store: InventoryStore, arrivals: Sequence[Arrival], command: Command) -> Transfer:
    """Take in what arrived, never more than is on the way; a fulfilment's pieces when nothing more is."""
    done = await take_step(store, store.transfers, command, lambda each: model.receive(each, arrivals, command.by))
    return await hand_on(store, done, command.at)


async def close_transfer(store: InventoryStore, command: Command) -> Transfer:
    """Give up what has not arrived."""
    done = await take_step(store, store.transfers, command, lambda each: model.close(each, command.by))
    return await hand_on(store, done, command.at)


async def find_lost(store: InventoryStore, counts: Sequence[Count], location_id: str, command: Command) -> Transfer:
    """Take in, at either end, what had been given up."""
    return await take_step(
        store, store.transfers, command, lambda each: model.find(each, counts, location_id, command.by)
    )


async def sweep_transfers(store: InventoryStore, now: datetime) -> int:
    """Finish the next batch of what crashes left half done; return how many transfers that was."""
    before = now - timedelta(seconds=APPROVAL_S)
    stalled, unhanded = await store.transfers.stalled(before), await store.transfers.unhanded(before)
    done = await each_alone(stalled, lambda transfer: finish_approval(store, transfer, now))
    done += await each_alone(unhanded, lambda transfer: hand_on(store, transfer, now))
    return done + await post_left_over(store, store.transfers)


async def _as_it_is(store: InventoryStore, id: str) -> Transfer:
    there = await store.transfers.by_id(id)
    assert there is not None, "transfers are never removed"
    return there
