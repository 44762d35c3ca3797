"""Quotes, promotions and coupons through the subgraph; and what a change of the rules does to running processes."""

import asyncio
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.events import EventLog
from services.catalog.category.actions import create_category
from services.catalog.model import PriceEntry
from services.catalog.offer.model import Assortment, Offer, ProductStatus, Publication
from services.catalog.product.actions import upsert_product
from services.catalog.quote.store import FRESH_S
from services.catalog.store import CatalogStore
from tests.services.catalog.conftest import Ask
from tests.services.catalog.pricing.test_pricing_graph import told
from tests.services.catalog.redemption.till import SECRET
from tests.services.catalog.shop import NOW, draft, variant

WRITE = "catalog:write"
QUOTE = """query($input: QuoteInput!) { quote(input: $input) {
  quote { gross { minorUnits } net { minorUnits } tax { minorUnits } extraPoints token at
    lines { sku places quantity unitPrice { minorUnits } gross { minorUnits } taxRate priceId
      discounts { promotionId promotionVersion name amount { minorUnits } } }
    rates { taxRate gross { minorUnits } tax { minorUnits } }
    shipping { promotionId percent } coupons { code outcome couponId } discounts { promotionId } }
  userErrors { code path message } } }"""
OFFER = """mutation($input: PromotionUpsertInput!) { promotionUpsert(input: $input) {
  promotion { id version name kind percent amount { minorUnits } enabled uses spent { minorUnits } exhausted }
  userErrors { code path message ... on NeverApplies { reason } } } }"""
STEP = """mutation($t: String!, $k: String!) { %s(input: {token: $t, idempotencyKey: $k}) {
  redemption { quoteId state gross { minorUnits } extraPoints } userErrors { code path } } }"""


async def sell(store: CatalogStore) -> str:
    """A mug at 10 euros in a category, a cup at 3; the category's id."""
    category = await create_category(store, "table", {"en": "Table"}, now=NOW)
    mug = draft(
        category_ids=(category.id,), variants=(variant("MUG", prices=(PriceEntry("EUR", 1_000), PriceEntry("JPY", 1))),)
    )
    await upsert_product(store, mug, None, now=NOW)
    cup = draft("cup", variants=(variant("CUP", prices=(PriceEntry("EUR", 300),)),))
    await upsert_product(store, cup, None, now=NOW)
    return category.id


def percent(share: str = "0.1", **more: Any) -> dict[str, Any]:
    name = [{"locale": "en", "text": "Sale"}]
    return {"input": {"names": name, "action": {"kind": "PERCENT", "percent": share}, **more}}


async def offered(ask: Ask, input: dict[str, Any]) -> dict[str, Any]:
    answer = (await ask(OFFER, input, scopes=WRITE))["data"]["promotionUpsert"]
    assert answer["userErrors"] == []
    made: dict[str, Any] = answer["promotion"]
    return made


async def quoted(ask: Ask, *lines: tuple[str, int], scopes: str = "", who: Any = None, **more: Any) -> Any:
    input = {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines], **more}
    return (await ask(QUOTE, {"input": input}, scopes=scopes, **(who or {})))["data"]["quote"]


async def test_what_is_not_offered_on_the_channel_is_not_quoted_whoever_asks(store: CatalogStore, ask: Ask) -> None:
    await sell(store)
    offers = {
        "DRAFT": Offer(status=ProductStatus.DRAFT),
        "LATER": Offer(publications=(Publication("web", starts_at=NOW + timedelta(days=1)),)),
        "STORES": Offer(assortment=Assortment.STORE_ONLY),
    }
    for sku, offer in offers.items():
        hidden = draft(sku.lower(), offer=offer, variants=(variant(sku, prices=(PriceEntry("EUR", 300),)),))
        await upsert_product(store, hidden, None, now=NOW)

    for scopes in ("", f"{WRITE} catalog:read quotes:write"):
        answer = await quoted(ask, ("MUG", 1), *[(sku, 1) for sku in offers], scopes=scopes)
        assert answer["quote"] is None
        assert sorted((one["code"], one["path"][2]) for one in answer["userErrors"]) == [
            ("NOT_FOUND", place) for place in ("1", "2", "3")
        ]


