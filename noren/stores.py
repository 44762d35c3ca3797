"""All stores of one installation, opened together for commands that work on more than one service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kit.events import open_event_log
from kit.settings import KitSettings
from noren.delivery import Stores
from services.catalog import app as catalog
from services.catalog.settings import Settings as CatalogSettings
from services.customer import app as customer
from services.customer.settings import Settings as CustomerSettings
from services.inventory import app as inventory
from services.inventory.settings import Settings as InventorySettings
from services.loyalty import app as loyalty
from services.loyalty.settings import Settings as LoyaltySettings
from services.order import app as order
from services.order.settings import Settings as OrderSettings


@asynccontextmanager
async def open_stores(mongodb_url: str) -> AsyncIterator[Stores]:
    """Every store with its indexes made, by the settings of the environment and this MongoDB."""
    prefix = KitSettings().database_prefix
    async with (
        catalog.open_store(CatalogSettings(mongodb_url=mongodb_url)) as catalog_store,
        inventory.open_store(InventorySettings(mongodb_url=mongodb_url)) as inventory_store,
        loyalty.open_store(LoyaltySettings(mongodb_url=mongodb_url)) as loyalty_store,
        customer.open_store(CustomerSettings(mongodb_url=mongodb_url)) as customer_store,
        order.open_store(OrderSettings(mongodb_url=mongodb_url)) as order_store,
        open_event_log(mongodb_url, prefix) as event_log,
    ):
        yield Stores(catalog_store, inventory_store, loyalty_store, customer_store, order_store, event_log)
