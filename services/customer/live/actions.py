"""A timeline as it grows, and who is looked up at a location, for as long as somebody listens."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime

from services.customer.behaviour.actions import subjects_of
from services.customer.behaviour.model import BehaviourEvent
from services.customer.model import Customer
from services.customer.store import CustomerStore

LOOK_S = 15.0
"""How often it is looked again who is one person, and at which devices: a merge shows after that."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Somebody was looked up; None: they are erased by now."""

    customer: Customer | None
    actor: str
    at: datetime


async def timeline_changes(store: CustomerStore, customer_id: str) -> AsyncGenerator[BehaviourEvent | None, None]:
    """None as soon as nothing is missed any more; then every event of the person that is told, late ones included."""
    hub = store.live.events
    loop = asyncio.get_running_loop()
    with hub.watch() as subscriber:
        hub.turn(subscriber, await _subjects(store, customer_id))
        await hub.opened()
        yield None
        looks_at = loop.time() + LOOK_S
        while True:
            told = subscriber.take()
            for event in await store.behaviour.by_digest([row["_id"] for row in told]):
                yield event
            if loop.time() >= looks_at:
                hub.turn(subscriber, await _subjects(store, customer_id))
                looks_at = loop.time() + LOOK_S
            try:
                async with asyncio.timeout_at(looks_at):
                    await subscriber.stirred.wait()
            except TimeoutError:
                continue


async def lookups(store: CustomerStore, location_id: str) -> AsyncGenerator[LookedUp | None, None]:
    """None as soon as nothing is missed any more; then everybody who is looked up at this location."""
    hub = store.live.lookups
    with hub.watch() as subscriber:
        hub.turn(subscriber, [location_id])
        await hub.opened()
        yield None
        while True:
            for told in subscriber.take():
                shown = await store.customers_by_id(told["customers"])
                for id in told["customers"]:
                    yield LookedUp(shown.get(id), told["actor"], told["at"])
            await subscriber.stirred.wait()


async def _subjects(store: CustomerStore, customer_id: str) -> frozenset[str]:
    return await subjects_of(store, (await store.kin.persons([customer_id]))[customer_id])
