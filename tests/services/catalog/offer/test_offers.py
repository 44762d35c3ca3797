"""Who is offered what: the model decides, MongoDB's filter agrees, and no way of asking leads around it."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.pages import PageArgs
from services.catalog.model import Channel, ChannelKind
from services.catalog.offer.model import (
    EVERYWHERE,
    Assortment,
    Offer,
    ProductStatus,
    Publication,
    Viewer,
    check_offer,
    is_offered,
)
from services.catalog.product.actions import import_products, upsert_product
from services.catalog.product.store import BY_NAME, ProductFilter
from services.catalog.related.model import Related, RelationKind
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import GTINS, NOW, draft, variant

HOUR = timedelta(hours=1)
TIMES = st.none() | st.integers(-2, 2).map(lambda hours: NOW + hours * HOUR)
OFFERS = st.builds(
    Offer,
    status=st.sampled_from(ProductStatus),
    publications=st.none()
    | st.lists(st.builds(Publication, st.sampled_from(["web", "tokyo"]), TIMES, TIMES), max_size=3).map(tuple),
    assortment=st.sampled_from(Assortment),
    locations=st.none() | st.lists(st.sampled_from(["loc_1", "loc_2"]), unique=True).map(tuple),
)
VIEWERS = st.builds(
    Viewer,
    channel=st.sampled_from(["web", "tokyo"]),
    kind=st.none() | st.sampled_from(ChannelKind),
    location=st.none() | st.sampled_from(["loc_1", "loc_2"]),
    at=st.integers(-2, 2).map(lambda hours: NOW + hours * HOUR),
    sees_all=st.sampled_from([False, False, False, True]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offers=st.lists(OFFERS, min_size=8, max_size=8), viewers=st.lists(VIEWERS, min_size=4, max_size=4))
async def test_the_filter_of_mongodb_is_the_models(
    store: CatalogStore, offers: list[Offer], viewers: list[Viewer]
) -> None:
    await store.product.products.delete_many({})
    drafts = [draft(f"p{number}", offer=offer) for number, offer in enumerate(offers)]
    assert await import_products(store, [one for one in drafts if not check_offer(one.offer, ())], now=NOW) >= 0

    for viewer in viewers:
        everything = await store.product.page(ProductFilter(), BY_NAME, PageArgs(), None)
        seen = await store.product.page(ProductFilter(), BY_NAME, PageArgs(), None, viewer)
        wanted = [one.draft.slug for one in everything.nodes if is_offered(one.draft.offer, viewer)]
        assert [one.draft.slug for one in seen.nodes] == wanted


@pytest.mark.parametrize(
    ("offer", "where"),
    [
        (Offer(publications=(Publication("web", NOW, NOW),)), ["publications", "0", "until"]),
        (Offer(publications=(Publication("No"),)), ["publications", "0", "channel"]),
        (Offer(publications=(Publication("web"),) * 101), ["publications"]),
        (Offer(locations=("loc_1", "loc_1")), ["locationIds"]),
        (Offer(locations=("",)), ["locationIds", "0"]),
        (Offer(assortment=Assortment.ONLINE_ONLY, locations=("loc_1",)), ["locationIds"]),
    ],
)
def test_an_offer_that_makes_no_sense_is_refused(offer: Offer, where: list[str]) -> None:
    assert [list(one.path) for one in check_offer(offer, ())] == [where]
    assert check_offer(EVERYWHERE, ()) == []


EVERY_WAY = """query($id: ID!, $vid: ID!, $code: String!, $r: [_Any!]!) {
  a: product(slug: "mug") { id } b: product(id: $id) { id }
  c: variant(sku: "MUG") { id } d: variant(barcode: $code) { id } e: variant(id: $vid) { id }
  products { nodes { slug } }
  _entities(representations: $r) { __typename }
  set: variant(sku: "SET") { components { sku quantity variant { sku } } product { related { kind product { slug } } } }
}"""


async def test_what_is_not_offered_is_found_in_no_way(store: CatalogStore, ask: Ask) -> None:
    hidden = Offer(publications=(Publication("web", NOW + HOUR),))
    mug = draft("mug", variants=(variant("MUG", barcodes=(GTINS[3],)),))
    made = await upsert_product(store, draft("mug", variants=mug.variants, offer=hidden), None, now=NOW)
    await upsert_product(
        store, draft("set", variants=(variant("SET"),), related=(Related(RelationKind.UPSELL, made.id),)), None, now=NOW
    )
    id = made.draft.variants[0].id
    keys = [("Product", "id", made.id), ("Product", "slug", "mug"), ("Variant", "sku", "MUG"), ("Variant", "id", id)]
    representations = [{"__typename": type, key: value} for type, key, value in keys]
    variables = {"id": made.id, "vid": id, "code": GTINS[3], "r": representations}

    shopper: Any = (await ask(EVERY_WAY, variables))["data"]
    staff: Any = (await ask(EVERY_WAY, variables, scopes="catalog:read"))["data"]

    assert [shopper[name] for name in "abcde"] == [None] * 5
    assert shopper["_entities"] == [None] * 4
    assert shopper["products"]["nodes"] == [{"slug": "set"}]
    assert shopper["set"]["product"]["related"] == [{"kind": "UPSELL", "product": None}]
    assert all(staff[name] for name in "abcde")
    assert [one["__typename"] for one in staff["_entities"]] == ["Product", "Product", "Variant", "Variant"]
    assert staff["set"]["product"]["related"] == [{"kind": "UPSELL", "product": {"slug": "mug"}}]


async def test_a_store_shows_its_own_assortment(store: CatalogStore, ask: Ask) -> None:
    await store.channel.put(Channel("pos", "Till", "EUR", 1_900, ChannelKind.STORE))
    for slug, offer in {
        "online": Offer(assortment=Assortment.ONLINE_ONLY),
        "store": Offer(assortment=Assortment.STORE_ONLY),
        "ginza": Offer(assortment=Assortment.STORE_ONLY, locations=("loc_ginza",)),
        "both": EVERYWHERE,
    }.items():
        await upsert_product(store, draft(slug, offer=offer), None, now=NOW)

    async def seen(channel: str, location: str | None = None) -> list[str]:
        answer: Any = await ask("{ products { nodes { slug } } }", channel=channel, location=location)
        return [node["slug"] for node in answer["data"]["products"]["nodes"]]

    assert await seen("web") == ["both", "online"]
    assert await seen("pos") == ["both", "store"]
    assert await seen("pos", "loc_ginza") == ["both", "ginza", "store"]
    assert await seen("pos", "loc_other") == ["both", "store"]
    assert await seen("nobody-made-it") == ["both"]
