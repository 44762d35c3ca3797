"""A fresh store with a small shop in it; afterwards its books must be right, whatever the test did."""

from collections.abc import AsyncIterator

import pytest

from kit.mongo import Database, ensure_indexes
from services.inventory.actions import audit
from services.inventory.store import INDEXES, InventoryStore
from tests.services.inventory.world import Shop


@pytest.fixture
async def store(db: Database) -> AsyncIterator[InventoryStore]:
    await ensure_indexes(db, INDEXES)
    store = InventoryStore(db)
    yield store
    assert await audit(store) == []


@pytest.fixture
async def shop(store: InventoryStore) -> Shop:
    return await Shop.open(store)
