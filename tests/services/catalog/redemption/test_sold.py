"""What is quoted and held is sold where it is bought, and so is everything a bundle is made of."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kit.errors import Refused
from kit.times import utc_now
from services.catalog.bundle.model import Component
from services.catalog.model import PriceEntry
from services.catalog.offer.model import EVERYWHERE, Assortment, Offer, Publication
from services.catalog.product.actions import ProductEdit, upsert_product
from services.catalog.quote.actions import quote
from services.catalog.quote.buyer import Buyer
from services.catalog.quote.model import WantedLine
from services.catalog.quote.refusals import NotOffered
from services.catalog.quote.token import Promise, promise_of
from services.catalog.redemption.actions import redeem, reserve
from services.catalog.redemption.model import RedemptionState
from services.catalog.store import CatalogStore
from tests.services.catalog.redemption.till import Till
from tests.services.catalog.shop import WEB, draft, variant

STORES = Offer(assortment=Assortment.STORE_ONLY)


async def furnish(store: CatalogStore, spoon: Offer = EVERYWHERE) -> None:
    """A set of a mug and a spoon."""
    await Till.open(store)
    await upsert_product(store, draft("spoon", offer=spoon), None, now=utc_now())
    parts = (Component("MUG", 1), Component("SPOON", 1))
    pair = variant("SET", prices=(PriceEntry("EUR", 1_500),), components=parts)
    await upsert_product(store, draft("set", variants=(pair,)), None, now=utc_now())


async def offer(store: CatalogStore, slug: str, offer: Offer) -> None:
    there = (await store.product.by_slug([slug]))[slug]
    edit = ProductEdit(there.id, there.version)
    await upsert_product(store, replace(there.draft, offer=offer), edit, now=utc_now())


async def promise(store: CatalogStore, *skus: str, at: datetime | None = None) -> Promise:
    lines = [WantedLine(sku, 1) for sku in skus]
    made = await quote(store, lines, Buyer(WEB, "EUR", at or utc_now()))
    return promise_of(made.quote, "t", location=None, customer=None, at=at or utc_now())


async def test_a_bundle_is_not_quoted_where_one_of_its_components_is_not_sold(store: CatalogStore) -> None:
    opening = utc_now() + timedelta(hours=1)
    await furnish(store, Offer(publications=(Publication("web", starts_at=opening),)))

    with pytest.raises(Refused) as caught:
        await promise(store, "MUG", "SET")
    path = ("input", "lines", "1", "sku")
    assert caught.value.refusals == (NotOffered(path=path, sku="SET", channel="web", component_sku="SPOON"),)

    (line,) = (await promise(store, "SET", at=opening)).lines
    assert line.gross_minor == 1_500, "at the second the component is on sale, so is the bundle"


@pytest.mark.parametrize(("ended", "part"), [("set", None), ("spoon", "SPOON")])
async def test_what_is_no_longer_sold_is_not_held(store: CatalogStore, ended: str, part: str | None) -> None:
    await furnish(store)
    held, late = await promise(store, "SET"), await promise(store, "SET", "MUG")
    await reserve(store, held, "first", now=utc_now())
    await offer(store, ended, STORES)

    for act in (reserve, redeem):
        with pytest.raises(Refused) as caught:
            await act(store, late, f"late {act.__name__}", now=utc_now())
        expected = NotOffered(path=("input", "token"), sku="SET", channel="web", component_sku=part)
        assert caught.value.refusals == (expected,)
    done = await redeem(store, held, "redeem", now=utc_now())
    assert done.state is RedemptionState.REDEEMED, "what was held before stays held"

    await offer(store, ended, EVERYWHERE)
    assert (await reserve(store, late, "again", now=utc_now())).state is RedemptionState.HELD
