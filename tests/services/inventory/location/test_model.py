"""What may be a location."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from kit.errors import InvalidInput
from services.inventory.hours.model import Interval, OpeningHours
from services.inventory.location.model import ExternalRef, GeoPoint, LocationDraft, check_location
from services.inventory.location.operation import Operation, PostalAddress
from tests.services.inventory.world import GINZA, place

GOOD = place("Ginza", GINZA)
NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def works(**operation: Any) -> LocationDraft:
    return replace(GOOD, operation=Operation(**operation))


def test_a_good_location_has_no_problems() -> None:
    assert check_location(GOOD) == []


@pytest.mark.parametrize(
    ("draft", "path"),
    [
        (replace(GOOD, name=" "), "name"),
        (replace(GOOD, point=GeoPoint(90.1, 0)), "latitude"),
        (replace(GOOD, point=GeoPoint(0, -180.1)), "longitude"),
        (replace(GOOD, point=GeoPoint(float("nan"), 0)), "latitude"),
        (replace(GOOD, point=GeoPoint(0, float("inf"))), "longitude"),
        (replace(GOOD, time_zone="Asia/Edo"), "timeZone"),
        (replace(GOOD, time_zone="../etc/passwd"), "timeZone"),
        (replace(GOOD, address=""), "address"),
        (replace(GOOD, external_ids=(ExternalRef("", "1"),)), "externalIds.0.source"),
        (replace(GOOD, postal_address=PostalAddress("jp")), "postalAddress.country"),
        (replace(GOOD, postal_address=PostalAddress("JP", city="")), "postalAddress.city"),
        (works(pickup_lead_min=-1), "pickupLeadMinutes"),
        (works(cutoff_min=1441), "dispatchCutoff"),
        (works(daily_picks=-1), "dailyPickCapacity"),
        (works(active_from=NOON, active_until=NOON), "activeUntil"),
        (
            works(hours=OpeningHours(((Interval(60, 30),),) + ((),) * 6)),
            "openingHours.weekly.MONDAY.intervals.0.closes",
        ),
        (replace(GOOD, external_ids=(ExternalRef("a", "1"), ExternalRef("a", "1"))), "externalIds.1"),
    ],
)
def test_a_bad_location_is_refused_by_the_exact_path(draft, path) -> None:  # type: ignore[no-untyped-def]
    (problem,) = check_location(draft)
    assert isinstance(problem, InvalidInput)
    assert ".".join(problem.path) == f"input.{path}"
