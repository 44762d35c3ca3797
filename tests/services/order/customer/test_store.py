"""A customer's orders: newest first, no gap and no duplicate while new ones arrive, one index walk a customer."""

from datetime import datetime, timedelta
from typing import Any

from kit.pages import PageArgs, decode_cursor
from services.order.actions import import_orders, record_order
from services.order.store import OrderStore
from tests.services.order.conftest import NewDraft


async def fill(store: OrderStore, new_draft: NewDraft, now: datetime, *, orders: int) -> None:
    """Orders of three customers and guests, several in the same moment."""
    drafts = [
        new_draft(f"A-{n}", customer=f"cus_{n % 4}" if n % 4 else None, placed_at=now - timedelta(minutes=n // 8))
        for n in range(orders)
    ]
    assert (await import_orders(store, drafts, now=now)).recorded == orders


async def test_pages_have_no_gap_and_no_duplicate_while_new_orders_arrive(
    store: OrderStore, new_draft: NewDraft, now: datetime
) -> None:
    await fill(store, new_draft, now, orders=120)
    there = await store.orders.find({"customer": "cus_1"}).sort([("placed_at", -1), ("_id", -1)]).to_list()
    seen: list[str] = []
    after: tuple[Any, ...] | None = None
    for turn in range(20):
        page = await store.by_customer.page("cus_1", PageArgs(7, after))
        seen += [order.id for order in page.nodes]
        newer = new_draft(f"N-{turn}", customer="cus_1", placed_at=now + timedelta(minutes=turn))
        await record_order(store, newer, f"key-{turn}", now=now)
        if not page.has_next:
            break
        after = decode_cursor(page.cursors[-1])
    assert seen == [document["_id"] for document in there]


async def test_first_pages_of_many_customers_are_what_each_would_get(
    store: OrderStore, new_draft: NewDraft, now: datetime
) -> None:
    await fill(store, new_draft, now, orders=60)
    customers = ["cus_1", "cus_2", "cus_3", "cus_nobody"]
    together = await store.by_customer.first_pages(customers, 4)
    for customer in customers:
        alone = await store.by_customer.page(customer, PageArgs(4))
        batched = together[customer]
        assert (batched.nodes, batched.cursors) == (alone.nodes, alone.cursors)
        assert (batched.has_next, batched.has_previous) == (alone.has_next, alone.has_previous)
        assert await batched.count() == await alone.count()


async def test_a_page_of_one_and_of_many_customers_walks_the_index(
    store: OrderStore, new_draft: NewDraft, now: datetime
) -> None:
    await fill(store, new_draft, now, orders=400)
    await store.db.command("profile", 2)
    await store.by_customer.page("cus_1", PageArgs(5))
    await store.by_customer.first_pages(["cus_1", "cus_2"], 5)
    await store.db.command("profile", 0)
    profiled = await store.db["system.profile"].find({"op": {"$in": ["query", "command"]}}).to_list()
    examined = [entry["docsExamined"] for entry in profiled if "docsExamined" in entry]
    assert examined
    assert max(examined) <= 12
