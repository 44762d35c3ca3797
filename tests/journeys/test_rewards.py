"""Points become a reward, the reward a coupon, the coupon a price, the price an order: on every channel, once."""

from decimal import Decimal
from typing import Any

from kit.ids import new_id
from noren.sample.files import Sample
from tests.journeys.conftest import Graph, eventually
from tests.journeys.test_quote import CHANNELS, OFFER
from tests.journeys.test_quote import REDEEM as REDEEM_QUOTE
from tests.journeys.test_selling import RECORD, _member

EARN = (
    """mutation ($input: PointsEarnInput!) { pointsEarn(input: $input) { wallet { balance } userErrors { code } } }"""
)
UPSERT = """mutation ($input: RewardUpsertInput!) { rewardUpsert(input: $input) {
  reward { id standing { affordable } } userErrors { message } } }"""
SHELF = """query ($who: ID!) { rewards(first: 100) { nodes {
  id standing(customerId: $who) { claimable missingPoints } } } }"""
CLAIM = """mutation ($input: RewardClaimInput!) { rewardClaim(input: $input) {
  claim { id state couponCode wallet { balance } } userErrors { message } } }"""
CANCEL = """mutation ($id: ID!) { rewardCancel(input: { claimId: $id }) { claim { state } userErrors { code } } }"""
CLAIMS = """query ($who: ID!) { rewardClaims(customerId: $who) { nodes { id state wallet { balance } } } }"""
QUOTE = """query ($input: QuoteInput!) { quote(input: $input) { quote {
  gross { amount minorUnits } net { amount } token coupons { outcome }
  lines { unitGross: gross { amount } rate: taxRate } } userErrors { message } } }"""


async def _reward(graph: Graph) -> tuple[str, str]:
    """A reward of 200 points that opens a tenth off, by id; and the promotion's id."""
    action = {"kind": "PERCENT", "reach": "BASKET", "percent": "0.1"}
    offer = {"names": [{"locale": "en", "text": "Reward"}], "action": action, "conditions": {"needsCoupon": True}}
    promotion = (await graph.data(OFFER, input=offer))["promotionUpsert"]["promotion"]["id"]
    said = {"names": [{"locale": "en", "text": "A tenth off"}], "kind": "COUPON", "points": 200, "stock": 2}
    input = {**said, "promotionId": promotion, "perMember": 1, "idempotencyKey": new_id("key")}
    made = (await graph.data(UPSERT, input=input))["rewardUpsert"]
    assert made["userErrors"] == []
    return made["reward"]["id"], promotion


async def _rich_member(graph: Graph) -> str:
    who = await _member(graph)
    earned = {"customerId": who, "points": 250, "reason": "SIGN_UP", "idempotencyKey": new_id("key")}
    assert (await graph.data(EARN, input=earned))["pointsEarn"]["wallet"]["balance"] == 250
    return who


async def _claim(graph: Graph, who: str, reward: str) -> dict[str, Any]:
    wanted = {"rewardId": reward, "customerId": who, "idempotencyKey": new_id("key")}
    payload = (await graph.data(CLAIM, input=wanted))["rewardClaim"]
    assert payload["userErrors"] == []
    claim: dict[str, Any] = payload["claim"]
    return claim


