"""Holding, using and releasing picks of a location's business day."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from kit.errors import IdempotencyKeyReused, NotFound, Refused, Unavailable
from kit.idempotency import check_key
from services.inventory.capacity.model import (
    DEFAULT_HOLD_S,
    PickCapacityExceeded,
    PickHold,
    PickHoldEnded,
    PickHoldState,
    check_hold,
)
from services.inventory.location.model import Location
from services.inventory.store import InventoryStore

ATTEMPTS = 4
"""Room must come and go between the write and the look this many times in a row before we give up."""


async def hold_picks(
    store: InventoryStore,
    location: Location,
    day: date,
    pieces: int,
    key: str,
    *,
    now: datetime,
    hold_s: int = DEFAULT_HOLD_S,
) -> PickHold:
    """Hold picks of that day; the same key again is the same hold, whatever became of it.

    A refused hold leaves its key free. Holds whose time is over make room when it is needed.
    """
    check_key(key)
    problems = check_hold(pieces, hold_s)
    if problems:
        raise Refused(*problems)
    wanted = PickHold(location.id, day, key, pieces, PickHoldState.HELD, now + timedelta(seconds=hold_s))
    return await keep_picks(store, location, wanted, now=now)


async def keep_picks(store: InventoryStore, location: Location, wanted: PickHold, *, now: datetime) -> PickHold:
    """The same of a hold that is made up already."""
    limit, day, key, pieces = location.operation.daily_picks, wanted.day, wanted.key, wanted.pieces
    for attempt in range(ATTEMPTS):
        if await store.capacity.take(wanted, limit):
            return wanted
        known = await store.capacity.find(location.id, day, key)
        if known is not None:
            if known.pieces != pieces:
                raise Refused(IdempotencyKeyReused(key=key))
            return known
        if attempt == 0:
            await store.capacity.begin(location.id, day)
            continue
        left = (await store.capacity.days([(location.id, day)]))[location.id, day].left(limit)
        if left is not None and left < pieces and not await store.capacity.expire(location.id, day, now):
            path = ("input", "pieces")
            raise Refused(
                PickCapacityExceeded(path=path, location_id=location.id, day=day, requested=pieces, left=left)
            )
    raise Unavailable(f"the picks of {location.id!r} on {day} move too fast or are too many; try again")


async def end_picks(store: InventoryStore, location_id: str, day: date, key: str, state: PickHoldState) -> PickHold:
    """USED or RELEASED, once; the same again changes nothing, the other way is refused."""
    hold = await store.capacity.find(location_id, day, key)
    if hold is None:
        raise Refused(NotFound(path=("input", "key"), kind="PickHold", id=key))
    if hold.state is PickHoldState.HELD and await store.capacity.end(hold, state):
        return replace(hold, state=state)
    there = await store.capacity.find(location_id, day, key) or hold
    if there.state is not state:
        raise Refused(PickHoldEnded(path=("input", "key"), key=key, state=there.state))
    return there


async def location_of_input(store: InventoryStore, id: str) -> Location:
    """The location an input names."""
    found = (await store.locations.by_id([id])).get(id)
    if found is None:
        raise Refused(NotFound(path=("input", "locationId"), kind="Location", id=id))
    return found
