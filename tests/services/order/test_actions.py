"""Recording sales, against a real database: once, whoever and however many tell it."""

import asyncio
from datetime import datetime, timedelta

import pytest

from kit.errors import IdempotencyKeyReused, InvalidInput, Refused
from kit.events import Event, EventLog
from kit.events.log import Position
from services.order.actions import record_order
from services.order.events import ORDER_RECORDED, drainers
from services.order.identity.model import AlreadyRecorded, ExternalId
from services.order.line.model import Line, LineKind, line_of_gross
from services.order.store import OrderStore
from tests.services.order.conftest import NewDraft

RECORDERS = 16


async def heard(event_log: EventLog) -> list[Event]:
    return [event async for event, _ in event_log.backlog([ORDER_RECORDED], Position())]


async def test_an_order_comes_back_as_it_was_recorded(store: OrderStore, new_draft: NewDraft, now: datetime) -> None:
    draft = new_draft(location="loc_1", customer="cus_1", staff="stf_1")
    order = await record_order(store, draft, "key", now=now)
    assert (await store.by_ids([order.id]))[order.id] == order


async def test_sixteen_recorders_of_one_sale_record_it_once(
    store: OrderStore, new_draft: NewDraft, now: datetime
) -> None:
    keys = [f"till-{n % 4}" for n in range(RECORDERS)]
    orders = await asyncio.gather(*(record_order(store, new_draft(), key, now=now) for key in keys))
    assert len({order.id for order in orders}) == 1
    assert await store.orders.count_documents({}) == 1


async def test_sixteen_sales_of_one_external_id_record_one_and_refuse_the_others(
    store: OrderStore, new_draft: NewDraft, now: datetime
) -> None:
    drafts = [new_draft(number=f"N-{n}", external_ids=(ExternalId("till", "1"),)) for n in range(RECORDERS)]
    outcomes = await asyncio.gather(
        *(record_order(store, draft, f"key-{n}", now=now) for n, draft in enumerate(drafts)), return_exceptions=True
    )
    refusals = [outcome.refusals[0] for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(refusals) == RECORDERS - 1
    (order,) = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert set(refusals) == {AlreadyRecorded(source="till", value="1", recorded_id=order.id)}


async def test_a_sale_is_known_by_each_of_its_external_ids(
    store: OrderStore, new_draft: NewDraft, now: datetime
) -> None:
    both = (ExternalId("till", "1"), ExternalId("erp", "77"))
    order = await record_order(store, new_draft(external_ids=both), "key", now=now)
    assert await store.by_external_ids([both[1]]) == {both[1]: order}
    with pytest.raises(Refused) as caught:
        await record_order(store, new_draft(external_ids=(both[1],)), "other", now=now)
    assert caught.value.refusals == (AlreadyRecorded(source="erp", value="77", recorded_id=order.id),)


async def test_what_it_was_paid_with_is_kept_and_told_where_it_is_known(
    store: OrderStore, new_draft: NewDraft, now: datetime
) -> None:
    paid = await record_order(store, new_draft(payment_methods=("CARD", "POINTS")), "key", now=now)
    other = await record_order(store, new_draft("A-2"), "other", now=now)
    assert (await store.by_ids([paid.id]))[paid.id].payment_methods == ("CARD", "POINTS")
    told = {entry["subject"]: entry["data"] async for one in store.orders.find() for entry in one["outbox"]}
    assert told[paid.id]["paymentMethods"] == ["CARD", "POINTS"]
    assert "paymentMethods" not in told[other.id], "events of sales that do not tell are as they always were"
    with pytest.raises(Refused):
        await record_order(store, new_draft(payment_methods=("CASH",)), "key", now=now)
    with pytest.raises(Refused) as caught:
        await record_order(store, new_draft("A-3", payment_methods=("", *map(str, range(10)))), "third", now=now)
    assert [refusal.path for refusal in caught.value.refusals] == [
        ("input", "paymentMethods"),
        ("input", "paymentMethods", "0"),
    ]


async def test_the_same_key_replays_the_same_sale_and_refuses_another(
    store: OrderStore, new_draft: NewDraft, now: datetime
) -> None:
    order = await record_order(store, new_draft(), "key", now=now)
    assert await record_order(store, new_draft(), "key", now=now + timedelta(hours=1)) == order
    with pytest.raises(Refused) as caught:
        await record_order(store, new_draft("A-2"), "key", now=now)
    assert caught.value.refusals == (IdempotencyKeyReused(key="key"),)


async def test_a_key_that_cannot_be_one_is_refused(store: OrderStore, new_draft: NewDraft, now: datetime) -> None:
    with pytest.raises(Refused) as caught:
        await record_order(store, new_draft(), "", now=now)
    (refusal,) = caught.value.refusals
    assert isinstance(refusal, InvalidInput)
    assert refusal.path == ("input", "idempotencyKey")


async def test_a_crash_between_recording_and_draining_loses_and_doubles_nothing(
    store: OrderStore,
    event_log: EventLog,
    new_draft: NewDraft,
    now: datetime,
    mug: Line,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    postage = line_of_gross("POST", None, 1, 300, kind=LineKind.NON_GOODS)
    order = await record_order(store, new_draft(lines=(mug, postage), customer="cus_1"), "key", now=now)
    assert await heard(event_log) == []

    async def crash(events: object) -> None:
        raise ConnectionResetError

    dying = EventLog(store.db)
    monkeypatch.setattr(dying, "append", crash)  # the process dies after the journal, before the log
    with pytest.raises(ConnectionResetError):
        await drainers(OrderStore(store.db), dying)[0].drain()
    restarted = drainers(OrderStore(store.db), event_log)[0]
    assert await restarted.drain() == 1
    assert await restarted.drain() == 0
    (event,) = await heard(event_log)
    assert (event.id, event.source, event.subject) == (f"{order.id}:recorded", "/noren/order", order.id)
    assert event.data == {
        "orderId": order.id,
        "customerId": "cus_1",
        "channel": "pos",
        "locationId": None,
        "placedAt": "2026-11-22T05:00:00.000Z",
        "currency": "EUR",
        "goodsGrossMinor": 5_001,
        "lines": [{"sku": "MUG", "quantity": 5, "grossMinor": 5_001}],
    }


async def test_drainers_side_by_side_tell_every_order_once(
    store: OrderStore, event_log: EventLog, new_draft: NewDraft, now: datetime
) -> None:
    await asyncio.gather(*(record_order(store, new_draft(f"A-{n}"), f"key-{n}", now=now) for n in range(30)))
    await asyncio.gather(*(drainers(OrderStore(store.db), event_log)[0].drain() for _ in range(4)))
    assert len(await heard(event_log)) == 30
    assert await store.journal.count_documents({}) == 30


async def test_recording_wakes_the_drainer(
    store: OrderStore, event_log: EventLog, new_draft: NewDraft, now: datetime
) -> None:
    woken: list[str] = []
    store.on_change = lambda: woken.append("orders")
    await record_order(store, new_draft(), "key", now=now)
    assert woken == ["orders"]
