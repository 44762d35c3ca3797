"""Creating, editing, importing and finding locations."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import InvalidInput, NotFound, Refused, VersionConflict
from kit.pages import PageArgs
from kit.times import utc_now
from services.inventory.actions import LocationEdit, import_locations, upsert_location
from services.inventory.location.model import GeoPoint, LocationExternalIdTaken, LocationKind, point_problem
from services.inventory.store import InventoryStore
from tests.services.inventory.world import GINZA, OSAKA, SHIBUYA, Shop, place

EARTH_KM = 6_378.1
"""The radius MongoDB takes for the Earth."""


def haversine_km(a: GeoPoint, b: GeoPoint) -> float:
    """The textbook's distance, to compare MongoDB's with."""
    latitudes = math.radians(b.latitude - a.latitude) / 2
    longitudes = math.radians(b.longitude - a.longitude) / 2
    across = math.cos(math.radians(a.latitude)) * math.cos(math.radians(b.latitude)) * math.sin(longitudes) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(math.sin(latitudes) ** 2 + across))


async def test_a_location_is_created_and_edited_by_version(store: InventoryStore) -> None:
    made = await upsert_location(store, place("Ginza", GINZA), None, now=utc_now())
    renamed = replace(made.draft, name="Ginza Six")
    edited = await upsert_location(store, renamed, LocationEdit(made.id, made.version), now=utc_now())
    assert (edited.draft.name, edited.version) == ("Ginza Six", 2)
    with pytest.raises(Refused) as late:
        await upsert_location(store, renamed, LocationEdit(made.id, made.version), now=utc_now())
    assert late.value.refusals == (VersionConflict(expected_version=1, actual_version=2),)


async def test_editing_what_does_not_exist_is_refused(store: InventoryStore) -> None:
    with pytest.raises(Refused) as refused:
        await upsert_location(store, place("Ginza", GINZA), LocationEdit("loc_none", 1), now=utc_now())
    assert refused.value.refusals == (NotFound(path=("input", "id"), kind="Location", id="loc_none"),)


async def test_an_external_id_belongs_to_one_location(store: InventoryStore) -> None:
    await upsert_location(store, place("Ginza", GINZA), None, now=utc_now())
    with pytest.raises(Refused) as refused:
        await upsert_location(store, place("Ginza", SHIBUYA), None, now=utc_now())
    assert refused.value.refusals == (LocationExternalIdTaken(value="Ginza"),)


async def test_locations_without_external_ids_do_not_collide(store: InventoryStore) -> None:
    nameless = replace(place("Ginza", GINZA), external_ids=())
    first = await upsert_location(store, nameless, None, now=utc_now())
    second = await upsert_location(store, nameless, None, now=utc_now())
    assert first.id != second.id


async def test_an_import_again_changes_nothing(store: InventoryStore) -> None:
    drafts = [place(f"Shop {n}", GINZA) for n in range(30)]
    first = await import_locations(store, drafts)
    assert await import_locations(store, drafts) == first
    page = await store.locations.list_page(None, PageArgs())
    assert await page.count() == 30


async def test_an_import_refuses_what_it_could_not_know_again(store: InventoryStore) -> None:
    with pytest.raises(Refused) as refused:
        await import_locations(store, [replace(place("Ginza", GINZA), external_ids=())])
    assert isinstance(refused.value.refusals[0], InvalidInput)


async def test_locations_are_listed_in_pages_and_by_kind(shop: Shop) -> None:
    first = await shop.store.locations.list_page(None, PageArgs(first=2))
    rest = await shop.store.locations.list_page(None, PageArgs.parse(2, first.cursors[-1]))
    assert [row.draft.name for row in (*first.nodes, *rest.nodes)] == ["Ginza", "Shibuya", "Osaka"]
    assert (first.has_next, rest.has_next) == (True, False)
    warehouses = await shop.store.locations.list_page(LocationKind.WAREHOUSE, PageArgs())
    assert [row.id for row in warehouses.nodes] == [shop.osaka]


async def test_the_nearest_come_first_and_the_far_are_left_out(shop: Shop) -> None:
    near = await shop.store.locations.near(SHIBUYA, radius_km=20, limit=10)
    assert [row.location.id for row in near] == [shop.shibuya, shop.ginza]
    assert near[0].distance_km == 0
    assert near[1].distance_km == pytest.approx(haversine_km(SHIBUYA, GINZA), rel=0.001)
    everywhere = await shop.store.locations.near(SHIBUYA, radius_km=1_000, limit=10)
    assert everywhere[-1].distance_km == pytest.approx(haversine_km(SHIBUYA, OSAKA), rel=0.001)


@given(st.floats(), st.floats())
def test_a_point_is_on_earth_exactly_within_the_degrees(latitude: float, longitude: float) -> None:
    on_earth = -90 <= latitude <= 90 and -180 <= longitude <= 180
    assert (point_problem(GeoPoint(latitude, longitude)) is None) == on_earth
