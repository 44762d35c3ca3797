"""What a sweep does for fulfilments: lets go what nobody collects, and finishes what crashes have left half done."""

from datetime import datetime, timedelta

from services.inventory.fulfillment import life
from services.inventory.fulfillment.actions import allocate, draft_of
from services.inventory.fulfillment.leg import open_leg
from services.inventory.fulfillment.model import Fulfillment, FulfillmentState
from services.inventory.fulfillment.picks import tell_day
from services.inventory.fulfillment.resource import resource
from services.inventory.paper.actions import INVENTORY, each_alone, post, post_left_over
from services.inventory.paper.model import Step
from services.inventory.store import InventoryStore

STALLED_S = 10
"""What takes longer was left by a crash."""


async def sweep_fulfillments(store: InventoryStore, now: datetime) -> int:
    """Do the next batch of each; return how many fulfilments that was."""
    before = now - timedelta(seconds=STALLED_S)
    stalled = [each for each in await store.fulfillments.stalled(before) if each.parent_id is None]
    done = await each_alone(await store.fulfillments.not_collected(now), lambda each: _expire(store, each, now))
    done += await each_alone(stalled, lambda each: _finish_making(store, each))
    resourcing = await store.fulfillments.resourcing(before)
    done += await each_alone(resourcing, lambda each: resource(store, each, now=now))
    done += await each_alone(await store.fulfillments.unsent(), lambda each: open_leg(store, each))
    done += await each_alone(await store.fulfillments.untold(), lambda each: tell_day(store, each, now))
    return done + await post_left_over(store, store.fulfillments)


async def _expire(store: InventoryStore, fulfillment: Fulfillment, now: datetime) -> None:
    step = Step(f"{fulfillment.id}\nno_show", "", "expire", FulfillmentState.NO_SHOW, now, INVENTORY.name)
    kept = await store.fulfillments.decide(fulfillment, life.expire(fulfillment, now), step, INVENTORY)
    if kept is not None:
        await post(store, store.fulfillments, kept)


async def _finish_making(store: InventoryStore, fulfillment: Fulfillment) -> None:
    """Do the rest, as who began it; the first of a reservation's fulfilments stands for all."""
    reservation = await store.reservations.by_id(str(fulfillment.reservation_id))
    if reservation is None:
        return
    first = min(await store.fulfillments.of_reservation(reservation.id), key=lambda each: each.id)
    step = first.steps[0]
    await allocate(store, draft_of(fulfillment), reservation, step, reservation.actor)
