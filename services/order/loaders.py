"""Batches of one request: every loader asks the store once for all keys of a moment."""

from aiodataloader import DataLoader

from kit.loaders import by_key
from services.order.customer.loaders import page_loader
from services.order.model import Order
from services.order.returns.model import Return
from services.order.store import OrderStore


class Loaders:
    """The order service's loaders; they live one request long."""

    def __init__(self, store: OrderStore) -> None:
        self.order_by_id: DataLoader[str, Order | None] = by_key(store.by_ids)
        self.return_by_id: DataLoader[str, Return | None] = by_key(store.returns.by_ids)
        self.orders_of_customer = page_loader(store.by_customer)
        self.returns_of_customer = page_loader(store.returns.by_customer)
        self.returns_by_order: DataLoader[str, list[Return] | None] = by_key(store.returns.by_orders)
