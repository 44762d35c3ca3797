"""Inventory as the gateway asks it: queries, mutations, entities in batches, refusals as data."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.mongo import Database
from kit.subgraph import Subgraph
from services.inventory.context import Context
from services.inventory.loaders import Loaders
from services.inventory.schema import schema
from services.inventory.store import InventoryStore
from tests.services.inventory.world import GINZA, MUG, SHIBUYA, Shop, WatchedDatabase, watched_store

SIGNER = ContextSigner(b"a secret of at least thirty-two bytes")
STAFF = RequestContext("pos", staff="stf_1", scopes=frozenset({"stock:read", "stock:write", "stock:reserve"}))
WEB = RequestContext("web", scopes=frozenset({"stock:reserve"}))
RUNS = 3
"""How often each query is run here (see `both_ways`): a batch is asked once a run, a loader once for all."""
NEAR_GINZA = {"latitude": GINZA.latitude, "longitude": GINZA.longitude}


class Graph:
    """Asks the subgraph as a caller, and counts the calls to the database."""

    def __init__(self, store: InventoryStore, watched: WatchedDatabase) -> None:
        self._subgraph = Subgraph("inventory", schema, SIGNER, lambda caller: Context(caller, store, Loaders(store)))
        self._watched = watched

    async def ask(self, query: str, caller: RequestContext = WEB, **variables: Any) -> dict[str, Any]:
        self._watched.calls.clear()
        return await self._subgraph.execute(query, variables, None, {CONTEXT_HEADER: SIGNER.sign(caller)})

    async def data(self, query: str, caller: RequestContext = WEB, **variables: Any) -> Any:
        answer = await self.ask(query, caller, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    @property
    def calls(self) -> Counter[str]:
        return Counter(self._watched.calls)


@pytest.fixture
def graph(db: Database, shop: Shop) -> Graph:
    return Graph(*watched_store(db))


VARIANTS = """query ($skus: [_Any!]!, $near: GeoPointInput, $first: Int! = 5, $after: String) {
  _entities(representations: $skus) { ... on Variant { sku
    availability(near: $near, radiusKm: 1000, first: $first, after: $after) {
      nodes { available distanceKm location { id name } } pageInfo { hasNextPage endCursor } totalCount } } } }"""


def variants(*skus: str) -> list[dict[str, str]]:
    return [{"__typename": "Variant", "sku": sku} for sku in skus]


def test_the_committed_schema_is_the_printed_one() -> None:
    committed = Path(__file__).parents[3] / "services" / "inventory" / "schema.graphql"
    assert committed.read_text() == schema.sdl


async def test_availability_of_many_variants_takes_two_calls_and_is_sorted_by_distance(
    graph: Graph, shop: Shop
) -> None:
    skus = [f"SKU-{n}" for n in range(40)]
    for at in (shop.osaka, shop.shibuya, shop.ginza):
        await shop.stock(dict.fromkeys(skus, 3), at)
    await graph.data(
        VARIANTS, skus=variants("NONE"), near=NEAR_GINZA
    )  # locations and policies are in memory from now on
    entities = (await graph.data(VARIANTS, skus=variants(*skus, "NONE"), near=NEAR_GINZA))["_entities"]
    assert graph.calls == {"locations.aggregate": 1, "stock.aggregate": RUNS, "bundles.find": 1}
    assert [entity["sku"] for entity in entities] == [*skus, "NONE"]
    names = [row["location"]["name"] for row in entities[7]["availability"]["nodes"]]
    assert names == ["Ginza", "Shibuya", "Osaka"]
    distances = [row["distanceKm"] for row in entities[7]["availability"]["nodes"]]
    assert distances == sorted(distances)
    assert entities[-1]["availability"]["nodes"] == []


async def test_availability_without_a_point_takes_two_calls_and_is_sorted_by_id(graph: Graph, shop: Shop) -> None:
    skus = [f"SKU-{n}" for n in range(40)]
    for at in (shop.osaka, shop.ginza):
        await shop.stock(dict.fromkeys(skus, 3), at)
    query = VARIANTS.replace("totalCount", "")
    await graph.data(query, skus=variants("NONE"))
    entities = (await graph.data(query, skus=variants(*skus)))["_entities"]
    assert graph.calls == {"db.aggregate": RUNS, "locations.find": 1, "bundles.find": 1}
    nodes = entities[0]["availability"]["nodes"]
    assert [row["location"]["id"] for row in nodes] == sorted([shop.ginza, shop.osaka])
    assert [row["distanceKm"] for row in nodes] == [None, None]


@pytest.mark.parametrize("near", [NEAR_GINZA, None])
async def test_availability_pages_on_with_its_cursor(graph: Graph, shop: Shop, near: dict[str, float] | None) -> None:
    for at in (shop.osaka, shop.shibuya, shop.ginza):
        await shop.stock({MUG: 3}, at)
    seen: list[str] = []
    after = None
    for page in range(3):
        (mug,) = (await graph.data(VARIANTS, skus=variants(MUG), near=near, first=1, after=after))["_entities"]
        seen += [row["location"]["name"] for row in mug["availability"]["nodes"]]
        assert mug["availability"]["pageInfo"]["hasNextPage"] == (page < 2)
        assert mug["availability"]["totalCount"] == 3
        after = mug["availability"]["pageInfo"]["endCursor"]
    assert seen == ["Ginza", "Shibuya", "Osaka"]
    other = None if near else NEAR_GINZA
    answer = await graph.ask(VARIANTS, skus=variants(MUG), near=other, first=1, after=after)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_is_held_is_no_longer_available_on_any_channel(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 3})
    await shop.hold("k", {MUG: 3})
    (mug,) = (await graph.data(VARIANTS, skus=variants(MUG), near=NEAR_GINZA))["_entities"]
    assert [row["available"] for row in mug["availability"]["nodes"]] == [0]


async def test_stock_is_for_staff(graph: Graph, shop: Shop) -> None:
    query = """query ($skus: [_Any!]!) { _entities(representations: $skus) {
      ... on Variant { stock { nodes { onHand available reserved location { name } } } } } }"""
    await shop.stock({MUG: 3})
    await shop.hold("k", {MUG: 1})
    (mug,) = (await graph.data(query, STAFF, skus=variants(MUG)))["_entities"]
    assert mug["stock"]["nodes"] == [{"onHand": 3, "available": 2, "reserved": 1, "location": {"name": "Ginza"}}]
    answer = await graph.ask(query, WEB, skus=variants(MUG))
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_locations_as_entities_are_one_call_and_missing_ones_null(graph: Graph, shop: Shop) -> None:
    query = "query ($refs: [_Any!]!) { _entities(representations: $refs) { ... on Location { name timeZone } } }"
    refs = [{"__typename": "Location", "id": id} for id in (shop.osaka, "loc_none", shop.ginza)]
    entities = (await graph.data(query, refs=refs))["_entities"]
    assert [entity and entity["name"] for entity in entities] == ["Osaka", None, "Ginza"]
    assert graph.calls == {"locations.find": 1}


async def test_locations_are_found_by_id_by_list_and_by_distance(graph: Graph, shop: Shop) -> None:
    query = """query ($id: ID!, $point: GeoPointInput!) {
      location(id: $id) { id kind latitude longitude timeZone externalIds { source value } version }
      locations(first: 1, filter: { kind: STORE }) { nodes { name } pageInfo { hasNextPage } totalCount }
      locationsNear(point: $point) { nodes { distanceKm location { name } } } }"""
    point = {"latitude": SHIBUYA.latitude, "longitude": SHIBUYA.longitude}
    data = await graph.data(query, id=shop.osaka, point=point)
    assert data["location"] == {
        "id": shop.osaka,
        "kind": "WAREHOUSE",
        "latitude": 34.7025,
        "longitude": 135.4959,
        "timeZone": "Asia/Tokyo",
        "externalIds": [{"source": "test", "value": "Osaka"}],
        "version": 1,
    }
    assert data["locations"] == {"nodes": [{"name": "Ginza"}], "pageInfo": {"hasNextPage": True}, "totalCount": 2}
    assert [row["location"]["name"] for row in data["locationsNear"]["nodes"]] == ["Shibuya", "Ginza"]


@pytest.mark.parametrize(
    "arguments",
    [
        "point: { latitude: 91, longitude: 0 }",
        "point: { latitude: 0, longitude: 181 }",
        "point: { latitude: 0, longitude: 0 }, radiusKm: 0",
        "point: { latitude: 0, longitude: 0 }, radiusKm: 30000",
        "point: { latitude: 0, longitude: 0 }, first: 101",
    ],
)
async def test_a_search_that_cannot_be_is_refused(graph: Graph, arguments: str) -> None:
    answer = await graph.ask(f"{{ locationsNear({arguments}) {{ nodes {{ distanceKm }} }} }}")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


ERRORS = """userErrors { __typename code message path
  ... on InsufficientStock { sku locationId requested available }
  ... on ReservationEnded { reservationId state } ... on NotFound { kind id } ... on InvalidInput { expected } }"""
RESERVE = f"""mutation ($input: StockReserveInput!) {{ stockReserve(input: $input) {{
  reservation {{ id state channel lines {{ quantity variant {{ sku }} location {{ name }} }} }} {ERRORS} }} }}"""
COMMIT = f"""mutation ($input: ReservationCommitInput!) {{ reservationCommit(input: $input) {{
  reservation {{ state endedAt }} {ERRORS} }} }}"""
RELEASE = f"""mutation ($input: StockReleaseInput!) {{ stockRelease(input: $input) {{
  reservation {{ state }} {ERRORS} }} }}"""
ADJUST = f"""mutation ($input: StockAdjustInput!) {{ stockAdjust(input: $input) {{
  stockLevel {{ sku onHand available reserved version location {{ name }} }} {ERRORS} }} }}"""
UPSERT = f"""mutation ($input: LocationUpsertInput!) {{ locationUpsert(input: $input) {{
  location {{ id name version }} {ERRORS} }} }}"""


async def test_a_basket_is_reserved_online_and_committed_in_the_shop(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 3})
    line = {"sku": MUG, "locationId": shop.ginza, "quantity": 2}
    reserved = (await graph.data(RESERVE, input={"idempotencyKey": "k", "lines": [line]}))["stockReserve"]
    reservation = reserved["reservation"]
    assert (reservation["state"], reservation["channel"], reserved["userErrors"]) == ("HELD", "web", [])
    assert reservation["lines"] == [{"quantity": 2, "variant": {"sku": MUG}, "location": {"name": "Ginza"}}]
    commit = {"idempotencyKey": "c", "reservationId": reservation["id"]}
    committed = (await graph.data(COMMIT, STAFF, input=commit))["reservationCommit"]
    assert committed["reservation"]["state"] == "COMMITTED"
    late = (await graph.data(RELEASE, input={**commit, "idempotencyKey": "r"}))["stockRelease"]
    assert late["reservation"] is None
    assert late["userErrors"][0]["__typename"] == "ReservationEnded"
    assert late["userErrors"][0]["state"] == "COMMITTED"
    seen = await graph.data("query ($id: ID!) { reservation(id: $id) { state } }", id=reservation["id"])
    assert seen == {"reservation": {"state": "COMMITTED"}}


async def test_a_shortage_is_data_with_its_facts(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 1})
    line = {"sku": MUG, "locationId": shop.ginza, "quantity": 2}
    refused = (await graph.data(RESERVE, input={"idempotencyKey": "k", "lines": [line]}))["stockReserve"]
    assert refused["reservation"] is None
    assert refused["userErrors"] == [
        {
            "__typename": "InsufficientStock",
            "code": "INSUFFICIENT_STOCK",
            "message": f"2 of 'MUG' at '{shop.ginza}' requested, 1 available",
            "path": ["input", "lines", "0", "quantity"],
            "sku": MUG,
            "locationId": shop.ginza,
            "requested": 2,
            "available": 1,
        }
    ]


async def test_an_absurd_quantity_names_its_line(graph: Graph, shop: Shop) -> None:
    lines = [{"sku": MUG, "locationId": shop.ginza, "quantity": quantity} for quantity in (1, -5)]
    refused = (await graph.data(RESERVE, input={"idempotencyKey": "k", "lines": lines}))["stockReserve"]
    (error,) = refused["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["input", "lines", "1", "quantity"])


async def test_another_customers_reservation_is_not_found(graph: Graph, shop: Shop) -> None:
    await shop.stock({MUG: 1})
    anna = RequestContext("web", customer="cus_a", scopes=frozenset({"stock:reserve"}))
    bert = RequestContext("web", customer="cus_b", scopes=frozenset({"stock:reserve"}))
    line = {"sku": MUG, "locationId": shop.ginza, "quantity": 1}
    held = await graph.data(RESERVE, anna, input={"idempotencyKey": "k", "lines": [line]})
    id = held["stockReserve"]["reservation"]["id"]
    refused = (await graph.data(RELEASE, bert, input={"idempotencyKey": "r", "reservationId": id}))["stockRelease"]
    assert [(error["code"], error["kind"]) for error in refused["userErrors"]] == [("NOT_FOUND", "Reservation")]
    query = "query ($id: ID!) { reservation(id: $id) { state } }"
    assert await graph.data(query, bert, id=id) == {"reservation": None}
    own = RequestContext("app", customer="cus_a")
    assert await graph.data(query, own, id=id) == {"reservation": {"state": "HELD"}}


async def test_staff_adjust_and_recount(graph: Graph, shop: Shop) -> None:
    delivery = {"idempotencyKey": "a", "sku": MUG, "locationId": shop.ginza, "reason": "RECEIVED", "delta": 9}
    adjusted = (await graph.data(ADJUST, STAFF, input=delivery))["stockAdjust"]
    level = {"sku": MUG, "onHand": 9, "available": 9, "reserved": 0, "version": 1, "location": {"name": "Ginza"}}
    assert adjusted == {"stockLevel": level, "userErrors": []}
    count = {**delivery, "idempotencyKey": "b", "reason": "CORRECTED", "delta": None}
    count["recount"] = {"counted": 7, "expectedOnHand": 8}
    refused = (await graph.data(ADJUST, STAFF, input=count))["stockAdjust"]
    assert refused["userErrors"][0]["__typename"] == "OnHandChanged"


async def test_a_location_is_upserted_and_its_version_kept(graph: Graph) -> None:
    draft = {"name": "Ueno", "kind": "DARK_STORE", "latitude": 35.71, "longitude": 139.77, "timeZone": "Asia/Tokyo"}
    made = (await graph.data(UPSERT, STAFF, input=draft))["locationUpsert"]["location"]
    edit = {**draft, "id": made["id"], "name": "Ueno Park"}
    missing = (await graph.data(UPSERT, STAFF, input=edit))["locationUpsert"]
    assert missing["userErrors"][0]["path"] == ["input", "expectedVersion"]
    edited = await graph.data(UPSERT, STAFF, input={**edit, "expectedVersion": 1})
    assert edited["locationUpsert"]["location"] == {"id": made["id"], "name": "Ueno Park", "version": 2}
    late = (await graph.data(UPSERT, STAFF, input={**edit, "expectedVersion": 1}))["locationUpsert"]
    assert late["userErrors"][0]["__typename"] == "VersionConflict"


@pytest.mark.parametrize(
    ("mutation", "input"),
    [
        (ADJUST, {"idempotencyKey": "a", "sku": "S", "locationId": "L", "reason": "LOST", "delta": -1}),
        (RESERVE, {"idempotencyKey": "a", "lines": []}),
        (RELEASE, {"idempotencyKey": "a", "reservationId": "rsv_1"}),
        (COMMIT, {"idempotencyKey": "a", "reservationId": "rsv_1"}),
        (UPSERT, {"name": "U", "kind": "STORE", "latitude": 0, "longitude": 0, "timeZone": "UTC"}),
    ],
)
async def test_every_mutation_needs_its_scope(graph: Graph, mutation: str, input: dict[str, Any]) -> None:
    answer = await graph.ask(mutation, RequestContext("web", scopes=frozenset({"stock:read"})), input=input)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert graph.calls == {}
