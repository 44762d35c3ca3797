"""The audit finds what it is for: each contradiction is made by hand, once."""

from datetime import datetime
from typing import Any

import pytest

from services.order.actions import record_order
from services.order.audit import audit
from services.order.model import Order, Piece
from services.order.returns.actions import record_return
from services.order.returns.model import Return
from services.order.store import OrderStore
from tests.services.order.conftest import NewDraft, NewReturn


@pytest.fixture
async def both(store: OrderStore, new_draft: NewDraft, new_return: NewReturn, now: datetime) -> tuple[Order, Return]:
    """An order and a return of it."""
    order = await record_order(store, new_draft(), "key", now=now)
    return order, await record_return(store, new_return(order=order.id, pieces=(Piece(1, 2),)), "key", now=now)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"$set": {"totals.net": 1}}, "totals are not the sums of its lines"),
        ({"$inc": {"lines.0.returned": 1}}, "line 1: 3 returned, its returns say 2"),
        ({"$inc": {"lines.0.returned": 4}}, "line 1: 6 returned of 5"),
        ({"$set": {"outbox": []}}, ":recorded: neither in the journal nor waiting in the outbox"),
        ({"$set": {"outbox.0.data.goodsGrossMinor": 1}}, ":recorded: told otherwise than the document says"),
        ({"$set": {"returns": [], "lines.0.returned": 0}}, "recorded, but not counted by"),
    ],
)
async def test_an_order_that_was_tampered_with_is_found(
    store: OrderStore, both: tuple[Order, Return], change: dict[str, Any], finding: str
) -> None:
    assert await audit(store) == []
    await store.orders.update_one({}, change)
    assert any(finding in found for found in await audit(store))


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"$set": {"totals.tax": 1}}, "totals are not the sums of its lines"),
        ({"$set": {"lines.0.gross": 1, "totals.total": 1, "totals.goods_gross": 1}}, "amounts are not what follows"),
        ({"$set": {"outbox": []}}, ":returned: neither in the journal nor waiting in the outbox"),
    ],
)
async def test_a_return_that_was_tampered_with_is_found(
    store: OrderStore, both: tuple[Order, Return], change: dict[str, Any], finding: str
) -> None:
    await store.returns.collection.update_one({}, change)
    assert any(finding in found for found in await audit(store))


async def test_a_return_that_is_missing_is_found(store: OrderStore, both: tuple[Order, Return]) -> None:
    await store.returns.collection.delete_many({})
    assert await audit(store) == [f"{both[1].id}: counted by its order, but there is no such return"]
