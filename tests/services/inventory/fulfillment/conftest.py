"""A desk in the small shop."""

import pytest

from tests.services.inventory.fulfillment.world import Desk
from tests.services.inventory.world import Shop


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return Desk(shop)
