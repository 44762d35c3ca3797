"""The pick capacity of fulfilments: a day with room, held before anything is promised, given back when it is over.

Which day it is, and under which key, is written into the hidden fulfilment before anything is held; another day is
another compare-and-set, and the former key is shut out behind it. A fulfilment is shown only in the version whose picks
are held. So every shown one has its hold, once, whoever dies where; at worst a hold that belongs to nobody lapses with
its day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from kit.errors import Refused, Unavailable
from kit.ids import new_id
from services.inventory.capacity.actions import keep_picks
from services.inventory.capacity.model import PickCapacityExceeded, PickHold, PickHoldState
from services.inventory.fulfillment import life
from services.inventory.fulfillment.model import Fulfillment, FulfillmentState, Picks
from services.inventory.hours.model import opens_on
from services.inventory.location.model import Location
from services.inventory.model import Actor
from services.inventory.paper.model import Step
from services.inventory.promise.model import dispatch_day
from services.inventory.store import InventoryStore

MAX_DAYS = 14
"""Business days looked at for room, the first on which it could leave included: whoever waits longer is not served."""
LOOKED_AT = 60
"""Calendar days in which these are sought."""
LAPSES = timedelta(days=2)
"""After its day began a hold may go: the day is over everywhere on earth."""
TURNS = 64
"""Each turn in vain is another caller who took the room between the look and the hold: so many come at once at most."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where room is sought, from when on; holds whose key begins with `prefix` give way."""

    locations: Mapping[str, Location]
    prefix: str | None
    at: datetime

    @property
    def has_limits(self) -> bool:
        """Whether any of them picks only so much a day."""
        return any(each.operation.daily_picks is not None for each in self.locations.values())

    async def hold(self, store: InventoryStore, fulfillment: Fulfillment) -> Fulfillment:
        """See `hold_room`."""
        location = self.locations.get(fulfillment.source_id)
        return fulfillment if location is None else await hold_room(store, fulfillment, location, self.prefix, self.at)


async def room_at(store: InventoryStore, ids: Iterable[str], key: str | None, at: datetime) -> Room:
    """Room at these locations; what was held for the reservation of this key gives way."""
    locations = await store.locations.by_id(list(set(ids)))
    return Room(locations, None if key is None else f"{key}:", at)


async def most_picks(store: InventoryStore, locations: Iterable[Location], at: datetime) -> dict[str, int]:
    """Of the locations that have a limit, how many picks the freest day has left: one query for all."""
    days = {each.id: pick_days(each, at) for each in locations if each.operation.daily_picks is not None}
    loads = await store.capacity.days([(id, day) for id, all_days in days.items() for day in all_days])
    limits = {each.id: each.operation.daily_picks for each in locations}
    return {
        id: max((loads[id, day].left(limits[id]) or 0 for day in all_days), default=0) for id, all_days in days.items()
    }


def pick_days(location: Location, at: datetime) -> list[date]:
    """The business days on which a fulfilment of this instant may be picked, the first first."""
    first = dispatch_day(location, at)
    if first is None:
        return []
    days = [first + timedelta(days=ahead) for ahead in range(LOOKED_AT)]
    return [day for day in days if opens_on(location.operation.hours, day)][:MAX_DAYS]


async def plan_picks(
    store: InventoryStore, location: Location, pieces: int, prefix: str | None, at: datetime
) -> Picks | None:
    """The first day with room for so many pieces; a hold whose key begins with `prefix` gives way to it.

    More than the location picks in a day fill one. None where it has no limit. Refused where no day has room.
    """
    limit, days = location.operation.daily_picks, pick_days(location, at)
    if limit is None or not days:
        return None
    wanted = min(pieces, limit)
    loads = await store.capacity.days([(location.id, day) for day in days])
    old = None if prefix is None else await store.capacity.held_under(location.id, days[0], prefix)
    room = {day: (loads[location.id, day].left(limit) or 0) for day in days}
    room[days[0]] += 0 if old is None else old.pieces
    for day in days:
        if 0 < wanted <= room[day]:
            return Picks(new_id("pck"), day, wanted)
    raise Refused(
        PickCapacityExceeded(
            path=("input", "reservationId"),
            location_id=location.id,
            day=days[0],
            requested=wanted or pieces,
            left=max(room.values()),
        )
    )


