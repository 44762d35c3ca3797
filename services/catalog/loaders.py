"""Batches of one request: every loader asks the store once for all keys of a moment."""

from aiodataloader import DataLoader

from kit.loaders import by_key
from services.catalog.model import Category, Channel, Product
from services.catalog.store import CatalogStore


class Loaders:
    """Catalog's loaders; they live one request long."""

    def __init__(self, store: CatalogStore) -> None:
        self.product_by_id: DataLoader[str, Product | None] = by_key(store.products_by_id)
        self.product_by_slug: DataLoader[str, Product | None] = by_key(store.products_by_slug)
        self.product_by_sku: DataLoader[str, Product | None] = by_key(store.products_by_sku)
        self.product_by_barcode: DataLoader[str, Product | None] = by_key(store.products_by_barcode)
        self.category_by_id: DataLoader[str, Category | None] = by_key(store.categories_by_id)
        self.category_by_slug: DataLoader[str, Category | None] = by_key(store.categories_by_slug)
        self.channel: DataLoader[str, Channel | None] = by_key(store.channels_by_id)
