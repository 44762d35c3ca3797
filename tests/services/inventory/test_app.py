"""The service as it runs: it starts alone, drains its outboxes and sweeps."""

import asyncio
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from kit.mongo import connect, database
from kit.times import utc_now
from services.inventory.actions import audit, reserve
from services.inventory.app import open_service
from services.inventory.settings import Settings
from services.inventory.store import InventoryStore
from tests.services.inventory.world import MUG, WEB, Shop

LOOK_EVERY_S = 0.05
LOOKS = 200
"""Ten seconds; drainer and sweeper look every second."""


async def test_a_running_service_expires_holds_and_empties_its_outboxes(
    mongo_url: str, fresh_databases: str, tmp_path: Path
) -> None:
    settings = Settings(
        mongodb_url=mongo_url,
        database_prefix=fresh_databases,
        data_dir=tmp_path,
        context_secret=SecretStr("a secret of at least thirty-two bytes"),
    )
    async with open_service(settings) as service, connect(mongo_url) as client:
        assert await service.is_ready()
        store = InventoryStore(database(client, f"{fresh_databases}_inventory"))
        shop = await Shop.open(store)
        await shop.stock({MUG: 3})
        long_ago = utc_now() - timedelta(hours=1)
        held = await reserve(store, shop.want("k", {MUG: 2}), actor=WEB, now=long_ago)
        for _ in range(LOOKS):
            if await store.journal.count_documents({"data.reservationId": held.id}) == 4:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        quantities = await shop.quantities(MUG)
        assert (quantities.available, quantities.reserved) == (3, 0)
        assert await audit(store) == []
