"""What is not offered is not found, and what changes by its date changes in the index by itself."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kit.times import utc_now
from services.catalog.attribute.actions import upsert_attribute
from services.catalog.attribute.model import Attribute, AttributeDefinition, AttributeOption, AttributeType, Visibility
from services.catalog.model import Channel, ChannelKind
from services.catalog.offer.model import Assortment, Offer, ProductStatus, Publication
from services.catalog.pricing.actions import set_list_prices
from services.catalog.pricing.model import ListPrice, ListPriceDraft, Scope
from services.catalog.product.actions import import_products
from services.catalog.search.engine import SearchEngine
from services.catalog.search.model import FacetAsked, FacetKind, Narrow, Order
from services.catalog.search.reader import Ask
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Index
from tests.services.catalog.search.conftest import Find
from tests.services.catalog.search.test_upkeep import finds, kept, until
from tests.services.catalog.shop import NOW, draft

__all__ = ["kept"]  # a fixture


async def test_only_what_is_offered_where_somebody_looks_is_found_counted_or_suggested(
    store: CatalogStore, engine: SearchEngine, find: Find, index: Index
) -> None:
    await store.channel.put(Channel("shops", "Shops", "EUR", 1_900, kind=ChannelKind.STORE))
    offers = {
        "all": Offer(),
        "draft": Offer(status=ProductStatus.DRAFT),
        "online": Offer(assortment=Assortment.ONLINE_ONLY),
        "ginza": Offer(locations=("loc_ginza",)),
        "tokyo": Offer(publications=(Publication("tokyo"),)),
    }
    names = {slug: draft(slug, offer=offer, brand=slug, names={"en": f"Mug {slug}"}) for slug, offer in offers.items()}
    await import_products(store, list(names.values()), now=NOW)
    await index()

    assert sorted(await find("mug")) == ["all", "ginza", "online"]
    assert sorted(await find("mug", sees_all=True)) == sorted(offers)
    shops, ginza = Narrow("shops"), Narrow("shops", location="loc_ginza")
    assert engine.reader.count(Ask(shops)) == 1
    assert engine.reader.count(Ask(ginza)) == 2
    assert engine.reader.suggestions(ginza, "mug", 10) == ["Mug all", "Mug ginza"]
    (brands,) = engine.reader.facets(Ask(ginza), [FacetAsked(FacetKind.BRAND)])
    assert {value.value for value in brands.values} == {"all", "ginza"}
    assert engine.reader.correction(shops, "drafd") is None


@pytest.mark.usefixtures("kept")
async def test_a_publication_and_a_price_by_date_are_followed_when_their_time_comes(
    store: CatalogStore, find: Find
) -> None:
    now = utc_now()
    soon, over = now + timedelta(seconds=3), now + timedelta(seconds=5)
    window = (Publication("web", soon, over),)
    await import_products(store, [draft("mug"), draft("cup", offer=Offer(publications=window))], now=now)
    cheap = ListPriceDraft("MUG", ListPrice("lp_1", Scope("EUR"), 100, valid_from=soon))
    await set_list_prices(store, [cheap], now=now)
    await until(lambda: finds(find, "", ["mug"], price_from=1_000))

    await until(lambda: finds(find, "", ["mug", "cup"]))
    await until(lambda: finds(find, "", ["mug"], price_to=100))
    await until(lambda: finds(find, "", ["mug"]))
    assert await find(order=Order.PRICE_LOW) == ["mug"]


async def test_attributes_are_found_narrowed_and_counted_if_everybody_may_see_them(
    store: CatalogStore, engine: SearchEngine, find: Find, index: Index
) -> None:
    cotton = AttributeOption("cotton", {"en": "Cotton", "ja": "綿"})
    wool = AttributeOption("wool", {"en": "Wool", "ja": "毛"})
    made_of = AttributeDefinition(
        code="material", names={"en": "Material"}, type=AttributeType.MULTI_ENUM, options=(cotton, wool), is_facet=True
    )
    secret = AttributeDefinition(
        code="margin", names={"en": "Margin"}, type=AttributeType.TEXT, visibility=Visibility.STAFF
    )
    for definition in (made_of, secret):
        await upsert_attribute(store, definition, None)
    given = {"both": ("cotton", "wool"), "warm": ("wool",), "plain": ()}
    drafts = [
        draft(slug, attributes=tuple(Attribute("material", codes) for _ in codes[:1])) for slug, codes in given.items()
    ]
    drafts[2] = replace(drafts[2], attributes=(Attribute("margin", "enormous"),))
    await import_products(store, drafts, now=NOW)
    await index()

    assert sorted(await find("綿")) == ["both"]
    assert sorted(await find(attributes={"material": ("wool",)})) == ["both", "warm"]
    assert await find("enormous") == []
    ask = Ask(Narrow("web", attributes={"material": ("cotton",)}))
    (material,) = engine.reader.facets(ask, [FacetAsked(FacetKind.ATTRIBUTE, "material")])
    assert {(value.value, value.count, value.selected) for value in material.values} == {
        ("wool", 2, False),
        ("cotton", 1, True),
    }
