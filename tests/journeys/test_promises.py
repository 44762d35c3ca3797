"""What is near, what is promised when, and from where it would be taken: through the gateway, on the sample data."""

from datetime import date
from typing import Any

import pytest

from kit.ids import new_id
from noren.queries import TOKYO_STATION
from noren.sample.files import Sample
from tests.journeys.conftest import Graph

PROMISE = """query ($sku: ID!, $where: PromiseContextInput!) { variant(sku: $sku) { sku promise(where: $where) {
  pickups { kind source readyAt day isInTime location { name isOpen(at: "2026-11-24T03:00:00Z") } }
  delivery { kind day dispatchDay isInTime fromLocations { name kind } } } } }"""
SET = """mutation ($input: StockPolicySetInput!) { stockPolicySet(input: $input) { policy { version }
  userErrors { code message } } }"""
SHELF = """query ($sku: ID!, $near: GeoPointInput!) { variant(sku: $sku) {
  availability(near: $near, radiusKm: 2000, first: 20, inStock: true, services: [PICKUP]) {
    nodes { available band distanceKm location { name services } } } } }"""


@pytest.fixture
def sku(sample: Sample) -> str:
    """What lies at most shops and in a warehouse."""
    shops: dict[str, int] = {}
    for row in sample.stock:
        shops[row.sku] = shops.get(row.sku, 0) + 1
    return max(shops, key=lambda one: (shops[one], one))


async def test_a_promise_names_the_day_of_pickup_and_of_delivery(graph: Graph, sku: str) -> None:
    where: dict[str, Any] = {
        "near": TOKYO_STATION,
        "radiusKm": 500,
        "destination": {"country": "JP", "postalCode": "100-0005", "point": TOKYO_STATION},
        "at": "2026-11-24T03:00:00Z",
        "by": "2026-11-26",
    }
    promise = (await graph.data(PROMISE, sku=sku, where=where))["variant"]["promise"]
    now = [row for row in promise["pickups"] if row["kind"] == "NOW"]
    assert now, "the sample's most common variant lies in a shop around Tokyo"
    for row in now:
        assert (row["source"], row["day"], row["isInTime"], row["location"]["isOpen"]) == (
            "STOCK",
            "2026-11-24",
            True,
            True,
        )
        assert row["readyAt"] == "2026-11-24T04:00:00.000Z"
    delivery = promise["delivery"]
    assert delivery["kind"] == "ON_DAY"
    assert date.fromisoformat(delivery["dispatchDay"]) < date.fromisoformat(delivery["day"]) <= date(2026, 11, 26)
    abroad = {**where, "destination": {"country": "FR"}}
    assert (await graph.data(PROMISE, sku=sku, where=abroad))["variant"]["promise"]["delivery"]["kind"] == "NEVER"


async def test_bands_hide_the_number_from_shoppers_and_not_from_staff(graph: Graph, sku: str) -> None:
    kiosk = {"x-noren-channel": "kiosk"}
    made = await graph.data(SET, input={"channel": "kiosk", "expectedVersion": 0, "display": "BANDS", "fewLeft": 2})
    assert made["stockPolicySet"]["userErrors"] == []
    ask = {"sku": sku, "near": TOKYO_STATION}
    staff = (await graph.data(SHELF, kiosk, **ask))["variant"]["availability"]["nodes"]
    shopper = (await graph.data(SHELF, {**kiosk, "x-noren-scopes": "stock:reserve"}, **ask))["variant"]["availability"]
    assert staff
    assert [row["location"] for row in shopper["nodes"]] == [row["location"] for row in staff]
    assert {row["available"] for row in shopper["nodes"]} == {None}
    for seen, known in zip(shopper["nodes"], staff, strict=True):
        assert known["available"] > 0
        assert seen["band"] == known["band"] == ("FEW_LEFT" if known["available"] <= 2 else "IN_STOCK")
    web = (await graph.data(SHELF, {"x-noren-scopes": "stock:reserve"}, **ask))["variant"]["availability"]["nodes"]
    assert [row["available"] for row in web] == [row["available"] for row in staff]


async def test_sourcing_is_explained_and_then_held(graph: Graph, sku: str) -> None:
    destination = {"country": "JP", "postalCode": "100-0005", "point": TOKYO_STATION}
    wanted: dict[str, Any] = {"lines": [{"sku": sku, "quantity": 1}], "destination": destination}
    query = """query ($input: SourcingInput!) { explainSourcing(input: $input) { considered
      plan { method isProven lines { quantity location { id name } } values { rule value } }
      losers { because rule location { id } } } }"""
    explained = (await graph.data(query, input=wanted))["explainSourcing"]
    (line,) = explained["plan"]["lines"]
    assert (explained["plan"]["method"], explained["plan"]["isProven"]) == ("EXACT", True)
    assert explained["plan"]["values"][0] == {"rule": "FEWEST_SPLITS", "value": "1"}
    assert line["location"]["id"] not in {row["location"]["id"] for row in explained["losers"]}
    assert {row["because"] for row in explained["losers"]} <= {"NO_STOCK", "RULE", "TIE"}
    reserve = """mutation ($input: StockReserveSourcedInput!) { stockReserveSourced(input: $input) {
      reservation { id state lines { quantity location { id } } } userErrors { code } } }"""
    key = new_id("key")
    held = (await graph.data(reserve, input={"idempotencyKey": key, **wanted}))["stockReserveSourced"]
    assert held["reservation"]["lines"] == [{"quantity": 1, "location": {"id": line["location"]["id"]}}]
    again = (await graph.data(reserve, input={"idempotencyKey": key, **wanted}))["stockReserveSourced"]
    assert again["reservation"]["id"] == held["reservation"]["id"]
    release = "mutation ($input: StockReleaseInput!) { stockRelease(input: $input) { userErrors { code } } }"
    given = {"idempotencyKey": new_id("key"), "reservationId": held["reservation"]["id"]}
    assert (await graph.data(release, input=given))["stockRelease"]["userErrors"] == []
