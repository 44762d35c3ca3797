"""Spending rules against wallets: holds and redemptions are refused by what the preview shows."""

import asyncio
from typing import Any

from kit.errors import Refused
from kit.events import Event
from kit.ids import new_id
from kit.times import utc_now
from services.loyalty.actions import audit
from services.loyalty.earning.actions import set_programme
from services.loyalty.earning.model import EarnRule, Programme
from services.loyalty.earning.store import ProgrammeStore
from services.loyalty.hold.actions import hold
from services.loyalty.hold.model import HoldRequest
from services.loyalty.model import CustomerId, LotKind
from services.loyalty.posting.model import PointsRequest
from services.loyalty.spending.events import PRODUCT_CHANGED, hear_products
from services.loyalty.spending.model import Pace, SpendingTooFast, SpendRules
from services.loyalty.spending.store import SpendingStore
from services.loyalty.store import LoyaltyStore
from tests.services.loyalty.conftest import Ask
from tests.services.loyalty.points import give, spend, wallet_of
from tests.services.loyalty.points import refused as refused_of

PREVIEW = """query ($lines: [PreviewLineInput!]!, $total: Decimal, $customer: ID!) {
  spendPreview(lines: $lines, total: $total, currency: JPY, customerId: $customer) {
    points programmeVersion bounds { limit points } rules { minimumPoints excludedCategoryIds } } }"""
SPEND = """mutation ($input: %s!) { %s(input: $input) { wallet { balance } entry { spent { kind points } }
  userErrors { code path ... on SpendingNotAllowed { limit requested allowed programmeVersion }
    ... on InsufficientPoints { available } } } }"""
REDEEM, HOLD = (SPEND % pair for pair in (("PointsRedeemInput", "pointsRedeem"), ("PointsHoldInput", "pointsHold")))


async def rule(store: LoyaltyStore, spending: SpendRules, expected: int = 1) -> None:
    wanted = Programme(EarnRule(0, {"JPY": 100}), spending=spending)
    await set_programme(
        ProgrammeStore(store.db), wanted, new_id("key"), expected_version=expected, actor="staff:ann", now=utc_now()
    )


def product(version: int, *skus: str, categories: tuple[str, ...] = (), id: str = "prd_1") -> Event:
    data = {"productId": id, "version": version, "skus": list(skus), "categoryIds": list(categories)}
    return Event(f"{id}:v{version}", "/noren/catalog", PRODUCT_CHANGED, id, utc_now(), data)


def own(member: CustomerId) -> dict[str, Any]:
    return {"customer": member, "scopes": ["points:redeem"]}


async def test_a_checkout_may_spend_what_the_preview_says_and_no_more(
    ask: Ask, store: LoyaltyStore, member: CustomerId
) -> None:
    await give(store, member, 5_000)
    await rule(store, SpendRules(minimum=100, step=100, max_share_bp=5_000, excluded_categories=frozenset({"cat_v"})))
    events = [product(2, "CARD", categories=("cat_v",)), product(1, "CARD", "OLD")]
    await hear_products(SpendingStore(store.db), [*events, *reversed(events)])
    lines = [{"sku": "CARD", "gross": "3000"}, {"sku": "MUG", "gross": "1250"}]
    seen = (await ask(PREVIEW, {"lines": lines, "total": "4750", "customer": member}, **own(member)))["data"]
    assert seen["spendPreview"] == {
        "points": 1_700,
        "programmeVersion": 2,
        "bounds": [
            {"limit": "TOTAL", "points": 4_750},
            {"limit": "SHARE", "points": 2_375},
            {"limit": "EXCLUDED_GOODS", "points": 1_750},
            {"limit": "STEP", "points": 1_700},
        ],
        "rules": {"minimumPoints": 100, "excludedCategoryIds": ["cat_v"]},
    }
    basket = {"lines": lines, "total": "4750", "currency": "JPY"}
    for document, name, more in ((REDEEM, "pointsRedeem", {"reason": "CHECKOUT"}), (HOLD, "pointsHold", {})):
        asked = {"customerId": member, "idempotencyKey": new_id("key"), **more}
        too_many = await ask(document, {"input": {**asked, "points": 1_800, "basket": basket}}, **own(member))
        assert too_many["data"][name]["userErrors"] == [
            {
                "code": "SPENDING_NOT_ALLOWED",
                "path": ["input", "points"],
                "limit": "EXCLUDED_GOODS",
                "requested": 1_800,
                "allowed": 1_750,
                "programmeVersion": 2,
            }
        ]
        blind = await ask(document, {"input": {**asked, "points": 1_700}}, **own(member))
        assert [error["path"] for error in blind["data"][name]["userErrors"]] == [["input", "basket"]]
        right = {"input": {**asked, "points": 1_700, "basket": basket}}
        done = (await ask(document, right, **own(member)))["data"][name]
        assert done["userErrors"] == []
        await rule(store, SpendRules(max_share_bp=0), expected=2) if name == "pointsHold" else None
        assert (await ask(document, right, **own(member)))["data"][name]["entry"] == done["entry"]
        other = {"input": {**right["input"], "basket": {**basket, "total": "4751"}}}
        reused = (await ask(document, other, **own(member)))["data"][name]["userErrors"]
        assert [error["code"] for error in reused] == ["IDEMPOTENCY_KEY_REUSED"]
    assert (await wallet_of(store, member)).booked == 5_000 - 2 * 1_700
    stranger = await ask(PREVIEW, {"lines": lines, "customer": member}, customer="cus_other")
    assert [error["extensions"]["code"] for error in stranger["errors"]] == ["FORBIDDEN"]