async def test_points_buy_a_coupon_that_every_channel_takes_once(graph: Graph, sample: Sample) -> None:
    sku = next(v.sku for v in sample.variants if any(p.currency == "JPY" for p in v.prices))
    (reward, _), who = await _reward(graph), await _rich_member(graph)
    shelf = (await graph.data(SHELF, who=who))["rewards"]["nodes"]
    assert {row["id"]: row["standing"] for row in shelf}[reward] == {"claimable": True, "missingPoints": 0}

    claim = await _claim(graph, who, reward)
    assert (claim["state"], claim["wallet"]["balance"]) == ("CLAIMED", 50)
    basket = {"lines": [{"sku": sku, "quantity": 2}], "customerId": who}

    async def quoted(channel: str = "web", *codes: str) -> dict[str, Any]:
        input = {**basket, "coupons": list(codes)}
        quote: dict[str, Any] = (await graph.data(QUOTE, {"x-noren-channel": channel}, input=input))["quote"]["quote"]
        return quote

    async def outcome(channel: str = "web") -> Any:
        return (await quoted(channel, claim["couponCode"]))["coupons"][0]["outcome"]

    for channel in CHANNELS:
        await eventually(lambda channel=channel: outcome(channel), "APPLIED")  # type: ignore[misc]
    full, quote = await quoted(), await quoted("pos", claim["couponCode"])
    assert quote["gross"]["minorUnits"] == full["gross"]["minorUnits"] - (full["gross"]["minorUnits"] + 5) // 10

    at_the_counter = {"x-noren-channel": "pos"}
    done = await graph.data(REDEEM_QUOTE, at_the_counter, t=quote["token"], k=new_id("key"))
    assert done["quoteRedeem"]["redemption"] == {
        "state": "REDEEMED",
        "gross": {"minorUnits": quote["gross"]["minorUnits"]},
    }
    sold = await graph.data(RECORD, at_the_counter, input=_receipt(who, sku, full, quote))
    assert sold["orderRecord"]["userErrors"] == []
    assert await outcome() == "USED_UP"
    earned = quote["gross"]["minorUnits"] // 100

    async def has() -> Any:
        return (await graph.data(CLAIMS, who=who))["rewardClaims"]["nodes"][0]

    await eventually(has, {"id": claim["id"], "state": "CLAIMED", "wallet": {"balance": 50 + earned}})
    await graph.data(CANCEL, id=claim["id"])
    await eventually(has, {"id": claim["id"], "state": "FULFILLED", "wallet": {"balance": 50 + earned}})


async def test_an_unused_coupon_goes_back_for_its_points(graph: Graph, sample: Sample) -> None:
    sku = next(v.sku for v in sample.variants if any(p.currency == "JPY" for p in v.prices))
    (reward, _), who = await _reward(graph), await _rich_member(graph)
    claim = await _claim(graph, who, reward)
    input = {"lines": [{"sku": sku, "quantity": 1}], "customerId": who, "coupons": [claim["couponCode"]]}

    async def outcome() -> Any:
        return (await graph.data(QUOTE, input=input))["quote"]["quote"]["coupons"][0]["outcome"]

    await eventually(outcome, "APPLIED")
    assert (await graph.data(CANCEL, id=claim["id"]))["rewardCancel"]["claim"]["state"] == "ASKED"

    async def has() -> Any:
        (row,) = (await graph.data(CLAIMS, who=who))["rewardClaims"]["nodes"]
        return row["state"], row["wallet"]["balance"]

    await eventually(has, ("CANCELLED", 250))
    assert await outcome() == "WITHDRAWN"
    assert (await _claim(graph, who, reward))["state"] == "CLAIMED", "one a member, and the first came back"


def _receipt(who: str, sku: str, full: dict[str, Any], quote: dict[str, Any]) -> dict[str, Any]:
    """What the till records of the quote."""
    gross, whole = Decimal(quote["gross"]["amount"]), Decimal(full["gross"]["amount"])
    net = Decimal(quote["net"]["amount"])
    line = {"sku": sku, "quantity": 2, "unitPrice": str(whole / 2), "gross": str(gross), "net": str(net)}
    line |= {"tax": str(gross - net), "taxRate": quote["lines"][0]["rate"], "discount": str(whole - gross)}
    return {
        "idempotencyKey": new_id("key"),
        "externalIds": [{"source": "till-1", "value": new_id("rcpt")}],
        "placedAt": "2026-11-20T03:00:00Z",
        "currency": "JPY",
        "customerId": who,
        "lines": [line],
        "totals": {"goodsGross": str(gross), "net": str(net), "tax": str(gross - net), "total": str(gross)},
    }
