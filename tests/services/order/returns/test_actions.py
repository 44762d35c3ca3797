"""Recording returns, against a real database: never more than sold, whoever comes at once and whatever dies."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kit.errors import IdempotencyKeyReused, NotFound, Refused
from kit.events import Event, EventLog
from kit.events.log import Position
from services.order.actions import record_order
from services.order.audit import audit
from services.order.events import ORDER_RETURNED, drainers
from services.order.identity.model import AlreadyRecorded
from services.order.line.model import Line, line_of_gross
from services.order.model import Order, OrderId, Piece
from services.order.returns.actions import STALE, finish_pending, record_return
from services.order.returns.model import Return, ReturnExceedsSold, ReturnState, compose_return
from services.order.store import OrderStore
from tests.services.order.conftest import NewDraft, NewReturn

TILLS = 16


@pytest.fixture
async def order(store: OrderStore, new_draft: NewDraft, now: datetime) -> Order:
    """Five mugs, sold."""
    return await record_order(store, new_draft(customer="cus_1"), "order", now=now)


async def heard(store: OrderStore, event_log: EventLog) -> list[Event]:
    for drainer in drainers(store, event_log):
        await drainer.drain()
    return [event async for event, _ in event_log.backlog([ORDER_RETURNED], Position())]


async def test_sixteen_tills_return_one_of_five_and_exactly_five_succeed(
    store: OrderStore, order: Order, new_return: NewReturn, now: datetime, event_log: EventLog
) -> None:
    drafts = [new_return(f"R-{n}", order=order.id, pieces=(Piece(1, 1),)) for n in range(TILLS)]
    outcomes = await asyncio.gather(
        *(record_return(store, draft, f"key-{n}", now=now) for n, draft in enumerate(drafts)), return_exceptions=True
    )
    returns = [outcome for outcome in outcomes if isinstance(outcome, Return)]
    refusals = [outcome.refusals[0] for outcome in outcomes if isinstance(outcome, Refused)]
    path = ("input", "lines", "0", "quantity")
    assert set(refusals) == {ReturnExceedsSold(path=path, line=1, sold=5, returned=5, requested=1)}
    assert (len(returns), len(refusals)) == (5, TILLS - 5)
    assert sum(made.totals.total_minor for made in returns) == order.totals.total_minor
    assert (await store.by_ids([order.id]))[order.id].returned == (5,)
    assert await store.returns.collection.count_documents({}) == 5, "refused ones leave nothing behind"
    assert len(await heard(store, event_log)) == 5
    assert await audit(store) == []


async def test_sixteen_tellings_of_one_return_count_it_once(
    store: OrderStore, order: Order, new_return: NewReturn, now: datetime, event_log: EventLog
) -> None:
    draft = new_return(order=order.id, pieces=(Piece(1, 2),))
    returns = await asyncio.gather(*(record_return(store, draft, f"key-{n % 3}", now=now) for n in range(TILLS)))
    assert len({made.id for made in returns}) == 1
    assert {made.totals.total_minor for made in returns} == {2_000}
    assert (await store.by_ids([order.id]))[order.id].returned == (2,)
    assert len(await heard(store, event_log)) == 1
    assert await audit(store) == []


async def test_a_return_of_several_lines_is_taken_whole_or_not_at_all(
    store: OrderStore, new_draft: NewDraft, new_return: NewReturn, now: datetime, mug: Line
) -> None:
    order = await record_order(store, new_draft(lines=(mug, mug)), "order", now=now)
    draft = new_return(order=order.id, pieces=(Piece(2, 5), Piece(1, 6)))
    with pytest.raises(Refused) as caught:
        await record_return(store, draft, "key", now=now)
    path = ("input", "lines", "1", "quantity")
    assert caught.value.refusals == (ReturnExceedsSold(path=path, line=1, sold=5, returned=0, requested=6),)
    assert (await store.by_ids([order.id]))[order.id] == order
    retried = await record_return(store, replace(draft, pieces=(Piece(2, 5), Piece(1, 5))), "key", now=now)
    assert retried.totals.total_minor == order.totals.total_minor


async def test_a_return_is_recorded_once_by_key_and_external_id(
    store: OrderStore, order: Order, new_return: NewReturn, now: datetime
) -> None:
    draft = new_return(order=order.id, pieces=(Piece(1, 1),))
    made = await record_return(store, draft, "key", now=now)
    assert await record_return(store, draft, "key", now=now + timedelta(hours=1)) == made
    assert await record_return(store, draft, "another", now=now) == made
    for changed, key, refusal in (
        (replace(draft, pieces=(Piece(1, 2),)), "key", IdempotencyKeyReused(key="key")),
        (replace(draft, reason="torn"), "new", AlreadyRecorded(source="till", value="R-1", recorded_id=made.id)),
    ):
        with pytest.raises(Refused) as caught:
            await record_return(store, changed, key, now=now)
        assert caught.value.refusals == (refusal,)


async def test_a_return_of_an_order_nobody_knows_is_refused(
    store: OrderStore, new_return: NewReturn, now: datetime
) -> None:
    with pytest.raises(Refused) as caught:
        await record_return(store, new_return(order=OrderId("ord_x"), pieces=(Piece(1, 1),)), "key", now=now)
    assert caught.value.refusals == (NotFound(path=("input", "order"), kind="Order", id="ord_x"),)


async def test_a_return_without_its_order_tells_what_came_back(
    store: OrderStore, new_return: NewReturn, now: datetime, event_log: EventLog
) -> None:
    lines = (line_of_gross("22423", "CAKESTAND", 2, 1_275),)
    made = await record_return(store, new_return(currency="GBP", customer="cus_1", lines=lines), "key", now=now)
    (event,) = await heard(store, event_log)
    assert event.subject == made.id
    assert event.data == {
        "returnId": made.id,
        "orderId": None,
        "customerId": "cus_1",
        "currency": "GBP",
        "goodsGrossMinor": 2_550,
        "returnedAt": "2026-11-22T05:00:00.000Z",
        "lines": [{"sku": "22423", "quantity": 2, "grossMinor": 2_550}],
    }


@pytest.mark.parametrize("died_after", ["claiming its ids", "asking the order"])
async def test_a_return_whose_worker_died_is_finished_once(
    store: OrderStore, order: Order, new_return: NewReturn, now: datetime, event_log: EventLog, died_after: str
) -> None:
    draft = new_return(order=order.id, pieces=(Piece(1, 2),))
    pending = compose_return(draft, order, now=now, key="key")
    assert await store.returns.add(pending, [])
    if died_after == "asking the order":
        assert await store.take_back(order, pending.id, pending.pieces) is not None
    assert await heard(store, event_log) == []
    assert await finish_pending(store, now=now) == 0, "its worker may still be at it"
    assert await finish_pending(store, now=now + STALE + timedelta(seconds=1)) == 1
    made = (await store.returns.by_ids([pending.id]))[pending.id]
    assert (made.state, made.totals.total_minor) == (ReturnState.RECORDED, 2_000)
    assert await record_return(store, draft, "key", now=now) == made
    assert (await store.by_ids([order.id]))[order.id].returned == (2,)
    assert len(await heard(store, event_log)) == 1
    assert await audit(store) == []


async def test_the_client_of_a_dead_worker_finishes_its_return_by_asking_again(
    store: OrderStore, order: Order, new_return: NewReturn, now: datetime
) -> None:
    draft = new_return(order=order.id, pieces=(Piece(1, 5),))
    pending = compose_return(draft, order, now=now, key="key")
    assert await store.returns.add(pending, [])
    made = await record_return(store, draft, "key", now=now)
    assert (made.id, made.totals.total_minor) == (pending.id, order.totals.total_minor)


async def test_a_dead_workers_return_that_the_order_refuses_frees_its_ids(
    store: OrderStore, order: Order, new_return: NewReturn, now: datetime
) -> None:
    pending = compose_return(new_return(order=order.id, pieces=(Piece(1, 2),)), order, now=now, key="key")
    assert await store.returns.add(pending, [])
    await record_return(store, new_return("R-2", order=order.id, pieces=(Piece(1, 4),)), "other", now=now)
    assert await finish_pending(store, now=now + STALE + timedelta(seconds=1)) == 1
    assert await store.returns.by_ids([pending.id]) == {}
    assert await audit(store) == []
