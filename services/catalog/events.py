"""What catalog tells: products, list prices and promotions that changed, each with the whole of it; categories,
collections, customizations, designs, reviews, answers and redeemed quotes. The names are beside what writes them.

It hears what prices depend on: its own changes for the price history, and of customers their orders, rank and segments.
And what listings show: stock, and who bought what; rewards, whose coupons it makes; and who was erased. These are
consumers of their own: none waits for the past of another.
"""

from collections.abc import Sequence

from kit.events import Consumer, Drainer, Event, EventLog, nudge_all
from services.catalog.availability.events import STOCK_CHANGED, hear_stock
from services.catalog.erasure.events import CUSTOMER_ERASED, hear_erasures
from services.catalog.erasure.store import ErasureStore
from services.catalog.pricing import events as pricing
from services.catalog.promotion.store import PROMOTION_CHANGED
from services.catalog.purchase.events import ORDER_RECORDED, hear_orders
from services.catalog.reward.events import HEARD as REWARDS_HEARD
from services.catalog.reward.events import hear_rewards
from services.catalog.shopper import events as shopper
from services.catalog.store import CatalogStore

HEARD = (*pricing.HEARD, PROMOTION_CHANGED, *shopper.HEARD)


def drainers(store: CatalogStore, event_log: EventLog) -> list[Drainer]:
    """A drainer for every collection that has something to tell, the products' first."""
    kept = [Drainer(outbox, store.journal, event_log, "catalog") for outbox in store.outboxes]
    store.on_change = nudge_all(kept)
    return kept


def consumers(store: CatalogStore, event_log: EventLog) -> list[Consumer]:
    """What prices depend on, what listings show, and whose coupons are to be made."""

    async def handle(events: Sequence[Event]) -> None:
        await handle_events(store, events)

    async def handle_stock(events: Sequence[Event]) -> None:
        await hear_stock(store.availability, events)

    async def handle_orders(events: Sequence[Event]) -> None:
        await hear_orders(store.purchase, store.product, store.review, events)

    async def handle_rewards(events: Sequence[Event]) -> None:
        await hear_rewards(store, events)

    async def handle_erasures(events: Sequence[Event]) -> None:
        await hear_erasures(ErasureStore(store.db), events)

    return [
        Consumer("catalog", store.db, event_log, HEARD, handle),
        Consumer("availability", store.db, event_log, [STOCK_CHANGED], handle_stock),
        Consumer("rewards", store.db, event_log, REWARDS_HEARD, handle_rewards),
        Consumer("catalog-erasures", store.db, event_log, [CUSTOMER_ERASED], handle_erasures),
        Consumer("purchases", store.db, event_log, [ORDER_RECORDED], handle_orders),
    ]


async def handle_events(store: CatalogStore, events: Sequence[Event]) -> None:
    """Each noun takes what it hears; all of them are idempotent."""
    await pricing.hear_prices(store.pricing, [event for event in events if event.type in pricing.HEARD])
    await store.promotion.add_versions([event for event in events if event.type == PROMOTION_CHANGED])
    await shopper.hear_shoppers(store.shopper, [event for event in events if event.type in shopper.HEARD])
