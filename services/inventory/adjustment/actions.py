"""What can be done with adjustments that need two people: ask, approve, reject, and finish what a crash has left."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kit.errors import NotFound, Refused
from kit.ids import new_id
from services.inventory.adjustment import model
from services.inventory.adjustment.model import AdjustmentLine, AdjustmentRequest, AdjustmentState
from services.inventory.model import Actor, LocationId, MovementReason, Sku
from services.inventory.paper.actions import INVENTORY, each_alone, open_paper, post, post_left_over, take_step
from services.inventory.paper.model import Command, Step
from services.inventory.paper.taking import take_pieces
from services.inventory.reservation.model import Line, Onward
from services.inventory.stock.actions import adjust_stock
from services.inventory.stock.model import Adjustment, AdjustmentReason, StockLevel
from services.inventory.store import InventoryStore

APPROVAL_S = 10
"""An approval that takes longer was left by a crash."""


async def adjust_alone(store: InventoryStore, adjustment: Adjustment, *, actor: Actor, now: datetime) -> StockLevel:
    """`adjust_stock` for one person, who may change only so much."""
    model.check_alone(adjustment.change)
    return await adjust_stock(store, adjustment, actor=actor, now=now)


async def request_adjustment(
    store: InventoryStore,
    location_id: str,
    reason: AdjustmentReason,
    lines: Sequence[AdjustmentLine],
    command: Command,
) -> AdjustmentRequest:
    """Ask for a change of stock; nothing moves before somebody else approves it."""
    if not await store.locations.by_id([location_id]):
        raise Refused(NotFound(path=("input", "locationId"), kind="Location", id=location_id))
    decision = model.request(new_id("adj"), location_id, reason, lines, command.by, command.at)
    return await open_paper(store, store.adjustment_requests, command, decision)


async def approve_adjustment(store: InventoryStore, command: Command) -> AdjustmentRequest:
    """Make the change, every line or none; a refused approval leaves its key free."""
    papers = store.adjustment_requests
    begun = await take_step(store, papers, command, lambda each: model.begin_approval(each, command.by))
    return await finish_approval(store, begun, command.at)


async def reject_adjustment(store: InventoryStore, command: Command) -> AdjustmentRequest:
    """Say no."""
    return await take_step(store, store.adjustment_requests, command, lambda each: model.reject(each, command.by))


async def finish_approval(store: InventoryStore, asked: AdjustmentRequest, now: datetime) -> AdjustmentRequest:
    """From APPROVING to APPROVED, or back to REQUESTED and Refused; in another state it is left as it is."""
    if asked.state is not AdjustmentState.APPROVING or asked.attempt is None:
        return asked
    papers, begun = store.adjustment_requests, asked.steps[-1]
    where = LocationId(asked.location_id)
    out = [Line(Sku(line.sku), where, -line.delta, line.place) for line in asked.lines if line.delta < 0]
    try:
        if out:
            onward = Onward(None, MovementReason(asked.reason.value))
            await take_pieces(store, asked.attempt, out, asked.id, now=now, onward=onward)
    except Refused:
        if await papers.retract(asked, model.fail_approval(asked), begun.key) is None:
            return await _as_it_is(store, asked.id)
        raise
    decision = model.end_approval(asked)
    step = Step(f"{asked.attempt}\napproved", begun.fingerprint, "approved", decision.after.state, now, begun.actor)
    kept = await papers.decide(asked, decision, step, INVENTORY)
    return await post(store, papers, kept) if kept is not None else await _as_it_is(store, asked.id)


async def sweep_adjustments(store: InventoryStore, now: datetime) -> int:
    """Finish the next batch of what crashes left half done; return how many requests that was."""
    stalled = await store.adjustment_requests.stalled(now - timedelta(seconds=APPROVAL_S))
    done = await each_alone(stalled, lambda asked: finish_approval(store, asked, now))
    return done + await post_left_over(store, store.adjustment_requests)


async def _as_it_is(store: InventoryStore, id: str) -> AdjustmentRequest:
    there = await store.adjustment_requests.by_id(id)
    assert there is not None, "requests are never removed"
    return there
