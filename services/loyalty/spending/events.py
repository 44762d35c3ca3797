"""What spending hears: which product and categories a SKU belongs to, from `noren.catalog.product_changed.v1`."""

from collections.abc import Sequence
from typing import Final

from kit.events import Event
from services.loyalty.spending.model import Goods
from services.loyalty.spending.store import SpendingStore

PRODUCT_CHANGED: Final = "noren.catalog.product_changed.v1"


async def hear_products(store: SpendingStore, events: Sequence[Event]) -> None:
    """Keep the goods. The same events again, or in another order, leave the same; events older than SKUs tell none."""
    heard: dict[str, tuple[int, Goods]] = {}
    for event in events:
        data = event.data
        goods = Goods(str(data["productId"]), frozenset(map(str, data.get("categoryIds", ()))))
        for sku in data.get("skus", ()):
            if sku not in heard or heard[sku][0] <= data["version"]:
                heard[str(sku)] = (int(data["version"]), goods)
    await store.hear_goods(heard)
