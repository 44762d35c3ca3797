"""Recording orders, one by one and by the thousand; returns have actions of their own."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from kit.errors import Refusal, Refused, Unavailable
from kit.idempotency import check_key
from services.order.audit import audit
from services.order.bulk import ImportResult, Written, insert_all
from services.order.events import order_recorded
from services.order.identity.model import meet
from services.order.model import Order, OrderDraft, compose
from services.order.store import OrderStore

__all__ = ["audit", "import_orders", "record_order"]

ATTEMPTS: Final = 3
"""How often a document is tried whose identity was taken and then free again."""


async def record_order(store: OrderStore, draft: OrderDraft, key: str, *, now: datetime) -> Order:
    """Record a sale once: told again with the same content it is the first order, with other content it is refused."""
    order = compose(draft, now=now, key=check_key(key))
    for _ in range(ATTEMPTS):
        if await store.add(order, [order_recorded(order)]):
            store.on_change()
            return order
        claims = await store.claims([order.identity])
        if claims:
            met = meet(order.identity, claims)
            if isinstance(met, Refusal):
                raise Refused(met)
            return (await store.by_ids([met]))[met]
    raise Unavailable("the order's ids are being taken and freed; try again")


async def import_orders(store: OrderStore, drafts: Iterable[OrderDraft], *, now: datetime) -> ImportResult:
    """Record every draft whose external ids are new; again changes nothing. Drafts are read as they are needed."""

    def make(draft: OrderDraft) -> Written[Order] | Refused:
        try:
            order = compose(draft, now=now)
        except Refused as refused:
            return refused
        return order, [order_recorded(order)]

    async def add_many(made: Sequence[Written[Order]]) -> list[int]:
        taken = await store.add_many(made)
        store.on_change()
        return taken

    result = ImportResult()
    await insert_all(drafts, make, add_many, store.claims, result)
    return result
