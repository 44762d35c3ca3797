"""Recording returns, importing them, and finishing what a crash left half done.

With a known order: claim the return's ids (PENDING), let the order's own document decide, then complete (RECORDED) or
withdraw. Each step can be repeated by anyone: quantities only grow, so a refusal stays one, and amounts follow from
the return's turn in the order's document.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from kit.errors import NotFound, Refusal, Refused, Unavailable
from kit.idempotency import check_key
from services.order.bulk import BATCH, ImportResult, Written, batches, insert_all
from services.order.events import order_returned
from services.order.identity.model import ExternalId, meet
from services.order.model import Order
from services.order.returns.model import (
    Return,
    ReturnDraft,
    ReturnState,
    check_against,
    check_return,
    compose_return,
    refund_lines,
    refusals_of,
    return_totals_of,
)
from services.order.store import OrderStore

ATTEMPTS: Final = 3
"""How often a return is tried whose identity was taken and then free again."""
STALE: Final = timedelta(seconds=60)
"""A return pending for longer lost its worker: requests end long before."""
SWEEP_BATCH: Final = 100
SWEEP_S: Final = 30.0
IMPORT_WIDTH: Final = 16
"""Returns of known orders recorded at a time by an import; each is some round trips."""


async def record_return(store: OrderStore, draft: ReturnDraft, key: str, *, now: datetime) -> Return:
    """Record a return once; its order, if known, never has more returned than sold."""
    made, _ = await _record(store, draft, check_key(key), now)
    return made


async def import_returns(store: OrderStore, drafts: Iterable[ReturnDraft], *, now: datetime) -> ImportResult:
    """Record every draft whose external ids are new; those without an order by bulk insert. Again changes nothing."""
    result = ImportResult()
    for batch in batches(drafts, BATCH):
        await _import_without_order(store, [draft for draft in batch if draft.order is None], now, result)
        with_order = [draft for draft in batch if draft.order is not None]
        for group in batches(with_order, IMPORT_WIDTH):
            await asyncio.gather(*(_import_one(store, draft, now, result) for draft in group))
    return result


async def finish_pending(store: OrderStore, *, now: datetime) -> int:
    """Finish returns whose worker died, and return how many there were."""
    pending = await store.returns.pending_before(now - STALE, SWEEP_BATCH)
    for made in pending:
        order = (await store.by_ids([str(made.order)]))[str(made.order)]
        await _finish(store, made, order)
    return len(pending)


async def _record(store: OrderStore, draft: ReturnDraft, key: str | None, now: datetime) -> tuple[Return, bool]:
    """The return, and whether it is new."""
    check_return(draft, now)
    order = await _order_of(store, draft)
    if order is not None:
        check_against(order, draft)
    made = compose_return(draft, order, now=now, key=key)
    for _ in range(ATTEMPTS):
        if await store.returns.add(made, [] if order else [order_returned(made)]):
            return await _finished(store, made, order), True
        claims = await store.returns.claims([made.identity])
        if not claims:
            continue
        met = meet(made.identity, claims)
        if isinstance(met, Refusal):
            raise Refused(met)
        there = (await store.returns.by_ids([met])).get(met)
        if there is not None:
            return await _finished(store, there, order), False
    raise Unavailable("the return's ids are being taken and freed; try again")


async def _finished(store: OrderStore, made: Return, order: Order | None) -> Return:
    """The return as it ends: at once without an order, else by the order's decision."""
    finished: Return | Sequence[Refusal] = made
    if made.state is ReturnState.PENDING and order is not None:
        finished = await _finish(store, made, order)
    if not isinstance(finished, Return):
        raise Refused(*finished)
    store.on_change()
    return finished


async def _finish(store: OrderStore, pending: Return, order: Order) -> Return | Sequence[Refusal]:
    """Let the order decide, then complete or withdraw; safe to repeat and to run twice at once."""
    after = await store.take_back(order, pending.id, pending.pieces)
    if after is None:
        after = (await store.by_ids([order.id]))[order.id]
    turn = next((applied for applied in after.returns if applied.id == pending.id), None)
    if turn is None:
        await store.returns.withdraw(pending.id)
        return refusals_of(after, pending.pieces)
    lines = refund_lines(after, turn)
    recorded = replace(pending, state=ReturnState.RECORDED, lines=lines, totals=return_totals_of(lines))
    await store.returns.complete(recorded, [order_returned(recorded)])
    return recorded


async def _order_of(store: OrderStore, draft: ReturnDraft) -> Order | None:
    if draft.order is None:
        return None
    if isinstance(draft.order, ExternalId):
        found = (await store.by_external_ids([draft.order])).get(draft.order)
    else:
        found = (await store.by_ids([draft.order])).get(draft.order)
    if found is None:
        raise Refused(NotFound(path=("input", "order"), kind="Order", id=str(draft.order)))
    return found


async def _import_without_order(
    store: OrderStore, drafts: Sequence[ReturnDraft], now: datetime, result: ImportResult
) -> None:
    def make(draft: ReturnDraft) -> Written[Return] | Refused:
        try:
            check_return(draft, now)
        except Refused as refused:
            return refused
        made = compose_return(draft, None, now=now)
        return made, [order_returned(made)]

    await insert_all(drafts, make, store.returns.add_many, store.returns.claims, result)
    store.on_change()


async def _import_one(store: OrderStore, draft: ReturnDraft, now: datetime, result: ImportResult) -> None:
    try:
        _, is_new = await _record(store, draft, None, now)
    except Refused as refused:
        if any(refusal.code == "ALREADY_RECORDED" for refusal in refused.refusals):
            result.conflicting += 1
        else:
            result.refused += 1
        result.report(draft.external_ids, refused.refusals)
        return
    result.recorded += is_new
    result.known += not is_new
