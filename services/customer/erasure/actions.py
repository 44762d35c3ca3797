"""Erasing, and taking up what a crashed worker left of it."""

from datetime import datetime

from kit.errors import NotFound, Refused, Unavailable
from kit.ids import new_id
from services.customer.behaviour.actions import erase as erase_behaviour
from services.customer.erasure.model import Erasure, ErasureState
from services.customer.erasure.store import ErasureStore
from services.customer.store import CustomerStore

ATTEMPTS = 5
INTERRUPTED = "customer: others got in between again and again; try again"


async def erase(store: CustomerStore, id: str, *, actor: str, now: datetime) -> Erasure:
    """Erase a person, all their profiles. Erased before, the certificate of then is answered.

    Refused with NotFound for somebody who never was.
    """
    erasures = ErasureStore(store)
    for _ in range(ATTEMPTS):
        begun = await erasures.of(id)
        if begun is None:
            customer = (await store.customers_by_id([id])).get(id)
            if customer is None:
                raise Refused(NotFound(path=("input", "customerId"), kind="Customer", id=id))
            profiles = (customer.id, *customer.members)
            begun = Erasure(new_id("era"), customer.id, profiles, actor, now)
            if not await erasures.begin(begun):
                continue
        done = await _go_on(store, begun, now)
        if done is not None:
            return done
    raise Unavailable(INTERRUPTED)


async def erase_left(store: CustomerStore, before: datetime, now: datetime) -> int:
    """Finish the erasures that workers left; how many there were."""
    left = await ErasureStore(store).left_running(before)
    for erasure in left:
        await _go_on(store, erasure, now)
    return len(left)


async def _go_on(store: CustomerStore, erasure: Erasure, now: datetime) -> Erasure | None:
    """The finished erasure; None if the profiles were merged or parted since it was begun: begin anew."""
    if erasure.state is ErasureState.DONE:
        return erasure
    erasures = ErasureStore(store)
    if not await erasures.erase_profiles(erasure, now):
        await erasures.withdraw(erasure)
        return None
    removed = {"profiles": len(erasure.profiles), "links": await erasures.remove_traces(erasure)}
    for room, erase_room in ROOMS.items():
        removed[room] = sum([await erase_room(store, id, now) for id in erasure.profiles])
    await erasures.finish(erasure, removed, now)
    return await erasures.of(erasure.customer)


async def _behaviour(store: CustomerStore, id: str, now: datetime) -> int:
    return await erase_behaviour(store, id, now=now)


async def _consents(store: CustomerStore, id: str, now: datetime) -> int:
    return await store.consent.erase(id)


async def _inquiries(store: CustomerStore, id: str, now: datetime) -> int:
    return await store.inquiry.erase(id)


async def _lists(store: CustomerStore, id: str, now: datetime) -> int:
    return await store.shopping.erase(id)


async def _purchases(store: CustomerStore, id: str, now: datetime) -> int:
    return await store.value.erase(id)


ROOMS = {
    "behaviour": _behaviour,
    "consents": _consents,
    "inquiries": _inquiries,
    "lists": _lists,
    "purchases": _purchases,
}
"""What each room of the service holds of a profile, besides the profile; a new room adds itself here."""
