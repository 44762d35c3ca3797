"""A desk in the small shop, whose locations send pieces on."""

import pytest

from services.inventory.store import InventoryStore
from tests.services.inventory.fulfillment.world import Desk
from tests.services.inventory.world import Shop


@pytest.fixture
async def shop(store: InventoryStore) -> Shop:
    shop = await Shop.open(store)
    await shop.ships()
    return shop


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return Desk(shop)
