"""What shops could send each other: pure, so that any shelves can be tried."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.errors import BadUserInput
from services.inventory.location.model import GeoPoint
from services.inventory.reorder.redistribution import Cover, Shelf, check_cover, distance_km, redistribute
from tests.services.inventory.world import GINZA, OSAKA, SHIBUYA

POINTS = {"ginza": GINZA, "shibuya": SHIBUYA, "osaka": OSAKA}
shelves = st.fixed_dictionaries(
    {id: st.builds(Shelf, st.just(id), *[st.integers(0, 60)] * 3, st.integers(0, 5)) for id in POINTS}
).map(lambda by_id: list(by_id.values()))


def test_the_shop_that_runs_out_first_is_served_from_the_nearest_that_can_spare() -> None:
    rows = [Shelf("ginza", 0, sold=28), Shelf("shibuya", 40, sold=28), Shelf("osaka", 90, sold=28)]
    first, second = redistribute("MUG", rows, POINTS, Cover())
    assert (first.origin_id, first.destination_id, first.quantity, first.destination_days) == (
        "shibuya",
        "ginza",
        12,
        0.0,
    )
    assert first.origin_days == 28.0
    assert (second.origin_id, second.quantity) == ("osaka", 2)
    assert first.distance_km < 7 < 390 < second.distance_km < 410


def test_a_display_is_filled_and_never_emptied() -> None:
    rows = [Shelf("ginza", 0, min_display=2), Shelf("shibuya", 5, min_display=4)]
    (only,) = redistribute("MUG", rows, POINTS, Cover())
    assert (only.quantity, only.destination_days, only.origin_days) == (1, None, None)


def test_what_is_expected_anyway_is_not_sent() -> None:
    assert redistribute("MUG", [Shelf("ginza", 0, 28, incoming=14), Shelf("osaka", 90)], POINTS, Cover()) == []


def test_no_parcel_is_smaller_than_wanted() -> None:
    rows = [Shelf("ginza", 11, sold=28), Shelf("osaka", 90)]
    assert redistribute("MUG", rows, POINTS, Cover(min_pieces=4)) == []
    assert len(redistribute("MUG", rows, POINTS, Cover(min_pieces=3))) == 1


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(shelves, st.integers(1, 28), st.integers(0, 28), st.integers(1, 5))
def test_nobody_gets_more_than_they_need_or_gives_what_they_need(
    rows: list[Shelf], target: int, more: int, least: int
) -> None:
    cover = Cover(28, target, target + more, least)
    proposals = redistribute("MUG", rows, POINTS, cover)
    assert proposals == redistribute("MUG", rows[::-1], POINTS, cover)
    for row in rows:
        sent = sum(each.quantity for each in proposals if each.origin_id == row.location_id)
        got = sum(each.quantity for each in proposals if each.destination_id == row.location_id)
        assert sent <= row.spares(cover)
        assert got <= row.needs(cover)
        assert not (sent and got), "no shop both sends and gets"
    assert all(each.quantity >= least for each in proposals)


@pytest.mark.parametrize(
    ("cover", "skus", "locations", "name"),
    [
        (Cover(window_days=0), 1, 2, "windowDays"),
        (Cover(target_days=366), 1, 2, "targetDays"),
        (Cover(target_days=14, keep_days=13), 1, 2, "keepDays"),
        (Cover(min_pieces=0), 1, 2, "minPieces"),
        (Cover(), 21, 2, "skus"),
        (Cover(), 1, 1, "locationIds"),
        (Cover(), 1, 201, "locationIds"),
    ],
)
def test_what_cannot_be_asked_is_named(cover: Cover, skus: int, locations: int, name: str) -> None:
    with pytest.raises(BadUserInput, match=rf"^{name}: expected"):
        check_cover(cover, skus, locations)


def test_the_distance_is_the_great_circles() -> None:
    assert distance_km(GeoPoint(0, 0), GeoPoint(0, 180)) == pytest.approx(20_015.1, abs=0.1)
    assert distance_km(GINZA, GINZA) == 0