async def test_a_quote_says_every_line_every_discount_and_the_tax(store: CatalogStore, ask: Ask) -> None:
    table = await sell(store)
    sale = await offered(ask, percent(conditions={"categoryIds": [table]}, group="g"))
    ship = {"kind": "SHIPPING", "percent": "1"}
    await offered(ask, {"input": {**percent()["input"], "action": ship, "conditions": {"minQuantity": 3}}})

    quote = (await quoted(ask, ("MUG", 1), ("CUP", 1), ("MUG", 1)))["quote"]

    assert (quote["gross"]["minorUnits"], quote["at"]) == (2_100, "2026-11-22T05:00:00.000Z")
    cup, mug = quote["lines"]
    assert (cup["sku"], cup["places"], cup["gross"]["minorUnits"], cup["discounts"]) == ("CUP", [1], 300, [])
    assert (mug["places"], mug["quantity"], mug["unitPrice"]["minorUnits"], mug["priceId"]) == (
        [0, 2],
        2,
        1_000,
        "base",
    )
    assert mug["discounts"] == [
        {"promotionId": sale["id"], "promotionVersion": 1, "name": "Sale", "amount": {"minorUnits": 200}}
    ]
    assert quote["rates"] == [{"taxRate": "0.19", "gross": {"minorUnits": 2_100}, "tax": {"minorUnits": 335}}]
    assert quote["shipping"][0]["percent"] == "1"


async def test_a_variants_price_is_the_quote_of_one_piece(store: CatalogStore, ask: Ask) -> None:
    table = await sell(store)
    await offered(ask, percent("0.15", conditions={"categoryIds": [table]}))
    await store.shopper.put("cus_1", frozenset({"vip"}), None, now=NOW)
    await offered(ask, percent("0.5", conditions={"segments": ["vip"]}, priority=3))
    query = """query($s: ID!, $q: Int!) { variant(sku: $s) { price(quantity: $q) { gross { minorUnits }
      net { minorUnits } discounts { promotionId } } } }"""

    for who in ({}, {"customer": "cus_1"}, {"location": "loc_1"}):
        for sku, quantity in (("MUG", 1), ("CUP", 1), ("MUG", 7)):
            price = (await ask(query, {"s": sku, "q": quantity}, **who))["data"]["variant"]["price"]
            quote = (await quoted(ask, (sku, quantity), who=who))["quote"]
            assert (price["gross"], price["net"]) == (quote["gross"], quote["net"])
            assert price["discounts"] == quote["discounts"]


async def test_bad_baskets_are_typed(store: CatalogStore, ask: Ask) -> None:
    await sell(store)
    cases: list[tuple[list[tuple[str, int]], dict[str, Any], list[tuple[str, list[str]]]]] = [
        ([("MUG", 0)], {}, [("INVALID_INPUT", ["input", "lines", "0", "quantity"])]),
        ([("MUG", 10_001)], {}, [("INVALID_INPUT", ["input", "lines", "0", "quantity"])]),
        ([], {}, [("INVALID_INPUT", ["input", "lines"])]),
        (
            [("NONE", 1), ("MUG", 1), ("NO", 1)],
            {},
            [("NOT_FOUND", ["input", "lines", "2", "sku"]), ("NOT_FOUND", ["input", "lines", "0", "sku"])],
        ),
        ([("MUG", 1), ("CUP", 1)], {"currency": "JPY"}, [("NOT_PRICED", ["input", "lines", "1", "sku"])]),
        ([("MUG", 1)], {"coupons": ["A"] * 21}, [("INVALID_INPUT", ["input", "coupons"])]),
    ]

    for lines, more, expected in cases:
        answer = await quoted(ask, *lines, **more)
        assert answer["quote"] is None
        assert [(error["code"], error["path"]) for error in answer["userErrors"]] == expected


