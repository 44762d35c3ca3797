"""Locations as callers see them: everything that is told comes back, and every bad part is named."""

from typing import Any

import pytest

from kit.mongo import Database
from tests.services.inventory.test_graph import ERRORS, STAFF, Graph
from tests.services.inventory.world import Shop, watched_store

UPSERT = f"""mutation ($input: LocationUpsertInput!) {{ locationUpsert(input: $input) {{ {ERRORS} location {{
  id kind services pickupLeadMinutes dispatchCutoff dailyPickCapacity activeFrom activeUntil address
  postalAddress {{ country postalCode region city line1 line2 }}
  openingHours {{ weekly {{ weekday intervals {{ opens closes }} }}
    specialDays {{ day name intervals {{ opens closes }} }} }} }} }} }}"""
BAR: dict[str, Any] = {
    "name": "Yokocho",
    "kind": "MICRO_FULFILMENT",
    "latitude": 35.69,
    "longitude": 139.70,
    "timeZone": "Asia/Tokyo",
    "services": ["RETURNS", "PICKUP"],
    "pickupLeadMinutes": 30,
    "dispatchCutoff": "15:00",
    "dailyPickCapacity": 200,
    "activeFrom": "2026-01-01T00:00:00Z",
    "postalAddress": {"country": "JP", "postalCode": "160-0023", "city": "新宿区", "line1": "西新宿1-2-3"},
    "openingHours": {
        "weekly": [
            {
                "weekday": "MONDAY",
                "intervals": [{"opens": "11:00", "closes": "14:00"}, {"opens": "17:00", "closes": "02:00"}],
            },
            {"weekday": "SUNDAY", "intervals": [{"opens": "00:00", "closes": "24:00"}]},
        ],
        "specialDays": [{"day": "2027-01-01", "name": "元日"}],
    },
}


@pytest.fixture
def graph(db: Database, shop: Shop) -> Graph:
    return Graph(*watched_store(db))


async def test_a_location_tells_all_that_it_was_told(graph: Graph) -> None:
    made = (await graph.data(UPSERT, STAFF, input=BAR))["locationUpsert"]
    assert made["userErrors"] == []
    location = made["location"]
    told = {name: BAR[name] for name in ("kind", "pickupLeadMinutes", "dispatchCutoff", "dailyPickCapacity")}
    assert told.items() <= location.items()
    assert location["services"] == ["PICKUP", "RETURNS"]
    assert (location["activeFrom"], location["activeUntil"]) == ("2026-01-01T00:00:00.000Z", None)
    assert location["postalAddress"] == {**BAR["postalAddress"], "region": None, "line2": None}
    weekly = location["openingHours"]["weekly"]
    assert [day["intervals"] for day in weekly if day["intervals"]] == [
        day["intervals"] for day in BAR["openingHours"]["weekly"]
    ]
    assert location["openingHours"]["specialDays"] == [{"day": "2027-01-01", "name": "元日", "intervals": []}]


async def test_a_location_says_when_it_is_open(graph: Graph) -> None:
    id = (await graph.data(UPSERT, STAFF, input=BAR))["locationUpsert"]["location"]["id"]
    query = """query ($id: ID!, $at: DateTime!) { location(id: $id) {
      isOpen(at: $at) businessDay(at: $at) nextOpening(after: $at) { opensAt closesAt businessDay } } }"""
    tuesday_night = "2026-11-23T16:30:00Z"
    assert (await graph.data(query, id=id, at=tuesday_night))["location"] == {
        "isOpen": True,
        "businessDay": "2026-11-23",
        "nextOpening": {
            "opensAt": "2026-11-28T15:00:00.000Z",
            "closesAt": "2026-11-29T15:00:00.000Z",
            "businessDay": "2026-11-29",
        },
    }
    before_it_began = await graph.data(query, id=id, at="2025-12-29T03:00:00Z")
    assert before_it_began["location"]["isOpen"] is False


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"dispatchCutoff": "3pm"}, ["dispatchCutoff"]),
        (
            {"openingHours": {"weekly": [{"weekday": "MONDAY", "intervals": [{"opens": "9", "closes": "25:00"}]}] * 2}},
            [
                f"openingHours.weekly.{path}"
                for path in (
                    "0.intervals.0.opens",
                    "0.intervals.0.closes",
                    "1.weekday",
                    "1.intervals.0.opens",
                    "1.intervals.0.closes",
                )
            ],
        ),
        (
            {"name": "", "pickupLeadMinutes": -1, "dailyPickCapacity": -1, "postalAddress": {"country": "Japan"}},
            ["name", "postalAddress.country", "pickupLeadMinutes", "dailyPickCapacity"],
        ),
        ({"activeUntil": "2025-01-01T00:00:00Z"}, ["activeUntil"]),
    ],
)
async def test_every_bad_part_is_named(graph: Graph, change: dict[str, Any], paths: list[str]) -> None:
    refused = (await graph.data(UPSERT, STAFF, input={**BAR, **change}))["locationUpsert"]
    assert refused["location"] is None
    assert [".".join(error["path"]) for error in refused["userErrors"]] == [f"input.{path}" for path in paths]
    assert {error["code"] for error in refused["userErrors"]} == {"INVALID_INPUT"}
