"""Hearing orders and returns: decide what each moves and keep it, then move it; both steps can be repeated."""

from collections.abc import Sequence

from kit.errors import Unavailable
from kit.log import logger
from services.loyalty.accrual.model import Accrual, Heard, posting_without_order
from services.loyalty.accrual.store import AccrualStore
from services.loyalty.actions import post_all
from services.loyalty.posting.model import Posting
from services.loyalty.store import LoyaltyStore

log = logger(__name__)

MAX_ATTEMPTS = 10
"""One instance hears at a time; two meet only while the work is handed over."""


async def hear(store: LoyaltyStore, heard: Sequence[Heard]) -> None:
    """Earn for orders and take back for returns, each event once, whatever their order.

    A crash between the steps is healed by the same events coming again: what each moves was kept with it.
    """
    of_orders = [(one.order_id, one) for one in heard if one.order_id is not None]
    accruals = await _believe(AccrualStore(store.db), of_orders)
    for order_id, one in of_orders:
        if accruals[order_id].misses(one):
            log.warning("a return in another currency than its order's moves no points", event_id=one.id)
    moves = [accruals[order_id].posting(one.id) for order_id, one in of_orders]
    moves += [posting_without_order(one) for one in heard if one.order_id is None]
    postings: dict[str, Posting] = {posting.id: posting for posting in moves if posting is not None}
    await post_all(store, list(postings.values()))


async def _believe(store: AccrualStore, heard: Sequence[tuple[str, Heard]]) -> dict[str, Accrual]:
    """The accruals of these orders with everything heard in them."""
    for _ in range(MAX_ATTEMPTS):
        accruals = await store.find([order_id for order_id, _ in heard])
        changed: dict[str, Accrual] = {}
        for order_id, one in heard:
            before = accruals.get(order_id, Accrual(order_id))
            after = accruals[order_id] = before.hear(one)
            if after is not before:
                changed[order_id] = after
        if await store.save(list(changed.values())):
            return accruals
    raise Unavailable("another instance hears the same orders; the batch comes again")
