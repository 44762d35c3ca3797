"""Reserve, release, commit, and the sweep that finishes what a crash has left half done.

A  reserve: claim the key (TRY), hold the lines, decide (HELD); whoever fails or finds it failed decides ABORTED.
B  end: decide COMMITTED, RELEASED or EXPIRED; one compare-and-set, so exactly one of them wins.
C  settle: give back or take out every line and fence it; safe to repeat, by anybody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from kit.errors import IdempotencyKeyReused, NotFound, Refused, Unavailable
from kit.idempotency import check_key, fingerprint
from kit.log import logger
from kit.times import utc_now
from services.inventory.bundle.model import BundleLine, Composition, composition_of
from services.inventory.model import Actor
from services.inventory.reservation.model import (
    ALL_OUT,
    MIN_HOLD_S,
    TRY_S,
    Attempt,
    Commitment,
    Line,
    Reservation,
    ReservationDraft,
    ReservationEnded,
    ReservationState,
    check_commitment,
    check_draft,
    gather,
    judge_attempt,
    merge_lines,
    refuse_extension,
    refuse_lines,
    state_at,
    taking,
    unpack,
)
from services.inventory.reservation.store import SWEEP_BATCH, Claim, EndKeyTaken
from services.inventory.store import InventoryStore

log = logger(__name__)

CLAIM_ATTEMPTS = 3
"""A key may stand for an attempt that a crash abandoned: that one is cleared away, then ours begins."""
HOLD_ATTEMPTS = 4
"""Stock must come back between the write and the look this many times in a row before we give up."""
SWEEP_EVERY_S = 1.0
MOVES, INNER = "moves\n", "inner\n"
"""Before the keys of moves, and of what inventory holds itself: no key a client sends can begin like them."""
SWEEPER = Actor(channel="inventory")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a reservation is to end, under which key, by whom."""

    reservation_id: str
    key: str
    state: ReservationState
    actor: Actor
    commitment: Commitment | None = None
    inner: bool = False

    @property
    def content(self) -> str | None:
        """The digest of what it ends with; the default has none, as those that ended before there was another."""
        how = self.commitment
        if how is None or how == ALL_OUT:
            return None
        lines = how.lines and [(line.stock_id, line.quantity) for line in merge_lines(how.lines)]
        return fingerprint(how.into, lines)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep has done, in reservations."""

    expired: int = 0
    aborted: int = 0
    settled: int = 0
    unfenced: int = 0


async def reserve(store: InventoryStore, draft: ReservationDraft, *, actor: Actor, now: datetime) -> Reservation:
    """Hold every line or none; the same key and input again returns the same reservation, whatever became of it.

    A refused reservation holds nothing and leaves its key free, so that it may be tried again when stock is back.
    """
    check_key(draft.key)
    problems = check_draft(draft)
    if problems:
        raise Refused(*problems)
    if draft.inner:
        draft = replace(draft, key=f"{INNER}{draft.key}")
    lines = merge_lines(draft.lines)
    content = _content(draft, lines, actor)
    bundles = await store.bundles.of([line.sku for line in lines])
    if bundles:
        draft = replace(draft, lines=unpack(lines, bundles), bundles=_bundles_in(lines, bundles))
    return await _hold_all(store, draft, gather(draft.lines) if bundles else lines, content, actor, now)


async def move_all(store: InventoryStore, draft: ReservationDraft, *, actor: Actor, now: datetime) -> Reservation:
    """Move every line from its `source` on to where `draft.onward` says, all or none, once a key.

    Refused with `InsufficientStock` for each line that is short, having moved nothing; the key may then come again.
    """
    check_key(draft.key)
    assert draft.onward is not None, "a draft that only holds is for `reserve`"
    own = replace(draft, key=f"{MOVES}{draft.key}", hold_s=MIN_HOLD_S)
    lines = merge_lines(own.lines)
    moved = await _hold_all(store, own, lines, _content(own, lines, actor), actor, now)
    if not moved.settled:
        await store.reservations.settle([moved])
    return moved


def _bundles_in(lines: Sequence[Line], bundles: Composition) -> tuple[BundleLine, ...]:
    """The lines that are bundles, as a reservation remembers them."""
    return tuple(
        BundleLine(line.sku, line.location_id, line.quantity, tuple(bundles[line.sku]))
        for line in lines
        if bundles.get(line.sku)
    )


async def _hold_all(
    store: InventoryStore, draft: ReservationDraft, lines: Sequence[Line], content: str, actor: Actor, now: datetime
) -> Reservation:
    problems = check_draft(draft)
    if problems:
        raise Refused(*problems)
    for _ in range(CLAIM_ATTEMPTS):
        found = await _claim(store, draft, lines, content, actor, now)
        if found is None:
            continue
        if found.fingerprint != content:
            raise Refused(IdempotencyKeyReused(key=draft.key.removeprefix(MOVES).removeprefix(INNER)))
        kept = await _drive(store, found, now)
        if kept is not None:
            return kept
    raise Unavailable("the reservation could not be decided; try again with the same key")


async def release(
    store: InventoryStore, id: str, key: str, *, actor: Actor, now: datetime, inner: bool = False
) -> Reservation:
    """Give everything back; the same key again changes nothing, another one finds it ended.

    `inner`: by inventory itself, which alone may end what it holds.
    """
    return await _end(store, Ending(id, key, ReservationState.RELEASED, actor, inner=inner), now)


async def extend(store: InventoryStore, id: str, key: str, hold_s: int, *, actor: Actor, now: datetime) -> Reservation:
    """Hold it for `hold_s` seconds from now, never shorter than it was to be; the same key again changes nothing."""
    check_key(key)
    there = await find_reservation(store, id, actor)
    if there is None:
        raise Refused(NotFound(path=("input", "reservationId"), kind="Reservation", id=id))
    if key not in there.extensions:
        if state_at(there, now).is_ended:
            raise Refused(ReservationEnded(reservation_id=id, state=state_at(there, now)))
        refusal = refuse_extension(there, hold_s, now)
        if refusal is not None:
            raise Refused(refusal)
        extended = await store.reservations.extend(id, key, hold_s, now=now)
        if extended is not None:
            return extended
        there = await store.reservations.by_id(id) or there
    if there.extensions.get(key) == hold_s:
        return there
    if key in there.extensions:
        raise Refused(IdempotencyKeyReused(key=key))
    raise Refused(ReservationEnded(reservation_id=id, state=state_at(there, now)))


async def commit(
    store: InventoryStore,
    id: str,
    key: str,
    *,
    actor: Actor,
    now: datetime,
    how: Commitment = ALL_OUT,
    inner: bool = False,
) -> Reservation:
    """Take the pieces out for good, or into another state; what is not committed of the lines goes back.

    The same key and input again changes nothing, another one finds it ended. `inner`: see `release`.
    """
    return await _end(store, Ending(id, key, ReservationState.COMMITTED, actor, how, inner), now)


async def sweep(store: InventoryStore, *, now: datetime) -> Swept:
    """Expire what is due, abort what stalled, finish what is half done, drop fences nobody needs any more."""
    reservations = store.reservations
    return Swept(
        expired=await _drain(lambda: reservations.expire_due(actor=SWEEPER, now=now)),
        aborted=await _drain(lambda: reservations.abort_stalled(actor=SWEEPER, now=now)),
        settled=await _drain(lambda: _settle_batch(store)),
        unfenced=await _drain(reservations.drop_fences),
    )


async def sweep_for_ever(store: InventoryStore) -> None:
    """Sweep every `SWEEP_EVERY_S`; any number of instances may; an unreachable database is waited for."""
    while True:
        try:
            swept = await sweep(store, now=utc_now())
            if swept.aborted:
                log.warning("stalled reservations aborted", count=swept.aborted)
        except PyMongoError as error:
            log.warning("sweeper waits", error=type(error).__name__)
        await asyncio.sleep(SWEEP_EVERY_S)


async def _claim(
    store: InventoryStore, draft: ReservationDraft, lines: Sequence[Line], content: str, actor: Actor, now: datetime
) -> Reservation | None:
    """The reservation the key stands for, begun if the stock suffices; None if it went away meanwhile."""
    looked = await store.stock.look(tuple(line.stock_id for line in lines))
    refusals = refuse_lines(lines, looked.levels)
    if not refusals:
        hold_until = looked.at + timedelta(seconds=TRY_S)
        return await store.reservations.claim(Claim(draft, lines, content, hold_until, actor, now))
    known = await store.reservations.by_key(draft.key)
    if known is None:
        raise Refused(*refusals)
    return known


def _content(draft: ReservationDraft, lines: Sequence[Line], actor: Actor) -> str:
    """The digest of the input; what an input does not use is not in it, so that older keys stay what they were."""
    onward = draft.onward and [draft.onward.into, draft.onward.reason, [line.source for line in lines]]
    further = [each for each in (draft.reference, onward) if each is not None]
    return fingerprint(
        [(line.stock_id, line.quantity) for line in lines], draft.hold_s, actor.channel, actor.customer, *further
    )


async def _drive(store: InventoryStore, reservation: Reservation, now: datetime) -> Reservation | None:
    """From TRY to a decision, beside other workers with the same key; None if it was aborted, its key free again."""
    if reservation.state is not ReservationState.TRY:
        return reservation if reservation.state is not ReservationState.ABORTED else None
    for _ in range(HOLD_ATTEMPTS):
        if await store.reservations.hold(reservation, now=now):
            return await _confirm(store, reservation, now)
        verdict = judge_attempt(reservation.lines, await store.reservations.see_lines(reservation))
        if verdict is Attempt.HELD:
            return await _confirm(store, reservation, now)
        if verdict is Attempt.FENCED:
            return await _decided(store, reservation)
        if isinstance(verdict, list):
            return await _abort(store, reservation, Refused(*verdict), now)
    return await _abort(store, reservation, None, now)


async def _confirm(store: InventoryStore, reservation: Reservation, now: datetime) -> Reservation | None:
    return await store.reservations.confirm(reservation, now=now) or await _decided(store, reservation)


async def _abort(
    store: InventoryStore, reservation: Reservation, refused: Refused | None, now: datetime
) -> Reservation | None:
    """ABORTED, every line fenced; what another worker decided meanwhile goes before our own failure."""
    aborted = await store.reservations.abort(reservation, actor=reservation.actor, now=now)
    if aborted is None:
        return await _decided(store, reservation)
    await store.reservations.settle([aborted])
    if refused is not None:
        raise refused
    return None


async def _decided(store: InventoryStore, reservation: Reservation) -> Reservation | None:
    """What somebody else decided; None if that was to abort, whose settling is helped along."""
    there = await store.reservations.by_id(reservation.id)
    if there is not None and there.state is ReservationState.ABORTED:
        if not there.settled:
            await store.reservations.settle([there])
        return None
    return there


async def _end(store: InventoryStore, ending: Ending, now: datetime) -> Reservation:
    check_key(ending.key)
    key = f"{ending.state.value}:{ending.key}"
    reservation = await find_reservation(store, ending.reservation_id, ending.actor, inner=ending.inner)
    if reservation is None:
        raise Refused(NotFound(path=("input", "reservationId"), kind="Reservation", id=ending.reservation_id))
    if ending.commitment is not None:
        how = ending.commitment
        if how.lines is not None:
            how = replace(how, lines=unpack(how.lines, composition_of(reservation.bundles)))
        problems = check_commitment(how, reservation)
        if problems:
            raise Refused(*problems)
        reservation = replace(reservation, into=how.into, lines=taking(how, reservation.lines))
    try:
        ended = await store.reservations.end(
            replace(reservation, ended_key=key, ended_with=ending.content), ending.state, actor=ending.actor, now=now
        )
    except EndKeyTaken as taken:
        raise Refused(IdempotencyKeyReused(key=ending.key)) from taken
    if ended is None:
        ended = await _ended_before(store, reservation, key, now)
        if ended.ended_with != ending.content:
            raise Refused(IdempotencyKeyReused(key=ending.key))
    if not ended.settled:
        await store.reservations.settle([ended])
    return ended


async def _ended_before(store: InventoryStore, reservation: Reservation, key: str, now: datetime) -> Reservation:
    """The reservation if this very key has ended it, else the refusal."""
    there = await store.reservations.by_id(reservation.id)
    if there is not None and there.ended_key == key:
        return there
    if await store.reservations.has_ended_with(key):
        raise Refused(IdempotencyKeyReused(key=key.partition(":")[2]))
    state = ReservationState.EXPIRED if there is None else state_at(there, now)
    raise Refused(ReservationEnded(reservation_id=reservation.id, state=state))


async def find_reservation(store: InventoryStore, id: str, actor: Actor, *, inner: bool = False) -> Reservation | None:
    """The reservation, if this caller may see it; what was never held is nobody's to see.

    Nor is, for others than inventory (`inner`), what it holds for its papers, or for a back-order that still waits.
    """
    reservation = await store.reservations.by_id(id)
    if reservation is None or not actor.may_touch(reservation.actor):
        return None
    return None if reservation.is_hidden or (reservation.is_own and not inner) else reservation


async def _settle_batch(store: InventoryStore) -> int:
    batch = await store.reservations.unsettled()
    await store.reservations.settle(batch)
    return len(batch)


async def _drain(step: Callable[[], Awaitable[int]]) -> int:
    """Repeat a batch step until one is not full."""
    total = 0
    while True:
        done = await step()
        total += done
        if done < SWEEP_BATCH:
            return total
