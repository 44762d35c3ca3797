"""Ordering what is not there yet, cancelling it, and giving what arrives to who waits.

Placing is one update of the line. Giving: (A) reserve the pieces under the order's key, (B) the order is HELD, (C)
commit the reservation for later, (D) the order is ALLOCATED. Whoever comes after a crash begins again at the step
that was not made; a reservation nobody goes on with runs out by itself. Cancelling ends the reservation first: whether
it was committed before decides who was first.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from kit.errors import IdempotencyKeyReused, NotFound, Refusal, Refused, Unavailable
from kit.idempotency import check_key, fingerprint
from services.inventory.backorder.model import (
    KEPT,
    MAX_OPEN,
    Announced,
    Backlog,
    Backorder,
    BackorderClosed,
    BackorderDraft,
    BackorderEnded,
    BackorderLimitReached,
    BackorderState,
    Offer,
    Supply,
    check_backorder,
    midnight,
    offered,
    reckoned,
)
from services.inventory.backorder.rule import BackorderRule
from services.inventory.model import Actor, InsufficientStock, LocationId, StockId, stock_id
from services.inventory.policy.model import Policy
from services.inventory.promise.model import OVERDUE_DAYS
from services.inventory.reservation.actions import commit, release, reserve
from services.inventory.reservation.model import (
    LATER,
    Line,
    Reservation,
    ReservationDraft,
    ReservationEnded,
    ReservationState,
)
from services.inventory.stock.model import Quantities
from services.inventory.store import InventoryStore

HOLD_S = 10 * 60
"""How long pieces are held for an order between two steps; a service that is away for longer begins anew."""
ATTEMPTS = 8
"""The line must be served between the look and the write this many times in a row before we give up."""
BATCH = 200
"""Lines swept at a time."""


async def place(
    store: InventoryStore, draft: BackorderDraft, policy: Policy, *, actor: Actor, now: datetime
) -> Backorder:
    """Order pieces that are to come; the same key and input again returns the same order.

    Refused with the facts where the channel does not sell ahead, or less may still be ordered.
    """
    check_key(draft.key)
    problems = check_backorder(draft)
    if problems:
        raise Refused(*problems)
    if not await store.locations.by_id([draft.location_id]):
        raise Refused(NotFound(path=("input", "locationId"), kind="Location", id=draft.location_id))
    id = "bo_" + fingerprint("backorder", actor.channel, actor.customer, draft.key)[:32]
    content = fingerprint(draft.stock_id, draft.quantity, draft.reference)
    there = await _known(store, id, content, draft.key)
    if there is not None:
        return there
    rule = policy.backorder(draft.sku, draft.location_id)
    if rule is None or not rule.is_open(now):
        raise Refused(BackorderClosed(sku=draft.sku, location_id=draft.location_id))
    order = Backorder(
        id=id,
        fingerprint=content,
        sku=draft.sku,
        location_id=draft.location_id,
        quantity=draft.quantity,
        mode=rule.mode,
        actor=actor,
        reference=draft.reference,
        state=BackorderState.WAITING,
        placed_at=now,
        promised_at=rule.release_at,
        expected_at=None,
    )
    for _ in range(ATTEMPTS):
        announced = await _announced(store, draft, rule, now)
        await store.backorders.place(order, announced, MAX_OPEN)
        there = await _known(store, id, content, draft.key)
        if there is not None:
            return there
        line = await store.backorders.line(draft.stock_id)
        if line is None or line.served == announced.served:
            raise Refused(_too_many(draft, rule, line, announced))
    raise Unavailable("this stock is just being served; try again with the same key")


async def cancel(store: InventoryStore, id: str, key: str, *, actor: Actor, now: datetime) -> Backorder:
    """Give up an order that still waits; the same key again changes nothing, another one finds it ended.

    Refused once it has its pieces.
    """
    check_key(key)
    while True:
        order = await store.backorders.by_id(id)
        if order is None or not actor.may_touch(order.actor):
            raise Refused(NotFound(path=("input", "id"), kind="Backorder", id=id))
        if not await store.backorders.claim_cancel(key, id, now):
            raise Refused(IdempotencyKeyReused(key=key))
        if order.ended_key == key:
            return order
        if not order.state.is_open:
            raise Refused(BackorderEnded(id=id, state=order.state))
        if order.state is BackorderState.HELD and not await _let_go(store, order, now):
            await _allocate(store, order, now)
            continue
        gone = replace(order, state=BackorderState.CANCELLED, reservation_id=None, at_risk=False)
        after = replace(gone, ended_at=now, ended_key=key)
        if await store.backorders.change(order, after, "cancelled", now):
            return after


async def offers(
    store: InventoryStore, skus: Sequence[str], location_id: str, policy: Policy, *, now: datetime
) -> dict[str, Offer]:
    """What can be ordered ahead of each SKU at a location; those of which nothing can are left out."""
    rules = {sku: policy.backorder(sku, location_id) for sku in dict.fromkeys(skus)}
    wanted = {sku: rule for sku, rule in rules.items() if rule is not None and rule.is_open(now)}
    if not wanted:
        return {}
    ids = [stock_id(sku, location_id) for sku in wanted]
    lines = await store.backorders.lines(ids)
    arrivals = await _arrivals(store, list(wanted), [location_id], now)
    return {
        sku: offered(rule, lines.get(stock_id(sku, location_id)), arrivals.get(stock_id(sku, location_id), []))
        for sku, rule in wanted.items()
    }


async def serve(store: InventoryStore, id: StockId, *, now: datetime) -> None:
    """Give what is there to who waits, the first first; an order that needs more than is there holds up the line."""
    line = await store.backorders.line(id)
    for order in () if line is None else line.open:
        if not await _allocate(store, order, now):
            return


async def sweep_backorders(store: InventoryStore, now: datetime) -> int:
    """Serve every line, tell whom a late or shortened delivery concerns, put away what is over; how many had news."""
    news = await store.backorders.archive(now - KEPT, BATCH)
    after = ""
    while lines := await store.backorders.open_lines(after, BATCH):
        after = lines[-1].id
        skus, places = [line.sku for line in lines], list({line.location_id for line in lines})
        arrivals = await _arrivals(store, skus, places, now)
        levels = await store.stock.levels([line.id for line in lines])
        for line in lines:
            has = levels[line.id].quantities if line.id in levels else Quantities()
            there = has.available + has.reserved  # a crash may have left pieces reserved for an order that waits
            if there or any(order.state is BackorderState.HELD for order in line.open):
                await serve(store, line.id, now=now)
            supplies = [Supply(has.available, midnight(now)), *arrivals.get(line.id, [])]
            news += await _tell_risks(store, line, supplies, now)
    return news


async def _announced(store: InventoryStore, draft: BackorderDraft, rule: BackorderRule, now: datetime) -> Announced:
    """What may be sold; the line's figure is read first, so that whoever is served meanwhile is noticed."""
    served = await store.backorders.served(draft.sku, draft.location_id)
    arrivals = (await _arrivals(store, [draft.sku], [draft.location_id], now)).get(draft.stock_id, [])
    return Announced(served, tuple(arrivals), rule.most(sum(one.pieces for one in arrivals)))