async def test_however_many_spend_at_once_an_hour_and_a_day_allow_what_they_allow(
    store: LoyaltyStore, member: CustomerId
) -> None:
    await give(store, member, 5_000)
    await rule(store, SpendRules(hour_limit=1_000, day_limit=1_500))
    outcomes = await asyncio.gather(*(spend(store, member, 90) for _ in range(30)), return_exceptions=True)
    refused = [one.refusals[0] for one in outcomes if isinstance(one, Refused)]
    if (spent := 5_000 - (await wallet_of(store, member)).booked) != 990:
        assert spent == 1_500 - 1_500 % 90, "the hour went over in between"
        return
    assert len(refused) == 30 - 11
    assert set(refused) == {SpendingTooFast(pace=Pace.HOUR, requested=90, spent=990, limit=1_000)}
    an_hour = {
        "$map": {
            "input": "$tallies",
            "in": {
                "$mergeObjects": [
                    "$$this",
                    {
                        "at": {
                            "$cond": [
                                {"$eq": ["$$this.name", "spent:HOUR"]},
                                {"$subtract": ["$$this.at", 3_600_000]},
                                "$$this.at",
                            ]
                        }
                    },
                ]
            },
        }
    }
    await store.wallets.update_many({}, [{"$set": {"tallies": an_hour}}])
    held = HoldRequest(PointsRequest(member, 500, "CHECKOUT", new_id("key")))
    await hold(store, held, now=utc_now())
    again = await hold(store, held, now=utc_now())
    assert again.entry.points == -500
    by_day = await refused_of(spend(store, member, 20))
    assert by_day == SpendingTooFast(pace=Pace.DAY, requested=20, spent=1_490, limit=1_500)
    await spend(store, member, 10)


async def test_points_of_the_kind_that_may_be_spent_are_spent_and_the_others_are_left(
    ask: Ask, store: LoyaltyStore, member: CustomerId
) -> None:
    await give(store, member, 100)
    await give(store, member, 60, days=3)
    await give(store, member, 40, days=2)
    for version, only, spent in ((1, LotKind.REGULAR, [100]), (2, LotKind.LIMITED, [40, 50])):
        await rule(store, SpendRules(only=only), expected=version)
        asked = {"customerId": member, "reason": "CHECKOUT"}
        wrong = {"input": {**asked, "points": 101, "idempotencyKey": new_id("key")}}
        refused = (await ask(REDEEM, wrong, **own(member)))["data"]["pointsRedeem"]["userErrors"]
        assert [(error["code"], error["available"]) for error in refused] == [("INSUFFICIENT_POINTS", 100)]
        right = {"input": {**asked, "points": sum(spent), "idempotencyKey": new_id("key")}}
        done = (await ask(REDEEM, right, **own(member)))["data"]["pointsRedeem"]
        assert done["entry"]["spent"] == [{"kind": only.value, "points": points} for points in spent]
    assert [lot.points for lot in (await wallet_of(store, member)).limited] == [10]
    assert await audit(store) == []
