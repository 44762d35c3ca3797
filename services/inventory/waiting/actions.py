"""Joining and leaving a waiting list, and telling who waits when a SKU is back."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from kit.errors import NotFound, Refused
from kit.events import Event
from services.inventory.bundle.model import Component
from services.inventory.model import Sku, stock_id
from services.inventory.promise.assembled import pieces_anywhere, put_together
from services.inventory.store import InventoryStore
from services.inventory.waiting.model import (
    MAX_WAITS,
    Rise,
    TooManyWaits,
    Wait,
    WaitDraft,
    check_wait,
    slots_of,
)


async def join(store: InventoryStore, draft: WaitDraft, *, now: datetime) -> Wait:
    """The customer's place in the list; asked again, the same one. What is there already is told at once.

    It is looked for after the customer is in the list: pieces that come meanwhile find them there, or are found.
    """
    problems = check_wait(draft)
    if problems:
        raise Refused(*problems)
    known = await store.locations.by_id(draft.location_ids)
    missing = [id for id in draft.location_ids if id not in known]
    if missing:
        raise Refused(*(NotFound(path=("input", "locationIds"), kind="Location", id=id) for id in missing))
    waiting = await store.waiting.count_others(draft, MAX_WAITS)
    if waiting >= MAX_WAITS:
        raise Refused(TooManyWaits(path=("input",), waiting=waiting, allowed=MAX_WAITS))
    wait = await store.waiting.join(draft, now)
    policy = await store.policies.of(draft.channel)
    for id, pieces in sorted((await pieces_anywhere(store, draft.sku, policy)).items()):
        if pieces > 0 and draft.takes(id):
            await store.waiting.tell_one(wait, Rise(wait.id, draft.sku, id, 0, pieces), now)
            return await store.waiting.by_id(wait.id) or wait
    return wait


async def leave(store: InventoryStore, id: str, customer: str, *, now: datetime) -> Wait:
    """The customer waits no more; one that is over stays as it is."""
    left = await store.waiting.leave(id, customer, now)
    if left is None:
        raise Refused(NotFound(path=("input", "id"), kind="StockWait", id=id))
    return left


async def hear_rises(store: InventoryStore, events: Sequence[Event], now: datetime) -> None:
    """Hold the round of every movement that lifts a stock from nothing. As often as one likes: each slot tells once."""
    rises = rises_in(events)
    bundles = await store.bundles.containing([rise.sku for rise in rises])
    for rise in rises:
        await tell_round(store, rise, now)
        for sku, parts in bundles.items():
            if any(part.sku == rise.sku for part in parts):
                await tell_bundle_round(store, rise, sku, parts, now)


async def tell_round(store: InventoryStore, rise: Rise, now: datetime) -> None:
    """Tell those who have waited longest, at most as many as there are pieces, and still are."""
    channels = await store.waiting.channels(rise.sku, rise.location_id)
    if not channels:
        return
    still = (await store.stock.available_at([rise.sku], [rise.location_id]))[rise.sku].get(rise.location_id, 0)
    seen = {}
    for channel in channels:
        kept = (await store.policies.of(channel)).keeps_back(rise.sku, rise.location_id)
        seen[channel] = (rise.before - kept, min(rise.after, still) - kept)
    await _tell_slots(store, rise, slots_of(seen), now)


async def tell_bundle_round(
    store: InventoryStore, rise: Rise, sku: str, parts: Sequence[Component], now: datetime
) -> None:
    """The same of a bundle that a movement of one of its components makes possible.

    Its slots are named by the levels of all components: two that rise at the same moment hold one round.
    """
    channels = await store.waiting.channels(sku, rise.location_id)
    if not channels:
        return
    levels = await store.stock.levels([stock_id(part.sku, rise.location_id) for part in parts])
    there: dict[str, int] = {level.sku: level.quantities.available for level in levels.values()}
    seen = {}
    for channel in channels:
        policy = await store.policies.of(channel)
        own = (rise.before, min(rise.after, there.get(rise.sku, 0)))
        before, after = (
            put_together(sku, parts, rise.location_id, there | {rise.sku: pieces}, policy) for pieces in own
        )
        seen[channel] = (before, after)
    versions = ".".join(str(levels[id].version) for id in sorted(levels))
    bundle = Rise(f"{sku}@{rise.location_id}:{versions}", Sku(sku), rise.location_id, 0, 0)
    await _tell_slots(store, bundle, slots_of(seen), now)


async def _tell_slots(store: InventoryStore, rise: Rise, slots: Mapping[str, int], now: datetime) -> None:
    taken = await store.waiting.told(rise)
    for number in range(max(slots.values(), default=0)):
        slot = f"{rise.id}:{number}"
        seeing = [channel for channel, pieces in slots.items() if pieces > number]
        if slot not in taken and await store.waiting.tell(rise, seeing, slot, now) is None:
            return


def rises_in(events: Iterable[Event]) -> list[Rise]:
    """The movements among these events that made something available."""
    rises = []
    for event in events:
        after, delta = int(event.data["available"]), int(event.data["availableDelta"])
        if delta > 0:
            sku, location_id = Sku(str(event.data["sku"])), str(event.data["locationId"])
            rises.append(Rise(event.id, sku, location_id, after - delta, after))
    return rises
