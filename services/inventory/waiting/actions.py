"""Joining and leaving a waiting list, and telling who waits when a SKU is back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from kit.errors import NotFound, Refused
from kit.events import Event
from services.inventory.model import Sku
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
    if draft.location_id is not None and not await store.locations.by_id([draft.location_id]):
        raise Refused(NotFound(path=("input", "locationId"), kind="Location", id=draft.location_id))
    waiting = await store.waiting.count_others(draft, MAX_WAITS)
    if waiting >= MAX_WAITS:
        raise Refused(TooManyWaits(path=("input",), waiting=waiting, allowed=MAX_WAITS))
    wait = await store.waiting.join(draft, now)
    policy = await store.policies.of(draft.channel)
    having = await store.stock.locations_having(draft.sku)
    for id, pieces in sorted(having.items()):
        if draft.location_id in (None, id) and pieces > policy.keeps_back(draft.sku, id):
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
    for rise in rises_in(events):
        await tell_round(store, rise, now)


async def tell_round(store: InventoryStore, rise: Rise, now: datetime) -> None:
    """Tell those who have waited longest, at most as many as there are pieces, and still are."""
    channels = await store.waiting.channels(rise.sku, rise.location_id)
    if not channels:
        return
    kept_back = {
        channel: (await store.policies.of(channel)).keeps_back(rise.sku, rise.location_id) for channel in channels
    }
    still = (await store.stock.available_at([rise.sku], [rise.location_id]))[rise.sku].get(rise.location_id, 0)
    slots = slots_of(replace(rise, after=min(rise.after, still)), kept_back)
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
