"""Orders as the order service tells them: pieces sold and verified reviews, each order once."""

import asyncio
import random

import pytest

from kit.events import Event
from services.catalog.product.actions import upsert_product
from services.catalog.product.model import Product
from services.catalog.purchase import events as purchase_events
from services.catalog.purchase.events import ORDER_RECORDED, EventNotUnderstood, hear_orders
from services.catalog.review.actions import submit_review
from services.catalog.review.model import Author, ReviewDraft
from services.catalog.store import CatalogStore
from tests.services.catalog.shop import NOW, draft, shirt


def order(number: int, customer: str | None, *lines: tuple[str, int]) -> Event:
    data = {"orderId": f"ord_{number}", "customerId": customer, "lines": [{"sku": s, "quantity": q} for s, q in lines]}
    return Event(f"ord_{number}:recorded", "/noren/order", ORDER_RECORDED, f"ord_{number}", NOW, data)


@pytest.fixture
async def tee(store: CatalogStore) -> Product:
    return await upsert_product(store, shirt(("Red", "S"), ("Blue", "M")), None, now=NOW)


async def hear(store: CatalogStore, *events: Event) -> None:
    await hear_orders(store.purchase, store.product, store.review, events)


async def sold(store: CatalogStore, product: Product) -> int:
    known = await store.standing.by_product([product.id])
    return known[product.id].sold if product.id in known else 0


async def review(store: CatalogStore, product: Product, customer: str) -> bool:
    made = await submit_review(store, product, Author(customer), ReviewDraft(5), now=NOW)
    return made.verified


async def test_whoever_bought_any_variant_is_verified_before_and_after_the_order_is_heard(
    store: CatalogStore, tee: Product
) -> None:
    assert not await review(store, tee, "cus_late")
    assert not await review(store, tee, "cus_none")
    early = order(1, "cus_early", ("SHIRT-RED-S", 1))
    await hear(store, early, order(2, "cus_late", ("SHIRT-BLUE-M", 1)), order(3, None, ("SHIRT-RED-S", 2)))

    assert await review(store, tee, "cus_early")
    rows = {row["customer_id"]: row["verified"] async for row in store.review.reviews.find()}
    assert rows == {"cus_late": True, "cus_none": False, "cus_early": True}


async def test_pieces_are_counted_once_whatever_comes_again(
    store: CatalogStore, tee: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches again and again, cut anywhere, a consumer killed in the middle of them, chunks smaller than a batch."""
    monkeypatch.setattr(purchase_events, "CHUNK", 5)
    rng = random.Random(3)
    mug = await upsert_product(store, draft("mug"), None, now=NOW)
    pieces = [(rng.choice(["SHIRT-RED-S", "SHIRT-BLUE-M", "MUG", "GONE"]), rng.randint(1, 3)) for _ in range(80)]
    events = [order(n, "cus_1", piece, piece) for n, piece in enumerate(pieces)]
    for start in range(0, 80, 10):
        task = asyncio.create_task(hear(store, *events[start : start + 10]))
        await asyncio.wait([task], timeout=rng.uniform(0.0, 0.03))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await hear(store, *events[start : start + 10])
    await hear(store, *events)

    assert await sold(store, mug) == sum(2 * q for sku, q in pieces if sku == "MUG")
    assert await sold(store, tee) == sum(2 * q for sku, q in pieces if sku.startswith("SHIRT"))


async def test_an_order_without_lines_is_not_understood(store: CatalogStore) -> None:
    with pytest.raises(EventNotUnderstood, match="lines"):
        await hear(store, Event("e", "/noren/order", ORDER_RECORDED, "o", NOW, {"orderId": "o", "customerId": None}))
