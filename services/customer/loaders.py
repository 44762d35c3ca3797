"""Batches of one request: customers by id, one query for all."""

from aiodataloader import DataLoader

from kit.loaders import by_key
from services.customer.model import Customer
from services.customer.store import CustomerStore


class Loaders:
    """Customer's loaders; they live one request long."""

    def __init__(self, store: CustomerStore) -> None:
        self.customer: DataLoader[str, Customer | None] = by_key(store.customers_by_id)
