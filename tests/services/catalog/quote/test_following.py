"""Prices kept in memory, and what becomes of them when somebody changes them."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from kit.tasks import background
from services.catalog.model import PriceEntry
from services.catalog.offer.model import Offer, Publication, Viewer
from services.catalog.product.actions import PriceEdit, set_price, upsert_product
from services.catalog.quote.actions import load_items
from services.catalog.quote.memory import Known
from services.catalog.store import CatalogStore
from tests.services.catalog.shop import NOW, draft

PATIENCE_S = 30
"""Far more than the second that is promised: the machine of the tests may be busy."""


def kept(store: CatalogStore) -> Known | None:
    return store.quote._memory.find(["MUG"], monotonic()).get("MUG")


async def price(store: CatalogStore) -> int:
    return (await load_items(store, ["MUG"]))["MUG"].prices[0].amount_minor


async def until(holds: Callable[[CatalogStore], bool], store: CatalogStore) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds(store):
            await price(store)
            await asyncio.sleep(0.02)


async def test_a_kept_price_is_new_at_once_for_who_wrote_it_and_soon_for_all_others(store: CatalogStore) -> None:
    published = Offer(publications=(Publication("web", starts_at=NOW),))
    mug = await upsert_product(store, draft(offer=published), None, now=NOW)
    other = CatalogStore(store.db, b"c" * 32)
    async with background(here=store.quote.follow(), there=other.quote.follow()):
        await until(lambda one: kept(one) is not None, store)
        await until(lambda one: kept(one) is not None, other)

        await set_price(store, PriceEdit("MUG", PriceEntry("EUR", 900), mug.version), now=NOW)
        assert await price(store) == 900
        await until(lambda one: (there := kept(one)) is not None and there.item.prices[0].amount_minor == 900, other)

        for seconds, offered in ((-1, set()), (0, {"MUG"})):
            viewer = Viewer("web", None, None, NOW + timedelta(seconds=seconds))
            assert set(await load_items(store, ["MUG"], viewer)) == offered, "kept, and decided at every instant"
    assert (kept(store), kept(other)) == (None, None)
