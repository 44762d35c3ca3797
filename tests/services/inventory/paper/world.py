"""What the tests of papers share: who works, steps with keys, crashes at every call."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from kit.errors import Refusal, Refused
from kit.ids import new_id
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import audit, sweep, sweep_papers
from services.inventory.model import Actor
from services.inventory.paper.model import By, Command
from services.inventory.store import InventoryStore
from tests.services.inventory.reservation.test_crashes import dies_at
from tests.services.inventory.world import Crash, Shop, watched_store

CLERK = By(Actor(channel="pos", staff="stf_1"))
BOSS = By(Actor(channel="pos", staff="stf_2"))
MAX_CALLS = 60
"""More calls to the database than any step makes; a test that needs more says so by failing."""
LATER = timedelta(minutes=1)
"""After this whatever a crash left may be finished by the sweeper."""


def step(
    id: str, action: str, *content: Any, key: str | None = None, by: By = CLERK, at: datetime | None = None
) -> Command:
    """A step, by default under a key of its own, by a clerk, now."""
    return Command(id, key or new_id("key"), action, by, at or utc_now(), content)


def at_location(location_id: str, staff: str = "stf_1") -> By:
    """A clerk whose till is bound to a location."""
    return By(Actor(channel="pos", staff=staff), location_id)


async def refusal(work: Awaitable[object]) -> Refusal:
    """The one reason why it was refused."""
    with pytest.raises(Refused) as caught:
        await work
    (only,) = caught.value.refusals
    return only


Act = Callable[[InventoryStore, str], Awaitable[object]]
"""What is done over a store that may die, to what was prepared under this name."""


async def crash_everywhere(
    shop: Shop,
    db: Database,
    prepare: Callable[[str], Awaitable[Any]],
    act: Callable[[InventoryStore, Any], Awaitable[Any]],
    check: Callable[[Any], Awaitable[None]],
) -> int:
    """Let `act` die after every call in turn, sweep, and check; return how many calls it makes.

    To die after a call is to die before the next one.
    """
    for at in range(1, MAX_CALLS + 1):
        prepared = await prepare(f"S{at}")
        store, _ = watched_store(db, dies_at(at, before=False))
        crashed = False
        try:
            await act(store, prepared)
        except Crash:
            crashed = True
        now = utc_now() + LATER
        await sweep(shop.store, now=now)
        await sweep_papers(shop.store, now=now)
        await sweep_papers(shop.store, now=now)
        assert await audit(shop.store) == []
        await check(prepared)
        if not crashed:
            return at - 1
    pytest.fail(f"more than {MAX_CALLS} calls")