def _too_many(draft: BackorderDraft, rule: BackorderRule, line: Backlog | None, announced: Announced) -> Refusal:
    offer = offered(rule, line, announced.arrivals)
    return BackorderLimitReached(
        sku=draft.sku,
        location_id=draft.location_id,
        requested=draft.quantity,
        open=min(offer.open, draft.quantity - 1),  # what was given back since is for the next try
        next_due_at=offer.due_at,
    )


async def _known(store: InventoryStore, id: str, content: str, key: str) -> Backorder | None:
    there = await store.backorders.by_id(id)
    if there is not None and there.fingerprint != content:
        raise Refused(IdempotencyKeyReused(key=key))
    return there


async def _allocate(store: InventoryStore, order: Backorder, now: datetime) -> bool:
    """Take the order as far as it goes; whether it needs nothing more."""
    if order.state is BackorderState.WAITING:
        reservation = await _reserve(store, order, now)  # A
        if reservation is None:
            return False
        if reservation.state in (ReservationState.EXPIRED, ReservationState.RELEASED):
            await store.backorders.change(order, replace(order, attempt=order.attempt + 1), None, now)
            return False
        held = replace(order, state=BackorderState.HELD, reservation_id=reservation.id)
        if not await store.backorders.change(order, held, None, now):  # B
            there = await store.backorders.by_id(order.id)
            if there is None or there.reservation_id != reservation.id:
                with suppress(Refused):  # the order was cancelled meanwhile
                    await release(store, reservation.id, order.reservation_key, actor=order.actor, now=now, inner=True)
            return there is not None and not there.state.is_open
        order = held
    if order.state is not BackorderState.HELD:
        return True
    if not await _commit(store, order, now):  # C
        again = replace(order, state=BackorderState.WAITING, reservation_id=None, attempt=order.attempt + 1)
        await store.backorders.change(order, again, None, now)
        return False
    after = replace(order, state=BackorderState.ALLOCATED, at_risk=False, expected_at=now, ended_at=now)
    await store.backorders.change(order, after, "allocated", now)  # D
    return True


