"""Batches of one request: every loader asks the store once for all keys of a moment, and for what will be read.

A product that is not offered to who asks is not there for them, whichever way they name it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from aiodataloader import DataLoader

from kit.loaders import by_key
from services.catalog.attribute.model import AttributeDefinition
from services.catalog.category.model import Category
from services.catalog.design.model import Customization, Design
from services.catalog.model import Channel
from services.catalog.offer.model import EVERYWHERE, Viewer, is_offered
from services.catalog.product.model import Product
from services.catalog.product.store import Parts
from services.catalog.quote.actions import load_items
from services.catalog.quote.model import Item
from services.catalog.quote.store import VariantFacts
from services.catalog.store import CatalogStore

ProductLoader = DataLoader[str, Product | None]
Fetch = Callable[[Sequence[str], Parts | None], Awaitable[Mapping[str, Product]]]


Look = Callable[[], Awaitable[Viewer]]
"""Who looks; asked only where that makes a difference."""


class Projected:
    """A loader of products for every set of parts somebody asks of them, of those that are offered to the viewer."""

    def __init__(self, fetch: Fetch, viewer: "Look") -> None:
        self.fetch = fetch
        self.viewer = viewer
        self.by_parts: dict[Parts, ProductLoader] = {}

    def of(self, parts: Parts) -> ProductLoader:
        """The loader that fetches these parts."""
        if parts not in self.by_parts:
            self.by_parts[parts] = by_key(partial(self._fetch, parts))
        return self.by_parts[parts]

    async def _fetch(self, parts: Parts, keys: Sequence[str]) -> Mapping[str, Product]:
        found = await self.fetch(keys, parts)
        if all(product.draft.offer == EVERYWHERE for product in found.values()):
            return found
        viewer = await self.viewer()
        return {key: product for key, product in found.items() if is_offered(product.draft.offer, viewer)}


class Loaders:
    """Catalog's loaders; they live one request long. `viewer` is set by the context they belong to."""

    def __init__(self, store: CatalogStore) -> None:
        self.viewer: Look = _nobody
        self.product_by_id = Projected(store.product.by_id, self._viewer)
        self.product_by_slug = Projected(store.product.by_slug, self._viewer)
        self.product_by_sku = Projected(store.product.by_sku, self._viewer)
        self.product_by_variant_id = Projected(store.product.by_variant_id, self._viewer)
        self.product_by_barcode = Projected(store.product.by_barcode, self._viewer)
        self.attribute: DataLoader[str, AttributeDefinition | None] = by_key(store.attribute.by_code)
        self.design: DataLoader[str, Design | None] = by_key(store.design.by_id)
        self.customization: DataLoader[str, Customization | None] = by_key(store.design.current)
        self.category_by_id: DataLoader[str, Category | None] = by_key(partial(self._shown, store.category.by_id))
        self.category_by_slug: DataLoader[str, Category | None] = by_key(partial(self._shown, store.category.by_slug))
        self.channel: DataLoader[str, Channel | None] = by_key(store.channel.by_id)
        self.facts: dict[str, VariantFacts] = {}
        """What this request has read of SKUs already; `item` asks for no more than the others."""
        self.item: DataLoader[str, Item | None] = by_key(partial(load_items, store, facts=self.facts))

    async def _shown(
        self, fetch: Callable[[Sequence[str]], Awaitable[dict[str, Category]]], keys: Sequence[str]
    ) -> dict[str, Category]:
        found = await fetch(keys)
        if not any(category.is_hidden for category in found.values()) or (await self.viewer()).sees_all:
            return found
        return {key: category for key, category in found.items() if not category.is_hidden}

    async def _viewer(self) -> Viewer:
        return await self.viewer()


async def _nobody() -> Viewer:
    raise AssertionError("loaders are used through a context, which says who looks")
