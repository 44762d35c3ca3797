"""One basket, one price: quoted on the web, the same in the app and at the counter, and redeemed there once."""

from typing import Any

from kit.ids import new_id
from noren.sample.files import Sample
from tests.journeys.conftest import Graph

CHANNELS = ("web", "app", "kiosk", "pos")
QUOTE = """query ($input: QuoteInput!) { quote(input: $input) { quote {
  gross { minorUnits } net { minorUnits } rates { taxRate tax { minorUnits } } token
  lines { sku quantity gross { minorUnits } discounts { amount { minorUnits } } } coupons { outcome } }
  userErrors { message } } }"""
OFFER = """mutation ($input: PromotionUpsertInput!) { promotionUpsert(input: $input) {
  promotion { id } userErrors { message } } }"""
COUPON = """mutation ($input: CouponBatchCreateInput!) { couponBatchCreate(input: $input) {
  batch { codes(first: 1) { nodes } } userErrors { message } } }"""
REDEEM = """mutation ($t: String!, $k: String!) { quoteRedeem(input: { token: $t, idempotencyKey: $k }) {
  redemption { state gross { minorUnits } } userErrors { code } } }"""


async def quoted(graph: Graph, channel: str, input: dict[str, Any]) -> dict[str, Any]:
    quote = (await graph.data(QUOTE, {"x-noren-channel": channel}, input=input))["quote"]["quote"]
    return {name: value for name, value in quote.items() if name != "token"}


async def test_a_basket_costs_the_same_on_every_channel_and_its_coupon_is_used_once(
    graph: Graph, sample: Sample
) -> None:
    skus = [v.sku for v in sample.variants if any(p.currency == "JPY" for p in v.prices)][:5]
    action = {"kind": "PERCENT", "reach": "BASKET", "percent": "0.1"}
    offer = {"names": [{"locale": "en", "text": "Mail"}], "action": action, "conditions": {"needsCoupon": True}}
    promotion = (await graph.data(OFFER, input=offer))["promotionUpsert"]["promotion"]
    batch = {"promotionId": promotion["id"], "idempotencyKey": new_id("key"), "source": "mail"}
    code = (await graph.data(COUPON, input=batch))["couponBatchCreate"]["batch"]["codes"]["nodes"][0]
    lines = [{"sku": sku, "quantity": place + 1} for place, sku in enumerate(skus)]

    answers = [await quoted(graph, channel, {"lines": lines, "coupons": [code]}) for channel in CHANNELS]
    turned = await quoted(graph, "pos", {"lines": lines[::-1], "coupons": [code.lower()]})

    assert all(answer == answers[0] for answer in [*answers, turned])
    list_total = (await quoted(graph, "web", {"lines": lines}))["gross"]["minorUnits"]
    assert answers[0]["gross"]["minorUnits"] == list_total - (list_total + 5) // 10
    shown = await graph.data(f'{{ variant(sku: "{skus[0]}") {{ price {{ gross {{ minorUnits }} }} pointsEarned }} }}')
    alone = await quoted(graph, "web", {"lines": [{"sku": skus[0]}]})
    assert shown["variant"]["price"]["gross"] == alone["gross"]
    assert shown["variant"]["pointsEarned"] == alone["gross"]["minorUnits"] // 100

    tokens = [
        (await graph.data(QUOTE, input={"lines": lines[:n], "coupons": [code]}))["quote"]["quote"]["token"]
        for n in (5, 4)
    ]
    at_the_counter = {"x-noren-channel": "pos"}
    done, late = [
        (await graph.data(REDEEM, at_the_counter, t=token, k=new_id("key")))["quoteRedeem"] for token in tokens
    ]
    assert done["redemption"] == {"state": "REDEEMED", "gross": answers[0]["gross"]}
    assert late == {"redemption": None, "userErrors": [{"code": "NOTHING_LEFT"}]}
