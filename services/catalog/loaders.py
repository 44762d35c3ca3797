"""Batches of one request: every loader asks the store once for all keys of a moment, and for what will be read."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from aiodataloader import DataLoader

from kit.loaders import by_key
from services.catalog.category.model import Category
from services.catalog.model import Channel
from services.catalog.product.model import Product
from services.catalog.product.store import Parts
from services.catalog.quote.actions import load_items
from services.catalog.quote.model import Item
from services.catalog.store import CatalogStore

ProductLoader = DataLoader[str, Product | None]
Fetch = Callable[[Sequence[str], Parts | None], Awaitable[Mapping[str, Product]]]


class Projected:
    """A loader of products for every set of parts somebody asks of them."""

    def __init__(self, fetch: Fetch) -> None:
        self.fetch = fetch
        self.by_parts: dict[Parts, ProductLoader] = {}

    def of(self, parts: Parts) -> ProductLoader:
        """The loader that fetches these parts."""
        if parts not in self.by_parts:
            self.by_parts[parts] = by_key(partial(self._fetch, parts))
        return self.by_parts[parts]

    async def _fetch(self, parts: Parts, keys: Sequence[str]) -> Mapping[str, Product]:
        return await self.fetch(keys, parts)


class Loaders:
    """Catalog's loaders; they live one request long."""

    def __init__(self, store: CatalogStore) -> None:
        self.product_by_id = Projected(store.product.by_id)
        self.product_by_slug = Projected(store.product.by_slug)
        self.product_by_sku = Projected(store.product.by_sku)
        self.product_by_barcode = Projected(store.product.by_barcode)
        self.category_by_id: DataLoader[str, Category | None] = by_key(store.category.by_id)
        self.category_by_slug: DataLoader[str, Category | None] = by_key(store.category.by_slug)
        self.channel: DataLoader[str, Channel | None] = by_key(store.channel.by_id)
        self.item: DataLoader[str, Item | None] = by_key(partial(load_items, store))
