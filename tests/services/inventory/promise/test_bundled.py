"""A bundle can be sold as often as it can be put together, wherever it is looked for."""

import pytest

from kit.mongo import Database
from kit.times import utc_now
from services.inventory.bundle.model import Component
from services.inventory.model import LocationId, Sku
from services.inventory.policy.model import DEFAULT, Policy, PolicyDraft, SafetyRule
from services.inventory.promise import assembled
from services.inventory.promise.actions import Where, find_places, know
from services.inventory.promise.assembled import Pieces, first_pieces, sellable
from tests.services.inventory.promise.test_graph import AVAILABILITY, SHOPPER
from tests.services.inventory.test_graph import NEAR_GINZA, Graph, variants
from tests.services.inventory.world import CUP, LAMP, MUG, Shop, watched_store

SET = Sku("TEA-SET")
PARTS = (Component(MUG, 1), Component(CUP, 2))


@pytest.fixture
async def tea(shop: Shop) -> Shop:
    """A set is one mug and two cups; Osaka has no cups."""
    await shop.stock({MUG: 10, CUP: 7})
    await shop.stock({MUG: 1, CUP: 9}, shop.shibuya)
    await shop.stock({MUG: 5}, shop.osaka)
    await shop.store.bundles.put(SET, 1, PARTS)
    return shop


def test_the_scarcest_component_decides_after_what_is_kept_back() -> None:
    levels = {MUG: {"a": 10, "b": 4, "c": 1}, CUP: {"a": 7, "b": 9}}
    assert sellable(SET, PARTS, levels, DEFAULT) == {"a": 3, "b": 4}
    kept = Policy("web", PolicyDraft(safety=(SafetyRule(2, CUP), SafetyRule(1, SET))), 1)
    assert sellable(SET, PARTS, levels, kept) == {"a": 1, "b": 2}
    assert sellable(LAMP, None, {LAMP: {"a": 2}}, kept) == {"a": 2}


@pytest.mark.parametrize("near", [NEAR_GINZA, None])
async def test_a_bundle_is_available_as_often_as_its_components_make_it(
    tea: Shop, db: Database, near: dict[str, float] | None
) -> None:
    graph = Graph(*watched_store(db))
    found = (await graph.data(AVAILABILITY, SHOPPER, skus=variants(SET, MUG), near=near))["_entities"]
    shown = [
        (
            one["availability"]["totalCount"],
            {r["location"]["name"]: r["available"] for r in one["availability"]["nodes"]},
        )
        for one in found
    ]
    assert shown == [(2, {"Ginza": 3, "Shibuya": 1}), (3, {"Ginza": 10, "Shibuya": 1, "Osaka": 5})]
    assert graph.calls["bundles.find"] == 1, "one query for all variants"


async def test_a_bundle_is_found_behind_many_locations_that_lack_a_component(
    tea: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembled, "CHUNK", 1)
    both = sorted([tea.ginza, tea.shibuya])
    pieces = {tea.ginza: 3, tea.shibuya: 1}
    rows = [Pieces(LocationId(id), pieces[LocationId(id)]) for id in both]
    assert (await first_pieces(tea.store, [SET, MUG], None, 1, DEFAULT))[SET] == rows[:1]
    assert (await first_pieces(tea.store, [SET], rows[0].location_id, 1, DEFAULT))[SET] == rows[1:]
    assert (await first_pieces(tea.store, [SET], rows[1].location_id, 1, DEFAULT))[SET] == []


async def test_a_bundle_is_promised_from_its_components(tea: Shop) -> None:
    places = await find_places(tea.store, Where(location_ids=(tea.ginza, tea.osaka)), at=utc_now())
    known = await know(tea.store, [SET], places, DEFAULT, at=utc_now())
    assert (known.available(SET, tea.ginza), known.available(SET, tea.osaka)) == (3, 0)
