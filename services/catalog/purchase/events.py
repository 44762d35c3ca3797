"""What catalog hears of sales: `noren.order.recorded.v1`, of whose data it reads order, customer and lines."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from kit.events import Event
from services.catalog.product.store import ProductStore
from services.catalog.purchase.store import Purchase, PurchaseStore
from services.catalog.review.store import ReviewStore
from services.catalog.search.model import popularity_step

ORDER_RECORDED: Final = "noren.order.recorded.v1"
CHUNK: Final = 100
"""Purchases added to the standings before they are noted: half of what a standing remembers (its `RECENT`)."""
PARTS: Final = frozenset({"variants.sku"})


class EventNotUnderstood(ValueError):
    """An event whose data is not what its type promises; the consumer parks it."""


async def hear_orders(
    store: PurchaseStore, products: ProductStore, reviews: ReviewStore, events: Sequence[Event]
) -> None:
    """Note who bought what, add to what is sold, verify reviews. The same events again change nothing."""
    bought = {one.id: one for event in events for one in _purchases(event)}
    fresh = await store.new_ones(list(bought.values()))
    if not fresh:
        return
    found = await products.by_sku(sorted({one.sku for one in fresh}), PARTS)
    product_of = {sku: product.id for sku, product in found.items()}
    for start in range(0, len(fresh), CHUNK):
        chunk = fresh[start : start + CHUNK]
        await store.standing.sell(_pieces(chunk, product_of))
        await store.keep(chunk)
    ids = sorted({product_of[one.sku] for one in fresh if one.sku in product_of})
    known = await store.standing.by_product(ids)
    await store.standing.put_steps({id: popularity_step(one.sold) for id, one in known.items()})
    await _verify(reviews, fresh, product_of)


def _pieces(purchases: Sequence[Purchase], product_of: Mapping[str, str]) -> dict[str, dict[str, int]]:
    pieces: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for one in purchases:
        if one.sku in product_of:
            pieces[product_of[one.sku]][one.id] = one.quantity
    return pieces


async def _verify(reviews: ReviewStore, purchases: Sequence[Purchase], product_of: Mapping[str, str]) -> None:
    buyers: defaultdict[str, set[str]] = defaultdict(set)
    for one in purchases:
        if one.customer_id is not None and one.sku in product_of:
            buyers[product_of[one.sku]].add(one.customer_id)
    for product_id, customers in buyers.items():
        await reviews.verify(product_id, sorted(customers))


def _purchases(event: Event) -> list[Purchase]:
    """One a SKU of the order, lines of the same SKU together."""
    try:
        order_id, customer_id = event.data["orderId"], event.data["customerId"]
        pieces: defaultdict[str, int] = defaultdict(int)
        for line in event.data["lines"]:
            pieces[line["sku"]] += line["quantity"]
    except (KeyError, TypeError) as error:
        raise EventNotUnderstood(f"{event.type} {event.id}: {error!r}") from error
    return [Purchase(order_id, sku, quantity, customer_id) for sku, quantity in pieces.items()]
