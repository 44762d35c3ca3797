"""Hearing orders and returns: decide what each moves and keep it, then move it; both steps can be repeated."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from kit.errors import Unavailable
from kit.log import logger
from services.loyalty.accrual.model import Accrual, Heard, Trade, posting_without_order
from services.loyalty.accrual.store import AccrualStore
from services.loyalty.actions import post_all
from services.loyalty.earning.model import Programmes
from services.loyalty.earning.store import ProgrammeStore
from services.loyalty.posting.model import Posting
from services.loyalty.rank.actions import requalify
from services.loyalty.store import LoyaltyStore

log = logger(__name__)

MAX_ATTEMPTS = 10
"""One instance hears at a time; two meet only while the work is handed over."""
SWEEP_BATCH = 200
"""Orders whose pending points are posted at a time."""


async def hear(store: LoyaltyStore, heard: Sequence[Heard], *, now: datetime) -> None:
    """Earn for orders and take back for returns, each event once, whatever their order.

    A crash between the steps is healed by the same events coming again: what each moves was kept with it. Ranks go up
    last: an order earns by the rank its member had before it.
    """
    programmes = await ProgrammeStore(store.db).all()
    heads = await store.ranks.heads([one.customer_id for one in heard if one.customer_id is not None])
    ranks = await store.ranks.of(list(heads.values()))
    heard = [
        replace(one, rank=ranks[head].rank) if (head := heads.get(one.customer_id or "")) in ranks else one
        for one in heard
    ]
    of_orders = [(one.order_id, one) for one in heard if one.order_id is not None]
    accruals = await _believe(AccrualStore(store.db), of_orders, programmes, now)
    for order_id, one in of_orders:
        if accruals[order_id].misses(one):
            log.warning("a return in another currency than its order's moves no points", event_id=one.id)
    moves = [accruals[order_id].posting(one.id) for order_id, one in of_orders]
    moves += [posting_without_order(one, programmes) for one in heard if one.order_id is None]
    await _move(store, moves)
    await requalify(store.ranks, [one.customer_id for one in heard if one.customer_id is not None], now=now)


async def post_pending(store: LoyaltyStore, now: datetime) -> int:
    """Post the points of up to `SWEEP_BATCH` orders whose waiting is over; return how many orders there were.

    First the accrual is settled, by compare-and-set, then the points move under the order's own key, then it is marked.
    """
    accruals = AccrualStore(store.db)
    due = await accruals.due(now, SWEEP_BATCH)
    programmes = await ProgrammeStore(store.db).all() if due else Programmes()
    settled: list[Accrual] = []
    for accrual in due:
        after = accrual.settle(programmes) if accrual.is_pending else accrual
        if not accrual.is_pending or await accruals.settle(accrual, after, programmes):
            settled.append(after)
    moves = [accrual.posting(fact.id) for accrual in settled for fact in accrual.facts if fact.trade is Trade.ORDER]
    await _move(store, moves)
    if settled:
        await accruals.posted([accrual.order_id for accrual in settled])
    return len(settled)


async def _move(store: LoyaltyStore, moves: Sequence[Posting | None]) -> None:
    postings: dict[str, Posting] = {posting.id: posting for posting in moves if posting is not None}
    await post_all(store, list(postings.values()))


async def _believe(
    store: AccrualStore, heard: Sequence[tuple[str, Heard]], programmes: Programmes, now: datetime
) -> dict[str, Accrual]:
    """The accruals of these orders with everything heard in them."""
    for _ in range(MAX_ATTEMPTS):
        accruals = await store.find([order_id for order_id, _ in heard])
        changed: dict[str, Accrual] = {}
        for order_id, one in heard:
            before = accruals.get(order_id, Accrual(order_id))
            after = accruals[order_id] = before.hear(one, programmes, now)
            if after is not before:
                changed[order_id] = after
        if await store.save(list(changed.values()), programmes):
            return accruals
    raise Unavailable("another instance hears the same orders; the batch comes again")