async def test_quoting_for_others_needs_the_scope_and_for_another_time_gives_no_token(
    store: CatalogStore, ask: Ask
) -> None:
    await sell(store)
    lines = [{"sku": "MUG"}]
    later = (NOW + timedelta(days=1)).isoformat()

    for other in ({"customerId": "cus_9"}, {"channel": "tokyo"}, {"location": "loc_9"}, {"at": later}):
        refused = await ask(QUOTE, {"input": {"lines": lines, **other}})
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        given = (await ask(QUOTE, {"input": {"lines": lines, **other}}, scopes="quotes:write"))["data"]["quote"]
        assert (given["quote"]["token"] is None) is ("at" in other)
    own = (await ask(QUOTE, {"input": {"lines": lines, "customerId": "cus_1"}}, customer="cus_1"))["data"]["quote"]
    assert own["quote"]["token"]
    unknown = await ask(QUOTE, {"input": {"lines": lines, "channel": "moon"}}, scopes="quotes:write")
    assert unknown["errors"][0]["message"] == "channel: 'moon' does not exist"


async def test_a_quote_of_the_web_is_redeemed_at_the_counter_at_its_price(store: CatalogStore, ask: Ask) -> None:
    await sell(store)
    offer = await offered(ask, percent(limits={"maxUses": 1, "budget": "50"}, currency="EUR"))
    first = (await quoted(ask, ("MUG", 1)))["quote"]["token"]
    second = (await quoted(ask, ("MUG", 1), who={"trace_id": "another"}))["quote"]["token"]

    reserve, redeem, release = (STEP % name for name in ("quoteReserve", "quoteRedeem", "quoteRelease"))
    held = (await ask(reserve, {"t": first, "k": "a"}))["data"]["quoteReserve"]
    short = (await ask(redeem, {"t": second, "k": "b"}, channel="tokyo"))["data"]["quoteRedeem"]
    done = (await ask(redeem, {"t": first, "k": "c"}, channel="tokyo"))["data"]["quoteRedeem"]
    late = (await ask(release, {"t": first, "k": "d"}))["data"]["quoteRelease"]
    forged = (await ask(redeem, {"t": first[:-3] + "AAA", "k": "e"}))["data"]["quoteRedeem"]

    assert (held["redemption"]["state"], done["redemption"]["state"]) == ("HELD", "REDEEMED")
    assert done["redemption"]["gross"]["minorUnits"] == 900
    assert [one["userErrors"][0]["code"] for one in (short, late, forged)] == [
        "NOTHING_LEFT",
        "QUOTE_ENDED",
        "QUOTE_NOT_VALID",
    ]
    query = "query($id: ID!) { promotion(id: $id) { uses exhausted spent { minorUnits } } }"
    kept = (await ask(query, {"id": offer["id"]}, scopes=WRITE))["data"]["promotion"]
    assert kept == {"uses": 1, "exhausted": True, "spent": {"minorUnits": 100}}


async def test_a_promotion_is_edited_by_version_and_refused_with_the_reason(store: CatalogStore, ask: Ask) -> None:
    await sell(store)
    made = await offered(ask, percent())
    again = percent("0.2", id=made["id"], expectedVersion=1)["input"]

    async def tried(input: dict[str, Any]) -> Any:
        return (await ask(OFFER, {"input": input}, scopes=WRITE))["data"]["promotionUpsert"]

    assert (await tried(again))["promotion"]["version"] == 2
    assert (await tried(again))["userErrors"][0]["code"] == "VERSION_CONFLICT"
    assert (await tried({**again, "id": "prm_none"}))["userErrors"][0]["code"] == "NOT_FOUND"
    over = await tried(percent(conditions={"validUntil": NOW.isoformat()})["input"])
    assert over["userErrors"][0]["reason"] == "it is over already"
    nowhere = await tried(percent(conditions={"skus": ["NONE"], "categoryIds": ["cat_0"]})["input"])
    assert [error["path"][-1] for error in nowhere["userErrors"]] == ["skus", "categoryIds"]
    odd = {"weekdays": [1], "start": "25h", "end": "12:00", "timeZone": "Asia/Tokyo"}
    assert (await tried(percent(conditions={"windows": [odd]})["input"]))["userErrors"][0]["path"][-1] == "start"
    assert (await ask("{ promotions { nodes { id } } }"))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    listed = (await ask("{ promotions { nodes { id version } totalCount } }", scopes=WRITE))["data"]["promotions"]
    assert listed == {"nodes": [{"id": made["id"], "version": 2}], "totalCount": 1}


