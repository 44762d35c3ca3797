"""Availability and promises as shoppers and staff see them: bands, safety stock, dates, and what may not leak."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kit.context import RequestContext
from kit.mongo import Database
from kit.times import utc_now
from services.inventory.actions import LocationEdit, upsert_location
from services.inventory.hours.model import Interval, OpeningHours
from services.inventory.location.operation import LocationService, Operation
from services.inventory.model import Actor
from services.inventory.paper.model import By, Command
from services.inventory.policy import store as policies
from services.inventory.policy.model import PolicyDraft
from services.inventory.receiving.actions import expect_delivery
from services.inventory.receiving.model import DeliveryDraft, ExpectedLine
from services.inventory.store import InventoryStore
from tests.services.inventory.test_graph import ERRORS, NEAR_GINZA, RESERVE, RUNS, STAFF, Graph, variants
from tests.services.inventory.world import CUP, MUG, Shop, watched_store

SHOPPER = RequestContext("web")
DAILY = OpeningHours(week=((Interval(0, 24 * 60),),) * 7)
SET = f"""mutation ($input: StockPolicySetInput!) {{ stockPolicySet(input: $input) {{
  policy {{ channel version display fewLeft safety {{ pieces sku location }} leadTimes {{ days country weekdays }}
    transferDays noDelivery sourcing }} {ERRORS} }} }}"""
SOURCED = """mutation ($input: StockReserveSourcedInput!) { stockReserveSourced(input: $input) {
  userErrors { __typename message ... on SourcingShort { sku requested available } } } }"""
AVAILABILITY = """query ($skus: [_Any!]!, $near: GeoPointInput, $inStock: Boolean! = false) {
  _entities(representations: $skus) { ... on Variant { sku
    availability(near: $near, radiusKm: 1000, inStock: $inStock) {
      totalCount nodes { available band location { name } } } } } }"""
PROMISE = """query ($skus: [_Any!]!, $where: PromiseContextInput!, $quantity: Int! = 1) {
  _entities(representations: $skus) { ... on Variant { sku promise(where: $where, quantity: $quantity) {
    pickups { location { name } kind source day isInTime distanceKm fromLocation { name } }
    delivery { kind source day dispatchDay isInTime fromLocations { name } } } } } }"""


@pytest.fixture
def graph(db: Database, shop: Shop) -> Graph:
    return Graph(*watched_store(db))


@pytest.fixture
async def town(shop: Shop) -> Shop:
    """Ginza and Shibuya hand out, Osaka ships; all of them around the clock."""
    counter = frozenset({LocationService.PICKUP, LocationService.SHIP_TO})
    depot = frozenset({LocationService.SHIP_FROM})
    for id, services in ((shop.ginza, counter), (shop.shibuya, counter), (shop.osaka, depot)):
        row = (await shop.store.locations.by_id([id]))[id]
        draft = replace(row.draft, operation=Operation(hours=DAILY, services=services))
        await upsert_location(shop.store, draft, LocationEdit(id, 1), now=utc_now())
    return shop


async def set_policy(graph: Graph, **policy: Any) -> dict[str, Any]:
    given = {"channel": "web", "expectedVersion": 0, **policy}
    payload: dict[str, Any] = (await graph.data(SET, STAFF, input=given))["stockPolicySet"]
    assert payload["userErrors"] == []
    return payload["policy"]  # type: ignore[no-any-return]


async def test_a_channel_that_shows_bands_tells_shoppers_no_number(graph: Graph, shop: Shop) -> None:
    for pieces, at in ((9, shop.ginza), (3, shop.shibuya), (0, shop.osaka)):
        await shop.stock({MUG: pieces}, at)
    await set_policy(graph, display="BANDS", fewLeft=3)
    ask = {"skus": variants(MUG), "near": NEAR_GINZA}
    (mug,) = (await graph.data(AVAILABILITY, SHOPPER, **ask))["_entities"]
    rows = [(row["available"], row["band"]) for row in mug["availability"]["nodes"]]
    assert rows == [(None, "IN_STOCK"), (None, "FEW_LEFT"), (None, "OUT")]
    staff = replace(SHOPPER, scopes=frozenset({"stock:read"}))
    (mug,) = (await graph.data(AVAILABILITY, staff, **ask))["_entities"]
    assert [row["available"] for row in mug["availability"]["nodes"]] == [9, 3, 0]
    (mug,) = (await graph.data(AVAILABILITY, RequestContext("app"), **ask))["_entities"]
    assert [row["available"] for row in mug["availability"]["nodes"]] == [9, 3, 0], (
        "another channel's policy is its own"
    )


async def test_a_quantity_tells_a_shopper_nothing_that_bands_hide(graph: Graph, town: Shop) -> None:
    await town.stock({MUG: 9})
    await set_policy(graph, display="BANDS", fewLeft=3)
    ask: dict[str, Any] = {"skus": variants(MUG), "where": {"locationIds": [town.ginza]}}
    answer = await graph.ask(PROMISE, SHOPPER, quantity=2, **ask)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    (mug,) = (await graph.data(PROMISE, SHOPPER, **ask))["_entities"]
    assert mug["promise"]["pickups"][0]["kind"] == "NOW"
    staff = replace(SHOPPER, scopes=frozenset({"stock:read"}))
    (mug,) = (await graph.data(PROMISE, staff, quantity=10, **ask))["_entities"]
    assert mug["promise"]["pickups"][0]["kind"] == "NEVER"


async def test_a_refused_reservation_tells_a_shopper_no_number_that_bands_hide(graph: Graph, town: Shop) -> None:
    await town.stock({MUG: 7}, town.osaka)
    await set_policy(graph, display="BANDS", fewLeft=3, leadTimes=[{"days": 1}])
    line = {"sku": MUG, "locationId": town.osaka, "quantity": 9}
    given = {"idempotencyKey": "k", "lines": [line]}
    sells = replace(SHOPPER, scopes=frozenset({"stock:reserve"}))
    reserve = RESERVE.replace("requested available", "requested available band")
    (told,) = (await graph.data(reserve, sells, input=given))["stockReserve"]["userErrors"]
    assert (told["requested"], told["available"], told["band"]) == (9, None, "IN_STOCK")
    assert "7" not in told["message"].replace(town.osaka, "")
    staff = replace(SHOPPER, scopes=frozenset({"stock:reserve", "stock:read"}))
    (told,) = (await graph.data(RESERVE, staff, input=given))["stockReserve"]["userErrors"]
    assert told["available"] == 7
    wish = {"idempotencyKey": "s", "lines": [{"sku": MUG, "quantity": 9}], "destination": {"country": "JP"}}
    (told,) = (await graph.data(SOURCED, sells, input=wish))["stockReserveSourced"]["userErrors"]
    assert (told["__typename"], told["requested"], told["available"]) == ("SourcingShort", 9, None)
    (told,) = (await graph.data(SOURCED, staff, input=wish))["stockReserveSourced"]["userErrors"]
    assert told["available"] == 7


async def test_safety_stock_is_kept_back_from_its_channel_everywhere(graph: Graph, town: Shop) -> None:
    await town.stock({MUG: 2, CUP: 2})
    await set_policy(graph, safety=[{"pieces": 2, "sku": "MU*"}])
    found = (await graph.data(AVAILABILITY, SHOPPER, skus=variants(MUG, CUP), near=NEAR_GINZA))["_entities"]
    shown = [[(row["available"], row["band"]) for row in one["availability"]["nodes"]] for one in found]
    assert shown == [[(0, "OUT")], [(2, "FEW_LEFT")]]
    found = (await graph.data(AVAILABILITY, SHOPPER, skus=variants(MUG, CUP), near=NEAR_GINZA, inStock=True))[
        "_entities"
    ]
    assert [one["availability"]["totalCount"] for one in found] == [0, 1]
    near = "query ($p: GeoPointInput!, $sku: ID!) { locationsNear(point: $p, sku: $sku) { totalCount } }"
    for sku, count in ((MUG, 0), (CUP, 1)):
        assert (await graph.data(near, SHOPPER, p=NEAR_GINZA, sku=sku))["locationsNear"]["totalCount"] == count
    (mug,) = (await graph.data(PROMISE, SHOPPER, skus=variants(MUG), where={"locationIds": [town.ginza]}))["_entities"]
    assert mug["promise"]["pickups"][0]["kind"] == "NEVER"
    pos = RequestContext("pos")
    (mug,) = (await graph.data(PROMISE, pos, skus=variants(MUG), where={"locationIds": [town.ginza]}))["_entities"]
    assert mug["promise"]["pickups"][0]["kind"] == "NOW"


async def test_a_promise_has_a_day_for_every_way(graph: Graph, town: Shop) -> None:
    await town.stock({MUG: 1}, town.ginza)
    await town.stock({MUG: 5}, town.osaka)
    await set_policy(graph, transferDays=2, leadTimes=[{"days": 1, "country": "JP"}])
    where = {
        "near": NEAR_GINZA,
        "destination": {"country": "JP", "postalCode": "100-0001"},
        "at": "2026-11-23T03:00:00Z",
        "by": "2026-11-24",
    }
    found = (await graph.data(PROMISE, SHOPPER, skus=variants(MUG, "NONE"), where=where))["_entities"]
    ginza, shibuya = found[0]["promise"]["pickups"]
    assert (ginza["location"]["name"], ginza["kind"], ginza["source"], ginza["day"], ginza["isInTime"]) == (
        "Ginza",
        "NOW",
        "STOCK",
        "2026-11-23",
        True,
    )
    assert (shibuya["kind"], shibuya["source"], shibuya["day"], shibuya["isInTime"], shibuya["fromLocation"]) == (
        "ON_DAY",
        "TRANSFER",
        "2026-11-25",
        False,
        {"name": "Osaka"},
    )
    assert found[0]["promise"]["delivery"] == {
        "kind": "ON_DAY",
        "source": "STOCK",
        "day": "2026-11-24",
        "dispatchDay": "2026-11-23",
        "isInTime": True,
        "fromLocations": [{"name": "Osaka"}],
    }
    assert [row["kind"] for row in found[1]["promise"]["pickups"]] == ["NEVER", "NEVER"]
    assert found[1]["promise"]["delivery"]["kind"] == "NEVER"


async def test_what_is_announced_is_promised_for_its_day(graph: Graph, town: Shop, store: InventoryStore) -> None:
    due = utc_now() + timedelta(days=3)
    draft = DeliveryDraft(town.ginza, "supplier", due, (ExpectedLine(MUG, 5),))
    await expect_delivery(store, draft, Command("", "asn", "expect", By(Actor("erp", staff="stf_1")), utc_now()))
    (mug,) = (await graph.data(PROMISE, SHOPPER, skus=variants(MUG), where={"locationIds": [town.ginza]}))["_entities"]
    (pickup,) = mug["promise"]["pickups"]
    assert (pickup["kind"], pickup["source"]) == ("ON_DAY", "INCOMING")


async def test_a_hundred_variants_at_twenty_places_take_one_look_at_the_stock(graph: Graph, town: Shop) -> None:
    skus = [f"SKU-{n}" for n in range(100)]
    await town.stock(dict.fromkeys(skus, 3), town.ginza)
    await graph.data(PROMISE, SHOPPER, skus=variants("NONE"), where={"near": NEAR_GINZA})
    found = (await graph.data(PROMISE, SHOPPER, skus=variants(*skus), where={"near": NEAR_GINZA}))["_entities"]
    assert graph.calls["stock.aggregate"] == RUNS
    assert {one["promise"]["pickups"][0]["kind"] for one in found} == {"NOW"}


@pytest.mark.parametrize(
    "where",
    [
        {"locationIds": ["loc_none"]},
        {"locationIds": ["x"] * 21},
        {"near": {"latitude": 91, "longitude": 0}},
        {"near": NEAR_GINZA, "radiusKm": -1},
        {"destination": {"country": "JP", "point": {"latitude": 0, "longitude": 181}}},
    ],
)
async def test_a_context_that_cannot_be_is_refused(graph: Graph, where: dict[str, Any]) -> None:
    answer = await graph.ask(PROMISE, SHOPPER, skus=variants(MUG), where=where)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
async def test_an_absurd_quantity_is_refused(graph: Graph, quantity: int) -> None:
    query = "query ($l: [PromiseLineInput!]!) { promises(lines: $l, where: {}) { sku } }"
    answer = await graph.ask(query, SHOPPER, l=[{"sku": MUG, "quantity": quantity}])
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_lines_are_answered_in_their_order(graph: Graph, town: Shop) -> None:
    await town.stock({MUG: 2})
    query = """query ($l: [PromiseLineInput!]!, $w: PromiseContextInput!) {
      promises(lines: $l, where: $w) { sku quantity pickups { kind } delivery { kind } } }"""
    lines = [{"sku": CUP}, {"sku": MUG, "quantity": 2}, {"sku": MUG, "quantity": 3}]
    found = (await graph.data(query, SHOPPER, l=lines, w={"locationIds": [town.ginza]}))["promises"]
    assert [(row["sku"], row["pickups"][0]["kind"], row["delivery"]) for row in found] == [
        (CUP, "NEVER", None),
        (MUG, "NOW", None),
        (MUG, "NEVER", None),
    ]


async def test_a_policy_is_set_by_version_and_read_back(graph: Graph) -> None:
    kept = await set_policy(
        graph,
        display="BANDS",
        leadTimes=[{"days": 2, "country": "JP", "weekdays": ["MONDAY", "FRIDAY"]}],
        noDelivery=["2027-01-01"],
        sourcing=["DISTANCE", "COST"],
    )
    assert kept["version"] == 1
    assert kept["leadTimes"] == [{"days": 2, "country": "JP", "weekdays": ["MONDAY", "FRIDAY"]}]
    assert (kept["noDelivery"], kept["sourcing"]) == (["2027-01-01"], ["DISTANCE", "COST"])
    late = (await graph.data(SET, STAFF, input={"channel": "web", "expectedVersion": 0}))["stockPolicySet"]
    assert late["userErrors"][0]["__typename"] == "VersionConflict"
    replaced = await set_policy(graph, expectedVersion=1)
    assert (replaced["version"], replaced["display"]) == (2, "NUMBERS")
    query = "query ($c: String!) { stockPolicy(channel: $c) { channel version } }"
    assert (await graph.data(query, STAFF, c="web"))["stockPolicy"] == {"channel": "web", "version": 2}
    assert (await graph.data(query, STAFF, c="app"))["stockPolicy"] == {"channel": "*", "version": 0}


async def test_policies_are_for_staff(graph: Graph) -> None:
    for query, ask in (
        (SET, {"input": {"channel": "web", "expectedVersion": 0}}),
        ('{ stockPolicy(channel: "web") { version } }', {}),
    ):
        answer = await graph.ask(query, SHOPPER, **ask)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_another_process_learns_of_a_policy_soon(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    other = InventoryStore(shop.store.db)
    assert (await other.policies.of("web")).version == 0
    await shop.store.policies.put("web", PolicyDraft(), 0, utc_now())
    assert (await shop.store.policies.of("web")).version == 1
    assert (await other.policies.of("web")).version == 0, "for FRESH_S at most"
    monkeypatch.setattr(policies, "FRESH_S", -1.0)
    assert (await other.policies.of("web")).version == 1