async def _reserve(store: InventoryStore, order: Backorder, now: datetime) -> Reservation | None:
    """The order's reservation; None if the pieces are not there."""
    line = Line(order.sku, LocationId(order.location_id), order.quantity)
    reference = order.reference or order.id
    draft = ReservationDraft(order.reservation_key, (line,), HOLD_S, reference=reference, inner=True)
    try:
        return await reserve(store, draft, actor=order.actor, now=now)
    except Refused as refused:
        if all(isinstance(one, InsufficientStock) for one in refused.refusals):
            return None
        raise


async def _commit(store: InventoryStore, order: Backorder, now: datetime) -> bool:
    """Commit the order's reservation for later; False if it has ended otherwise."""
    assert order.reservation_id is not None, "a held order has one"
    try:
        id, key = order.reservation_id, order.reservation_key
        await commit(store, id, key, actor=order.actor, now=now, how=LATER, inner=True)
    except Refused as refused:
        if any(isinstance(one, ReservationEnded) for one in refused.refusals):
            there = await store.reservations.by_id(order.reservation_id)
            return there is not None and there.state is ReservationState.COMMITTED
        raise
    return True


async def _let_go(store: InventoryStore, order: Backorder, now: datetime) -> bool:
    """End the order's reservation without its pieces; False if it was committed before."""
    assert order.reservation_id is not None, "a held order has one"
    try:
        await release(store, order.reservation_id, order.reservation_key, actor=order.actor, now=now, inner=True)
    except Refused:
        there = await store.reservations.by_id(order.reservation_id)
        return there is None or there.state is not ReservationState.COMMITTED
    return True


async def _tell_risks(store: InventoryStore, line: Backlog, supplies: Sequence[Supply], now: datetime) -> int:
    news = 0
    before = {order.id: order for order in line.open}
    for after in reckoned(line, supplies, now):
        event = "at_risk" if after.at_risk else None
        news += await store.backorders.change(before[after.id], after, event, now)
    return news


async def _arrivals(
    store: InventoryStore, skus: Sequence[str], places: Sequence[str], now: datetime
) -> dict[StockId, list[Supply]]:
    """What is announced to arrive, by stock; what is overdue is not counted on before a day from now."""
    found: dict[StockId, list[Supply]] = {}
    for row in await store.deliveries.incoming(skus, places):
        at = row.due_at if row.due_at > now else midnight(now) + timedelta(days=1 + OVERDUE_DAYS)
        found.setdefault(stock_id(row.sku, row.location_id), []).append(Supply(row.quantity, at))
    return found