async def test_a_coupon_batch_is_made_read_and_used(store: CatalogStore, ask: Ask) -> None:
    await sell(store)
    offer = await offered(ask, percent(conditions={"needsCoupon": True}))
    create = """mutation($input: CouponBatchCreateInput!) { couponBatchCreate(input: $input) {
      batch { id count made source maxUses codes(first: 2) { nodes pageInfo { hasNextPage } totalCount } }
      userErrors { code path } } }"""
    input = {"promotionId": offer["id"], "count": 3, "source": "beacon", "idempotencyKey": "k"}

    secret = await ask(create, {"input": input}, scopes=WRITE)
    batch = (await ask(create, {"input": input}, scopes=f"{WRITE} coupons:read"))["data"]["couponBatchCreate"]["batch"]

    assert secret["errors"][0]["extensions"]["code"] == "FORBIDDEN", "codes are not for everybody who makes them"
    assert (batch["count"], batch["made"], batch["source"], batch["codes"]["totalCount"]) == (3, 3, "beacon", 3)
    code = batch["codes"]["nodes"][0]
    quote = (await quoted(ask, ("MUG", 1), coupons=[code]))["quote"]
    assert (quote["gross"]["minorUnits"], quote["coupons"][0]["outcome"]) == (900, "APPLIED")
    assert (await quoted(ask, ("MUG", 1)))["quote"]["gross"]["minorUnits"] == 1_000


async def test_another_process_sees_a_change_of_the_rules_within_a_second(store: CatalogStore, ask: Ask) -> None:
    await sell(store)
    elsewhere = CatalogStore(store.db, SECRET)
    assert (await elsewhere.quote.rules()).promotions.ordered == ()

    await offered(ask, percent())
    await asyncio.sleep(FRESH_S)

    assert FRESH_S < 1
    assert [one.draft.names["en"] for one in (await elsewhere.quote.rules()).promotions.ordered] == ["Sale"]


async def test_the_history_knows_what_promotions_took_off(store: CatalogStore, ask: Ask, event_log: EventLog) -> None:
    await upsert_product(store, draft(), None, now=NOW - timedelta(days=40))
    start, end = NOW - timedelta(days=10), NOW - timedelta(days=5)
    sale = percent(conditions={"validFrom": start.isoformat(), "validUntil": end.isoformat()})
    secret = percent("0.9", conditions={"segments": ["vip"]})
    lasting = percent("0.05", conditions={"validFrom": (NOW - timedelta(days=1)).isoformat()})
    for one in (sale, secret, lasting):
        await ask(OFFER, one, scopes=WRITE, at=NOW - timedelta(days=20))
    await told(store, event_log)
    query = """{ priceHistory(sku: "MUG") { nodes { at gross { minorUnits } } }
      variant(sku: "MUG") { price { gross { minorUnits } lowestPriorPrice { minorUnits } } } }"""

    answer = (await ask(query))["data"]

    points = [point["gross"]["minorUnits"] for point in answer["priceHistory"]["nodes"]]
    assert points == [1_130, 1_190, 1_071, 1_190]
    assert answer["variant"]["price"] == {
        "gross": {"minorUnits": 1_130},
        "lowestPriorPrice": {"minorUnits": 1_071},
    }


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.tuples(st.sampled_from(["MUG", "CUP"]), st.integers(1, 5)), min_size=1, max_size=5))
async def test_listing_cart_and_counter_say_the_same(
    store: CatalogStore, ask: Ask, lines: list[tuple[str, int]]
) -> None:
    if not await store.product.by_sku(["MUG"]):
        table = await sell(store)
        await offered(ask, percent("0.333", conditions={"categoryIds": [table], "minQuantity": 2}))
    forward = (await quoted(ask, *lines))["quote"]
    backward = (await quoted(ask, *lines[::-1], scopes="quotes:write", channel="web", who={"channel": "tokyo"}))[
        "quote"
    ]

    same = ("gross", "net", "tax", "rates")
    assert [forward[name] for name in same] == [backward[name] for name in same]
