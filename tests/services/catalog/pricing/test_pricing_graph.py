"""List prices, tax, explanation and history through the subgraph, on a real MongoDB."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from kit.errors import VersionConflict
from kit.events import Event, EventLog
from services.catalog.events import HEARD, drainers, handle_events
from services.catalog.model import PriceEntry
from services.catalog.pricing.actions import set_list_prices, set_tax_policy
from services.catalog.pricing.model import ListPrice, ListPriceDraft, PriceOverlap, Scope
from services.catalog.pricing.tax import TaxPolicy
from services.catalog.product.actions import PriceEdit, set_price, upsert_product
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.shop import NOW, draft, variant
from tests.services.catalog.test_actions import refusals

SET = """mutation($prices: [ListPriceInput!]!) { listPricesSet(input: {prices: $prices}) {
  books { sku version prices { id amount { minorUnits } } }
  userErrors { code path message ... on PriceOverlap { sku priceId otherId } }
} }"""
PRICE = """query($q: Int! = 1) { variant(sku: "MUG") { price(quantity: $q) {
  gross { minorUnits } net { minorUnits } taxRate listPrice { minorUnits } compareAt { minorUnits }
  lowestPriorPrice { minorUnits } } } }"""
WRITE = "catalog:write"


async def sell_mug(store: CatalogStore, at: datetime = NOW) -> None:
    mug = draft(variants=(variant("MUG", prices=(PriceEntry("EUR", 1_190), PriceEntry("JPY", 1_100))),))
    await upsert_product(store, mug, None, now=at)


async def told(store: CatalogStore, event_log: EventLog) -> None:
    """Everything that happened is drained and heard, twice."""
    for drainer in drainers(store, event_log):
        await drainer.drain()
    rows = await event_log._events.find({"type": {"$in": list(HEARD)}}).sort("logged_at").to_list()
    for _ in range(2):
        await handle_events(store, [Event.from_document(row) for row in rows])


async def priced(ask: Ask, quantity: int = 1, **who: Any) -> Any:
    return (await ask(PRICE, {"q": quantity}, **who))["data"]["variant"]["price"]


async def test_a_list_price_holds_for_whom_where_and_when_it_says(store: CatalogStore, ask: Ask) -> None:
    await sell_mug(store)
    await store.shopper.put("cus_1", frozenset({"vip"}), "GOLD", now=NOW)
    start = (NOW + timedelta(hours=1)).isoformat()
    prices = [
        {"sku": "MUG", "amount": "11.00", "currency": "EUR", "channel": "web", "compareAt": "13.00"},
        {"sku": "MUG", "amount": "10.00", "currency": "EUR", "minQuantity": 10},
        {"sku": "MUG", "amount": "9.00", "currency": "EUR", "rank": "GOLD"},
        {"sku": "MUG", "amount": "8.00", "currency": "EUR", "location": "loc_1", "validFrom": start},
    ]

    answer = (await ask(SET, {"prices": prices}, scopes=WRITE))["data"]["listPricesSet"]

    assert (answer["userErrors"], len(answer["books"][0]["prices"])) == ([], 4)
    web = await priced(ask)
    assert (web["listPrice"]["minorUnits"], web["compareAt"]["minorUnits"]) == (1_100, 1_300)
    assert (await priced(ask, 10))["gross"]["minorUnits"] == 11_000, "the channel goes before the tier"
    assert (await priced(ask, customer="cus_1"))["gross"]["minorUnits"] == 900
    assert (await priced(ask, customer="cus_2"))["gross"]["minorUnits"] == 1_100
    early, late = NOW + timedelta(minutes=59, seconds=59), NOW + timedelta(hours=1)
    there = [(await priced(ask, location="loc_1", at=at))["gross"]["minorUnits"] for at in (early, late)]
    assert there == [1_100, 800]


async def test_of_a_bulk_every_sku_is_kept_or_refused_with_its_reasons(store: CatalogStore, ask: Ask) -> None:
    await sell_mug(store)
    await upsert_product(store, draft("cup"), None, now=NOW)
    one = {"sku": "MUG", "amount": "9.00", "currency": "EUR", "segment": "a"}
    prices = [
        one,
        {**one, "amount": "8.00"},
        {"sku": "CUP", "amount": "7.00", "currency": "EUR"},
        {"sku": "NONE", "amount": "7.00", "currency": "EUR"},
        {"sku": "CUP", "amount": "7.00", "currency": "EUR", "channel": "nowhere", "segment": "a"},
    ]

    answer = (await ask(SET, {"prices": prices}, scopes=WRITE))["data"]["listPricesSet"]

    assert answer["books"] == [], "CUP has one good price and one bad"
    assert [(e["code"], e["path"]) for e in answer["userErrors"]] == [
        ("NOT_FOUND", ["input", "prices", "3", "sku"]),
        ("NOT_FOUND", ["input", "prices", "4", "channel"]),
        ("PRICE_OVERLAP", ["input", "prices", "1"]),
    ]
    overlap = answer["userErrors"][2]
    assert overlap["sku"] == "MUG"
    assert overlap["priceId"].startswith("prc_")
    assert overlap["otherId"].startswith("prc_")
    finer = await ask(SET, {"prices": [{**one, "amount": "9.001"}]}, scopes=WRITE)
    assert finer["data"]["listPricesSet"]["userErrors"][0]["path"] == ["input", "prices", "0", "amount"]
    assert (await ask(SET, {"prices": [one]}))["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_of_many_who_set_overlapping_prices_at_once_exactly_one_does(store: CatalogStore) -> None:
    await sell_mug(store)
    drafts = [ListPriceDraft("MUG", ListPrice(f"prc_{n}", Scope("EUR"), 100 + n)) for n in range(16)]
    beside = [ListPriceDraft("MUG", ListPrice(f"prc_r{n}", Scope("EUR", rank=f"R{n}"), 100)) for n in range(8)]

    results = await asyncio.gather(*(set_list_prices(store, [one], now=NOW) for one in drafts + beside))

    clashes = [refusal for result in results for refusal in result.refusals]
    assert len(clashes) == 15
    assert all(isinstance(one, PriceOverlap) for one in clashes)
    book = (await store.pricing.books(["sku:MUG"]))["sku:MUG"]
    assert (len(book.prices), book.version) == (9, 9)


async def test_explain_price_tells_every_candidate_and_the_way(store: CatalogStore, ask: Ask) -> None:
    await sell_mug(store)
    scope = Scope("EUR", "web")
    await set_list_prices(store, [ListPriceDraft("MUG", ListPrice("prc_web", scope, 1_000))], now=NOW)
    query = """query($at: DateTime) { explainPrice(sku: "MUG", at: $at) {
      candidates { price { id isBase } won misfit lostAt lostTo } steps price { gross { minorUnits } } } }"""

    told_ = (await ask(query))["data"]["explainPrice"]

    assert [(c["price"]["id"], c["won"], c["misfit"], c["lostAt"], c["lostTo"]) for c in told_["candidates"]] == [
        ("prc_web", True, None, None, None),
        ("base", False, None, "WHERE", "prc_web"),
        ("base", False, "CURRENCY", None, None),
    ]
    assert told_["steps"] == [
        "3 prices; 2 fit here and now",
        "WHERE (where: location, channel, everywhere): base lost to prc_web",
        "prc_web holds: 1000 minor units a piece",
        "tax STANDARD 19 %: 160 of 1000",
    ]
    other = {"at": (NOW + timedelta(days=1)).isoformat()}
    assert (await ask(query, other))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "errors" not in await ask(query, other, scopes="quotes:write")
    assert (await ask('{ explainPrice(sku: "NONE") { steps } }'))["data"]["explainPrice"] is None


async def test_reduced_rate_and_rounding_are_the_classes_and_the_channels(store: CatalogStore, ask: Ask) -> None:
    await sell_mug(store)
    policy = """mutation($e: Int!) { channelTaxSet(input: {channel: "tokyo", rounding: FLOOR, expectedVersion: $e,
      rates: [{taxClass: STANDARD, rate: "0.1"}, {taxClass: REDUCED, rate: "0.08"}]}) {
      tax { version rounding } userErrors { code } } }"""
    assert (await priced(ask, channel="tokyo"))["net"]["minorUnits"] == 1_000

    set_ = (await ask(policy, {"e": 0}, scopes=WRITE))["data"]["channelTaxSet"]
    food = 'mutation { taxClassSet(input: {sku: "MUG", taxClass: REDUCED}) { taxClass userErrors { code } } }'
    await ask(food, scopes=WRITE)

    assert set_ == {"tax": {"version": 1, "rounding": "FLOOR"}, "userErrors": []}
    assert (await ask(policy, {"e": 0}, scopes=WRITE))["data"]["channelTaxSet"]["userErrors"] == [
        {"code": "VERSION_CONFLICT"}
    ]
    price = await priced(ask, channel="tokyo")
    assert (price["taxRate"], price["net"]["minorUnits"]) == ("0.08", 1_100 - 1_100 * 8 // 108)


async def test_of_two_who_set_a_policy_one_wins(store: CatalogStore) -> None:
    await set_tax_policy(store, TaxPolicy("web", 1_900))

    assert await refusals(set_tax_policy(store, TaxPolicy("web", 1_900))) == [
        VersionConflict(expected_version=0, actual_version=1)
    ]


async def test_the_history_keeps_itself_and_knows_what_began_by_itself(
    store: CatalogStore, ask: Ask, event_log: EventLog
) -> None:
    then = NOW - timedelta(days=60)
    await sell_mug(store, then)
    await set_price(store, PriceEdit("MUG", PriceEntry("EUR", 1_000), 1), now=NOW - timedelta(days=45))
    await set_price(store, PriceEdit("MUG", PriceEntry("EUR", 1_300), 2), now=NOW - timedelta(days=20))
    sale = ListPrice("prc_sale", Scope("EUR"), 1_100, valid_from=NOW - timedelta(days=2), valid_until=NOW)
    await set_list_prices(store, [ListPriceDraft("MUG", sale)], now=NOW - timedelta(days=10))
    await told(store, event_log)
    query = '{ priceHistory(sku: "MUG") { nodes { at gross { minorUnits } } totalCount } }'

    shown = (await ask(query))["data"]["priceHistory"]["nodes"]

    days = [(NOW - datetime.fromisoformat(point["at"])).days for point in shown]
    assert [point["gross"]["minorUnits"] for point in shown] == [1_300, 1_100, 1_300, 1_000, 1_190]
    assert days == [0, 2, 20, 45, 60]
    in_sale = await priced(ask, at=NOW - timedelta(days=1))
    assert (in_sale["gross"]["minorUnits"], in_sale["lowestPriorPrice"]["minorUnits"]) == (1_100, 1_000)
    assert (await priced(ask))["lowestPriorPrice"] is None, "it rose again"


async def test_withdrawing_a_price_leaves_it_in_the_history(store: CatalogStore, ask: Ask, event_log: EventLog) -> None:
    await sell_mug(store, NOW - timedelta(days=3))
    one = ListPriceDraft("MUG", ListPrice("prc_1", Scope("EUR"), 900))
    await set_list_prices(store, [one], now=NOW - timedelta(days=2))
    withdraw = """mutation($id: ID!) { listPriceWithdraw(input: {sku: "MUG", id: $id}) {
      book { prices { id } version } userErrors { code } } }"""

    done = (await ask(withdraw, {"id": "prc_1"}, scopes=WRITE))["data"]["listPriceWithdraw"]
    again = (await ask(withdraw, {"id": "prc_1"}, scopes=WRITE))["data"]["listPriceWithdraw"]
    await told(store, event_log)

    assert done == {"book": {"prices": [], "version": 2}, "userErrors": []}
    assert again["userErrors"] == [{"code": "NOT_FOUND"}]
    nodes = (await ask('{ priceHistory(sku: "MUG") { nodes { gross { minorUnits } } } }'))["data"]["priceHistory"]
    assert [point["gross"]["minorUnits"] for point in nodes["nodes"]] == [1_190, 900, 1_190]


@pytest.mark.parametrize("quantity", [0, 10_001])
async def test_an_absurd_quantity_is_refused(store: CatalogStore, ask: Ask, quantity: int) -> None:
    await sell_mug(store)

    answer = await ask(PRICE, {"q": quantity})

    assert answer["errors"][0]["message"] == f"quantity: expected 1 to 10000, got {quantity}"


async def test_a_listing_of_a_hundred_reads_prices_in_one_query_beside_the_products(
    store: CatalogStore, ask: Ask
) -> None:
    for number in range(30):
        await upsert_product(store, draft(f"p{number}"), None, now=NOW)
    await store.quote.rules()
    await store.channel.by_id(["web"])
    store.quote._looked_at += 60  # what is held in memory is fresh for the length of this test
    store.channel._looked_at += 60
    await store.db.command({"profile": 2})
    listing = "{ products(first: 100) { nodes { variants { nodes { price { gross { minorUnits } } } } } } }"

    assert "errors" not in await ask(listing)

    await store.db.command({"profile": 0})
    finds = await store.db["system.profile"].find({"op": "query", "command.find": {"$exists": True}}).to_list()
    asked = {(one["command"]["find"], "sort" in one["command"]) for one in finds}
    assert asked == {("products", True), ("price_books", False)}, "no product is read but by the listing itself"
