"""Finding locations around a point: by service, by stock, by opening hours, page by page."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kit.errors import BadUserInput
from kit.pages import PageArgs
from kit.times import utc_now
from services.inventory.actions import LocationEdit, import_locations, upsert_location
from services.inventory.hours.model import Interval, OpeningHours
from services.inventory.location import near
from services.inventory.location.model import GeoPoint
from services.inventory.location.near import NearSearch, page_near
from services.inventory.location.operation import LocationService, Operation
from services.inventory.store import InventoryStore
from tests.services.inventory.world import GINZA, MUG, Shop, place

NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PICKUP = frozenset({LocationService.PICKUP})
MORNINGS = OpeningHours(week=((Interval(8 * 60, 13 * 60),),) * 7)
EVENINGS = OpeningHours(week=((Interval(17 * 60, 23 * 60),),) * 7)


def search(**narrowed: object) -> NearSearch:
    return NearSearch(GINZA, 50.0, NOON, **narrowed)  # type: ignore[arg-type]


async def names(store: InventoryStore, wanted: NearSearch, first: int = 50) -> list[str]:
    page = await page_near(store, wanted, PageArgs(first))
    return [row.location.draft.name for row in page.nodes]


@pytest.fixture
async def street(store: InventoryStore) -> InventoryStore:
    """Nine shops in a row, three of them at one spot; every second one does pickup, every third opens at night only."""
    drafts = []
    for number in range(9):
        spot = 4 if number in (5, 6) else number
        hours = EVENINGS if number % 3 == 2 else MORNINGS
        services = PICKUP if number % 2 == 0 else frozenset()
        shop = place(f"shop {number}", GeoPoint(GINZA.latitude, GINZA.longitude + spot / 1_000))
        drafts.append(replace(shop, operation=Operation(hours=hours, services=services)))
    await import_locations(store, drafts)
    return store


async def test_pages_are_complete_and_in_order_even_at_one_spot(
    street: InventoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "BATCH", 2)
    seen: list[str] = []
    args = PageArgs(2)
    while True:
        page = await page_near(street, search(), args)
        seen += [row.location.draft.name for row in page.nodes]
        assert await page.count() == 9
        if not page.has_next:
            break
        args = PageArgs.parse(2, page.cursors[-1])
    assert len(seen) == 9
    assert seen == await names(street, search())
    assert seen[:4] == ["shop 0", "shop 1", "shop 2", "shop 3"]


async def test_only_those_that_offer_every_service(street: InventoryStore) -> None:
    found = await names(street, search(services=PICKUP))
    assert sorted(found) == ["shop 0", "shop 2", "shop 4", "shop 6", "shop 8"]
    assert await names(street, search(services=PICKUP | {LocationService.RETURNS})) == []


async def test_only_those_that_are_open_then(street: InventoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "BATCH", 2)
    assert sorted(await names(street, search(open_at=NOON))) == [f"shop {n}" for n in (0, 1, 3, 4, 6, 7)]
    evening = NOON + timedelta(hours=6)
    assert sorted(await names(street, search(open_at=evening))) == ["shop 2", "shop 5", "shop 8"]
    page = await page_near(street, search(open_at=evening), PageArgs(2))
    assert page.has_next
    assert await page.count() == 3


async def test_only_those_that_have_it(shop: Shop) -> None:
    await shop.stock({MUG: 1}, shop.shibuya)
    await shop.stock({MUG: 0}, shop.ginza)
    stocked = await shop.store.stock.locations_having(MUG)
    assert await names(shop.store, search(stocked=stocked)) == ["Shibuya"]
    assert await names(shop.store, search(stocked=frozenset())) == []


async def test_only_those_in_business(store: InventoryStore) -> None:
    opens, closes = NOON - timedelta(days=1), NOON + timedelta(days=1)
    for name, operation in (
        ("pop-up", Operation(active_from=opens, active_until=closes)),
        ("soon", Operation(active_from=closes)),
        ("gone", Operation(active_until=NOON)),
    ):
        await upsert_location(store, replace(place(name, GINZA), operation=operation), None, now=NOON)
    assert await names(store, search()) == ["pop-up"]
    assert await names(store, search(open_at=closes)) == ["soon"]


async def test_an_edited_location_is_found_as_it_is_now(shop: Shop) -> None:
    assert "Ginza" in await names(shop.store, search())
    draft = replace(place("Ginza", GINZA), name="Ginza Six")
    other = InventoryStore(shop.store.db)
    await upsert_location(other, draft, LocationEdit(shop.ginza, 1), now=utc_now())
    assert "Ginza Six" in await names(shop.store, search())


async def test_a_cursor_of_another_list_is_refused(shop: Shop) -> None:
    for cursor in (("x",), (1.0,), (-1.0, "loc"), (99.0, "loc")):
        with pytest.raises(BadUserInput):
            await page_near(shop.store, search(), PageArgs(5, cursor))