async def hold_room(
    store: InventoryStore, fulfillment: Fulfillment, location: Location, prefix: str | None, at: datetime
) -> Fulfillment:
    """Hold picks for it while it is hidden, on the first day with room; return it as it is then.

    Refused where no day has room; `prefix`: see `plan_picks`.
    """
    for _ in range(TURNS):
        picks = fulfillment.picks
        if fulfillment.state is not FulfillmentState.ALLOCATING:
            return fulfillment
        if picks is not None and await _hold(store, location, picks, prefix, at):
            return fulfillment
        other = await plan_picks(store, location, _pieces(fulfillment), prefix, at)
        if other is None:
            return fulfillment
        moved = await store.fulfillments.replan(fulfillment, other)
        if moved is not None and picks is not None:
            await store.capacity.finish(location.id, picks.day, picks.key, 0, at)
        fulfillment = moved or await as_it_is(store, fulfillment.id)
    raise Unavailable(f"the picks of {location.id!r} move too fast; try again")


async def make_sure(store: InventoryStore, hidden: Sequence[Fulfillment], room: Room) -> None:
    """Hold picks for all of a making, and say with the first of them that it will be finished; else Refused, all gone.

    Where no location has a limit, nothing is written.
    """
    if not room.has_limits:
        return
    for _ in range(TURNS):
        try:
            held = [await room.hold(store, each) for each in hidden]
        except Refused:
            made = await store.fulfillments.by_ids([each.id for each in hidden])
            if await store.fulfillments.give_up(hidden[0].id):
                await let_go(store, list(made.values()), room.at)
                await store.fulfillments.drop_allocating([each.id for each in hidden])
                raise
            await as_it_is(store, hidden[0].id)
            return  # another worker with the key found room, and will not give up
        first = held[0]
        is_decided = first.is_sure or first.state is not FulfillmentState.ALLOCATING
        if is_decided or all(each.picks is None for each in held) or await store.fulfillments.sure(first):
            return
        if await store.fulfillments.by_id(first.id) is None:
            await let_go(store, held, room.at)
        hidden = [await as_it_is(store, each.id) for each in hidden]
    raise Unavailable("picks move too fast; try again with the same key")


async def let_go(store: InventoryStore, fulfillments: Sequence[Fulfillment], at: datetime) -> None:
    """Give back the picks of those that will not be made."""
    for each in fulfillments:
        there = await store.fulfillments.by_id(each.id) or each
        if there.picks is not None and there.state is FulfillmentState.ALLOCATING:
            await store.capacity.finish(there.source_id, there.picks.day, there.picks.key, 0, at)


async def show(
    store: InventoryStore, id: str, lines: Sequence[tuple[str, int]], step: Step, actor: Actor, room: Room
) -> Fulfillment | None:
    """Let everybody see it, with the pieces that are committed to it and the picks that are held; None without pieces.

    Its pieces are paid by now: where another worker's day filled meanwhile, it goes without picks rather than not.
    """
    for _ in range(TURNS):
        there = await store.fulfillments.by_id(id)
        if there is None or there.state is not FulfillmentState.ALLOCATING:
            return there
        if not lines:
            await let_go(store, [there], room.at)
            await store.fulfillments.drop_allocating([id])
            return None
        try:
            there = await room.hold(store, there)
        except Refused:
            there = replace(there, picks=None)
        shown = await store.fulfillments.decide(there, life.allocate(there, lines), step, actor)
        if shown is not None:
            return shown
    raise Unavailable("the fulfilment moves too fast; try again with the same key")


async def tell_day(store: InventoryStore, fulfillment: Fulfillment, at: datetime) -> Fulfillment:
    """Tell its day what became of its picks, if that is decided; safe to repeat, by anybody."""
    picks = fulfillment.picks
    if picks is not None and picks.untold and picks.used is not None:
        await store.capacity.finish(fulfillment.source_id, picks.day, picks.key, picks.used, at)
        await store.fulfillments.told_day(fulfillment.id)
    return fulfillment


async def _hold(store: InventoryStore, location: Location, picks: Picks, prefix: str | None, at: datetime) -> bool:
    until = datetime.combine(picks.day, time(), UTC) + LAPSES
    wanted = PickHold(location.id, picks.day, picks.key, picks.pieces, PickHoldState.HELD, until)
    old = None if prefix is None else await store.capacity.held_under(location.id, picks.day, prefix)
    if old is not None and await store.capacity.adopt(wanted, old, location.operation.daily_picks):
        return True
    try:
        return (await keep_picks(store, location, wanted, now=at)).state is PickHoldState.HELD
    except Refused as refused:
        if all(isinstance(one, PickCapacityExceeded) for one in refused.refusals):
            return False
        raise


async def as_it_is(store: InventoryStore, id: str) -> Fulfillment:
    """The fulfilment now; Unavailable where it was given up."""
    there = await store.fulfillments.by_id(id)
    if there is None:
        raise Unavailable("the fulfilment was just given up; try again")
    return there


def _pieces(fulfillment: Fulfillment) -> int:
    return sum(line.quantity for line in fulfillment.lines)
