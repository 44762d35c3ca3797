"""What can be done with waves: plan, claim, confirm, give back; and what a sweep finishes.

Planning: keep the wave; let each fulfilment join by a step of its own; open the wave with those that did. Confirming:
one step of the wave decides what was found; then each fulfilment is told by a step under a key of its line's own.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from kit.errors import InvalidInput, NotFound, Refused
from kit.ids import new_id
from services.inventory.fulfillment import actions as fulfillments
from services.inventory.fulfillment.life import Picked
from services.inventory.paper.actions import INVENTORY, each_alone, open_paper, take_step
from services.inventory.paper.model import By, Command, Step, need_location, refuse
from services.inventory.pick import model
from services.inventory.pick.model import BinOf, Confirmed, Handed, Wave, WaveState
from services.inventory.store import InventoryStore

STALLED_S = 10
"""What takes longer was left by a crash."""


async def create_wave(store: InventoryStore, location_id: str, fulfillments_wanted: int, command: Command) -> Wave:
    """Gather the oldest fulfilments of a location that nobody fetches yet."""
    refuse(model.check_size(fulfillments_wanted))
    if not await store.locations.by_id([location_id]):
        raise Refused(NotFound(path=("input", "locationId"), kind="Location", id=location_id))
    known = await store.waves.by_key(command.key)
    waiting = await store.fulfillments.in_progress_at(location_id, ["ALLOCATED"], fulfillments_wanted)
    if not waiting and known is None:
        path = ("input", "locationId")
        raise Refused(InvalidInput(path=path, expected="a location with fulfilments to fetch", got=location_id))
    decision = model.plan(new_id("wav"), location_id, [each.id for each in waiting], command.by, command.at)
    return await finish_planning(store, await open_paper(store, store.waves, command, decision), command.at)


async def finish_planning(store: InventoryStore, wave: Wave, now: datetime) -> Wave:
    """From PLANNING to OPEN; a wave in another state is left as it is."""
    if wave.state is not WaveState.PLANNING:
        return wave
    for id in wave.fulfillment_ids:
        with suppress(Refused):  # fetched alone or called off meanwhile: it does not join
            command = Command(id, f"{wave.id}:{id}", "start", By(INVENTORY), now)
            await fulfillments.start_picking(store, command, wave.id)
    there = await store.fulfillments.by_ids(wave.fulfillment_ids)
    joined = [there[id] for id in wave.fulfillment_ids if id in there and there[id].wave_id == wave.id]
    skus = list({line.sku for each in joined for line in each.lines})
    decision = model.begin(wave, joined, await store.waves.bins(wave.location_id, skus))
    step = Step(f"{wave.id}\nopen", "", "open", decision.after.state, now, INVENTORY.name)
    return await store.waves.decide(wave, decision, step, INVENTORY) or await _as_it_is(store, wave.id)


async def claim_wave(store: InventoryStore, command: Command) -> Wave:
    """Take it; of two pickers one does."""
    return await take_step(store, store.waves, command, lambda each: model.claim(each, command.by))


async def release_wave(store: InventoryStore, command: Command) -> Wave:
    """Give it back."""
    return await take_step(store, store.waves, command, lambda each: model.release(each, command.by))


async def confirm_lines(store: InventoryStore, found: Sequence[Confirmed], command: Command) -> Wave:
    """Say what was found of some lines; what was not is looked for elsewhere."""
    done = await take_step(store, store.waves, command, lambda each: model.confirm(each, found, command.by))
    return await tell_fulfillments(store, done, command.at)


async def tell_fulfillments(store: InventoryStore, wave: Wave, now: datetime) -> Wave:
    """Let every fulfilment know what was found for it; safe to repeat, by anybody."""
    for handed in wave.handing:
        with suppress(Refused):  # called off meanwhile: its pieces have been given back
            await _tell(store, wave, handed, now)
    if not wave.handing:
        return wave
    step = Step(f"{wave.id}\n{wave.version}", "", "told", wave.state, now, INVENTORY.name)
    kept = await store.waves.decide(wave, model.handed_over(wave, wave.handing), step, INVENTORY)
    return kept or await _as_it_is(store, wave.id)  # somebody was faster; what is left is theirs, or the sweeper's


async def assign_bins(store: InventoryStore, location_id: str, bins: Sequence[BinOf], by: By) -> None:
    """Name shelves, or forget them."""
    need_location(by, location_id, ("input", "locationId"))
    refuse(model.check_bins(bins))
    if not await store.locations.by_id([location_id]):
        raise Refused(NotFound(path=("input", "locationId"), kind="Location", id=location_id))
    await store.waves.assign_bins(location_id, bins)


async def sweep_waves(store: InventoryStore, now: datetime) -> int:
    """Finish the next batch of what crashes left half done; return how many waves that was."""
    before = now - timedelta(seconds=STALLED_S)
    stalled, untold = await store.waves.stalled(before), await store.waves.untold(before)
    done = await each_alone(stalled, lambda wave: finish_planning(store, wave, now))
    return done + await each_alone(untold, lambda wave: tell_fulfillments(store, wave, now))


async def _tell(store: InventoryStore, wave: Wave, handed: Handed, now: datetime) -> None:
    place = next(place for place, line in enumerate(wave.lines) if line.sku == handed.sku)
    picks = [Picked(handed.sku, handed.picked, handed.short, handed.damaged)]
    content = (handed.sku, handed.picked, handed.short, handed.damaged)
    command = Command(
        handed.fulfillment_id, f"{wave.id}:{place}:{handed.fulfillment_id}", "pick", By(INVENTORY), now, content
    )
    await fulfillments.record_picked(store, picks, command)


async def _as_it_is(store: InventoryStore, id: str) -> Wave:
    there = await store.waves.by_id(id)
    assert there is not None, "waves are never removed"
    return there
